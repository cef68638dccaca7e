"""`audio.encode`: sound in another format, rate or number of channels."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import VIDEO_TYPES
from filemill.processing.operations.audio.producing import SOUND_LIMITS, produce_sound
from filemill.processing.operations.audio.sound_options import SoundOptions
from filemill.processing.operations.audio.sound_plan import choose_format, foresee_sound, plan_sound
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.ffmpeg.presets import SoundFormat
from filemill.processing.operations.ffmpeg.sound import MEDIA_TYPES
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.video.probing import read_sound, to_facts

_USUAL: Final[SoundFormat] = "mp3"

DETAILS: Final = """
Where no format is asked for it is MP3, which everything plays. Sound of more than two channels becomes stereo, except
in WAV and FLAC, which lose nothing. Of a film it is the sound that is encoded.
"""


class EncodeOptions(SoundOptions):
    """What the sound becomes, and which part of it is taken."""


def encode(bench: Bench, options: EncodeOptions) -> dict[str, Any]:
    """Encode the sound. Raises InputError `corrupt_file`, `unsupported_format`, `too_long`; OptionsError."""
    facts = to_facts(bench, read_sound(bench))
    made = produce_sound(bench, plan_sound(facts, options, usual=_USUAL), share=(3.0, 100.0))
    return {"duration": facts.duration, "output": made}


def plan(facts: Facts, options: EncodeOptions) -> Planned:
    """Foresee the sound."""
    return foresee_sound(facts, plan_sound(facts, options, usual=_USUAL))


OPERATION: Final = Operation(
    name="audio.encode",
    task_type="video",
    summary="Sound as MP3, M4A, AAC, Opus, WAV or FLAC, with the rate, channels and part that you want.",
    details=DETAILS,
    media_types=VIDEO_TYPES,
    options=EncodeOptions,
    limits=SOUND_LIMITS,
    run=encode,
    plan=plan,
    produces=lambda _media_type, options: MEDIA_TYPES[choose_format(options) or _USUAL],
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    samples=("tune.mp3",),
    examples=(
        Example(options={}, shows="An MP3 of 192 kbit/s."),
        Example(options={"preset": "audio/speech", "channels": 1}, shows="Speech as Opus of 32 kbit/s, in mono."),
        Example(options={"format": "flac", "start": "10%", "end": "20%"}, shows="A tenth of it, without loss."),
    ),
)
