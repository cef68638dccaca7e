"""A film to be made, as plain data, and the arguments that make it in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from filemill.processing.operations.ffmpeg.coding import (
    COPY,
    Copied,
    PictureCoding,
    SoundCoding,
    encode_picture,
    encode_sound,
)
from filemill.processing.operations.ffmpeg.filters import Overlay, chain, chain_under, lay_out
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input, read_raw_picture
from filemill.processing.operations.ffmpeg.spans import Span
from filemill.processing.operations.sizing import Layout

Container = Literal["mp4", "webm", "mov", "mkv", "avi"]

MEDIA_TYPES: Final[Mapping[Container, str]] = {
    "mp4": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
}
CONTAINERS: Final[Mapping[str, Container]] = {media_type: name for name, media_type in MEDIA_TYPES.items()}
MUXERS: Final[Mapping[Container, str]] = {"mp4": "mp4", "webm": "webm", "mov": "mov", "mkv": "matroska", "avi": "avi"}
WITH_INDEX: Final = frozenset(("mp4", "mov"))
"""The containers whose index can be put before the film."""
DROP_METADATA: Final = ("-map_metadata", "-1", "-map_chapters", "-1")

_INDEX_BYTES_PER_PACKET: Final = 40
_SOUND_PACKETS_PER_SECOND: Final = 50
_INDEX_BYTES_LEAST: Final = 64 * 1024
_INDEX_BYTES_MOST: Final = 256 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Film:
    """What a film becomes: its container, picture, sound (None for none), and the part of it that is taken."""

    container: Container
    picture: PictureCoding | Copied
    sound: SoundCoding | Copied | None
    layout: Layout
    span: Span = field(default_factory=Span)
    fps: Fraction | None = None
    overlay: Overlay | None = None
    index_bytes: int | None = None
    """Room kept free at an MP4's start for its index; None puts the index at the end."""

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.container]


def estimate_index_bytes(duration_seconds: float | None, fps: float | None) -> int | None:
    """Estimate generously how large an MP4's index gets; None when the duration is unknown.

    With the index in front, a browser plays while it loads. FFmpeg's usual way there, `+faststart`, opens the output
    once more to read it, which fails silently on a descriptor: the film comes out damaged, with a return code of 0.
    """
    if not duration_seconds:
        return None
    packets = duration_seconds * ((fps or 60.0) + _SOUND_PACKETS_PER_SECOND)
    return min(_INDEX_BYTES_MOST, _INDEX_BYTES_LEAST + int(packets * _INDEX_BYTES_PER_PACKET))


def ask_for_film(media_type: str, film: Film) -> list[str]:
    """Arguments that make the film at descriptor 5; the picture that is laid over it comes at 6."""
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=film.span.start_seconds, lasting_seconds=film.span.limit_seconds),
        *read_overlay(film.overlay, descriptor=6),
        *map_picture(film),
        *map_sound(film),
        *("-sn", "-dn", *DROP_METADATA),
        *encode_picture(film.picture),
        *encode_sound(film.sound),
        *write_container(film),
        *ASK_FOR_PROGRESS,
        *("-fd", "5", "fd:"),
    ]


def read_overlay(overlay: Overlay | None, *, descriptor: int) -> list[str]:
    if overlay is None:
        return []
    return read_raw_picture(overlay.size.width, overlay.size.height, descriptor=descriptor)


def map_picture(film: Film, *, first: tuple[str, ...] = (), last: tuple[str, ...] = ()) -> list[str]:
    """Arguments that lead the picture through its filters; `first` and `last` stand around the film's own steps."""
    if film.picture == COPY:
        return ["-map", "0:V:0"]
    steps = [*first, *lay_out(film.layout, "yuv420p", fps=film.fps), *last]
    paced = ("-fps_mode", "vfr")  # what MP4 and WebM get in any case; a segment would get a constant rate
    if film.overlay:
        return [*chain_under(steps, film.overlay), "-map", "[film]", *paced]
    return ["-map", "0:V:0", *chain(steps), *paced]


def map_sound(film: Film) -> list[str]:
    return ["-map", "0:a:0"] if film.sound is not None else []


def write_container(film: Film) -> list[str]:
    index = ["-moov_size", str(film.index_bytes)] if film.index_bytes and film.container in WITH_INDEX else []
    return [*index, "-f", MUXERS[film.container]]
