"""Numbers as people read them."""

from urllib.parse import unquote, urlsplit
from uuid import UUID

import pytest

from filemill.dashboard import wording


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (200 * 1024, "200 KiB"),
        (5 * 2**40, "5.0 TiB"),
    ],
)
def test_sizes(size_bytes: int, said: str) -> None:
    assert wording.say_size(size_bytes) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-0.1, "0.00 s"),
        (0.42, "0.42 s"),
        (12.34, "12.3 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert wording.say_duration(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "just now"), (42, "42 s ago"), (150, "2 min ago"), (7300, "2 h ago"), (200000, "2 d ago")],
)
def test_ages(seconds: float, said: str) -> None:
    assert wording.say_age(seconds) == said


def test_dimensions_name_only_what_is_known() -> None:
    assert wording.say_dimensions({"width": 4, "height": 3, "duration": 12.0, "pages": 1}) == "4 × 3, 12.0 s, 1 page"
    assert wording.say_dimensions({"width": 4}) == ""


@pytest.mark.parametrize("name", ["a/b", "a?b", "a#b", "a%2fb", "../x", "ü.png"])
def test_an_outputs_name_stays_one_part_of_its_address(name: str) -> None:
    address = urlsplit(wording.output_address(UUID(int=7), name, inline=True))
    assert unquote(address.path.rpartition("/")[2]) == name
    assert (address.query, address.fragment) == ("inline=1", "")
