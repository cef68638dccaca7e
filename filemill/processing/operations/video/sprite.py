"""`video.sprite`: small frames of a film on one sheet, with a WebVTT file that says which is when."""

from dataclasses import replace
from math import ceil
from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench, Output
from filemill.processing.errors import OptionsError
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName
from filemill.processing.operations.sizing import Resize, Size
from filemill.processing.operations.video.frame_options import FrameOptions, name_frame, wish_frame
from filemill.processing.operations.video.frames import FRAME_LIMITS, MEDIA_TYPES, FrameWish, take_frame
from filemill.processing.operations.video.probing import probe

MOST: Final = 200
_USUAL_BOX: Final = Resize(width=160, height=160)
_MAX_SHEET_SIDE: Final = 16_383
_SHEET_LIMITS: Final = replace(FRAME_LIMITS, open_files=MOST + 64)
_COST_EACH: Final = 0.3

make_sheet = SealedName("video.sheet", "make_sheet")

DETAILS: Final = """
Players show such frames while somebody drags along the time bar. The film is divided into as many equal parts as there
are frames, and each frame is the one in the middle of its part. `sprite.vtt` names for every part the place of its
frame on the sheet, as `sprite.jpg#xywh=0,0,160,90`; keep both files side by side.
"""


class SpriteOptions(FrameOptions):
    """How many frames, how large, and how they lie."""

    count: Annotated[int, Field(ge=1, le=MOST)] | None = Field(
        None,
        description="How many frames; left out, as many as `interval` gives, or 100 at most.",
        examples=[25],
        json_schema_extra={"x-valid": f"a whole number from 1 to {MOST}"},
    )
    interval: Annotated[float, Field(ge=0.04, le=3600)] | None = Field(
        None,
        description="Seconds from one frame to the next; `count` outweighs it.",
        examples=[5],
        json_schema_extra={"x-valid": "a number of seconds from 0.04 to 3600"},
    )
    columns: Annotated[int, Field(ge=1, le=50)] = Field(
        10,
        description="How many frames lie side by side.",
        examples=[5],
        json_schema_extra={"x-valid": "a whole number from 1 to 50"},
    )


def choose_count(duration_seconds: float | None, count: int | None, interval: float | None) -> int:
    """Choose how many frames there are; raises OptionsError when an interval gives too many or can't be used."""
    if count is not None:
        return count
    if interval is None:
        return max(1, min(100, ceil(duration_seconds or 1)))
    if duration_seconds is None:
        message = "interval can't be used: the file does not say how long it is. Give count."
        raise OptionsError(message, code="invalid_options")
    if (frames := ceil(duration_seconds / interval)) > MOST:
        message = f"One frame every {interval:g} s gives {frames} frames; a sheet holds {MOST}. Give a longer interval."
        raise OptionsError(message, code="invalid_options")
    return max(1, frames)


def plan_sheet(wish: FrameWish, count: int, columns: int) -> Size:
    """Work out how large the sheet is; raises OptionsError for one that no format holds."""
    tile = wish.layout.canvas
    sheet = Size(tile.width * min(count, columns), tile.height * ceil(count / columns))
    if max(sheet.width, sheet.height) > _MAX_SHEET_SIDE:
        message = f"The sheet would have {sheet.width} x {sheet.height} pixels; a side may have {_MAX_SHEET_SIDE:,}."
        raise OptionsError(message, code="invalid_options")
    return sheet


def write_cues(duration_seconds: float, count: int, columns: int, tile: Size, picture: str) -> str:
    """Write the WebVTT that maps each part of the film to the place of its frame."""
    lines = ["WEBVTT", ""]
    for number in range(count):
        begin, end = (duration_seconds * edge / count for edge in (number, number + 1))
        left, top = number % columns * tile.width, number // columns * tile.height
        lines += [
            f"{_write_time(begin)} --> {_write_time(end)}",
            f"{picture}#xywh={left},{top},{tile.width},{tile.height}",
            "",
        ]
    return "\n".join(lines)


def _write_time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"


def make_sprite(bench: Bench, options: SpriteOptions) -> dict[str, Any]:
    """Take the frames and put them together. Raises InputError `corrupt_file`; OptionsError `invalid_options`."""
    facts = probe(bench)
    wish = wish_frame(facts, options, _USUAL_BOX)
    count = choose_count(facts.duration, options.count, options.interval)
    sheet = plan_sheet(wish, count, options.columns)
    duration, name = facts.duration or 0.0, name_frame("sprite", wish)
    frames = _take_frames(bench, replace(wish, format="raw"), duration, count)
    bench.call(
        make_sheet,
        {
            "name": name,
            "media_type": MEDIA_TYPES[wish.format],
            "format": wish.format,
            "percent": wish.percent,
            "width": wish.layout.canvas.width,
            "height": wish.layout.canvas.height,
            "columns": min(count, options.columns),
        },
        inputs=frames,
        share=(95.0, 99.0),
        limits=_SHEET_LIMITS,
    )
    for frame in frames:
        bench.discard(frame)
    cues = bench.create_output("sprite.vtt", "text/vtt")
    cues.path.write_text(write_cues(duration, count, options.columns, wish.layout.canvas, name))
    bench.progress(100.0, "Sheet made")
    return {
        "count": count,
        "interval": round(duration / count, 3),
        "frame": {"width": wish.layout.canvas.width, "height": wish.layout.canvas.height},
        "sheet": {"name": name, "width": sheet.width, "height": sheet.height},
        "cues": cues.name,
    }


def _take_frames(bench: Bench, wish: FrameWish, duration: float, count: int) -> list[Output]:
    frames = []
    for number in range(count):
        moment = duration * (number + 0.5) / count
        frames.append(take_frame(bench, wish, f"frame-{number:03d}.rgb", at_seconds=moment)[0])
        bench.progress(3.0 + 92.0 * (number + 1) / count, f"{number + 1} of {count} frames taken")
    return frames


def plan(facts: Facts, options: SpriteOptions) -> Planned:
    """Foresee the sheet and its cues."""
    wish = wish_frame(facts, options, _USUAL_BOX)
    count = choose_count(facts.duration, options.count, options.interval)
    sheet = plan_sheet(wish, count, options.columns)
    picture = Facts(media_type=MEDIA_TYPES[wish.format], width=sheet.width, height=sheet.height)
    return Planned(
        outputs=(
            PlannedOutput(name=name_frame("sprite", wish), facts=picture),
            PlannedOutput(name="sprite.vtt", facts=Facts(media_type="text/vtt")),
        ),
        cost=Cost(cpu_seconds=_COST_EACH * count, memory_bytes=128 * 1024**2 + 6 * sheet.pixels),
    )


OPERATION: Final = Operation(
    name="video.sprite",
    task_type="video",
    summary="Small frames of a film on one sheet, with WebVTT cues, for the time bar of a player.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=SpriteOptions,
    limits=_SHEET_LIMITS,
    run=make_sprite,
    plan=plan,
    produces=lambda _media_type, options: MEDIA_TYPES[options.format],
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    samples=("clip.mp4",),
    examples=(
        Example(options={}, shows="A frame of 160 pixels for every second, up to 100, ten in a row, and its cues."),
        Example(options={"interval": 2, "columns": 5, "width": 240}, shows="A frame every 2 seconds, five in a row."),
    ),
)
