"""The options that every operation shares that makes sound: format, bit rate, sample rate, channels, part, track."""

from typing import Annotated, Final, Literal, get_args

from pydantic import Field, StrictBool

from filemill.processing.operations.declaration import Options
from filemill.processing.operations.ffmpeg.presets import SOUND_PRESET_VALID, SoundFormat, SoundPresetName
from filemill.processing.operations.ffmpeg.rates import AUDIO_BITS_VALID, AudioBits
from filemill.processing.operations.video.film_options import SpanOptions

SampleRate = Literal[8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 88200, 96000]

FORMAT_VALID: Final = f"one of {', '.join(get_args(SoundFormat))}"


class SoundFormatOptions(Options):
    """How sound is encoded."""

    preset: SoundPresetName | None = Field(
        None,
        description="A name for format and bit rate at once; every other option outweighs it.",
        examples=["audio/mp3"],
        json_schema_extra={"x-valid": SOUND_PRESET_VALID},
    )
    format: SoundFormat | None = Field(
        None,
        description="Format of the sound: mp3, m4a (AAC), aac (AAC without a container), opus (in Ogg), wav (16 bits) "
        "or flac.",
        examples=["mp3"],
        json_schema_extra={"x-valid": FORMAT_VALID},
    )
    audio_bitrate: AudioBits | None = Field(
        None,
        description="Bits per second; left out, what is usual for the format. wav and flac lose nothing and ignore it.",
        examples=["128k"],
        json_schema_extra={"x-valid": AUDIO_BITS_VALID},
    )
    sample_rate: SampleRate | None = Field(
        None,
        description="Samples per second; left out, those of the source, or the nearest that the format knows.",
        examples=[44100],
        json_schema_extra={"x-valid": f"one of {', '.join(str(rate) for rate in get_args(SampleRate))}"},
    )
    channels: Literal[1, 2] | None = Field(
        None,
        description="1 for mono, 2 for stereo; left out, those of the source, but at most 2 where something is lost.",
        examples=[1],
        json_schema_extra={"x-valid": "1 or 2"},
    )
    keep_tags: StrictBool = Field(
        True,
        description="Keep title, artist, album and the like. Pictures are never kept.",
        examples=[False],
        json_schema_extra={"x-valid": "true or false"},
    )


class TrackOptions(Options):
    """Which of several sounds."""

    track: Annotated[int, Field(ge=0, le=63)] = Field(
        0,
        description="Which track, counted from 0, where there are several.",
        examples=[1],
        json_schema_extra={"x-valid": "a whole number from 0 to 63"},
    )


class SoundOptions(SpanOptions, TrackOptions, SoundFormatOptions):
    """Everything that can be said of sound that is to be made."""
