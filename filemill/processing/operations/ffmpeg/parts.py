"""Films one after another, as plain data, and the arguments that make one of them: in one go, or in segments.

Each part lasts a whole number of frames, whatever its streams do: its sound is cut, or made longer by silence, to just
that. So where a part begins is known beforehand, and work can be taken up in the midst of any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from filemill.processing.operations.ffmpeg.coding import encode_picture, encode_sound
from filemill.processing.operations.ffmpeg.film import DROP_METADATA, Film, write_container
from filemill.processing.operations.ffmpeg.filters import lay_out
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input
from filemill.processing.operations.ffmpeg.segmenting import (
    RUN_UP_SECONDS,
    Cuts,
    Place,
    force_keys,
    take_from,
    write_segments,
    write_sound,
)
from filemill.processing.operations.sizing import Layout

_SOUND_RATE: Final = 48_000
_SHAPE: Final = f"aformat=sample_fmts=fltp:sample_rates={_SOUND_RATE}:channel_layouts=stereo"
_SILENCE: Final = f"anullsrc=r={_SOUND_RATE}:cl=stereo"
_DROP_SOUND: Final = ("-map", "[sound]", "-c:a", "pcm_s16le", "-f", "null", "-")
"""A filter's output has to go somewhere, also where it is silence that only keeps the parts in step."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One of the films: how it is laid out in the common frame, and which frames of the whole it gives."""

    media_type: str
    layout: Layout
    has_sound: bool
    first_frame: int
    frames: int


@dataclass(frozen=True, kw_only=True)
class Concatenation:
    """The film that several become; its rate is steady."""

    film: Film
    fps: Fraction
    parts: Sequence[Part]

    def to_seconds(self, frames: int) -> float:
        return float(frames / self.fps)

    def find_part(self, begin_seconds: float) -> int:
        """Find the part in which a moment of the whole lies, by its number from 0."""
        begun = (number for number, part in enumerate(self.parts) if self.to_seconds(part.first_frame) <= begin_seconds)
        return max(begun, default=0)


def ask_for_concat(whole: Concatenation) -> list[str]:
    """Arguments that join the films at 3 and from 6 on into the output at 5, in one go."""
    film = whole.film
    return [
        *(*GLOBALLY, *_read(whole, 0, further=6)),
        *_filter([*_pictures(whole, 0), *_sounds(whole), _join(whole, 0, "[film]")]),
        *("-map", "[film]", *(("-map", "[sound]") if film.sound else ()), "-sn", "-dn", *DROP_METADATA),
        *("-fps_mode", "vfr", *encode_picture(film.picture), *encode_sound(film.sound), *write_container(film)),
        *(*ASK_FOR_PROGRESS, "-fd", "5", "fd:", *(_DROP_SOUND if not film.sound else ())),
    ]


def ask_for_concat_segments(whole: Concatenation, cuts: Cuts, place: Place, *, with_sound: bool) -> list[str]:
    """Arguments that encode the picture of the whole from a place on into segments in the working directory.

    The sound goes to descriptor 5; the films after the first come after it.
    """
    first = whole.find_part(place.begin_seconds)
    inner = place.begin_seconds - whole.to_seconds(whole.parts[first].first_frame)
    sounds = _sounds(whole) if with_sound else _silences(whole, first)
    return [
        *(*GLOBALLY, *_read(whole, first, further=6 if with_sound else 5, at_seconds=max(0.0, inner - RUN_UP_SECONDS))),
        *_filter([*_pictures(whole, first), *sounds, _join(whole, first, "[film]", *take_from(place))]),
        *("-map", "[film]", "-fps_mode", "vfr", "-an", "-sn", "-dn", *DROP_METADATA),
        *encode_picture(whole.film.picture),
        *force_keys(cuts.after(place.begin_seconds)),
        *ASK_FOR_PROGRESS,
        *write_segments(cuts, number=place.number, begin_seconds=place.begin_seconds),
        *(("-map", "[sound]", "-vn", *write_sound(whole.film), "-fd", "5", "fd:") if with_sound else _DROP_SOUND),
    ]


def ask_for_concat_sound(whole: Concatenation) -> list[str]:
    """Arguments that encode the sound of the whole alone to descriptor 5; the films after the first come from 6 on."""
    joined = "".join(f"[a{number}]" for number in range(len(whole.parts)))
    return [
        *(*GLOBALLY, *_read(whole, 0, further=6)),
        *_filter([*_sounds(whole), f"{joined}concat=n={len(whole.parts)}:v=0:a=1[sound]"]),
        *("-map", "[sound]", "-vn", *write_sound(whole.film), *ASK_FOR_PROGRESS, "-fd", "5", "fd:"),
    ]


def ask_to_decode_all(whole: Concatenation) -> list[str]:
    """Arguments that decode all the films, the first at 3 and the others from 5 on, and write nothing."""
    words = [*GLOBALLY, *_read(whole, 0, further=5)]
    for number, part in enumerate(whole.parts):
        words += ["-map", f"{number}:V:0", *(("-map", f"{number}:a:0") if part.has_sound else ()), "-f", "null", "-"]
    return [*words, *ASK_FOR_PROGRESS]


def _read(whole: Concatenation, first: int, *, further: int, at_seconds: float = 0.0) -> list[str]:
    """Open the films from the one numbered `first` on, that one from a moment on; those after 0 lie at `further`."""
    words = []
    for number, part in list(enumerate(whole.parts))[first:]:
        words += read_input(
            part.media_type,
            descriptor=3 if number == 0 else further + number - 1,
            at_seconds=at_seconds if number == first else 0.0,
            keeps_times=True,
        )
    return words


def _filter(chains: Sequence[str]) -> list[str]:
    return ["-filter_complex_threads", "1", "-filter_complex", ";".join(chains)]


def _pictures(whole: Concatenation, first: int) -> list[str]:
    chains = []
    for number, part in list(enumerate(whole.parts))[first:]:
        steps = lay_out(part.layout, "yuv420p", fps=whole.fps)
        chains.append(f"[{number - first}:V:0]{','.join([*steps, _end('trim', whole, part)])}[v{number}]")
    return chains


def _sounds(whole: Concatenation) -> list[str]:
    """The sound of all parts; silence where one, or the whole, has none."""
    if whole.film.sound is None:
        return _silences(whole, 0)
    chains = []
    for number, part in enumerate(whole.parts):
        heard = f"[{number}:a:0]aresample={_SOUND_RATE},{_SHAPE},apad" if part.has_sound else f"{_SILENCE},{_SHAPE}"
        chains.append(f"{heard},{_end('atrim', whole, part)}[a{number}]")
    return chains


def _silences(whole: Concatenation, first: int) -> list[str]:
    """Silence in the place of sound: by it, the parts last as long as with sound."""
    silences = [f"{_SILENCE},{_end('atrim', whole, part)}" for part in whole.parts[first:]]
    return [f"{silence}[a{number}]" for number, silence in enumerate(silences, start=first)]


def _join(whole: Concatenation, first: int, film: str, *last: str) -> str:
    """Join the parts; then times count in frames of the whole, so that they are exact whichever part comes first."""
    pads = "".join(f"[v{number}][a{number}]" for number in range(first, len(whole.parts)))
    counted = f"settb={1 / whole.fps},setpts=PTS+{whole.parts[first].first_frame}"
    steps = ",".join([counted, *last])
    return f"{pads}concat=n={len(whole.parts) - first}:v=1:a=1[joined][sound];[joined]{steps}{film}"


def _end(trim: str, whole: Concatenation, part: Part) -> str:
    return f"{trim}=end={whole.to_seconds(part.frames):.6f}"
