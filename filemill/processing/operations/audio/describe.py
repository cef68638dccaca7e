"""`audio.describe`: what a sound is, and nothing else."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import VIDEO_TYPES
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.ffmpeg.running import PROBE_LIMITS
from filemill.processing.operations.planning import Cost, Facts, Planned
from filemill.processing.operations.video.probing import read_sound

DETAILS: Final = """
Of a film it is the first sound that is described. MP3 and bare AAC do not say how long they last, so their frames are
counted. A WAV or AVI that has fewer bytes than it says was cut short, and fails as `corrupt_file`, unless it says 0 or
about two or four gigabytes, as writers do that know no length. Sound of fewer than 100 samples a second fails as
`unsupported_format`.
"""


class DescribeOptions(Options):
    """There is nothing to ask for."""


def describe(bench: Bench, _options: DescribeOptions) -> dict[str, Any]:
    """Give container, duration, codec, sample rate, channels, bit rate, tags and streams.

    Raises InputError `corrupt_file`, `unsupported_format`, `too_long`, `too_many_streams`.
    """
    facts = read_sound(bench)
    bench.progress(100.0, "Described")
    return facts


def plan(_facts: Facts, _options: DescribeOptions) -> Planned:
    """Foresee no output."""
    return Planned(outputs=(), cost=Cost(cpu_seconds=0.1))


OPERATION: Final = Operation(
    name="audio.describe",
    task_type="video",
    summary="Facts of a sound: container, duration, codec, sample rate, channels, bit rate, tags.",
    details=DETAILS,
    media_types=VIDEO_TYPES,
    options=DescribeOptions,
    limits=PROBE_LIMITS,
    run=describe,
    plan=plan,
    samples=("tune.mp3",),
    examples=(Example(options={}, shows="Everything that the sound says of itself."),),
)
