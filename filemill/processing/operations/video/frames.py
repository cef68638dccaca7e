"""Taking single frames of a film as pictures: the moment is sought before anything is decoded."""

from dataclasses import dataclass
from typing import Final, Literal

from filemill.processing.bench import Bench, Limits, Output, ToolExit
from filemill.processing.errors import InputError
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.film import DROP_METADATA
from filemill.processing.operations.ffmpeg.filters import chain, lay_out
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input
from filemill.processing.operations.sizing import Layout

FrameFormat = Literal["jpeg", "png", "webp"]

MEDIA_TYPES: Final = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp", "raw": "application/octet-stream"}
ENDINGS: Final = {"jpeg": "jpg", "png": "png", "webp": "webp"}
FRAME_LIMITS: Final = Limits(memory_bytes=1024**3, cpu_seconds=120, wall_seconds=120.0, output_bytes=1024**3)

_PIXEL_FORMATS: Final = {"jpeg": "yuvj420p", "png": "rgb24", "webp": "yuv420p", "raw": "rgb24"}


@dataclass(frozen=True, kw_only=True)
class FrameWish:
    """How a frame becomes a picture; `percent` is the quality of jpeg and webp. Raw is plain RGB, for further work."""

    format: FrameFormat | Literal["raw"]
    layout: Layout
    percent: int = 85


def take_frame(bench: Bench, wish: FrameWish, name: str, *, at_seconds: float) -> tuple[Output, float]:
    """Take the frame at a moment; where the film ends before it (durations lie) or is damaged there, the first one.

    Returns the picture and the moment that it is of. Raises InputError `corrupt_file` when there is no frame at all.
    """
    taken = _try_frame(bench, wish, name, at_seconds=at_seconds)
    if taken is None and at_seconds > 0:
        at_seconds = 0.0
        taken = _try_frame(bench, wish, name, at_seconds=at_seconds)
    if taken is None:
        raise InputError("The video is damaged: none of its frames can be decoded.", code="corrupt_file")
    taken.facts.update(width=wish.layout.canvas.width, height=wish.layout.canvas.height)
    return taken, at_seconds


def _try_frame(bench: Bench, wish: FrameWish, name: str, *, at_seconds: float) -> Output | None:
    output = bench.create_output(name, MEDIA_TYPES[wish.format])
    asked = ask_for_frame(bench.media_type, wish, at_seconds=at_seconds)
    ended = bench.run_tool("ffmpeg", asked, outputs=[output], limits=FRAME_LIMITS)
    if output.path.stat().st_size:
        return output
    bench.discard(output)
    _judge_nothing(ended, at_seconds)
    return None


def _judge_nothing(ended: ToolExit, at_seconds: float) -> None:
    """A seek may have met damage or the end, so the first frame is still to be tried; else the error is raised."""
    error = failures.explain_failure(ended)
    if error and not (at_seconds > 0 and error.code == "corrupt_file"):
        raise error


def ask_for_frame(media_type: str, wish: FrameWish, *, at_seconds: float) -> list[str]:
    """Arguments that write one frame to descriptor 5.

    The muxers are those that take a descriptor: `image2` writes to standard output instead, and says nothing.
    """
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=at_seconds),
        *("-map", "0:V:0", "-frames:v", "1", *DROP_METADATA),
        *chain(lay_out(wish.layout, _PIXEL_FORMATS[wish.format])),
        *("-threads", "1", *_encode(wish), "-fd", "5", "fd:"),
    ]


def _encode(wish: FrameWish) -> list[str]:
    match wish.format:
        case "jpeg":
            return ["-c:v", "mjpeg", "-q:v", str(_to_jpeg_scale(wish.percent)), "-f", "mjpeg"]
        case "png":
            return ["-c:v", "png", "-f", "image2pipe"]
        case "webp":
            return ["-c:v", "libwebp", "-quality", str(wish.percent), "-f", "image2pipe"]
        case "raw":
            return ["-c:v", "rawvideo", "-f", "rawvideo"]


def _to_jpeg_scale(percent: int) -> int:
    """Turn a quality in percent into FFmpeg's scale for JPEG, where 2 is the best: 85 gives 3, 50 gives 10."""
    return max(2, min(31, round(18.5 - 0.18 * percent)))
