"""Steps are run in order, each on its own bench; what is not kept is discarded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from filemill.processing.bench import Limits, Output
from filemill.processing.errors import OptionsError
from filemill.processing.operations.declaration import Operation, Options
from filemill.processing.operations.running import run_steps
from filemill.processing.operations.steps import Step


class Letters(Options):
    """What the test's operation is asked for."""

    letter: str = Field("x")


class BenchDouble:
    """Keeps what was made, and of what; derived benches tell their parent."""

    def __init__(self, file_name: str = "photo.jpg", source: str = "original") -> None:
        self.file_name = file_name
        self.source = source
        self.outputs: list[Output] = []
        self.derived: list[tuple[str, tuple[float, float]]] = []
        self.inputs: list[Any] = []
        self.limits = Limits()

    def derive(
        self,
        output: Output | None,
        *,
        file_name: str,
        limits: Limits,
        share: tuple[float, float],
        inputs: Any = None,
    ) -> "BenchDouble":
        self.derived.append((file_name, share))
        bench = BenchDouble(file_name, output.name if output else "original")
        bench.inputs = list(inputs or [])
        bench.limits = limits
        return bench

    def make(self, name: str) -> Output:
        self.outputs.append(Output(name=name, media_type="image/png", path=Path(name)))
        return self.outputs[-1]

    def discard(self, output: Output) -> None:
        self.discarded = [*getattr(self, "discarded", []), output.name]


def work(bench: Any, options: Letters) -> dict[str, Any]:
    bench.make(f"{options.letter}1.png")
    bench.make(f"{options.letter}2.png")
    return {"of": bench.source, "with": [made.name for made in bench.inputs]}


def work_together(benches: Mapping[str, Any], options: Mapping[str, Letters]) -> dict[str, dict[str, Any]]:
    return {name: {**work(benches[name], options[name]), "together": sorted(benches)} for name in benches}


def operation(*, can_share: bool = False) -> Operation[Letters]:
    return Operation(
        name="image.letters",
        task_type="image",
        summary="Letters.",
        media_types=frozenset({"image/png"}),
        options=Letters,
        limits=Limits(),
        run=work,
        run_together=work_together if can_share else None,
        samples=(),
    )


def step(name: str, *use: str, keep: bool = True, can_share: bool = False) -> Step:
    return Step(
        id=name,
        operation=operation(can_share=can_share),
        options=Letters(letter=name),
        use=use or ("original",),
        is_kept=keep,
    )


def run(*steps: Step) -> tuple[dict[str, Any], BenchDouble]:
    bench = BenchDouble()
    return run_steps(bench, steps)["steps"], bench  # type: ignore[arg-type]  # a bench that does no work


def test_a_step_works_on_the_first_output_of_the_one_it_uses() -> None:
    told, _ = run(step("a", keep=False), step("b", "a"))
    assert (told["a"]["of"], told["b"]["of"]) == ("original", "a1.png")


def test_a_step_can_name_one_output_of_another() -> None:
    told, _ = run(step("a", keep=False), step("b", "a/a2.png"))
    assert told["b"]["of"] == "a2.png"


def test_an_output_that_was_not_made_is_told_by_name() -> None:
    with pytest.raises(OptionsError, match=r"Step 'b' uses a/a9.png, but step 'a' made a1.png, a2.png."):
        run(step("a"), step("b", "a/a9.png"))


def test_further_uses_become_inputs() -> None:
    told, _ = run(step("a"), step("b"), step("c", "a", "b/b2.png"))
    assert (told["c"]["of"], told["c"]["with"]) == ("a1.png", ["b2.png"])


def test_what_is_not_kept_is_discarded_at_the_end() -> None:
    _, bench = run(step("a", keep=False), step("b", "a"))
    assert bench.discarded == ["a1.png", "a2.png"]


def test_neighbours_that_can_share_a_decode_are_run_at_once() -> None:
    told, _ = run(*(step(name, can_share=True) for name in "ab"), step("c"))
    assert told["a"]["together"] == told["b"]["together"] == ["a", "b"]
    assert "together" not in told["c"]


def test_steps_on_different_files_are_not_run_at_once() -> None:
    told, _ = run(step("a", can_share=True), step("b", "a", can_share=True))
    assert all("together" not in told[name] for name in "ab")


def test_each_step_has_its_part_of_the_progress() -> None:
    _, bench = run(step("a"), step("b"))
    assert [share for _, share in bench.derived] == [(0.0, 50.0), (50.0, 100.0)]


def test_those_run_at_once_share_their_part() -> None:
    _, bench = run(step("a", can_share=True), step("b", can_share=True))
    assert [share for _, share in bench.derived] == [(0.0, 100.0), (0.0, 100.0)]


def test_only_where_several_steps_are_kept_files_are_called_after_them() -> None:
    _, one = run(step("a", keep=False), step("b", "a"))
    _, two = run(step("a"), step("b"))
    assert [name for name, _ in one.derived] == ["photo-a.jpg", "photo.jpg"]
    assert [name for name, _ in two.derived] == ["photo-a.jpg", "photo-b.jpg"]
