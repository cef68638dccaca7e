"""`video.transcode`: a film's facts, a poster frame, and the film in a format that browsers play."""

from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from filemill.processing.bench import Bench, Limits, Output, ToolExit
from filemill.processing.errors import InputError, OptionsError
from filemill.processing.media import FILM_TYPES, extension_of
from filemill.processing.operations import ffmpeg
from filemill.processing.operations.declaration import Operation, Options, RetryPolicy
from filemill.processing.operations.ffmpeg import Encoding, VideoFormat
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.quality import QUALITY_VALID, Quality, to_percent
from filemill.processing.operations.sealed_name import SealedName
from filemill.processing.operations.sizing import (
    RESIZE_VALID,
    Layout,
    Resize,
    ResizeOption,
    Size,
    plan_layout,
    round_to_even,
)

MAX_FRAME_PIXELS: Final = 8192 * 4320

_PROBE_LIMITS: Final = Limits(memory_bytes=512 * 1024**2, cpu_seconds=30, wall_seconds=60.0)
_FILM_LIMITS: Final = Limits(
    memory_bytes=2 * 1024**3, cpu_seconds=6 * 3600, wall_seconds=3 * 3600.0, output_bytes=16 * 1024**3
)
_POSTER_LIMITS: Final = Limits(memory_bytes=1024**3, cpu_seconds=120, wall_seconds=120.0, output_bytes=64 * 1024**2)
_POSTER_BOX: Final = Resize(width=1280, height=1280)
_POSTER_AT: Final = "10%"

probe_film = SealedName("video.probe", "probe_film")


class Poster(BaseModel):
    """Which frame is the poster."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    at: Annotated[float, Field(ge=0, le=1e6)] | Annotated[str, Field(pattern=r"^(100|\d{1,2})(\.\d+)?%$")] = Field(
        _POSTER_AT,
        description="Seconds from the start, or a part of the duration such as 50%.",
        union_mode="left_to_right",
    )


class VideoOptions(Options):
    """What can be asked of a film; without format, resize and quality it gives facts and a poster only."""

    format: VideoFormat | None = Field(
        None,
        description="Encode the film: mp4 (H.264 and AAC) or webm (VP9 and Opus).",
        examples=["mp4"],
        json_schema_extra={"x-valid": "one of mp4, webm"},
    )
    resize: ResizeOption | None = Field(
        None,
        description="The box to resize the film to. A pair [width, height] fits inside the box, keeps the aspect ratio "
        "and never enlarges; an object can name another fit. Sides are rounded down to even numbers.",
        examples=[[1280, 720], {"height": 480}],
        json_schema_extra={"x-valid": RESIZE_VALID},
    )
    quality: Quality | None = Field(
        None,
        description="Quality of the encoded film: low (50), medium (70), high (85) or a number; medium when another "
        "option asks for encoding.",
        examples=["high", 60],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )
    poster: StrictBool | Poster = Field(
        True,
        description="Give a frame of the film as the output poster.jpg: true takes it at 10% of the duration; "
        "false leaves it out.",
        examples=[True, {"at": 2.5}, {"at": "50%"}],
        json_schema_extra={
            "x-valid": 'true, false or an object with at: seconds such as 2.5, or a percentage such as "50%"'
        },
    )


def transcode(bench: Bench, options: VideoOptions) -> dict[str, Any]:
    """Give the film's container, duration, codecs, size, fps, bit rate and streams, its poster and the encoded film.

    Raises InputError `corrupt_file`, `unsupported_format`, `too_many_pixels`, `too_long`,
    `too_many_streams`.
    """
    facts = _probe(bench)
    is_encoding = any(option is not None for option in (options.format, options.resize, options.quality))
    result = dict(facts)
    if options.poster is not False:
        result["poster"] = _take_poster(bench, facts, options.poster)
        bench.progress(10.0 if is_encoding else 100.0, "Poster taken")
    if is_encoding:
        result["output"] = _encode_film(bench, facts, options)
    return result


def _probe(bench: Bench) -> dict[str, Any]:
    arguments = {
        "demuxer": ffmpeg.DEMUXERS[bench.media_type],
        "codecs": list(ffmpeg.CODECS),
        "max_streams": bench.input_limits.max_streams,
    }
    facts = bench.call(probe_film, arguments, share=(0.0, 3.0), limits=_PROBE_LIMITS)
    most_pixels = min(MAX_FRAME_PIXELS, bench.input_limits.max_pixels)
    if facts["width"] * facts["height"] > most_pixels:
        raise InputError(
            f"The video has {facts['width']} x {facts['height']} pixels; it may have {most_pixels:,} in all.",
            code="too_many_pixels",
        )
    if (facts["duration"] or 0) > bench.input_limits.max_duration_seconds:
        most = bench.input_limits.max_duration_seconds
        raise InputError(f"The video lasts {facts['duration']:,.0f} s; it may last {most:,} s.", code="too_long")
    return {"container": extension_of(bench.media_type), **facts}


def _take_poster(bench: Bench, facts: dict[str, Any], wish: bool | Poster) -> dict[str, Any]:
    """Take the frame; where the film ends before it (durations lie), take the first frame instead."""
    layout = plan_layout(Size(facts["width"], facts["height"]), _POSTER_BOX)
    at_seconds = _choose_moment(wish.at if isinstance(wish, Poster) else _POSTER_AT, facts["duration"])
    poster = _try_poster(bench, layout, at_seconds)
    if poster is None and at_seconds > 0:
        at_seconds = 0.0
        poster = _try_poster(bench, layout, at_seconds)
    if poster is None:
        raise InputError("The video is damaged: none of its frames can be decoded.", code="corrupt_file")
    poster.facts.update(width=layout.canvas.width, height=layout.canvas.height)
    return {"name": poster.name, "at": round(at_seconds, 3), **poster.facts}


def _try_poster(bench: Bench, layout: Layout, at_seconds: float) -> Output | None:
    poster = bench.create_output("poster.jpg", "image/jpeg")
    arguments = ffmpeg.ask_for_poster(bench.media_type, layout, at_seconds=at_seconds)
    ended = bench.run_tool("ffmpeg", arguments, outputs=[poster], limits=_POSTER_LIMITS)
    if poster.path.stat().st_size:
        return poster
    bench.discard(poster)
    if error := ffmpeg.explain_failure(ended):
        if at_seconds > 0 and error.code == "corrupt_file":
            return None  # the seek may have met the damage; the first frame is still to be tried
        raise error
    return None


def _choose_moment(at: float | str, duration_seconds: float | None) -> float:
    duration_seconds = duration_seconds or 0.0
    if isinstance(at, str):
        return duration_seconds * float(at.removesuffix("%")) / 100
    return min(float(at), duration_seconds)


def _encode_film(bench: Bench, facts: dict[str, Any], options: VideoOptions) -> dict[str, Any]:
    encoding = _plan_encoding(bench, facts, options)
    film, ended = _run_encoder(bench, facts, encoding)
    if ffmpeg.is_index_too_small(ended):
        bench.discard(film)
        film, ended = _run_encoder(bench, facts, replace(encoding, index_bytes=None))
    if error := ffmpeg.explain_failure(ended):
        raise error
    made = _check_film(bench, film, encoding.format)
    if error := ffmpeg.explain_shortfall(ended, expected_seconds=facts["duration"], actual_seconds=made["duration"]):
        raise error
    return {"name": film.name, "format": encoding.format, **film.facts}


def _plan_encoding(bench: Bench, facts: dict[str, Any], options: VideoOptions) -> Encoding:
    planned = plan_layout(Size(facts["width"], facts["height"]), options.resize)
    if max(planned.scaled.pixels, planned.canvas.pixels) > MAX_FRAME_PIXELS:
        raise OptionsError(
            f"resize gives {planned.canvas.width} x {planned.canvas.height} pixels by way of {planned.scaled.width} x "
            f"{planned.scaled.height}; a video may have {MAX_FRAME_PIXELS:,} in all.",
            code="invalid_options",
        )
    return Encoding(
        format=options.format or ("webm" if bench.media_type == "video/webm" else "mp4"),
        percent=to_percent(options.quality or "medium"),
        layout=Layout(round_to_even(planned.scaled), round_to_even(planned.canvas)),
        audio_channels=facts["audio_channels"],
        index_bytes=ffmpeg.estimate_index_bytes(facts["duration"], facts["fps"]),
    )


def _run_encoder(bench: Bench, facts: dict[str, Any], encoding: Encoding) -> tuple[Output, ToolExit]:
    stem = name_stem(bench.file_name, fallback="video")
    film = bench.create_output(f"{stem}.{encoding.format}", f"video/{encoding.format}")
    ended = bench.run_tool(
        "ffmpeg",
        ffmpeg.ask_for_film(bench.media_type, encoding),
        outputs=[film],
        on_line=ffmpeg.follow_progress(
            facts["duration"], lambda done: bench.progress(10.0 + 86.0 * done, "Encoding the video")
        ),
        limits=_FILM_LIMITS,
    )
    return film, ended


def _check_film(bench: Bench, film: Output, output_format: VideoFormat) -> dict[str, Any]:
    """Probe what was encoded: what FFmpeg wrote is believed only when it can be read again."""
    arguments = {"demuxer": ffmpeg.DEMUXERS[f"video/{output_format}"], "codecs": list(ffmpeg.CODECS), "max_streams": 2}
    made = bench.call(probe_film, arguments, source=film, share=(96.0, 100.0), limits=_PROBE_LIMITS)
    film.facts.update({name: made[name] for name in ("width", "height", "duration", "video_codec", "audio_codec")})
    return made


OPERATION: Final = Operation(
    name="video.transcode",
    task_type="video",
    summary="Facts of a film, a poster frame, and the film as MP4 or WebM, resized.",
    media_types=FILM_TYPES,
    options=VideoOptions,
    limits=_FILM_LIMITS,
    retry=RetryPolicy(patience=3.0),
    run=transcode,
    samples=("clip.mp4",),
)
