"""`audio.waveform`: how loud a sound is from moment to moment, as a picture or as numbers."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench, Limits
from filemill.processing.media import VIDEO_TYPES
from filemill.processing.operations.audio.producing import SOUND_LIMITS
from filemill.processing.operations.audio.sound_options import TrackOptions
from filemill.processing.operations.audio.sound_plan import refuse_missing_track
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS, Clock
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input
from filemill.processing.operations.ffmpeg.running import tell_share
from filemill.processing.operations.ffmpeg.spans import Span, plan_span
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName
from filemill.processing.operations.video.film_options import SpanOptions
from filemill.processing.operations.video.probing import read_sound, to_facts

RATE: Final = 8_000
_SAMPLE_BYTES: Final = 2
_MEDIA_TYPES: Final = {"png": "image/png", "json": "application/json"}
_DRAW_LIMITS: Final = Limits(memory_bytes=512 * 1024**2, cpu_seconds=600, wall_seconds=900.0)
_COLOUR_VALID: Final = 'six hexadecimal digits such as "#1f6feb"'
_SECONDS_PER_SECOND: Final = 1 / 100

draw_waveform = SealedName("video.waveform", "draw_waveform")

DETAILS: Final = """
The sound is mixed to one channel and divided into as many equal parts as there are columns or points; each shows the
lowest and the highest sample in its part. The JSON has the form that `audiowaveform` writes and `peaks.js` reads
(version 2, 8 or 16 bits): `data` holds the lowest and the highest of each point in turn.
"""


class WaveformOptions(SpanOptions, TrackOptions):
    """A picture or numbers, and of which part."""

    format: Literal["png", "json"] = Field(
        "png",
        description="A picture, or numbers for a player of your own.",
        examples=["json"],
        json_schema_extra={"x-valid": "one of png, json"},
    )
    width: Annotated[int, Field(ge=16, le=8192)] = Field(
        1800,
        description="Width of the picture in pixels.",
        examples=[900],
        json_schema_extra={"x-valid": "a whole number from 16 to 8192"},
    )
    height: Annotated[int, Field(ge=16, le=2048)] = Field(
        280,
        description="Height of the picture in pixels.",
        examples=[120],
        json_schema_extra={"x-valid": "a whole number from 16 to 2048"},
    )
    color: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = Field(
        "#1f6feb",
        description="Colour of the wave.",
        examples=["#222222"],
        json_schema_extra={"x-valid": _COLOUR_VALID},
    )
    background: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] | None = Field(
        None,
        description="Colour behind the wave; left out, it is transparent.",
        examples=["#ffffff"],
        json_schema_extra={"x-valid": _COLOUR_VALID},
    )
    points: Annotated[int, Field(ge=16, le=50_000)] = Field(
        1000,
        description="How many points the JSON holds.",
        examples=[500],
        json_schema_extra={"x-valid": "a whole number from 16 to 50000"},
    )
    bits: Literal[8, 16] = Field(
        8,
        description="Bits of a number in the JSON.",
        examples=[16],
        json_schema_extra={"x-valid": "8 or 16"},
    )


def make_waveform(bench: Bench, options: WaveformOptions) -> dict[str, Any]:
    """Draw or tell the wave. Raises InputError `corrupt_file`, `unsupported_format`; OptionsError."""
    facts = to_facts(bench, read_sound(bench))
    span = _plan(facts, options)
    samples = bench.create_output("samples.pcm", "application/octet-stream")
    ended = bench.run_tool(
        "ffmpeg",
        ask_for_samples(bench.media_type, span, options.track),
        outputs=[samples],
        on_line=Clock(span.lasting_seconds, tell_share(bench, (3.0, 70.0), "Reading the sound")).read_line,
        limits=SOUND_LIMITS,
    )
    failures.raise_failure(ended)
    read_seconds = samples.path.stat().st_size / (RATE * _SAMPLE_BYTES)
    expected = span.lasting_seconds
    if error := failures.explain_shortfall(ended, expected_seconds=expected, actual_seconds=read_seconds):
        raise error
    name = f"{name_stem(bench.file_name, fallback='audio')}.{options.format}"
    drawing = options.model_dump(include={"format", "width", "height", "color", "background", "points", "bits"})
    drawn = bench.call(
        draw_waveform,
        {**drawing, "name": name, "media_type": _MEDIA_TYPES[options.format], "rate": RATE},
        inputs=[samples],
        share=(70.0, 100.0),
        limits=_DRAW_LIMITS,
    )
    bench.discard(samples)
    return {"duration": facts.duration, **drawn, "output": {"name": name, "format": options.format}}


def ask_for_samples(media_type: str, span: Span, track: int) -> list[str]:
    """Arguments that write the sound to descriptor 5 as plain samples of one channel."""
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=span.start_seconds, lasting_seconds=span.limit_seconds),
        *("-map", f"0:a:{track}", "-vn", "-sn", "-dn", "-ac", "1", "-ar", str(RATE), "-c:a", "pcm_s16le"),
        *("-f", "s16le", *ASK_FOR_PROGRESS, "-fd", "5", "fd:"),
    ]


def _plan(facts: Facts, options: WaveformOptions) -> Span:
    refuse_missing_track(facts, options.track)
    return plan_span(options.start, options.end, options.duration, duration_seconds=facts.duration)


def plan(facts: Facts, options: WaveformOptions) -> Planned:
    """Foresee the picture or the numbers."""
    lasting = _plan(facts, options).lasting_seconds or 60.0
    foreseen = Facts(media_type="application/json")
    if options.format == "png":
        foreseen = Facts(media_type="image/png", width=options.width, height=options.height)
    output = PlannedOutput(name=f"*.{options.format}", facts=foreseen)
    return Planned(outputs=(output,), cost=Cost(cpu_seconds=0.3 + lasting * _SECONDS_PER_SECOND))


OPERATION: Final = Operation(
    name="audio.waveform",
    task_type="video",
    summary="The wave of a sound as a PNG, or as JSON for players.",
    details=DETAILS,
    media_types=VIDEO_TYPES,
    options=WaveformOptions,
    limits=SOUND_LIMITS,
    run=make_waveform,
    plan=plan,
    produces=lambda _media_type, options: _MEDIA_TYPES[options.format],
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    samples=("tune.mp3",),
    examples=(
        Example(options={}, shows="A transparent PNG of 1800 x 280 pixels."),
        Example(options={"format": "json", "points": 500}, shows="500 points of 8 bits, as peaks.js reads them."),
        Example(options={"width": 600, "height": 80, "color": "#222222", "background": "#ffffff"}, shows="A strip."),
    ),
)
