"""`image.describe`: all that can be told of a picture; no file is made."""

from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import IMAGE_TYPES
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.image.running import IMAGE_LIMITS, arguments_of
from filemill.processing.operations.planning import Cost, Facts, Planned
from filemill.processing.operations.sealed_name import SealedName

describe_in_depth = SealedName("image.describing", "describe_in_depth")


class DescribeOptions(Options):
    """What is told of a picture."""

    colors: Annotated[int, Field(ge=1, le=16)] = Field(
        5,
        description="How many dominant colours are named at the most.",
        examples=[5],
        json_schema_extra={"x-valid": "a whole number from 1 to 16"},
    )


def run(bench: Bench, options: DescribeOptions) -> dict[str, Any]:
    """Give the facts. Raises InputError `corrupt_file`, `unsupported_format`, `too_many_pixels`, `too_many_frames`."""
    return bench.call(describe_in_depth, {**arguments_of(bench), "colors": options.colors})


def plan(facts: Facts, _options: DescribeOptions) -> Planned:
    """Foresee no output, and the cost of one small decode."""
    pixels = (facts.width or 1000) * (facts.height or 1000)
    return Planned(outputs=(), cost=Cost(cpu_seconds=0.2 + pixels * 0.01 / 1_000_000))


OPERATION: Final = Operation(
    name="image.describe",
    task_type="image",
    summary="Facts of a picture: size, format, EXIF, colour profile, dominant colours, BlurHash and perceptual hash.",
    details="""\
Nothing is written; the facts are the task's `result`:

- `format`, `mode`, `bit_depth`, `width`, `height` (upright), `pages`, `has_alpha`, `orientation` (EXIF, 1 to 8);
- of an animation `frames`, `delays` (milliseconds), `duration` (seconds), `loop` (0: for ever);
- `exif` by the names of its fields, with `gps` as latitude and longitude in degrees; `icc` with what the profile calls
  itself; `has_xmp`;
- `dominant_colors`: each with the part of the picture that it takes;
- `blurhash`: about thirty letters from which a page draws a blurred stand-in
  ([BlurHash](https://blurha.sh), 4 x 3 components);
- `perceptual_hash`: 64 bits as 16 hex digits; of two pictures that look the same (scaled, saved anew, a little
  brighter) at most about 10 of the 64 bits differ.

The look is that of the first frame, with what is transparent on white.
""",
    media_types=IMAGE_TYPES,
    options=DescribeOptions,
    limits=IMAGE_LIMITS,
    run=run,
    plan=plan,
    samples=("photo.jpg",),
    examples=(Example(options={"colors": 3}, shows="The facts, with three dominant colours."),),
)
