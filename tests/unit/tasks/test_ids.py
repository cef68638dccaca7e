import time
import uuid

import pytest

from filemill.tasks.ids import uuid7, uuid7_series


def test_ids_are_of_version_7_and_sort_by_time() -> None:
    ids = [uuid7() for _ in range(1000)]

    assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in ids)
    assert len(set(ids)) == 1000
    milliseconds = [one.int >> 80 for one in ids]
    assert milliseconds == sorted(milliseconds)


def test_an_id_tells_the_millisecond_of_its_making() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7().int >> 80
    assert before <= made <= time.time_ns() // 1_000_000


def test_a_series_of_ids_rises_and_is_of_version_7_to_its_last() -> None:
    series = [uuid.UUID(one) for one in uuid7_series(1 << 17)]

    assert all(one.version == 7 and one.variant == uuid.RFC_4122 for one in series)
    assert series == sorted(series)
    assert len(set(series)) == len(series)
    assert len({one.int >> 64 for one in series}) == 1


def test_a_series_that_would_overflow_its_counter_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        uuid7_series((1 << 17) + 1)
