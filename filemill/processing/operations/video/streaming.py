"""Making a stream at the bench: in one go, or in segments where it takes long; its files are taken, playlist first."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from filemill.processing.bench import Bench, Input, Output, ToolExit, Workspace
from filemill.processing.errors import InputError, SystemFault
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.checkpointed_stream import make_stream_in_segments
from filemill.processing.operations.ffmpeg.coding import PictureCoding
from filemill.processing.operations.ffmpeg.cost import estimate_wall_seconds
from filemill.processing.operations.ffmpeg.progress import Clock
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS, tell_share
from filemill.processing.operations.ffmpeg.stream_segments import plan_stream_cuts
from filemill.processing.operations.ffmpeg.streaming import CopiedPicture, Packing, Stream, ask_for_stream
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.video.stream_plan import estimate_stream
from filemill.processing.operations.video.watermarking import (
    Watermark,
    describe_place,
    only_picture,
    prepare_overlay,
)

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
_SHARE: Final = (3.0, 97.0)


def make_stream(
    bench: Bench,
    facts: Facts,
    stream: Stream,
    packing: Packing,
    *,
    watermark: Watermark | None,
    measure: Callable[[Output], float | None],
) -> tuple[Stream, list[Output]]:
    """Make the stream and give its files, what a player opens before the rest; `measure` tells how long it lasts."""
    drawn: list[Output] = []
    try:
        if watermark is not None:
            stream = _draw_overlays(bench, stream, watermark, drawn)
        outputs, ended = _make(bench, facts, stream, packing, drawn)
    finally:
        for overlay in drawn:
            bench.discard(overlay)
    _refuse_shortfall(ended, stream, measure(outputs[0]))
    bench.progress(100.0, "Stream made")
    return stream, outputs


def _draw_overlays(bench: Bench, stream: Stream, watermark: Watermark, drawn: list[Output]) -> Stream:
    """Draw the watermark for each rendition by itself: scaled down by FFmpeg its edges would get dark."""
    picture, largest = only_picture(bench), stream.renditions[0].layout.canvas
    marked = []
    for rendition in stream.renditions:
        canvas = rendition.layout.canvas
        overlay, output = prepare_overlay(bench, watermark, canvas, picture, part=canvas.width / largest.width)
        drawn.append(output)
        marked.append(replace(rendition, overlay=overlay))
    return replace(stream, renditions=tuple(marked))


def _make(
    bench: Bench, facts: Facts, stream: Stream, packing: Packing, overlays: Sequence[Output]
) -> tuple[list[Output], ToolExit]:
    cuts = plan_stream_cuts(stream, estimate_wall_seconds(estimate_stream(facts, stream)))
    if cuts is None or bench.checkpoints is None:
        return _make_in_one_go(bench, stream, packing, overlays)
    return make_stream_in_segments(
        bench,
        stream,
        cuts,
        packing,
        fps=facts.fps,
        share=_SHARE,
        checkpoints=bench.checkpoints,
        pack=lambda asked, inputs: _pack(bench, packing, asked, inputs),
        overlays=overlays,
    )


def _make_in_one_go(
    bench: Bench, stream: Stream, packing: Packing, overlays: Sequence[Output]
) -> tuple[list[Output], ToolExit]:
    clock = Clock(stream.span.lasting_seconds, tell_share(bench, _SHARE, "Encoding the video"))
    asked = ask_for_stream(bench.media_type, stream, packing)
    with bench.open_workspace() as workspace:
        ended = bench.run_tool(
            "ffmpeg", asked, inputs=overlays, workspace=workspace, on_line=clock.read_line, limits=FILM_LIMITS
        )
        failures.raise_failure(ended)
        return _take(workspace, packing.first), ended


def _pack(bench: Bench, packing: Packing, asked: list[str], inputs: Sequence[Input]) -> list[Output]:
    """Pack what is encoded. What is wrong then lies in that, and not in the file of the task, which is not read."""
    with bench.open_workspace() as workspace:
        ended = bench.run_tool("ffmpeg", asked, inputs=inputs, workspace=workspace, limits=FILM_LIMITS)
        error = failures.explain_failure(ended)
        if isinstance(error, InputError):
            message = "The segments of the stream can't be packed: one of them is damaged."
            raise SystemFault(message, code="internal_error", evidence=error.evidence) from error
        if error is not None:
            raise error
        return _take(workspace, packing.first)


def _take(workspace: Workspace, first: str) -> list[Output]:
    names = workspace.names()
    if first not in names:
        raise failures.explain_nothing_encoded()
    ordered = [first, *(name for name in names if name != first)]
    return [
        workspace.take(name, output_name=name, media_type=_MEDIA_TYPES[name.rpartition(".")[2]]) for name in ordered
    ]


def _refuse_shortfall(ended: ToolExit, stream: Stream, lasting_seconds: float | None) -> None:
    expected = stream.span.lasting_seconds
    if lasting_seconds == 0:
        raise failures.explain_nothing_encoded()
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
            "video_codec": rendition.coding.codec,
            **_describe_rate(rendition.coding),
            **({"watermark": describe_place(rendition.overlay)} if rendition.overlay else {}),
        }
        for rendition in stream.renditions
    ]


def _describe_rate(coding: PictureCoding | CopiedPicture) -> dict[str, Any]:
    if isinstance(coding, CopiedPicture):
        return {}
    quality = {"crf": coding.crf} if coding.crf is not None else {}
    return {"video_bitrate": coding.bits_per_second, **quality}
