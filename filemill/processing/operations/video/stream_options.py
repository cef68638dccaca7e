"""The options that HLS and DASH share."""

from typing import Annotated, Final, get_args

from pydantic import Field, StrictBool

from filemill.processing.operations.ffmpeg.rates import VIDEO_BITS_VALID, VideoBits
from filemill.processing.operations.other_names import by_other_names
from filemill.processing.operations.quality import QUALITY_VALID, Quality
from filemill.processing.operations.video.film_options import (
    AUDIO_CODEC_NAMES,
    VIDEO_CODEC_NAMES,
    AudioCodecChoice,
    EncodingOptions,
    SizeOptions,
    SpanOptions,
    VideoCodecChoice,
)
from filemill.processing.operations.video.stream_ladder import RungName
from filemill.processing.operations.video.watermarking import WatermarkedOptions

STREAM_DETAILS: Final = """\
The pictures are H.264 at a steady rate, the sound AAC; whatever its codec, it has 128k. Every option outweighs what the
names of renditions stand for: `video_codec`, `audio_codec`, `video_bitrate`, `audio_bitrate` and `fps` ask for others,
`crf` or `quality` for an even quality under the rate.

`width`, `height` and `fit` are the size of the largest rendition, whatever its name. The smaller ones have its shape,
each as large as its name says, and never larger than the largest. `fit` alone says how the film meets the boxes of the
names: with `cover`, 720p has just 1280 x 720. Without a word of sizes nothing is ever enlarged.

A watermark is drawn for each rendition; what is said of it in pixels is meant of the largest.

A picture that is copied keeps its size, whatever a preset's name says, and is cut at its own key frames, however long
that makes the segments. With `copy`, of pictures or sound, the stream is made in one go."""
"""For the pages of both."""


class StreamOptions(WatermarkedOptions, SpanOptions, SizeOptions, EncodingOptions):
    """Which renditions, how they are cut, and how they are encoded."""

    renditions: Annotated[list[RungName], Field(min_length=1, max_length=7)] | None = Field(
        None,
        description="The sizes, by their names: 720p is the box of 1280 x 720 that the film is laid out in, as `fit` "
        "says. Left out, those of 1080p, 720p, 480p and 360p that the film is large enough for.",
        examples=[["720p", "360p"]],
        json_schema_extra={"x-valid": f"a list of 1 to 7 of {', '.join(get_args(RungName))}"},
    )
    segment_duration: Annotated[float, Field(ge=1, le=30)] = Field(
        6.0,
        description="Seconds in a segment; players can change the rendition at each.",
        examples=[4],
        json_schema_extra={"x-valid": "a number of seconds from 1 to 30"},
    )
    single_file: StrictBool = Field(
        False,
        description="One file per rendition, of which players ask for byte ranges, instead of one per segment.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    video_codec: Annotated[VideoCodecChoice, by_other_names(VIDEO_CODEC_NAMES, VideoCodecChoice)] | None = Field(
        None,
        description="Codec of the pictures; h264 where nothing is said, which every player knows. The others need "
        "fragmented MP4, which DASH always is, take several times as long, and have fewer bits: h265 and vp9 two "
        "thirds, av1 half. `copy` packs the picture as it is, in one rendition, which takes next to no time.",
        examples=["h265", "copy"],
        json_schema_extra={"x-valid": f"one of {', '.join(get_args(VideoCodecChoice))}"},
    )
    audio_codec: Annotated[AudioCodecChoice, by_other_names(AUDIO_CODEC_NAMES, AudioCodecChoice)] | None = Field(
        None,
        description="Codec of the sound; aac where nothing is said, which every player knows. opus needs "
        "fragmented MP4. `copy` packs the sound as it is.",
        examples=["opus"],
        json_schema_extra={"x-valid": f"one of {', '.join(get_args(AudioCodecChoice))}"},
    )
    video_bitrate: VideoBits | None = Field(
        None,
        description="Bits per second of the largest rendition's picture; each smaller one has as much less as it "
        "usually has. Left out, from 400k (240p) over 2.8M (720p) to 16M (2160p), and half as much again above 31 "
        "frames a second.",
        examples=["2.5M"],
        json_schema_extra={"x-valid": VIDEO_BITS_VALID},
    )
    quality: Quality | None = Field(
        None,
        description="An even quality instead of a steady rate: low (50), medium (70), high (85) or a number. The bit "
        "rate of each rendition is then its ceiling, which players go by.",
        examples=["medium", 60],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )
    skip_if_compliant: StrictBool = Field(
        False,
        description="When the film already has the codecs and the size of the only rendition, and no more than its "
        "rate, pack it as it is, as `copy` does, instead of encoding it again.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
