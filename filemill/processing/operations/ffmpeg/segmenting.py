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
_RUN_UP_SECONDS: Final = 2.0
"""How much before its place decoding begins, for filters that look back."""
_EARLY_SECONDS: Final = 0.1
"""FFmpeg counts the time to a cut from the first frame, which may come this much after the place that was asked for."""
_NEVER_SECONDS: Final = 1e7
_LISTED: Final = re.compile(r"part-(\d{5})\.nut,[\d.]+,([\d.]+)$")


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """Where the part that is taken of a film is cut: every so many seconds from its start."""

    lasting_seconds: float
    every_seconds: int

    def after(self, begin_seconds: float) -> list[float]:
        """The moments at which segments begin, after a moment; the last segment is not shorter than half."""
        number = int(begin_seconds / self.every_seconds + 0.5) + 1
        later = []
        while (number + 0.5) * self.every_seconds <= self.lasting_seconds:
            later.append(float(number * self.every_seconds))
            number += 1
        return later


def plan_cuts(facts: Facts, film: Film) -> Cuts | None:
    """Decide whether a film is worth cutting, and where; None when it is made in one go."""
    lasting = film.span.lasting_seconds
    if COPY in (film.picture, film.sound) or not lasting or film.container not in ("mp4", "webm"):
        return None
    work_seconds = estimate_wall_seconds(estimate_film(facts, film))
    if work_seconds < _WORTH_SECONDS:
        return None
    return cut_every(film.span, max(lasting * _WORK_SECONDS / work_seconds, lasting / _MOST_SEGMENTS))


def cut_every(span: Span, seconds: float) -> Cuts | None:
    """Cut a part of known length about every so many seconds; None when that gives one piece."""
    lasting = span.lasting_seconds or 0.0
    every = max(ceil(lasting / _MOST_SEGMENTS), _SHORTEST_SECONDS, min(_LONGEST_SECONDS, round(seconds)))
    cuts = Cuts(lasting_seconds=lasting, every_seconds=every)
    return cuts if cuts.after(0.0) else None


def name_segment(number: int) -> str:
    """Name a segment as FFmpeg writes it."""
    return f"part-{number:05d}.nut"


def read_listed(line: str) -> int | None:
    """Read the number of a segment that FFmpeg says is whole; None for any other line, and for one without frames."""
    found = _LISTED.match(line)
    return int(found[1]) if found and float(found[2]) > 0 else None


def ask_for_segments(
    media_type: str, film: Film, cuts: Cuts, *, number: int, begin_seconds: float, with_sound: bool
) -> list[str]:
    """Arguments that encode the film from a moment of its part on into segments in the working directory.

    The first of them is called by `number`. The sound goes to descriptor 5; a picture that is laid over comes after it.
    """
    start, limit = film.span.start_seconds, film.span.limit_seconds
    first = (f"setpts=PTS-{start:.6f}/TB", from_moment(0.0)) if start else ()
    last = [from_moment(begin_seconds)] if begin_seconds else []
    last += [f"trim=end={limit:.6f}"] if limit is not None else []
    later = cuts.after(begin_seconds)
    relative = [max(0.1, moment - begin_seconds - _EARLY_SECONDS) for moment in later]
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=max(0.0, start + begin_seconds - _RUN_UP_SECONDS), keeps_times=True),
        *read_overlay(film.overlay, descriptor=6 if with_sound else 5),
        *map_picture(film, first=first, last=tuple(last)),
        *("-an", "-sn", "-dn", *DROP_METADATA),
        *encode_picture(film.picture),
        *(("-force_key_frames", _write_times(later)) if later else ()),
        *("-avoid_negative_ts", "disabled", "-f", "segment", "-segment_format", "nut"),
        *("-segment_format_options", "avoid_negative_ts=disabled", "-segment_start_number", str(number)),
        *("-segment_times", _write_times([*relative, _NEVER_SECONDS])),
        *("-segment_list", "pipe:4", "-segment_list_type", "csv", *ASK_FOR_PROGRESS, "part-%05d.nut"),
        *(_sound_beside(film) if with_sound else ()),
    ]


def ask_for_sound(media_type: str, film: Film) -> list[str]:
    """Arguments that encode the film's sound alone to descriptor 5."""
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=film.span.start_seconds, lasting_seconds=film.span.limit_seconds),
        *("-map", "0:a:0", "-vn", *_write_sound(film), *ASK_FOR_PROGRESS, "-fd", "5", "fd:"),
    ]


def _sound_beside(film: Film) -> list[str]:
    start, limit = film.span.start_seconds, film.span.limit_seconds
    steps = [f"atrim=start={start:.6f}", f"asetpts=PTS-{start:.6f}/TB"] if start else []
    steps += [f"atrim=end={limit:.6f}"] if limit is not None else []
    filtered = ["-af", ",".join(steps)] if steps else []
    return ["-map", "0:a:0", "-vn", *filtered, *_write_sound(film), "-fd", "5", "fd:"]


def _write_sound(film: Film) -> list[str]:
    alone = replace(film, index_bytes=None)
    if not isinstance(film.sound, SoundCoding):
        raise TypeError("only sound that is encoded is written apart")
    return ["-sn", "-dn", *DROP_METADATA, *encode_sound(film.sound), *write_container(alone)]


def _write_times(seconds: Sequence[float]) -> str:
    return ",".join(f"{moment:.6f}" for moment in seconds)
