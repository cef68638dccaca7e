"""`video.poster`: one frame of a film as a picture."""

from typing import Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.ffmpeg.spans import MOMENT_VALID, Moment, to_seconds
from filemill.processing.operations.planning import Cost, Facts, Planned
from filemill.processing.operations.video.frame_options import FrameOptions, foresee_frame, name_frame, wish_frame
from filemill.processing.operations.video.frames import FRAME_LIMITS, MEDIA_TYPES, take_frame
from filemill.processing.operations.video.probing import probe

DETAILS: Final = """
The moment is sought by the film's index, so a frame at the end of a long film costs no more than one at its beginning.
Where the film ends before it, or is damaged there, the first frame is taken; `at` in the result tells.
"""


class PosterOptions(FrameOptions):
    """Which frame, and how it becomes a picture."""

    at: Moment = Field(
        "10%",
        description="Which frame: seconds from the start, or a part of the duration.",
        examples=[2.5, "50%"],
        json_schema_extra={"x-valid": MOMENT_VALID},
    )


def make_poster(bench: Bench, options: PosterOptions) -> dict[str, Any]:
    """Take the frame. Raises InputError `corrupt_file`; OptionsError `invalid_options`."""
    facts = probe(bench)
    wish = wish_frame(facts, options)
    wanted = min(to_seconds(options.at, facts.duration or 0.0), facts.duration or float("inf"))
    poster, at_seconds = take_frame(bench, wish, name_frame("poster", wish), at_seconds=wanted)
    bench.progress(100.0, "Poster taken")
    return {"at": round(at_seconds, 3), "output": {"name": poster.name, "format": options.format, **poster.facts}}


def plan(facts: Facts, options: PosterOptions) -> Planned:
    """Foresee the picture."""
    wish = wish_frame(facts, options)
    poster = foresee_frame(wish, name_frame("poster", wish))
    return Planned(outputs=(poster,), cost=Cost(cpu_seconds=0.3, memory_bytes=128 * 1024**2))


OPERATION: Final = Operation(
    name="video.poster",
    task_type="video",
    summary="One frame of a film as JPEG, PNG or WebP.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=PosterOptions,
    limits=FRAME_LIMITS,
    run=make_poster,
    plan=plan,
    produces=lambda _media_type, options: MEDIA_TYPES[options.format],
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    samples=("clip.mp4",),
    examples=(
        Example(options={}, shows="The frame at a tenth of the film, as JPEG."),
        Example(options={"at": 2.5, "format": "webp", "width": 640}, shows="A WebP, 640 pixels wide, of 2.5 seconds."),
    ),
)
