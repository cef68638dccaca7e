"""`video.thumbnails`: several frames of a film as pictures, at equal distances or at given moments."""

from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.ffmpeg.spans import Moment, to_seconds
from filemill.processing.operations.planning import Cost, Facts, Planned
from filemill.processing.operations.sizing import Resize
from filemill.processing.operations.video.frame_options import FrameOptions, foresee_frame, name_frame, wish_frame
from filemill.processing.operations.video.frames import FRAME_LIMITS, MEDIA_TYPES, take_frame
from filemill.processing.operations.video.probing import probe

MOST: Final = 200
_USUAL_BOX: Final = Resize(width=640, height=640)
_COST_EACH: Final = 0.3

DETAILS: Final = """
With `count` the frames lie at equal distances, with as much before the first as after the last: three are at 25 %, 50 %
and 75 %. With `offsets` they are where you say, in your order. Each frame is sought by the film's index, so the length
of the film hardly matters. `thumbnails` in the result tells the moment of each.
"""


class ThumbnailsOptions(FrameOptions):
    """Which frames, and how they become pictures."""

    count: Annotated[int, Field(ge=1, le=MOST)] = Field(
        8,
        description="How many frames, at equal distances; `offsets` outweighs it.",
        examples=[3],
        json_schema_extra={"x-valid": f"a whole number from 1 to {MOST}"},
    )
    offsets: Annotated[list[Moment], Field(min_length=1, max_length=MOST)] | None = Field(
        None,
        description="The moments themselves: seconds from the start, or parts of the duration.",
        examples=[[2, 45, "50%"]],
        json_schema_extra={"x-valid": 'a list of seconds such as 2.5, or of parts of the duration such as "50%"'},
    )


def choose_moments(duration_seconds: float | None, count: int, offsets: list[float | str] | None) -> list[float]:
    """Choose when frames are taken: where offsets say, or at equal distances from each other and from both ends."""
    if offsets is not None:
        latest = duration_seconds if duration_seconds is not None else float("inf")
        return [min(to_seconds(moment, duration_seconds), latest) for moment in offsets]
    return [(duration_seconds or 0.0) * number / (count + 1) for number in range(1, count + 1)]


def make_thumbnails(bench: Bench, options: ThumbnailsOptions) -> dict[str, Any]:
    """Take the frames. Raises InputError `corrupt_file`; OptionsError `invalid_options`."""
    facts = probe(bench)
    wish = wish_frame(facts, options, _USUAL_BOX)
    moments = choose_moments(facts.duration, options.count, options.offsets)
    taken = []
    for number, moment in enumerate(moments, start=1):
        name = name_frame(f"thumbnail-{number:0{len(str(len(moments)))}d}", wish)
        output, at_seconds = take_frame(bench, wish, name, at_seconds=moment)
        taken.append({"name": output.name, "at": round(at_seconds, 3)})
        bench.progress(3.0 + 97.0 * number / len(moments), f"{number} of {len(moments)} frames taken")
    canvas = wish.layout.canvas
    return {"format": options.format, "width": canvas.width, "height": canvas.height, "thumbnails": taken}


def plan(facts: Facts, options: ThumbnailsOptions) -> Planned:
    """Foresee the pictures."""
    wish = wish_frame(facts, options, _USUAL_BOX)
    moments = choose_moments(facts.duration, options.count, options.offsets)
    foreseen = foresee_frame(wish, name_frame("thumbnail-*", wish))
    return Planned(outputs=(foreseen,) * len(moments), cost=Cost(cpu_seconds=_COST_EACH * len(moments)))


OPERATION: Final = Operation(
    name="video.thumbnails",
    task_type="video",
    summary="Several frames of a film as JPEG, PNG or WebP, at equal distances or where you say.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=ThumbnailsOptions,
    limits=FRAME_LIMITS,
    run=make_thumbnails,
    plan=plan,
    produces=lambda _media_type, options: MEDIA_TYPES[options.format],
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    samples=("clip.mp4",),
    examples=(
        Example(options={}, shows="Eight JPEGs at equal distances, at most 640 pixels wide and high."),
        Example(options={"count": 3}, shows="Three frames, at 25 %, 50 % and 75 %."),
        Example(options={"offsets": [0, 2.5, "50%"], "format": "png"}, shows="Three PNGs of the moments named."),
        Example(options={"count": 4, "width": 160, "height": 160, "fit": "cover"}, shows="Four squares of 160 pixels."),
    ),
)
