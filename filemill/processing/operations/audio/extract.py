"""`audio.extract`: the sound of a film."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.audio.producing import SOUND_LIMITS, produce_sound
from filemill.processing.operations.audio.sound_options import SoundOptions
from filemill.processing.operations.audio.sound_plan import choose_format, foresee_sound, plan_sound
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.ffmpeg.sound import MEDIA_TYPES, is_copy
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.video.probing import read_sound, to_facts

DETAILS: Final = """
Where neither a format nor anything else is asked for, the sound is copied as it is into a file of its own kind: AAC as
M4A, MP3 as MP3, Opus and Vorbis in Ogg, FLAC as FLAC. What has no kind of its own becomes M4A. A film without a picture
is taken, too.
"""


class ExtractOptions(SoundOptions):
    """Which sound, which part of it, and what it becomes."""


def extract(bench: Bench, options: ExtractOptions) -> dict[str, Any]:
    """Take the sound. Raises InputError `corrupt_file`, `unsupported_format` without sound; OptionsError."""
    facts = to_facts(bench, read_sound(bench))
    sound = plan_sound(facts, options, usual=None)
    made = produce_sound(bench, sound, share=(3.0, 100.0))
    return {"duration": facts.duration, "is_copy": is_copy(sound), "output": made}


def plan(facts: Facts, options: ExtractOptions) -> Planned:
    """Foresee the sound."""
    return foresee_sound(facts, plan_sound(facts, options, usual=None))


OPERATION: Final = Operation(
    name="audio.extract",
    task_type="video",
    summary="The sound of a film, as it is or as MP3, M4A, AAC, Opus, WAV or FLAC.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=ExtractOptions,
    limits=SOUND_LIMITS,
    run=extract,
    plan=plan,
    produces=lambda _media_type, options: MEDIA_TYPES[choose_format(options) or "m4a"],
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    samples=("clip.mp4",),
    examples=(
        Example(options={}, shows="The sound as it is, in a file of its own."),
        Example(options={"preset": "audio/mp3"}, shows="An MP3 of 192 kbit/s."),
        Example(
            options={"format": "wav", "channels": 1, "sample_rate": 16000, "start": 1, "duration": 3},
            shows="Three seconds of mono at 16 kHz, as speech recognisers want them.",
        ),
    ),
)
