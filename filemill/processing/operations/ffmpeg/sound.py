"""A sound to be made, as plain data, and the arguments that make it in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from filemill.processing.operations.ffmpeg.coding import COPY, AudioCodec, Copied, SoundCoding, encode_sound
from filemill.processing.operations.ffmpeg.presets import SoundFormat
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input
from filemill.processing.operations.ffmpeg.spans import Span

MEDIA_TYPES: Final[Mapping[SoundFormat, str]] = {
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "flac": "audio/flac",
}
FORMATS: Final[Mapping[str, SoundFormat]] = {media_type: name for name, media_type in MEDIA_TYPES.items()}
CODECS: Final[Mapping[SoundFormat, AudioCodec]] = {
    "mp3": "mp3",
    "m4a": "aac",
    "aac": "aac",
    "opus": "opus",
    "wav": "pcm",
    "flac": "flac",
}
ENDINGS: Final[Mapping[SoundFormat, str]] = {**{name: name for name in MEDIA_TYPES}, "opus": "ogg"}

_MUXERS: Final[Mapping[SoundFormat, str]] = {
    "mp3": "mp3",
    "m4a": "ipod",
    "aac": "adts",
    "opus": "ogg",
    "wav": "wav",
    "flac": "flac",
}
_INDEX_BYTES_LEAST: Final = 64 * 1024
_INDEX_BYTES_PER_SECOND: Final = 50 * 40
_INDEX_BYTES_MOST: Final = 64 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Sound:
    """What a sound becomes: its format, its coding, and the part of it that is taken."""

    format: SoundFormat
    coding: SoundCoding | Copied
    span: Span = field(default_factory=Span)
    track: int = 0
    keeps_tags: bool = True
    puts_index_first: bool = True
    """Of an M4A, so that a player can begin at once; there is room for so much of it only."""

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.format]

    @property
    def ending(self) -> str:
        return ENDINGS[self.format]


def ask_for_sound(media_type: str, sound: Sound, *, filters: tuple[str, ...] = ()) -> list[str]:
    """Arguments that make the sound at descriptor 5."""
    span = sound.span
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=span.start_seconds, lasting_seconds=span.limit_seconds),
        *("-map", f"0:a:{sound.track}", "-vn", "-sn", "-dn"),
        *(("-af", ",".join(filters)) if filters else ()),
        *encode_sound(sound.coding),
        *choose_container(sound),
        *ASK_FOR_PROGRESS,
        *("-fd", "5", "fd:"),
    ]


def choose_container(sound: Sound) -> list[str]:
    """Arguments that choose the container; the index of an M4A is put before the sound where its length is known."""
    tags = ["-map_metadata", "0" if sound.keeps_tags else "-1", "-map_chapters", "-1"]
    index: list[str] = []
    if sound.format == "m4a" and sound.puts_index_first and sound.span.lasting_seconds:
        room = _INDEX_BYTES_LEAST + int(sound.span.lasting_seconds * _INDEX_BYTES_PER_SECOND)
        index = ["-moov_size", str(min(_INDEX_BYTES_MOST, room))]
    version = ["-id3v2_version", "3"] if sound.format == "mp3" else []
    return [*tags, *index, *version, "-f", _MUXERS[sound.format]]


def is_copied_as(codec: str | None) -> SoundFormat | None:
    """Name the format that holds a codec as it is, or None where it has to be encoded."""
    if codec and codec.startswith("pcm_s16le"):
        return "wav"
    return _NATURAL.get(codec or "")


_NATURAL: Final[Mapping[str, SoundFormat]] = {
    "mp3": "mp3",
    "aac": "m4a",
    "alac": "m4a",
    "opus": "opus",
    "vorbis": "opus",
    "flac": "flac",
}
"""By the probe's names of codecs; `opus` here is the Ogg container, which holds Vorbis, too."""


def is_copy(sound: Sound) -> bool:
    return sound.coding == COPY
