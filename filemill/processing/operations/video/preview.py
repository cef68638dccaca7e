"""`video.preview`: a few seconds of a film as a small moving picture."""

from fractions import Fraction
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench, Limits
from filemill.processing.errors import InputError, LimitError, OptionsError
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, Operation
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.film import DROP_METADATA
from filemill.processing.operations.ffmpeg.filters import lay_out
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS, Clock
from filemill.processing.operations.ffmpeg.rates import to_fraction
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input
from filemill.processing.operations.ffmpeg.running import tell_share
from filemill.processing.operations.ffmpeg.spans import MOMENT_VALID, Moment, Span, plan_span
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.quality import QUALITY_VALID, Quality, to_percent
from filemill.processing.operations.sizing import Layout, Resize
from filemill.processing.operations.video.film_options import SizeOptions
from filemill.processing.operations.video.film_plan import choose_box, plan_even_layout
from filemill.processing.operations.video.probing import probe

_USUAL_BOX: Final = Resize(width=320, height=320)
_MAX_PIXELS: Final = 500_000_000
"""Of all frames together: a preview is held in memory as a whole."""
_LIMITS: Final = Limits(memory_bytes=2 * 1024**3, cpu_seconds=600, wall_seconds=600.0, output_bytes=1024**3)
_COST_PER_PIXEL: Final = 1e-7
_NO_FRAME: Final = "WebPAnimEncoderAssemble() failed"
"""What the encoder says when no frame came; FFmpeg calls it a lack of memory."""
_DAMAGED: Final = "The video is damaged: none of its frames in this part can be decoded."

DETAILS: Final = """
GIF is shown everywhere, has 256 colours (chosen for this film) and grows large; WebP is several times smaller. Both
repeat for ever and have no sound. Where the film is shorter than the part asked for, all of it is shown.
"""


class PreviewOptions(SizeOptions):
    """Which part, how large and how fast."""

    format: Literal["gif", "webp"] = Field(
        "webp",
        description="Format of the moving picture.",
        examples=["gif"],
        json_schema_extra={"x-valid": "one of gif, webp"},
    )
    start: Moment = Field(
        "10%",
        description="Where the part begins: seconds, or a part of the duration.",
        examples=[4],
        json_schema_extra={"x-valid": MOMENT_VALID},
    )
    duration: Annotated[float, Field(ge=0.1, le=60)] = Field(
        3.0,
        description="How many seconds are shown.",
        examples=[5],
        json_schema_extra={"x-valid": "a number of seconds from 0.1 to 60"},
    )
    fps: Annotated[float, Field(ge=1, le=50)] = Field(
        10.0,
        description="Frames per second.",
        examples=[15],
        json_schema_extra={"x-valid": "a number from 1 to 50"},
    )
    quality: Quality = Field(
        "medium",
        description="Quality of webp: low (50), medium (70), high (85) or a number; gif ignores it.",
        examples=["high"],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )


def make_preview(bench: Bench, options: PreviewOptions) -> dict[str, Any]:
    """Make the moving picture. Raises InputError `corrupt_file`; OptionsError `invalid_options`."""
    facts = probe(bench)
    span, layout = _plan(facts, options)
    name = f"{name_stem(bench.file_name, fallback='video')}.{options.format}"
    output = bench.create_output(name, f"image/{options.format}")
    try:
        ended = bench.run_tool(
            "ffmpeg",
            ask_for_preview(bench.media_type, options, span, layout),
            outputs=[output],
            on_line=Clock(span.lasting_seconds, tell_share(bench, (3.0, 99.0), "Making the preview")).read_line,
            limits=_LIMITS,
        )
    except LimitError as error:
        if _NO_FRAME in str(error.evidence.get("stderr_tail")):
            raise InputError(_DAMAGED, code="corrupt_file", evidence=error.evidence) from error
        raise
    failures.raise_failure(ended)
    if not output.path.stat().st_size:
        raise OptionsError("There is no frame in the part that was asked for.", code="invalid_options")
    output.facts.update(width=layout.canvas.width, height=layout.canvas.height)
    bench.progress(100.0, "Preview made")
    return {"start": round(span.start_seconds, 3), "output": {"name": name, "format": options.format, **output.facts}}


def ask_for_preview(media_type: str, options: PreviewOptions, span: Span, layout: Layout) -> list[str]:
    """Arguments that write the moving picture to descriptor 5."""
    steps = ",".join(lay_out(layout, "rgb24" if options.format == "gif" else "yuv420p", fps=_rate(options)))
    graph = f"[0:V:0]{steps}[film]"
    coding = ["-c:v", "libwebp_anim", "-quality", str(to_percent(options.quality)), "-loop", "0", "-f", "webp"]
    if options.format == "gif":
        graph = f"[0:V:0]{steps},split[seen][counted];[counted]palettegen[palette];"
        graph += "[seen][palette]paletteuse=dither=bayer:bayer_scale=3[film]"
        coding = ["-c:v", "gif", "-loop", "0", "-f", "gif"]
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=span.start_seconds, lasting_seconds=span.lasting_seconds),
        *("-filter_complex_threads", "1", "-filter_complex", graph, "-map", "[film]", "-an", *DROP_METADATA),
        *(*coding, *ASK_FOR_PROGRESS, "-fd", "5", "fd:"),
    ]


def _plan(facts: Facts, options: PreviewOptions) -> tuple[Span, Layout]:
    span = plan_span(options.start, None, options.duration, duration_seconds=facts.duration)
    layout = plan_even_layout(facts, choose_box(options) or _USUAL_BOX)
    pixels = layout.canvas.pixels * _count_frames(span, options)
    if pixels > _MAX_PIXELS:
        message = f"The preview would have {pixels:,} pixels in all its frames; it may have {_MAX_PIXELS:,}."
        raise OptionsError(message, code="invalid_options")
    return span, layout


def _count_frames(span: Span, options: PreviewOptions) -> int:
    return max(1, round((span.lasting_seconds or options.duration) * options.fps))


def _rate(options: PreviewOptions) -> Fraction:
    return to_fraction(options.fps)


def plan(facts: Facts, options: PreviewOptions) -> Planned:
    """Foresee the moving picture."""
    span, layout = _plan(facts, options)
    frames = _count_frames(span, options)
    name = f"*.{options.format}"
    canvas = layout.canvas
    picture = Facts(
        media_type=f"image/{options.format}", width=canvas.width, height=canvas.height, frames=frames, fps=options.fps
    )
    cost = Cost(cpu_seconds=0.5 + canvas.pixels * frames * _COST_PER_PIXEL, memory_bytes=256 * 1024**2)
    return Planned(outputs=(PlannedOutput(name=name, facts=picture),), cost=cost)


OPERATION: Final = Operation(
    name="video.preview",
    task_type="video",
    summary="A few seconds of a film as an animated GIF or WebP.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=PreviewOptions,
    limits=_LIMITS,
    run=make_preview,
    plan=plan,
    produces=lambda _media_type, options: f"image/{options.format}",
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    samples=("clip.mp4",),
    examples=(
        Example(options={}, shows="Three seconds from a tenth of the film on, as a WebP of at most 320 pixels."),
        Example(options={"format": "gif", "start": 1, "duration": 2, "fps": 8}, shows="Two seconds as a GIF."),
    ),
)
