"""Where a watermark lies on a page."""

import pytest

from filemill.processing.operations.document.stamping import Box, lay_on_turned_page, place_mark, turned_size
from filemill.processing.operations.gravity import Compass

A4 = (595.0, 842.0)


def test_a_turned_rectangle_needs_a_larger_box() -> None:
    assert turned_size(100, 50, 0) == pytest.approx((100, 50))
    assert turned_size(100, 50, 90) == pytest.approx((50, 100))
    assert turned_size(100, 50, -180) == pytest.approx((100, 50))
    assert turned_size(100, 100, 45) == pytest.approx((141.42, 141.42), abs=0.01)


@pytest.mark.parametrize(
    ("position", "corner"),
    [
        ("center", (250, 371)),
        ("northwest", (36, 706)),
        ("southeast", (459, 36)),
        ("north", (247.5, 706)),
        ("west", (36, 371)),
    ],
)
def test_a_mark_is_put_to_its_place(position: Compass, corner: tuple[float, float]) -> None:
    box = place_mark(A4, (200, 200), scale=100 / 595, position=position, margin=36)
    assert (box.width, box.height) == pytest.approx((100, 100))
    assert (box.left, box.bottom) == pytest.approx(corner, abs=3)


def test_a_mark_larger_than_what_the_margins_leave_stays_on_the_page() -> None:
    box = place_mark((100, 100), (10, 10), scale=1.0, position="southeast", margin=36)
    assert box == Box(pytest.approx(0), pytest.approx(0), 100, 100)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (0, Box(10, 20, 30, 40)),
        (360, Box(10, 20, 30, 40)),
        (90, Box(40, 10, 40, 30)),
        (180, Box(60, 140, 30, 40)),
        (270, Box(20, 160, 40, 30)),
    ],
)
def test_a_place_is_found_on_a_page_that_is_turned(rotation: int, expected: Box) -> None:
    assert lay_on_turned_page(Box(10, 20, 30, 40), (100, 200), rotation) == expected
