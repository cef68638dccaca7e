"""A film encoded in segments: where it is cut, and the arguments that encode it from one segment on.

A segment keeps the film's own times and begins with a frame that needs no other, so segments follow each other whoever
made them, as long as each began where the one before it ended. Sound is never cut, since every encoder of sound begins
with silence: it is encoded whole, beside the segments.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from filemill.processing.operations.ffmpeg.coding import COPY, SoundCoding, encode_picture, encode_sound
from filemill.processing.operations.ffmpeg.cost import estimate_film, estimate_wall_seconds
from filemill.processing.operations.ffmpeg.film import (
    DROP_METADATA,
    Film,
    map_picture,
    read_overlay,
    write_container,
)
from filemill.processing.operations.ffmpeg.filters import from_moment
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input
from filemill.processing.operations.ffmpeg.spans import Span
from filemill.processing.operations.planning import Facts

_WORTH_SECONDS: Final = 12.0
"""What takes less is begun anew sooner than it is put together."""
_WORK_SECONDS: Final = 5.0
"""How much work a segment should hold: so much is lost with a worker."""
_MOST_SEGMENTS: Final = 200
_SHORTEST_SECONDS: Final = 2
_LONGEST_SECONDS: Final = 120
RUN_UP_SECONDS: Final = 2.0
"""How much before its place decoding begins, for filters that look back."""
_EARLY_SECONDS: Final = 0.1
"""FFmpeg counts the time to a cut from the first frame, which may come this much after the place that was asked for."""
_NEVER_SECONDS: Final = 1e7
_LISTED: Final = re.compile(r"part-(\d)-(\d{5})\.nut,[\d.]+,([\d.]+)$")


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Where the part that is taken of a film is cut: every so many seconds from its start."""

    lasting_seconds: float
    every_seconds: float

    def after(self, begin_seconds: float) -> list[float]:
        """The moments at which segments begin, after a moment; the last segment is not shorter than half."""
        number = int(begin_seconds / self.every_seconds + 0.5) + 1
        later = []
        while (number + 0.5) * self.every_seconds <= self.lasting_seconds:
            later.append(float(number * self.every_seconds))
            number += 1
        return later


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the work on a picture is taken up: at which segment and moment, and when its first frame is shown."""

    number: int = 0
    begin_seconds: float = 0.0
    first_seconds: float = 0.0


def plan_cuts(facts: Facts, film: Film) -> Cuts | None:
    """Decide whether a film is worth cutting, and where; None when it is made in one go."""
    lasting = film.span.lasting_seconds
    if COPY in (film.picture, film.sound) or not lasting or film.container not in ("mp4", "webm"):
        return None
    seconds = find_worthwhile(film.span, estimate_wall_seconds(estimate_film(facts, film)))
    return cut_every(film.span, seconds) if seconds is not None else None


def find_worthwhile(span: Span, work_seconds: float) -> float | None:
    """How many seconds of a part a segment should hold, by how long the work takes; None when it is not worth it."""
    lasting = span.lasting_seconds
    if not lasting or work_seconds < _WORTH_SECONDS:
        return None
    return lasting * _WORK_SECONDS / work_seconds


def cut_every(span: Span, seconds: float) -> Cuts | None:
    """Cut a part of known length about every so many seconds; None when that gives one piece."""
    lasting = span.lasting_seconds or 0.0
    every = max(ceil(lasting / _MOST_SEGMENTS), _SHORTEST_SECONDS, min(_LONGEST_SECONDS, round(seconds)))
    return _make_cuts(lasting, every)


def cut_at_multiples(span: Span, seconds: float, *, of_seconds: float) -> Cuts | None:
    """As `cut_every`, but only where a multiple of a length lies, such as that of a stream's own segments."""
    lasting = span.lasting_seconds or 0.0
    least = ceil(lasting / _MOST_SEGMENTS / of_seconds)
    return _make_cuts(lasting, max(1, least, round(min(_LONGEST_SECONDS, seconds) / of_seconds)) * of_seconds)


def _make_cuts(lasting_seconds: float, every_seconds: float) -> Cuts | None:
    cuts = Cuts(lasting_seconds=lasting_seconds, every_seconds=every_seconds)
    return cuts if cuts.after(0.0) else None


def name_segment(number: int, *, picture: int = 0) -> str:
    """Name a segment as FFmpeg writes it; of several pictures that it encodes at once, each has its own number."""
    return f"part-{picture}-{number:05d}.nut"


def read_listed(line: str) -> tuple[int, int] | None:
    """Read of which picture a segment is that FFmpeg says is whole, and its number.

    None for any other line, and for a segment without frames.
    """
    found = _LISTED.match(line)
    return (int(found[1]), int(found[2])) if found and float(found[3]) > 0 else None


def ask_for_segments(media_type: str, film: Film, cuts: Cuts, place: Place, *, with_sound: bool) -> list[str]:
    """Arguments that encode the film from a place on into segments in the working directory.

    The sound goes to descriptor 5; a picture that is laid over comes after it.
    """
    return [
        *GLOBALLY,
        *read_from(media_type, film.span, place.begin_seconds),
        *read_overlay(film.overlay, descriptor=6 if with_sound else 5),
        *map_picture(film, first=take_part(film.span, place), last=take_from(place)),
        *("-an", "-sn", "-dn", *DROP_METADATA),
        *encode_picture(film.picture),
        *force_keys(cuts.after(place.begin_seconds)),
        *ASK_FOR_PROGRESS,
        *write_segments(cuts, number=place.number, begin_seconds=place.begin_seconds),
        *(ask_for_sound_beside(film) if with_sound else ()),
    ]


def read_from(media_type: str, span: Span, begin_seconds: float) -> list[str]:
    """Arguments that read the film from a moment of its part on, with a run-up, by the film's own times."""
    at_seconds = max(0.0, span.start_seconds + begin_seconds - RUN_UP_SECONDS)
    return read_input(media_type, at_seconds=at_seconds, keeps_times=True)


def take_part(span: Span, place: Place) -> tuple[str, ...]:
    """Steps that pass only a part of the film, by times that count from its start; before what sets a rate.

    Like FFmpeg's own `-t` they count how long it lasts from the first frame.
    """
    start, limit = span.start_seconds, span.limit_seconds
    steps = [f"setpts=PTS-{start:.6f}/TB", from_moment(0.0)] if start else []
    if limit is not None:
        is_begun = place.number > 0
        steps.append(f"trim=end={place.first_seconds + limit:.6f}" if is_begun else f"trim=duration={limit:.6f}")
    return tuple(steps)


def take_from(place: Place) -> tuple[str, ...]:
    """Steps that pass only what comes at a place or later; after what sets a rate."""
    return (from_moment(place.begin_seconds),) if place.begin_seconds else ()


def force_keys(moments: Sequence[float]) -> list[str]:
    """Arguments that make the first frame at or after each of these moments need no other."""
    return ["-force_key_frames", _write_times(moments)] if moments else []


def write_segments(cuts: Cuts, *, number: int, begin_seconds: float, picture: int = 0) -> list[str]:
    """Arguments that write a picture in segments, and tell of each that is whole; the first is called by `number`."""
    relative = [max(0.1, moment - begin_seconds - _EARLY_SECONDS) for moment in cuts.after(begin_seconds)]
    return [
        *("-avoid_negative_ts", "disabled", "-f", "segment", "-segment_format", "nut"),
        *("-segment_format_options", "avoid_negative_ts=disabled", "-segment_start_number", str(number)),
        *("-segment_times", _write_times([*relative, _NEVER_SECONDS])),
        *("-segment_list", "pipe:4", "-segment_list_type", "csv", f"part-{picture}-%05d.nut"),
    ]


def ask_for_sound(media_type: str, film: Film) -> list[str]:
    """Arguments that encode the film's sound alone to descriptor 5."""
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=film.span.start_seconds, lasting_seconds=film.span.limit_seconds),
        *("-map", "0:a:0", "-vn", *write_sound(film), *ASK_FOR_PROGRESS, "-fd", "5", "fd:"),
    ]


def ask_for_sound_beside(film: Film) -> list[str]:
    """Arguments that encode the sound to descriptor 5 from an input that is read by its own times from its start."""
    start, limit = film.span.start_seconds, film.span.limit_seconds
    steps = [f"atrim=start={start:.6f}", f"asetpts=PTS-{start:.6f}/TB"] if start else []
    steps += [f"atrim=end={limit:.6f}"] if limit is not None else []
    filtered = ["-af", ",".join(steps)] if steps else []
    return ["-map", "0:a:0", "-vn", *filtered, *write_sound(film), "-fd", "5", "fd:"]


def write_sound(film: Film) -> list[str]:
    """Arguments that encode sound into a file of its own."""
    alone = replace(film, index_bytes=None)
    if not isinstance(film.sound, SoundCoding):
        raise TypeError("only sound that is encoded is written apart")
    return ["-sn", "-dn", *DROP_METADATA, *encode_sound(film.sound), *write_container(alone)]


def _write_times(seconds: Sequence[float]) -> str:
    return ",".join(f"{moment:.6f}" for moment in seconds)
