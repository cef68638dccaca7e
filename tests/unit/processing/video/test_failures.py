"""How FFmpeg ended, judged by its return code and its last words."""

import pytest

from filemill.processing.bench import ToolExit
from filemill.processing.operations.ffmpeg.failures import (
    explain_failure,
    explain_shortfall,
    forgive_nothing_left,
    is_index_too_small,
)


@pytest.mark.parametrize(
    ("returncode", "said", "code"),
    [
        (0, "anything", None),
        (183, "Invalid data found when processing input", "corrupt_file"),
        (183, "Codec not on whitelist 'h264'", "unsupported_format"),
        (228, "av_interleaved_write_frame(): No space left on device", "disk_full"),
        (244, "Error: Cannot allocate memory", "memory_limit"),
        (-11, "", "cage_crashed"),
    ],
)
def test_a_failure_has_a_code_that_says_whose_fault_it_is(returncode: int, said: str, code: str | None) -> None:
    error = explain_failure(ToolExit(returncode=returncode, stderr_tail=said))
    assert (error and error.code) == code


def test_an_index_without_room_is_told_from_other_failures() -> None:
    said = "reserved_moov_size is too small, needed 90000 additional bytes: moov_size is too small"
    assert is_index_too_small(ToolExit(returncode=234, stderr_tail=said))
    assert not is_index_too_small(ToolExit(returncode=0, stderr_tail=said))


@pytest.mark.parametrize(
    ("said", "expected", "actual", "is_corrupt"),
    [
        ("error while decoding MB 4 0", 10.0, 5.0, True),
        ("error while decoding MB 4 0", 10.0, 9.5, False),
        ("error while decoding MB 4 0", None, 5.0, False),
        ("error while decoding MB 4 0", 10.0, None, True),
        ("", 10.0, 5.0, False),
        ("Svt[info]: SVT [version]: v4\nSvt[warn]: slow\n", 10.0, 5.0, False),
    ],
)
def test_what_is_missing_counts_only_where_something_was_complained_of(
    said: str, expected: float | None, actual: float | None, *, is_corrupt: bool
) -> None:
    ended = ToolExit(returncode=0, stderr_tail=said)
    error = explain_shortfall(ended, expected_seconds=expected, actual_seconds=actual)
    assert (error is not None and error.code == "corrupt_file") == is_corrupt


def test_to_find_nothing_left_is_no_failure_and_what_was_said_of_the_film_stays() -> None:
    said = (
        "[h264 @ 0x1] error while decoding MB 3 4\n"
        "[vost#0:0/libx264 @ 0x2] [enc:libx264 @ 0x3] Could not open encoder before EOF\n"
        "[out#0/segment @ 0x4] Nothing was written into output file, because at least one of its streams received no "
        "packets.\n"
    )
    forgiven = forgive_nothing_left(ToolExit(returncode=234, stderr_tail=said))
    assert forgiven == ToolExit(returncode=0, stderr_tail="[h264 @ 0x1] error while decoding MB 3 4")
    failed = ToolExit(returncode=183, stderr_tail="Invalid data found when processing input")
    assert forgive_nothing_left(failed) is failed
