import time

from filemill.tasks.ids import uuid7


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
