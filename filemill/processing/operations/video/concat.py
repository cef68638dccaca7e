"""`video.concat`: several films one after another, as one."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.errors import InputError, OptionsError
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, InputsRule, Operation, RetryPolicy
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.checkpointed import MadeFilm, SegmentedFilm, describe, make_segmented
from filemill.processing.operations.ffmpeg.coding import COPY
from filemill.processing.operations.ffmpeg.cost import estimate_film
from filemill.processing.operations.ffmpeg.film import estimate_index_bytes
from filemill.processing.operations.ffmpeg.parts import (
    Concatenation,
    Part,
    ask_for_concat,
    ask_for_concat_segments,
    ask_for_concat_sound,
    ask_to_decode_all,
)
from filemill.processing.operations.ffmpeg.progress import Clock, FrameCount
from filemill.processing.operations.ffmpeg.rates import to_fraction
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS, check_film, tell_share
from filemill.processing.operations.ffmpeg.segmenting import plan_cuts
from filemill.processing.operations.ffmpeg.spans import Span
from filemill.processing.operations.other_names import by_other_names
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.sizing import FIT_NAMES, Fit, Layout, Resize, Size, plan_layout, round_to_even
from filemill.processing.operations.video.film_options import CodingOptions, FilmOptions, FlatOptions, SizeOptions
from filemill.processing.operations.video.film_plan import choose_container, plan_film
from filemill.processing.operations.video.probing import probe, probe_input
from filemill.processing.operations.video.producing import foresee_output, name_film

MOST: Final = 20
_USUAL_FPS: Final = 25.0
_SHARE: Final = (5.0, 97.0)

DETAILS: Final = """
The first film, or the size and rate that you name, sets what all become; the others are fitted into its frame, padded
with black where their shape differs (`fit` can cut or stretch instead). A film without sound is silent for its time.
All are encoded anew, so the joins are clean whatever the films were. Each lasts as long as it says, in whole frames.

What takes long is encoded in segments that outlive the worker: after a crash the next attempt goes on after the last
whole one, whichever of the films it lies in. What takes less than about 12 seconds is made in one go.
"""


class ConcatOptions(CodingOptions, SizeOptions, FlatOptions):
    """What the one film becomes."""

    fit: Annotated[Fit, by_other_names(FIT_NAMES, Fit)] = Field(
        "contain",
        description="How a film of another shape is fitted: `contain` pads it with black, `cover` cuts off what is "
        "over, `fill` stretches it.",
        examples=["cover"],
        json_schema_extra={"x-valid": f"inside, cover, contain, fill or outside (or {', '.join(FIT_NAMES)})"},
    )


def concatenate(bench: Bench, options: ConcatOptions) -> dict[str, Any]:
    """Put the films one after another. Raises InputError `corrupt_file`, `too_long`; OptionsError `invalid_options`."""
    films = [probe(bench), *(probe_input(bench, further) for further in bench.inputs)]
    _refuse_unfit(films, bench.input_limits.max_duration_seconds)
    whole = plan_parts(films, options)
    made = _make(bench, films[0], whole)
    output = made.output
    check_film(bench, output, share=(97.0, 100.0))
    _refuse_shortfall(bench, whole, made)
    told = [{"duration": film.duration, "width": film.width, "height": film.height} for film in films]
    return {"parts": told, "output": {"name": output.name, "format": whole.film.container, **output.facts}}


def _refuse_shortfall(bench: Bench, whole: Concatenation, made: MadeFilm) -> None:
    expected, actual = whole.film.span.lasting_seconds, whole.to_seconds(made.frames)
    ended = made.ended
    if made.is_resumed and failures.is_short(expected_seconds=expected, actual_seconds=actual):
        # What FFmpeg said of films that were done went with the worker that died, and frames may be missing without
        # any damage: where a picture ends before its sound. Decoding again is all it takes to hear it.
        ended = bench.run_tool("ffmpeg", ask_to_decode_all(whole), inputs=bench.inputs, limits=FILM_LIMITS)
    if error := failures.explain_shortfall(ended, expected_seconds=expected, actual_seconds=actual):
        raise error


def _make(bench: Bench, first: Facts, whole: Concatenation) -> MadeFilm:
    """Make the film, in segments where it takes long."""
    film, name = whole.film, name_film(bench.file_name, whole.film)
    cuts = plan_cuts(first, film)
    if cuts is None or bench.checkpoints is None:
        return _make_in_one_go(bench, whole, name)
    asked = SegmentedFilm(
        film=film,
        fps=float(whole.fps),
        ask=partial(ask_for_concat_segments, whole, cuts),
        ask_for_sound=partial(ask_for_concat_sound, whole),
        inputs=bench.inputs,
    )
    shelf = bench.checkpoints.open(describe(asked), inputs=bench.inputs)
    return make_segmented(bench, asked, name, shelf=shelf, share=_SHARE)


def _make_in_one_go(bench: Bench, whole: Concatenation, name: str) -> MadeFilm:
    output = bench.create_output(name, whole.film.media_type)
    tell = tell_share(bench, _SHARE, "Joining the videos")
    clock = Clock(whole.film.span.lasting_seconds, tell, fps=float(whole.fps))
    frames = FrameCount()

    def read_line(line: str) -> None:
        clock.read_line(line)
        frames.read_line(line)

    ended = bench.run_tool(
        "ffmpeg",
        ask_for_concat(whole),
        outputs=[output],
        inputs=bench.inputs,
        on_line=read_line,
        limits=FILM_LIMITS,
    )
    failures.raise_failure(ended)
    return MadeFilm(output=output, ended=ended, frames=frames.last, is_resumed=False)


def _refuse_unfit(films: Sequence[Facts], most_seconds: float) -> None:
    for number, film in enumerate(films, start=1):
        if not film.duration:
            message = f"Film {number} does not say how long it is; run it through video.transcode first."
            raise InputError(message, code="unsupported_format")
    total = sum(film.duration or 0.0 for film in films)
    if total > most_seconds:
        raise InputError(
            f"The films last {total:,.0f} s together; a film may last {most_seconds:,} s.", code="too_long"
        )


def plan_parts(films: Sequence[Facts], options: ConcatOptions) -> Concatenation:
    """Work out what the one film is, how each is laid out in it, and which frames of it are whose; pure."""
    if COPY in (options.video_codec, options.audio_codec):
        message = "Films are encoded anew when they are joined, so no codec can be copy."
        raise OptionsError(message, code="invalid_options")
    first = films[0]
    with_sound = any(film.more.get("audio_channels") for film in films) and not options.mute
    leading = replace(first, more={**first.more, "audio_channels": 2 if with_sound else None})
    film = plan_film(leading, _film_options(options))
    canvas = film.layout.canvas
    box = Resize(width=canvas.width, height=canvas.height, fit=options.fit if options.fit in _FILLS else "contain")
    fps = to_fraction(options.fps or first.fps or _USUAL_FPS)
    parts: list[Part] = []
    ends_seconds = accumulate(facts.duration or 0.0 for facts in films)
    for facts, end_seconds in zip(films, ends_seconds, strict=True):
        begin = parts[-1].first_frame + parts[-1].frames if parts else 0
        part = Part(
            media_type=facts.media_type,
            layout=_lay_out(facts, box, canvas),
            has_sound=bool(facts.more.get("audio_channels")),
            first_frame=begin,
            frames=max(1, round(end_seconds * fps) - begin),
        )
        parts.append(part)
    lasting = float((parts[-1].first_frame + parts[-1].frames) / fps)
    index = estimate_index_bytes(lasting, float(fps))
    film = replace(film, span=Span(end_seconds=lasting), fps=fps, index_bytes=index)
    return Concatenation(film=film, fps=fps, parts=parts)


_FILLS: Final = frozenset(("contain", "cover", "fill"))
"""What leaves every part as large as the common frame."""


def _lay_out(facts: Facts, box: Resize, canvas: Size) -> Layout:
    return Layout(round_to_even(plan_layout(Size(facts.width or 1, facts.height or 1), box).scaled), canvas)


def _film_options(options: ConcatOptions) -> FilmOptions:
    """The first film is laid out in the frame like the others, so its own fit is the one that was asked for.

    Where no size is named, the frame is the first film's, which has nothing to be fitted to.
    """
    given = options.model_dump(exclude_unset=True)
    if not given.keys() & {"width", "height", "resize"}:
        given.pop("fit", None)
    return FilmOptions.model_validate({name: given[name] for name in FilmOptions.model_fields if name in given})


def plan(facts: Facts, options: ConcatOptions) -> Planned:
    """Foresee the film as far as the first part tells; how long the others last is not known before the work."""
    film = plan_parts([facts], options).film
    foreseen = foresee_output(facts, replace(film, span=Span()))
    return Planned(outputs=(foreseen,), cost=estimate_film(facts, film))


OPERATION: Final = Operation(
    name="video.concat",
    task_type="video",
    summary="Several films one after another, as one MP4 or WebM.",
    details=DETAILS,
    media_types=FILM_TYPES,
    options=ConcatOptions,
    limits=FILM_LIMITS,
    retry=RetryPolicy(patience=3.0),
    run=concatenate,
    plan=plan,
    produces=lambda media_type, options: f"video/{choose_container(media_type, _film_options(options))}",
    needs=lambda _media_type, _options: ("ffmpeg",),
    tools=("ffmpeg",),
    inputs=InputsRule(least=1, most=MOST - 1, media_types=FILM_TYPES),
    samples=("clip.mp4", "clip.mp4"),
    examples=(
        Example(options={}, shows="The films in their order, in the size of the first, as MP4."),
        Example(options={"preset": "web/webm/720p", "fit": "cover"}, shows="A WebM; other shapes are cut to fit."),
    ),
)
