"""`audio.normalize`: sound as loud as it should be, by EBU R 128."""

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.errors import InputError
from filemill.processing.media import VIDEO_TYPES
from filemill.processing.operations.audio.producing import SOUND_LIMITS, produce_sound
from filemill.processing.operations.audio.sound_options import SoundOptions
from filemill.processing.operations.audio.sound_plan import choose_format, foresee_sound, plan_sound
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.coding import SoundCoding
from filemill.processing.operations.ffmpeg.presets import SoundFormat
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS, Clock
from filemill.processing.operations.ffmpeg.reading import MEASURING, read_input
from filemill.processing.operations.ffmpeg.running import tell_share
from filemill.processing.operations.ffmpeg.sound import FORMATS, MEDIA_TYPES, Sound
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.video.probing import read_sound, to_facts

_FALLBACK: Final[SoundFormat] = "m4a"
_USUAL_RATE: Final = 48_000
_HIGHEST_RATE: Final = 48_000
_REPORT: Final = re.compile(r"\{[^{}]*\"input_i\"[^{}]*\}", re.DOTALL)
_MEASURED: Final = ("input_i", "input_tp", "input_lra", "input_thresh", "target_offset")
_WIDEST: Final = 99.0

DETAILS: Final = """
The sound is measured first and changed after: in the first pass its loudness (LUFS), its true peak (dBTP) and its range
(LU) are found, and in the second it is brought to the loudness wanted. Where one amount of gain does that without
clipping, that is all that happens; only otherwise is the range narrowed. -16 LUFS is usual for podcasts, -23 for
broadcasting, -14 for music. Silence stays silence. What was measured stands in the result.
"""


class NormalizeOptions(SoundOptions):
    """How loud, and what the sound becomes."""

    loudness: Annotated[float, Field(ge=-70, le=-5)] = Field(
        -16.0,
        description="The loudness wanted, in LUFS.",
        examples=[-23],
        json_schema_extra={"x-valid": "a number from -70 to -5"},
    )
    true_peak: Annotated[float, Field(ge=-9, le=0)] = Field(
        -1.5,
        description="The highest true peak allowed, in dBTP.",
        examples=[-1],
        json_schema_extra={"x-valid": "a number from -9 to 0"},
    )
    loudness_range: Annotated[float, Field(ge=1, le=50)] = Field(
        11.0,
        description="The range of loudness, in LU, to which sound with a wider one is narrowed, about; passages that "
        "are far quieter than the whole stay so.",
        examples=[7],
        json_schema_extra={"x-valid": "a number from 1 to 50"},
    )


@dataclass(frozen=True, kw_only=True)
class Loudness:
    """What the first pass measured; numbers alone, within what the filter takes."""

    integrated: float
    true_peak: float
    range: float
    threshold: float
    offset: float


def normalize(bench: Bench, options: NormalizeOptions) -> dict[str, Any]:
    """Measure, then change. Raises InputError `corrupt_file`, `unsupported_format`; OptionsError `invalid_options`."""
    facts = to_facts(bench, read_sound(bench))
    sound = _plan(facts, options)
    measured = _measure(bench, sound, options)
    filters = () if measured is None else (_correct(options, measured), f"aresample={_rate_of(sound)}")
    made = produce_sound(bench, sound, share=(50.0, 100.0), filters=filters)
    told = None if measured is None else {"loudness": measured.integrated, "true_peak": measured.true_peak}
    return {"measured": told, "is_silent": measured is None, "wanted": options.loudness, "output": made}


def _plan(facts: Facts, options: NormalizeOptions) -> Sound:
    """The sound keeps its format and, as far as its format allows, its sample rate, which the filter would raise."""
    sound = plan_sound(facts, options, usual=FORMATS.get(facts.media_type, _FALLBACK))
    if not isinstance(sound.coding, SoundCoding) or sound.coding.sample_rate:
        return sound
    rate = facts.more.get("sample_rate") or _USUAL_RATE
    if sound.format == "opus" or (sound.format not in ("wav", "flac") and rate > _HIGHEST_RATE):
        rate = _USUAL_RATE
    return replace(sound, coding=replace(sound.coding, sample_rate=rate))


def _rate_of(sound: Sound) -> int:
    return (sound.coding.sample_rate if isinstance(sound.coding, SoundCoding) else None) or _USUAL_RATE


def _measure(bench: Bench, sound: Sound, options: NormalizeOptions) -> Loudness | None:
    ended = bench.run_tool(
        "ffmpeg",
        ask_to_measure(bench.media_type, sound, options),
        on_line=Clock(sound.span.lasting_seconds, tell_share(bench, (3.0, 50.0), "Measuring the loudness")).read_line,
        limits=SOUND_LIMITS,
    )
    failures.raise_failure(ended)
    return read_report(ended.stderr_tail)


def ask_to_measure(media_type: str, sound: Sound, options: NormalizeOptions) -> list[str]:
    """Arguments that measure the sound and write nothing."""
    span = sound.span
    return [
        *MEASURING,
        *read_input(media_type, at_seconds=span.start_seconds, lasting_seconds=span.limit_seconds),
        *("-map", f"0:a:{sound.track}", "-vn", "-sn", "-dn"),
        *("-af", f"loudnorm={_targets(options)}:print_format=json", *ASK_FOR_PROGRESS, "-f", "null", "-"),
    ]


def read_report(said: str) -> Loudness | None:
    """Read what the filter measured; None for silence. Raises InputError when it said nothing that makes sense."""
    found = _REPORT.findall(said)
    try:
        report = json.loads(found[-1])
        values = [float(report[name]) for name in _MEASURED]
    except (IndexError, ValueError, KeyError, TypeError) as error:
        message = "The loudness can't be measured: the sound is damaged."
        raise InputError(message, code="corrupt_file", evidence={"stderr": said}) from error
    if not all(math.isfinite(value) and abs(value) <= _WIDEST for value in values) or values[0] > 0:
        return None
    integrated, true_peak, spread, threshold, offset = values
    return Loudness(
        integrated=integrated, true_peak=true_peak, range=max(0.0, spread), threshold=threshold, offset=offset
    )


def _correct(options: NormalizeOptions, measured: Loudness) -> str:
    return (
        f"loudnorm={_targets(options)}:measured_I={measured.integrated:.2f}:measured_TP={measured.true_peak:.2f}"
        f":measured_LRA={measured.range:.2f}:measured_thresh={measured.threshold:.2f}:offset={measured.offset:.2f}"
        ":linear=true"
    )


def _targets(options: NormalizeOptions) -> str:
    return f"I={options.loudness:.2f}:TP={options.true_peak:.2f}:LRA={options.loudness_range:.2f}"


def plan(facts: Facts, options: NormalizeOptions) -> Planned:
    """Foresee the sound, and both passes."""
    planned = foresee_sound(facts, _plan(facts, options))
    return replace(planned, cost=planned.cost + planned.cost)


OPERATION: Final = Operation(
    name="audio.normalize",
    task_type="video",
    summary="Sound brought to a loudness by EBU R 128, measured and changed in two passes.",
    details=DETAILS,
    media_types=VIDEO_TYPES,
    options=NormalizeOptions,
    limits=SOUND_LIMITS,
    run=normalize,
    plan=plan,
    produces=lambda media_type, options: MEDIA_TYPES[choose_format(options) or FORMATS.get(media_type, _FALLBACK)],
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    samples=("tune.mp3",),
    examples=(
        Example(options={}, shows="-16 LUFS, in the format it came in."),
        Example(options={"loudness": -23, "true_peak": -1, "format": "wav"}, shows="A WAV for broadcasting."),
    ),
)
