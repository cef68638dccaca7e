"""The options that every operation shares that encodes a film: format, codecs, rates, size and part."""

from typing import Annotated, Final, Literal, get_args

from pydantic import Field, StrictBool

from filemill.processing.operations.declaration import Options
from filemill.processing.operations.ffmpeg.coding import EncoderPreset
from filemill.processing.operations.ffmpeg.presets import FILM_PRESET_VALID, FilmFormat, FilmPresetName
from filemill.processing.operations.ffmpeg.rates import (
    AUDIO_BITS_VALID,
    FRAME_RATE_VALID,
    VIDEO_BITS_VALID,
    AudioBits,
    FrameRate,
    VideoBits,
)
from filemill.processing.operations.ffmpeg.spans import MOMENT_VALID, Moment
from filemill.processing.operations.other_names import by_other_names
from filemill.processing.operations.quality import QUALITY_VALID, Quality
from filemill.processing.operations.sizing import (
    FILM_FIT_VALID,
    MAX_SIDE_PIXELS,
    RESIZE_VALID,
    FilmFitOption,
    ResizeOption,
    Side,
)

VideoCodecChoice = Literal["h264", "h265", "vp9", "av1", "copy"]
AudioCodecChoice = Literal["aac", "opus", "mp3", "copy"]

VIDEO_CODEC_NAMES: Final = {
    **dict.fromkeys(("avc", "x264", "libx264"), "h264"),
    **dict.fromkeys(("hevc", "x265", "libx265"), "h265"),
    **dict.fromkeys(("libvpx-vp9",), "vp9"),
    **dict.fromkeys(("libsvtav1", "libaom-av1"), "av1"),
}
AUDIO_CODEC_NAMES: Final = {"libopus": "opus", "libmp3lame": "mp3"}


SIDE_VALID: Final = f"a whole number of pixels from 1 to {MAX_SIDE_PIXELS}"


class SizeOptions(Options):
    """The size of what is made."""

    width: Side | None = Field(
        None,
        description="Width in pixels; alone, the height follows. Together with `height` it is a box, see `fit`.",
        examples=[1280],
        json_schema_extra={"x-valid": SIDE_VALID},
    )
    height: Side | None = Field(
        None,
        description="Height in pixels; alone, the width follows.",
        examples=[720],
        json_schema_extra={"x-valid": SIDE_VALID},
    )
    fit: FilmFitOption = Field(
        "inside",
        description="How `width` and `height` are met: `inside` the box, never enlarged; `cover` it, cutting off what "
        "is over; `contain`, padded with black; `fill` by stretching; `outside`, the smallest that covers it; "
        "`fill-down` as `cover`, never enlarged.",
        examples=["cover"],
        json_schema_extra={"x-valid": FILM_FIT_VALID},
    )


class SpanOptions(Options):
    """Which part is worked on."""

    start: Moment | None = Field(
        None,
        description="Where the part begins that is taken: seconds, or a part of the duration.",
        examples=[12.5, "10%"],
        json_schema_extra={"x-valid": MOMENT_VALID},
    )
    end: Moment | None = Field(
        None,
        description="Where it ends; left out, with the file.",
        examples=[20, "50%"],
        json_schema_extra={"x-valid": MOMENT_VALID},
    )
    duration: Annotated[float, Field(gt=0, le=1e6)] | None = Field(
        None,
        description="How long it lasts, in seconds; instead of `end`.",
        examples=[10],
        json_schema_extra={"x-valid": "a number of seconds greater than 0"},
    )


class CodecOptions(Options):
    """What a film is encoded to."""

    preset: FilmPresetName | None = Field(
        None,
        description="A name for format, codecs and size at once, such as web/mp4/720p; every other option outweighs "
        "it. The size is the box that the film is fitted into, as `fit` says; left out, it is never enlarged.",
        examples=["web/mp4/720p", "web/webm/1080p"],
        json_schema_extra={"x-valid": FILM_PRESET_VALID},
    )
    video_codec: Annotated[VideoCodecChoice, by_other_names(VIDEO_CODEC_NAMES, VideoCodecChoice)] | None = Field(
        None,
        description="Codec of the picture; h264 in MP4 and vp9 in WebM where nothing else is said. `copy` leaves the "
        "encoded picture as it is, which takes no time and loses nothing. For `encoder_preset`, vp9 and av1 are given "
        "numbers of their own.",
        examples=["h265", "copy"],
        json_schema_extra={"x-valid": f"one of {', '.join(get_args(VideoCodecChoice))}"},
    )
    audio_codec: Annotated[AudioCodecChoice, by_other_names(AUDIO_CODEC_NAMES, AudioCodecChoice)] | None = Field(
        None,
        description="Codec of the sound; aac in MP4 and opus in WebM where nothing else is said.",
        examples=["opus", "copy"],
        json_schema_extra={"x-valid": f"one of {', '.join(get_args(AudioCodecChoice))}"},
    )


class EncodingOptions(Options):
    """How good and how fast picture and sound are, whatever they are put into."""

    crf: Annotated[int, Field(ge=0, le=63)] | None = Field(
        None,
        description="The encoder's own constant quality, instead of `quality`: lower is better. h264 and h265 go to "
        "51, vp9 and av1 to 63.",
        examples=[23],
        json_schema_extra={"x-valid": "a whole number from 0 to 63"},
    )
    encoder_preset: EncoderPreset | None = Field(
        None,
        description="How long the encoder may think, by the names of x264; `fast` where nothing is said. Slower gives "
        "smaller files of the same quality.",
        examples=["medium", "veryfast"],
        json_schema_extra={"x-valid": f"one of {', '.join(get_args(EncoderPreset))}"},
    )
    video_bitrate: VideoBits | None = Field(
        None,
        description="Bits per second of the picture, instead of a quality; together with `crf` it is the ceiling.",
        examples=["2.5M", 800000],
        json_schema_extra={"x-valid": VIDEO_BITS_VALID},
    )
    audio_bitrate: AudioBits | None = Field(
        None,
        description="Bits per second of the sound; left out, what is usual for its codec.",
        examples=["128k"],
        json_schema_extra={"x-valid": AUDIO_BITS_VALID},
    )
    fps: FrameRate | None = Field(
        None,
        description="Frames per second; left out, those of the source. Frames are repeated or dropped, not blended.",
        examples=[25, "30000/1001"],
        json_schema_extra={"x-valid": FRAME_RATE_VALID},
    )
    mute: StrictBool = Field(
        False,
        description="Leave the sound out.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )


class CodingOptions(EncodingOptions, CodecOptions):
    """How a film is encoded."""


class FlatOptions(Options):
    """Format, size and quality as every kind of file has them."""

    format: FilmFormat | None = Field(
        None,
        description="Encode the film: mp4 (H.264 and AAC) or webm (VP9 and Opus).",
        examples=["mp4"],
        json_schema_extra={"x-valid": "one of mp4, webm"},
    )
    resize: ResizeOption | None = Field(
        None,
        description="The box to resize the film to. A pair [width, height] fits inside the box, keeps the aspect ratio "
        "and never enlarges; an object can name another fit, and `fit` goes before it. Sides are rounded down to even "
        "numbers.",
        examples=[[1280, 720], {"height": 480}],
        json_schema_extra={"x-valid": RESIZE_VALID},
    )
    quality: Quality | None = Field(
        None,
        description="Quality of the encoded film: low (50), medium (70), high (85) or a number; medium when another "
        "option asks for encoding.",
        examples=["high", 60],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )


class FilmOptions(SpanOptions, SizeOptions, CodingOptions, FlatOptions):
    """Everything that can be said of a film that is to be encoded."""
