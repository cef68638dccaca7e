"""FFmpeg under the exec zygote: source at 3, lines at 4, outputs from 5, and its limits."""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from filemill.processing.cage import SliceBench
from filemill.processing.cage.tools import TOOLS, find
from filemill.processing.errors import LimitError, SystemFault
from tests.integration.cage.conftest import LIMITS, OpenBench

TOOL_LIMITS = replace(LIMITS, memory_bytes=1024**3, wall_seconds=30.0, output_bytes=64 * 1024**2)
QUIET = ["-nostdin", "-v", "error", "-threads", "1"]
FILM = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2"]
TO_FIVE = ["-c:v", "libx264", "-preset", "ultrafast", "-f", "mp4", "-fd", "5", "fd:"]


@pytest.fixture
def film_fd(open_bench: OpenBench) -> Iterator[int]:
    """A film of two seconds, made in the cage too."""
    with open_bench(limits=TOOL_LIMITS) as bench:
        film = bench.create_output("film.mp4", "video/mp4")
        assert bench.run_tool("ffmpeg", [*QUIET, *FILM, *TO_FIVE], outputs=[film]).returncode == 0
        descriptor = os.open(film.path, os.O_RDONLY)
        film.path.unlink()
        yield descriptor
        os.close(descriptor)


@pytest.fixture
def film_bench(open_bench: OpenBench, film_fd: int) -> Iterator[SliceBench]:
    with open_bench(source_fd=film_fd, media_type="video/mp4", limits=TOOL_LIMITS) as bench:
        yield bench


def test_ffmpeg_transcodes_through_descriptors_and_tells_its_progress(film_bench: SliceBench) -> None:
    lines: list[str] = []
    small, poster = (
        film_bench.create_output("small.webm", "video/webm"),
        film_bench.create_output("poster.jpg", "image/jpeg"),
    )
    ended = film_bench.run_tool(
        "ffmpeg",
        [
            *(*QUIET, "-progress", "pipe:4", "-protocol_whitelist", "fd", "-fd", "3", "-i", "fd:"),
            *("-vf", "scale=160:-2", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-f", "webm", "-fd", "5", "fd:"),
            *("-frames:v", "1", "-f", "mjpeg", "-fd", "6", "fd:"),
        ],
        outputs=[small, poster],
        on_line=lines.append,
    )
    assert (ended.returncode, ended.stderr_tail) == (0, "")
    assert small.path.read_bytes()[:4] == b"\x1a\x45\xdf\xa3"
    assert poster.path.read_bytes()[:3] == b"\xff\xd8\xff"
    assert "progress=end" in lines
    assert any(line.startswith("out_time_us=") for line in lines)
    assert film_bench.usage["peak_memory_bytes"] > 1024**2


def test_every_run_finds_the_source_at_its_beginning(film_bench: SliceBench) -> None:
    for _ in range(2):
        ended = film_bench.run_tool("ffmpeg", [*QUIET, "-fd", "3", "-i", "fd:", "-f", "null", "-"])
        assert ended.returncode == 0


def test_a_failure_is_the_caller_s_to_judge(bench: SliceBench) -> None:
    ended = bench.run_tool("ffmpeg", [*QUIET, "-fd", "3", "-i", "fd:", "-f", "null", "-"], limits=TOOL_LIMITS)
    assert ended.returncode > 0
    assert "Invalid data" in ended.stderr_tail


def test_only_the_last_of_standard_error_is_kept(bench: SliceBench) -> None:
    ended = bench.run_tool("ffmpeg", ["-nostdin", "-h", "full"], limits=TOOL_LIMITS)
    assert ended.returncode == 0
    assert 4 * 1024 < len(ended.stderr_tail.encode()) <= 8 * 1024


@pytest.mark.parametrize(
    ("change", "arguments", "code"),
    [
        ({"wall_seconds": 0.5}, ["-re", "-f", "lavfi", "-i", "color", "-f", "null", "-"], "time_limit"),
        ({"cpu_seconds": 1}, ["-f", "lavfi", "-i", "testsrc2=size=1280x720", "-f", "null", "-"], "time_limit"),
        ({"output_bytes": 64 * 1024}, [*FILM, "-f", "rawvideo", "-fd", "5", "fd:"], "output_limit"),
        ({"memory_bytes": 192 * 1024**2}, ["-f", "lavfi", "-i", "testsrc2=size=3840x2160", *TO_FIVE], "memory_limit"),
    ],
)
def test_a_tool_that_breaks_a_limit_is_ended(
    bench: SliceBench, change: dict[str, Any], arguments: list[str], code: str
) -> None:
    output = bench.create_output("out.mp4", "video/mp4")
    with pytest.raises(LimitError) as caught:
        bench.run_tool("ffmpeg", [*QUIET, *arguments], outputs=[output], limits=replace(TOOL_LIMITS, **change))
    assert caught.value.code == code


def test_runs_of_a_tool_leak_no_descriptor(bench: SliceBench) -> None:
    bench.run_tool("ffmpeg", ["-version"], limits=TOOL_LIMITS)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        bench.run_tool("ffmpeg", ["-version"], limits=TOOL_LIMITS)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_tool_that_is_not_installed_is_said_to_be_missing(bench: SliceBench, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = replace(TOOLS["tesseract"], locate=lambda: None)
    monkeypatch.setitem(TOOLS, "tesseract", absent)
    with pytest.raises(SystemFault, match="apt-get install tesseract-ocr") as caught:
        bench.run_tool("tesseract", ["--version"])
    assert caught.value.code == "tool_missing"


def test_ffmpeg_is_found_here() -> None:
    path = find("ffmpeg")
    assert path is not None
    assert os.access(path, os.X_OK)
