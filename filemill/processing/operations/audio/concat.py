"""`audio.concat`: several sounds one after another, as one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.errors import InputError
from filemill.processing.media import VIDEO_TYPES
from filemill.processing.operations.audio.producing import SOUND_LIMITS, write_sound
from filemill.processing.operations.audio.sound_options import SoundFormatOptions
from filemill.processing.operations.audio.sound_plan import choose_format, foresee_sound, plan_coding
from filemill.processing.operations.declaration import Example, InputsRule, Operation
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.coding import encode_sound
from filemill.processing.operations.ffmpeg.presets import SoundFormat
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input
from filemill.processing.operations.ffmpeg.running import check_sound, tell_share
from filemill.processing.operations.ffmpeg.sound import MEDIA_TYPES, Sound, choose_container
from filemill.processing.operations.ffmpeg.spans import Span
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.video.probing import read_sound, sound_of_input, to_facts

MOST: Final = 50
_FIRST_FURTHER: Final = 6
_USUAL_RATE: Final = 48_000
_LEAST_RATE: Final = 8_000
_MOST_RATE: Final = 192_000
"""Samples per second; a header may claim any number, and all parts are brought to it."""
_MOST_CHANNELS: Final = 8
_LAYOUTS: Final = frozenset(
    (
        *("mono", "stereo", "2.1", "3.0", "3.0(back)", "3.1", "4.0", "4.1", "quad", "quad(side)", "5.0", "5.0(side)"),
        *("5.1", "5.1(side)", "6.0", "6.0(front)", "hexagonal", "6.1", "6.1(back)", "6.1(front)"),
        *("7.0", "7.0(front)", "7.1", "7.1(wide)", "7.1(wide-side)", "octagonal"),
    )
)
_USUAL: Final[SoundFormat] = "mp3"

DETAILS: Final = """
The sounds follow each other in the order of the request, without a gap, whatever their formats, rates and channels are.
Of a film it is the sound that is taken. The tags are those of the first.

The one sound has the highest of their sample rates, or the nearest to it that the format knows, and never more than
192,000. Where all have the same channels it has those, and otherwise two; MP3, M4A, AAC and Opus have two at most.
Sounds that are alike in rate, channels and depth are in a FLAC sample for sample.
"""


class ConcatOptions(SoundFormatOptions):
    """What the one sound becomes."""


def concatenate(bench: Bench, options: ConcatOptions) -> dict[str, Any]:
    """Put the sounds one after another. Raises InputError `corrupt_file`, `too_long`; OptionsError."""
    parts = [to_facts(bench, read_sound(bench)), *(sound_of_input(bench, further) for further in bench.inputs)]
    sound = _plan(parts, options)
    total = sound.span.lasting_seconds
    if (total or 0) > bench.input_limits.max_duration_seconds:
        message = (
            f"The sounds last {total:,.0f} s together; one may last {bench.input_limits.max_duration_seconds:,} s."
        )
        raise InputError(message, code="too_long")
    output, ended = write_sound(
        bench,
        sound,
        lambda wanted: ask_for_concat(wanted, parts),
        tell=tell_share(bench, (3.0, 95.0), "Joining the sounds"),
        inputs=bench.inputs,
    )
    made = check_sound(bench, output, share=(95.0, 100.0))
    if error := failures.explain_shortfall(ended, expected_seconds=total, actual_seconds=made["duration"]):
        raise error
    told = [{"duration": part.duration} for part in parts]
    return {"parts": told, "output": {"name": output.name, "format": sound.format, **output.facts}}


def _plan(parts: Sequence[Facts], options: ConcatOptions) -> Sound:
    wanted = choose_format(options) or _USUAL
    durations = [part.duration for part in parts]
    known = sum(duration or 0.0 for duration in durations) if all(durations) else None
    return Sound(
        format=wanted,
        coding=plan_coding(parts[0], options, wanted),
        span=Span(end_seconds=known),
        keeps_tags=options.keep_tags,
    )


def ask_for_concat(sound: Sound, parts: Sequence[Facts]) -> list[str]:
    """Arguments that join the sounds at 3 and from 6 on into the output at 5."""
    descriptors = [3, *range(_FIRST_FURTHER, _FIRST_FURTHER + len(parts) - 1)]
    inputs = [
        word
        for part, descriptor in zip(parts, descriptors, strict=True)
        for word in read_input(part.media_type, descriptor=descriptor)
    ]
    shape = _make_alike(parts)
    chains = [f"[{number}:a:0]{shape}[a{number}]" for number in range(len(parts))]
    pads = "".join(f"[a{number}]" for number in range(len(parts)))
    graph = ";".join([*chains, f"{pads}concat=n={len(parts)}:v=0:a=1[sound]"])
    return [
        *(*GLOBALLY, *inputs, "-filter_complex_threads", "1", "-filter_complex", graph, "-map", "[sound]"),
        *(*encode_sound(sound.coding), *choose_container(sound), *ASK_FOR_PROGRESS, "-fd", "5", "fd:"),
    ]


def _make_alike(parts: Sequence[Facts]) -> str:
    """Steps that bring a part to the highest rate of all, and to the channels that all have, or else to two."""
    highest = max(part.more.get("sample_rate") or _USUAL_RATE for part in parts)
    rate = min(max(highest, _LEAST_RATE), _MOST_RATE)
    return f"aresample={rate:d},aformat=sample_rates={rate:d}:channel_layouts={_choose_layout(parts)}"


def _choose_layout(parts: Sequence[Facts]) -> str:
    """Choose FFmpeg's name of a layout. What the probe tells came from the file, so only names that are known are used.

    Channels whose places nobody tells are taken as they usually lie.
    """
    layouts = {part.more.get("channel_layout") for part in parts}
    counts = {part.more.get("channels") or 0 for part in parts}
    if len(layouts) > 1 or len(counts) > 1:
        return "stereo"
    layout, count = layouts.pop(), counts.pop()
    if layout in _LAYOUTS:
        return str(layout)
    return f"{count:d}c" if 0 < count <= _MOST_CHANNELS else "stereo"


def plan(facts: Facts, options: ConcatOptions) -> Planned:
    """Foresee the sound; how long the others last is not known before the work."""
    return foresee_sound(facts, replace(_plan([facts], options), span=Span()))


OPERATION: Final = Operation(
    name="audio.concat",
    task_type="video",
    summary="Several sounds one after another, as one MP3, M4A, AAC, Opus, WAV or FLAC.",
    details=DETAILS,
    media_types=VIDEO_TYPES,
    options=ConcatOptions,
    limits=SOUND_LIMITS,
    run=concatenate,
    plan=plan,
    produces=lambda _media_type, options: MEDIA_TYPES[choose_format(options) or _USUAL],
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    inputs=InputsRule(least=1, most=MOST - 1, media_types=VIDEO_TYPES),
    samples=("tune.mp3", "tune.mp3"),
    examples=(
        Example(options={}, shows="One MP3 of all."),
        Example(options={"format": "flac"}, shows="One FLAC of all, without loss."),
    ),
)
