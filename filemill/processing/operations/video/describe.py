"""`video.describe`: what a film is, and nothing else."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.ffmpeg.running import PROBE_LIMITS
from filemill.processing.operations.planning import Cost, Facts, Planned
from filemill.processing.operations.video.probing import read_film

DETAILS: Final = """
The facts come from the headers and the first frame, so they cost the same for a short film and a long one. Width and
height are those that players show: upright, with square pixels. What is not known is null; a duration is what the
container claims.
"""


class DescribeOptions(Options):
    """There is nothing to ask for."""


def describe(bench: Bench, _options: DescribeOptions) -> dict[str, Any]:
    """Give the film's container, duration, size, rates, codecs, tags and streams.

    Raises InputError `corrupt_file`, `unsupported_format`, `too_many_pixels`, `too_long`, `too_many_streams`.
    """
    facts = read_film(bench)
    bench.progress(100.0, "Described")
    return facts


def plan(_facts: Facts, _options: DescribeOptions) -> Planned:
    """Foresee no output."""
    return Planned(outputs=(), cost=Cost(cpu_seconds=0.1))


OPERATION: Final = Operation(
    name="video.describe",
    task_type="video",
    summary="Facts of a film: container, duration, size, frame rate, bit rate, codecs, rotation, tags, streams.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=DescribeOptions,
    limits=PROBE_LIMITS,
    run=describe,
    plan=plan,
    samples=("clip.mp4",),
    examples=(Example(options={}, shows="Everything that the film says of itself."),),
)
