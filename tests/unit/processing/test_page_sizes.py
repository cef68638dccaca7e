"""How large pages become when they are drawn, and what is foreseen of it."""

import pytest

from filemill.processing.errors import InputError, OptionsError
from filemill.processing.operations import OPERATIONS
from filemill.processing.operations.document.page_sizes import Drawing, plan_drawing, plan_preview, refuse_huge_drawing
from filemill.processing.operations.planning import Facts


@pytest.mark.parametrize(
    ("dpi", "width", "height", "expected"),
    [
        (72, None, None, (200, 301)),
        (144, None, None, (400, 601)),
        (72, 100, None, (100, 151)),
        (72, None, 100, (67, 100)),
        (72, 100, 100, (67, 100)),
        (72, 50, 1000, (50, 76)),
        (72, 401, None, (401, 603)),
    ],
)
def test_a_page_is_laid_out(dpi: int, width: int | None, height: int | None, expected: tuple[int, int]) -> None:
    drawing = plan_drawing(200.0, 300.4, dpi=dpi, box_width=width, box_height=height)
    assert (drawing.width, drawing.height) == expected


def test_a_page_without_size_is_a_pixel() -> None:
    drawing = plan_drawing(0.0, -5.0, dpi=72, box_width=None, box_height=None)
    assert (drawing.width, drawing.height) == (1, 1)


@pytest.mark.parametrize("drawing", [Drawing(10_001, 10_000, 1.0), Drawing(16_384, 1, 1.0)])
def test_a_page_too_large_to_draw_is_refused(drawing: Drawing) -> None:
    with pytest.raises(InputError, match="Page 7 would have") as caught:
        refuse_huge_drawing(drawing, page=7, max_pixels=100_000_000)
    assert caught.value.code == "too_many_pixels"


def test_the_pictures_are_foreseen() -> None:
    operation = OPERATIONS["document.render"]
    facts = Facts(media_type="application/pdf", pages=3, more={"page_size": {"width": 200.0, "height": 300.0}})
    planned = operation.plan(facts, operation.options(pages="2-", width=100, format="jpg"))
    assert [(output.name, output.facts.width, output.facts.height) for output in planned.outputs] == [
        ("*-page-2.jpg", 100, 150),
        ("*-page-3.jpg", 100, 150),
    ]
    with pytest.raises(OptionsError, match="page 4; the document has 3 pages"):
        operation.plan(facts, operation.options(pages="4"))
    unknown = operation.plan(Facts(media_type="application/pdf"), operation.options(pages="4"))
    assert [output.name for output in unknown.outputs] == ["*-page-*.png"]


@pytest.mark.parametrize(
    ("width", "height", "dpi", "expected"),
    [(200, 300, 72, (200, 300)), (200, 300, 144, (400, 600)), (14_400, 7_200, 72, (3_000, 1_500)), (0, 0, 300, (1, 1))],
)
def test_a_preview_of_large_paper_is_smaller_than_asked_for(
    width: int, height: int, dpi: int, expected: tuple[int, int]
) -> None:
    drawing = plan_preview(width, height, dpi=dpi)
    assert (drawing.width, drawing.height) == expected


@pytest.mark.parametrize(
    ("media_type", "options", "expected"),
    [
        ("application/pdf", {}, ["page-1.jpg", "text.txt"]),
        ("application/pdf", {"preview": False}, ["text.txt"]),
        ("application/json", {}, ["text.txt"]),
        ("text/csv", {"text": False}, []),
        ("application/msword", {}, []),
    ],
)
def test_what_reading_gives_is_foreseen_by_kind(media_type: str, options: dict[str, bool], expected: list[str]) -> None:
    operation = OPERATIONS["document.read"]
    planned = operation.plan(Facts(media_type=media_type, size=10**8), operation.options(**options))
    assert [output.name for output in planned.outputs] == expected
    assert planned.cost.cpu_seconds > 0.05
