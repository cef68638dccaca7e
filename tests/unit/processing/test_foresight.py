"""What steps make is foreseen one after the other, from the operations' own plans."""

from filemill.processing.operations import OPERATIONS, Options
from filemill.processing.operations.checking import check
from filemill.processing.operations.foresight import HIDDEN, ForeseenStep, foresee, total_cost
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.steps import ORIGINAL, Step

PHOTO = Facts(media_type="image/jpeg", width=600, height=400)
MANY_PIXELS = 10**9


def options_of(name: str, **given: object) -> Options:
    options = check(OPERATIONS[name], given).options
    assert options is not None
    return options


def step(name: str, operation: str, *use: str, **options: object) -> Step:
    return Step(
        id=name, operation=OPERATIONS[operation], options=options_of(operation, **options), use=use or (ORIGINAL,)
    )


def look(*steps: Step, facts: Facts = PHOTO, max_pixels: int = MANY_PIXELS) -> list[ForeseenStep]:
    return foresee(facts, steps, max_pixels=max_pixels)


def test_a_step_is_planned_from_what_the_one_before_makes() -> None:
    small = step("small", "image.transform", resize=[300, 300])
    tiny = step("tiny", "image.transform", "small", resize={"width": 30, "height": 30, "fit": "fill"})
    planned = [found.planned for found in look(small, tiny)]
    assert [(found.outputs[0].facts.width, found.outputs[0].facts.height) for found in planned if found] == [
        (300, 200),
        (30, 30),
    ]


def test_what_follows_a_step_that_can_t_be_done_is_left_open() -> None:
    box = {"width": 16384, "height": 1, "fit": "fill"}
    wrong = step("wrong", "image.transform", format="webp", resize=box, enlarge=True)
    after = step("after", "image.transform", "wrong")
    first, second = look(wrong, after)
    assert first.problem is not None
    assert (second.planned, second.problem) == (None, None)


def test_an_output_beyond_the_limit_is_a_problem_of_its_step() -> None:
    (found,) = look(step("a", "image.transform"), max_pixels=100)
    assert found.problem == "*.jpg would have 240,000 pixels; it may have 100 in all."


def test_costs_add_up() -> None:
    steps = look(step("a", "image.transform"), step("b", "image.transform"))
    alone = look(step("a", "image.transform"))
    assert total_cost(steps).cpu_seconds == 2 * total_cost(alone).cpu_seconds
    assert total_cost(steps).memory_bytes == total_cost(alone).memory_bytes


def test_passwords_are_hidden_in_the_options_of_a_plan() -> None:
    found = look(
        step("a", "document.decrypt", password="hush"),
        facts=Facts(media_type="application/pdf", pages=1),
    )
    assert found[0].options["password"] == HIDDEN
