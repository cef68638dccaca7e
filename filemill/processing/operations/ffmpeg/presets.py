"""Presets: names for a container, a codec and a size that together play on a kind of device."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, WithJsonSchema

from filemill.processing.operations.ffmpeg.coding import AudioCodec, VideoCodec

FilmFormat = Literal["mp4", "webm"]
SoundFormat = Literal["mp3", "m4a", "aac", "opus", "wav", "flac"]

RUNGS: Final[Mapping[str, tuple[int, int]]] = {
    "240p": (426, 240),
    "360p": (640, 360),
    "480p": (854, 480),
    "720p": (1280, 720),
    "1080p": (1920, 1080),
    "1440p": (2560, 1440),
    "2160p": (3840, 2160),
}
"""The usual sizes, by their names: the box that a film is fitted into."""


@dataclass(frozen=True, kw_only=True)
class FilmPreset:
    """What a preset stands for; every option outweighs it."""

    format: FilmFormat
    video_codec: VideoCodec
    audio_codec: AudioCodec
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class SoundPreset:
    """A format of sound with its usual bit rate (None where nothing is lost)."""

    format: SoundFormat
    bits_per_second: int | None


_FAMILIES: Final[Mapping[str, tuple[FilmFormat, VideoCodec, AudioCodec]]] = {
    "web/mp4": ("mp4", "h264", "aac"),
    "web/mp4-x265": ("mp4", "h265", "aac"),
    "web/mp4-av1": ("mp4", "av1", "aac"),
    "web/webm": ("webm", "vp9", "opus"),
    "web/webm-av1": ("webm", "av1", "opus"),
}


def _make_film_presets() -> Iterator[tuple[str, FilmPreset]]:
    for family, (container, video, audio) in _FAMILIES.items():
        for rung, (width, height) in RUNGS.items():
            preset = FilmPreset(format=container, video_codec=video, audio_codec=audio, width=width, height=height)
            yield f"{family}/{rung}", preset


FILM_PRESETS: Final[Mapping[str, FilmPreset]] = dict(_make_film_presets())
SOUND_PRESETS: Final[Mapping[str, SoundPreset]] = {
    "audio/mp3": SoundPreset(format="mp3", bits_per_second=192_000),
    "audio/m4a": SoundPreset(format="m4a", bits_per_second=160_000),
    "audio/aac": SoundPreset(format="aac", bits_per_second=160_000),
    "audio/opus": SoundPreset(format="opus", bits_per_second=128_000),
    "audio/wav": SoundPreset(format="wav", bits_per_second=None),
    "audio/flac": SoundPreset(format="flac", bits_per_second=None),
    "audio/speech": SoundPreset(format="opus", bits_per_second=32_000),
}


def _refuse_unknown_film(name: str) -> str:
    if name not in FILM_PRESETS:
        raise ValueError(f"{name} is no preset of films")
    return name


def _refuse_unknown_sound(name: str) -> str:
    if name not in SOUND_PRESETS:
        raise ValueError(f"{name} is no preset of sound")
    return name


FilmPresetName = Annotated[
    str, AfterValidator(_refuse_unknown_film), WithJsonSchema({"type": "string", "enum": list(FILM_PRESETS)})
]
SoundPresetName = Annotated[
    str, AfterValidator(_refuse_unknown_sound), WithJsonSchema({"type": "string", "enum": list(SOUND_PRESETS)})
]

FILM_PRESET_VALID: Final = f"{', '.join(_FAMILIES)}, each with one of /{', /'.join(RUNGS)}"
SOUND_PRESET_VALID: Final = f"one of {', '.join(SOUND_PRESETS)}"
