"""`video.transcode`: a film's facts, a poster frame, and the film in a format that browsers play."""

from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from filemill.processing.bench import Bench
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, InputsRule, Operation, Options, RetryPolicy
from filemill.processing.operations.ffmpeg.coding import COPY
from filemill.processing.operations.ffmpeg.film import Film
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS
from filemill.processing.operations.ffmpeg.spans import to_seconds
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sizing import Resize, Size, plan_layout
from filemill.processing.operations.video.compliance import find_differences
from filemill.processing.operations.video.film_options import FilmOptions
from filemill.processing.operations.video.film_plan import choose_container, plan_film
from filemill.processing.operations.video.frames import FrameWish, take_frame
from filemill.processing.operations.video.probing import read_film, to_facts
from filemill.processing.operations.video.producing import foresee_film, produce_film
from filemill.processing.operations.video.watermarking import (
    WATERMARK_TYPES,
    Watermark,
    WatermarkedOptions,
    describe_place,
    only_picture,
    prepare_overlay,
    refuse_on_a_copy,
)

DETAILS: Final = """
Without options it tells what the film is and takes a poster. Any option that says how the film should be (`format`,
`resize`, `quality`, a preset, a codec, a size, a rate, a part of it) gives the film as well, as the first output.

- **Quality.** `quality` speaks the same language for every codec; `crf` is the encoder's own number; `video_bitrate`
  asks for a size instead. Pictures become 8-bit 4:2:0, which every player shows.
- **Sound** is the film's first track, in one or two channels. Subtitles, data and metadata are left out.
- **The index of an MP4 stands before the film**, so that a browser plays while it loads.
- **Long films are encoded in segments**, which outlive the worker: after a crash the next attempt goes on after the
  last whole segment. What takes less than about 12 seconds is made in one go. The attempt's evidence tells where it
  took up the work.
- **Progress** follows FFmpeg's own clock and tells the time left.

`copy` changes neither quality nor size and takes next to no time, but `start` then lies on a key frame before the
moment that was asked for.
"""

_POSTER_BOX: Final = Resize(width=1280, height=1280)
_POSTER_AT: Final = "10%"
_POSTER_COST: Final = Cost(cpu_seconds=0.3, memory_bytes=128 * 1024**2)
_ASKS_FOR_NO_FILM: Final = frozenset(("poster", "fit", "skip_if_compliant", "mute", "watermark"))


class Poster(BaseModel):
    """Which frame is the poster."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    at: Annotated[float, Field(ge=0, le=1e6)] | Annotated[str, Field(pattern=r"^(100|\d{1,2})(\.\d+)?%$")] = Field(
        _POSTER_AT,
        description="Seconds from the start, or a part of the duration such as 50%.",
        union_mode="left_to_right",
    )


class VideoOptions(WatermarkedOptions, FilmOptions):
    """What can be asked of a film; without an option that asks for encoding it gives facts and a poster only."""

    poster: StrictBool | Poster = Field(
        True,
        description="Give a frame of the film as the output poster.jpg: true takes it at 10% of the duration; "
        "false leaves it out.",
        examples=[True, {"at": 2.5}, {"at": "50%"}],
        json_schema_extra={
            "x-valid": 'true, false or an object with at: seconds such as 2.5, or a percentage such as "50%"'
        },
    )
    skip_if_compliant: StrictBool = Field(
        False,
        description="When the film already has the container, codecs, size and rates asked for, copy it as it is "
        "instead of encoding it again, which would cost time and quality.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )


def transcode(bench: Bench, options: VideoOptions) -> dict[str, Any]:
    """Give the film's container, duration, codecs, size, fps, bit rate and streams, its poster and the encoded film.

    Raises InputError `corrupt_file`, `unsupported_format`, `too_many_pixels`, `too_long`; OptionsError
    `invalid_options` for what this film can't become.
    """
    told = read_film(bench)
    facts = to_facts(bench, told)
    result = {name: value for name, value in told.items() if name not in ("tags", "pixel_format")}
    made: dict[str, Any] = {}
    if asks_for_film(options):
        made["output"] = _make_film(bench, facts, _plan_film(facts, options), options)
    if options.poster is not False:
        made["poster"] = _take_poster(bench, facts, options.poster)
    bench.progress(100.0, "Done")
    return {**result, **made}


def asks_for_film(options: Options) -> bool:
    """Say whether any option asks for the film to be encoded."""
    given = (name for name in type(options).model_fields if name not in _ASKS_FOR_NO_FILM)
    asked = any(getattr(options, name) is not None for name in given)
    return asked or bool(getattr(options, "mute", False)) or getattr(options, "watermark", False) is not False


def _take_poster(bench: Bench, facts: Facts, wish: bool | Poster) -> dict[str, Any]:
    layout = plan_layout(_size_of(facts), _POSTER_BOX)
    at = wish.at if isinstance(wish, Poster) else _POSTER_AT
    # A part of an unknown duration is its beginning: a poster is always given.
    wanted = min(to_seconds(at, facts.duration or 0.0), facts.duration or 0.0)
    poster, at_seconds = take_frame(bench, FrameWish(format="jpeg", layout=layout), "poster.jpg", at_seconds=wanted)
    return {"name": poster.name, "at": round(at_seconds, 3), **poster.facts}


def _plan_film(facts: Facts, options: VideoOptions) -> Film:
    refuse_on_a_copy(options.find_watermark(), options.video_codec)
    return plan_film(facts, options)


def _make_film(bench: Bench, facts: Facts, film: Film, options: VideoOptions) -> dict[str, Any]:
    share = (3.0, 100.0 if options.poster is False else 98.0)
    if (watermark := options.find_watermark()) is not None:
        return _make_marked(bench, facts, film, watermark, share)
    if options.skip_if_compliant and not find_differences(facts, film):
        copied = replace(film, picture=COPY, sound=COPY if film.sound else None)
        return {**produce_film(bench, facts, copied, share=share), "is_copy": True}
    return produce_film(bench, facts, film, share=share)


def _make_marked(
    bench: Bench, facts: Facts, film: Film, watermark: Watermark, share: tuple[float, float]
) -> dict[str, Any]:
    overlay, drawn = prepare_overlay(bench, watermark, film.layout.canvas, only_picture(bench))
    try:
        made = produce_film(bench, facts, replace(film, overlay=overlay), share=share, overlays=[drawn])
    finally:
        bench.discard(drawn)
    return {**made, "watermark": describe_place(overlay)}


def plan(facts: Facts, options: VideoOptions) -> Planned:
    """Foresee the film, the poster and their cost."""
    planned = Planned(outputs=(), cost=Cost())
    if asks_for_film(options):
        film = _plan_film(facts, options)
        if options.skip_if_compliant and not find_differences(facts, film):
            film = replace(film, picture=COPY, sound=COPY if film.sound else None)
        planned = foresee_film(facts, film)
    if options.poster is False:
        return planned
    size = plan_layout(_size_of(facts), _POSTER_BOX).canvas
    poster = PlannedOutput(
        name="poster.jpg", facts=Facts(media_type="image/jpeg", width=size.width, height=size.height)
    )
    return Planned(outputs=(*planned.outputs, poster), cost=planned.cost + _POSTER_COST)


def _size_of(facts: Facts) -> Size:
    return Size(facts.width or 1, facts.height or 1)


def produces(media_type: str, options: VideoOptions) -> str | None:
    """The film comes first where one is made."""
    if asks_for_film(options):
        return f"video/{choose_container(media_type, options)}"
    return None if options.poster is False else "image/jpeg"


OPERATION: Final = Operation(
    name="video.transcode",
    task_type="video",
    summary="Facts of a film, a poster frame, and the film as MP4 or WebM: cut, resized and encoded as asked.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=VideoOptions,
    limits=FILM_LIMITS,
    retry=RetryPolicy(patience=3.0),
    run=transcode,
    plan=plan,
    produces=produces,
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    inputs=InputsRule(least=0, most=1, media_types=WATERMARK_TYPES),
    samples=("clip.mp4",),
    examples=(
        Example(options={"preset": "web/mp4/720p"}, shows="An MP4 that every browser plays, at most 1280 x 720."),
        Example(
            options={"format": "webm", "height": 480, "fps": 25, "mute": True, "poster": False},
            shows="A silent WebM, 480 pixels high, at 25 frames per second.",
        ),
        Example(
            options={"video_codec": "h265", "crf": 26, "encoder_preset": "medium", "start": 5, "duration": 20},
            shows="Twenty seconds from the fifth on, as H.265.",
        ),
        Example(
            options={"format": "mp4", "resize": [1920, 1080], "skip_if_compliant": True},
            shows="The film as it is when it is such an MP4 already; otherwise encoded.",
        ),
    ),
)
