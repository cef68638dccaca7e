"""Making a stream at the bench: FFmpeg writes into a workspace, and what it wrote is taken, the playlist first."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from filemill.processing.bench import Bench, Output, ToolExit, Workspace
from filemill.processing.errors import InputError
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.progress import Clock
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS, tell_share
from filemill.processing.operations.ffmpeg.streaming import Stream

_MEDIA_TYPES: Final[Mapping[str, str]] = {
    "m3u8": "application/vnd.apple.mpegurl",
    "mpd": "application/dash+xml",
    "ts": "video/mp2t",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
}
_ENTRY: Final = re.compile(r"^#EXTINF:(\d+(?:\.\d+)?),", re.MULTILINE)
_PRESENTATION: Final = re.compile(r'mediaPresentationDuration="PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?"')
_MOST_TEXT_BYTES: Final = 4 * 1024**2


def make_stream(
    bench: Bench, stream: Stream, arguments: list[str], *, first: str, measure: Callable[[Output], float | None]
) -> list[Output]:
    """Run FFmpeg and take all that it wrote, `first` before the rest; `measure` tells how long the stream lasts."""
    with bench.open_workspace() as workspace:
        ended = bench.run_tool(
            "ffmpeg",
            arguments,
            workspace=workspace,
            on_line=Clock(stream.span.lasting_seconds, tell_share(bench, (3.0, 97.0), "Encoding the video")).read_line,
            limits=FILM_LIMITS,
        )
        failures.raise_failure(ended)
        outputs = _take(workspace, first)
    _refuse_shortfall(ended, stream, measure(outputs[0]))
    bench.progress(100.0, "Stream made")
    return outputs


def _take(workspace: Workspace, first: str) -> list[Output]:
    names = workspace.names()
    if first not in names:
        raise InputError("The video is damaged: nothing of it can be encoded.", code="corrupt_file")
    ordered = [first, *(name for name in names if name != first)]
    return [
        workspace.take(name, output_name=name, media_type=_MEDIA_TYPES[name.rpartition(".")[2]]) for name in ordered
    ]


def _refuse_shortfall(ended: ToolExit, stream: Stream, lasting_seconds: float | None) -> None:
    expected = stream.span.lasting_seconds
    if error := failures.explain_shortfall(ended, expected_seconds=expected, actual_seconds=lasting_seconds):
        raise error


def measure_playlist(playlist: Output) -> float:
    """Add up the segments of a media playlist."""
    return sum(float(seconds) for seconds in _ENTRY.findall(_read_text(playlist)))


def measure_manifest(manifest: Output) -> float | None:
    """Read how long a DASH presentation lasts."""
    found = _PRESENTATION.search(_read_text(manifest))
    if found is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _read_text(output: Output) -> str:
    with output.path.open("rb") as file:
        return file.read(_MOST_TEXT_BYTES).decode("utf-8", "replace")


def describe_renditions(stream: Stream) -> list[dict[str, Any]]:
    """Tell of each rendition, for the result."""
    return [
        {
            "name": rendition.name,
            "width": rendition.layout.canvas.width,
            "height": rendition.layout.canvas.height,
            "video_bitrate": rendition.coding.bits_per_second,
        }
        for rendition in stream.renditions
    ]
