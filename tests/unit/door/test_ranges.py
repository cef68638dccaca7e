"""Which part of a file is sent follows from the request's headers alone."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill.api.ranges import Selection, http_date, select

MODIFIED_AT = datetime(2026, 5, 4, 3, 2, 1, 500_000, tzinfo=UTC)
AFTER = "Mon, 04 May 2026 03:02:02 GMT"
BEFORE = "Mon, 04 May 2026 03:02:00 GMT"
SAME = "Mon, 04 May 2026 03:02:01 GMT"


def choose(headers: dict[str, str], *, size: int = 100) -> Selection:
    lower_case = {name.replace("_", "-"): value for name, value in headers.items()}
    return select(lower_case, size=size, etag='"e"', modified_at=MODIFIED_AT)


def test_the_date_is_written_as_http_writes_it() -> None:
    assert http_date(MODIFIED_AT) == SAME


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"if_none_match": '"e"'}, 304),
        ({"if_none_match": 'W/"e"'}, 304),
        ({"if_none_match": "*"}, 304),
        ({"if_none_match": '"f"'}, 200),
        ({"if_none_match": '"f"', "if_modified_since": SAME}, 200),
        ({"if_modified_since": SAME}, 304),
        ({"if_modified_since": AFTER}, 304),
        ({"if_modified_since": BEFORE}, 200),
        ({"if_modified_since": "yesterday"}, 200),
        ({"if_modified_since": "Mon, 04 May 2026 03:02:01"}, 200),
        ({"if_match": '"e"'}, 200),
        ({"if_match": 'W/"e"'}, 412),
        ({"if_match": '"f"'}, 412),
        ({"if_unmodified_since": BEFORE}, 412),
        ({"if_unmodified_since": SAME}, 200),
        ({"range": "bytes=0-9", "if_none_match": '"e"'}, 304),
        ({"range": "bytes=0-9", "if_range": '"e"'}, 206),
        ({"range": "bytes=0-9", "if_range": 'W/"e"'}, 200),
        ({"range": "bytes=0-9", "if_range": SAME}, 206),
        ({"range": "bytes=0-9", "if_range": BEFORE}, 200),
        ({"range": "bytes=100-"}, 416),
        ({"range": "bytes=5-2"}, 200),
        ({"range": "bytes=-"}, 200),
        ({"range": "bytes=" + "9" * 400 + "-"}, 200),
        ({"range": "bytes=٣-٤"}, 200),
    ],
)
def test_conditions_are_weighed_as_the_rfc_says(headers: dict[str, str], status: int) -> None:
    assert choose(headers).status == status


@pytest.mark.parametrize("asked", ["bytes=0-", "bytes=0-0", "bytes=-1"])
def test_an_empty_file_has_no_parts(asked: str) -> None:
    assert choose({"range": asked}, size=0) == Selection(status=416, content_range="bytes */0")


@given(st.integers(0, 1000), st.integers(0, 1100), st.integers(0, 1100))
def test_a_part_never_leaves_the_file(size: int, first: int, last: int) -> None:
    selection = choose({"range": f"bytes={first}-{last}"}, size=size)
    if selection.status == 206:
        assert 0 <= selection.start <= selection.start + selection.length - 1 < size
        assert selection.start == first
        assert selection.start + selection.length - 1 == min(last, size - 1)
    else:
        assert selection.status == (416 if first >= size and first <= last else 200)


@given(st.text(max_size=60))
def test_nonsense_is_never_an_error(text: str) -> None:
    for name in ("range", "if_range", "if_match", "if_none_match", "if_modified_since", "if_unmodified_since"):
        assert choose({name: text}).status in {200, 206, 304, 412, 416}
