"""`video.concat`: several films one after another, as one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.errors import InputError, OptionsError
from filemill.processing.media import FILM_TYPES
from filemill.processing.operations.declaration import Example, InputsRule, Operation, RetryPolicy
from filemill.processing.operations.ffmpeg import failures
from filemill.processing.operations.ffmpeg.coding import COPY, encode_picture, encode_sound
from filemill.processing.operations.ffmpeg.cost import estimate_film
from filemill.processing.operations.ffmpeg.film import DROP_METADATA, Film, estimate_index_bytes, write_container
from filemill.processing.operations.ffmpeg.filters import lay_out
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS, Clock
from filemill.processing.operations.ffmpeg.rates import to_fraction
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS, check_film, tell_share
from filemill.processing.operations.ffmpeg.spans import Span
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.sizing import Fit, Layout, Resize, Size, plan_layout, round_to_even
from filemill.processing.operations.video.film_options import CodingOptions, FilmOptions, FlatOptions, SizeOptions
from filemill.processing.operations.video.film_plan import choose_container, plan_film
from filemill.processing.operations.video.probing import probe, probe_input
from filemill.processing.operations.video.producing import foresee_output, name_film

MOST: Final = 20
_FIRST_FURTHER: Final = 6
_USUAL_FPS: Final = 25.0
_SOUND_RATE: Final = 48_000

DETAILS: Final = """
The first film, or the size and rate that you name, sets what all become; the others are fitted into its frame, padded
with black where their shape differs (`fit` can cut or stretch instead). A film without sound is silent for its time.
All are encoded anew, so the joins are clean whatever the films were.
"""


class ConcatOptions(CodingOptions, SizeOptions, FlatOptions):
    """What the one film becomes."""

    fit: Fit = Field(
        "contain",
        description="How a film of another shape is fitted: `contain` pads it with black, `cover` cuts off what is "
        "over, `fill` stretches it.",
        examples=["cover"],
        json_schema_extra={"x-valid": "one of inside, cover, contain, fill, outside"},
    )


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the films: what it is, at which descriptor, and how it is laid out in the common frame."""

    facts: Facts
    descriptor: int
    layout: Layout

    @property
    def lasting_seconds(self) -> float:
        return self.facts.duration or 0.0


def concatenate(bench: Bench, options: ConcatOptions) -> dict[str, Any]:
    """Put the films one after another. Raises InputError `corrupt_file`, `too_long`; OptionsError `invalid_options`."""
    films = [probe(bench), *(probe_input(bench, further) for further in bench.inputs)]
    _refuse_unfit(films, bench.input_limits.max_duration_seconds)
    film, parts = plan_parts(films, options)
    output = bench.create_output(name_film(bench.file_name, film), film.media_type)
    ended = bench.run_tool(
        "ffmpeg",
        ask_for_concat(film, parts),
        outputs=[output],
        inputs=bench.inputs,
        on_line=Clock(film.span.lasting_seconds, tell_share(bench, (5.0, 97.0), "Joining the videos")).read_line,
        limits=FILM_LIMITS,
    )
    failures.raise_failure(ended)
    made = check_film(bench, output, share=(97.0, 100.0))
    expected = film.span.lasting_seconds
    if error := failures.explain_shortfall(ended, expected_seconds=expected, actual_seconds=made["duration"]):
        raise error
    told = [{"duration": part.facts.duration, "width": part.facts.width, "height": part.facts.height} for part in parts]
    return {"parts": told, "output": {"name": output.name, "format": film.container, **output.facts}}


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


def plan_parts(films: Sequence[Facts], options: ConcatOptions) -> tuple[Film, list[Part]]:
    """Work out what the one film is, and how each is laid out in it; pure."""
    if COPY in (options.video_codec, options.audio_codec):
        message = "Films are encoded anew when they are joined, so no codec can be copy."
        raise OptionsError(message, code="invalid_options")
    first = films[0]
    with_sound = any(film.more.get("audio_channels") for film in films) and not options.mute
    leading = replace(first, more={**first.more, "audio_channels": 2 if with_sound else None})
    film = plan_film(leading, _film_options(options))
    canvas = film.layout.canvas
    box = Resize(width=canvas.width, height=canvas.height, fit=options.fit if options.fit in _FILLS else "contain")
    parts = [
        Part(facts=facts, descriptor=_descriptor(number), layout=_lay_out(facts, box, canvas))
        for number, facts in enumerate(films)
    ]
    lasting = sum(part.lasting_seconds for part in parts)
    fps = options.fps or first.fps or _USUAL_FPS
    return replace(
        film,
        span=Span(end_seconds=lasting),
        fps=to_fraction(fps),
        index_bytes=estimate_index_bytes(lasting, fps),
    ), parts


_FILLS: Final = frozenset(("contain", "cover", "fill"))
"""What leaves every part as large as the common frame."""


def _descriptor(number: int) -> int:
    return 3 if number == 0 else _FIRST_FURTHER + number - 1


def _lay_out(facts: Facts, box: Resize, canvas: Size) -> Layout:
    return Layout(round_to_even(plan_layout(Size(facts.width or 1, facts.height or 1), box).scaled), canvas)


def _film_options(options: ConcatOptions) -> FilmOptions:
    """The first film is laid out in the frame like the others, so its own fit is the one that was asked for."""
    given = options.model_dump(exclude_unset=True)
    return FilmOptions.model_validate({name: given[name] for name in FilmOptions.model_fields if name in given})


def ask_for_concat(film: Film, parts: Sequence[Part]) -> list[str]:
    """Arguments that join the films at 3 and from 6 on into the output at 5."""
    chains = [chain for number, part in enumerate(parts) for chain in _chains(film, number, part)]
    has_sound = film.sound is not None
    pads = "".join(f"[v{number}]" + (f"[a{number}]" if has_sound else "") for number in range(len(parts)))
    joined = f"{pads}concat=n={len(parts)}:v=1:a={int(has_sound)}[film]" + ("[sound]" if has_sound else "")
    inputs = [word for part in parts for word in read_input(part.facts.media_type, descriptor=part.descriptor)]
    return [
        *(*GLOBALLY, *inputs, "-filter_complex_threads", "1", "-filter_complex", ";".join([*chains, joined])),
        *("-map", "[film]", *(("-map", "[sound]") if has_sound else ()), "-sn", "-dn", *DROP_METADATA),
        *("-fps_mode", "vfr", *encode_picture(film.picture), *encode_sound(film.sound), *write_container(film)),
        *(*ASK_FOR_PROGRESS, "-fd", "5", "fd:"),
    ]


def _chains(film: Film, number: int, part: Part) -> list[str]:
    steps = ",".join(lay_out(part.layout, "yuv420p", fps=film.fps))
    chains = [f"[{number}:V:0]{steps}[v{number}]"]
    if film.sound is None:
        return chains
    shape = f"aformat=sample_fmts=fltp:sample_rates={_SOUND_RATE}:channel_layouts=stereo"
    if part.facts.more.get("audio_channels"):
        return [*chains, f"[{number}:a:0]aresample={_SOUND_RATE},{shape}[a{number}]"]
    silence = f"anullsrc=r={_SOUND_RATE}:cl=stereo,atrim=duration={part.lasting_seconds:.6f}"
    return [*chains, f"{silence},{shape}[a{number}]"]


def plan(facts: Facts, options: ConcatOptions) -> Planned:
    """Foresee the film as far as the first part tells; how long the others last is not known before the work."""
    film, _ = plan_parts([facts], options)
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
