"""What pictures and sound are encoded to, and the arguments that say so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from filemill.processing.operations.quality import to_av1_crf, to_h264_crf, to_h265_crf, to_vp9_crf

VideoCodec = Literal["h264", "h265", "vp9", "av1"]
AudioCodec = Literal["aac", "opus", "mp3", "flac", "pcm"]
EncoderPreset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
Copied = Literal["copy"]

COPY: Final[Copied] = "copy"
ENCODER_PRESETS: Final[tuple[EncoderPreset, ...]] = get_args(EncoderPreset)
DEFAULT_PRESET: Final[EncoderPreset] = "fast"
HIGHEST_CRF: Final[Mapping[VideoCodec, int]] = {"h264": 51, "h265": 51, "vp9": 63, "av1": 63}

CODEC_NAMES: Final[Mapping[str, str]] = {"h264": "h264", "h265": "hevc", "vp9": "vp9", "av1": "av1", "pcm": "pcm_s16le"}
"""Our names of codecs, and those by which the probe calls them where they differ."""

_VP9_SPEEDS: Final = (8, 8, 6, 5, 4, 3, 2, 1, 0)
_AV1_SPEEDS: Final = (11, 10, 9, 9, 8, 7, 5, 4, 3)
_THREADS: Final = "2"
_WHOLE_KEYS: Final = ("-forced-idr", "1")
"""Of x265: a key frame that is asked for right after another would still be one that players can't begin at."""
_AUDIO_ENCODERS: Final[Mapping[AudioCodec, str]] = {
    "aac": "aac",
    "opus": "libopus",
    "mp3": "libmp3lame",
    "flac": "flac",
    "pcm": "pcm_s16le",
}
_LOSSLESS: Final = frozenset(("flac", "pcm"))
AUDIO_BITS: Final[Mapping[AudioCodec, int]] = {"aac": 160_000, "opus": 128_000, "mp3": 192_000}
"""Bits per second of stereo sound where nobody says otherwise."""


@dataclass(frozen=True, kw_only=True)
class PictureCoding:
    """How moving pictures are encoded: to an even quality (`crf`), to a bit rate, or to a quality under a ceiling."""

    codec: VideoCodec
    preset: EncoderPreset = DEFAULT_PRESET
    crf: int | None
    bits_per_second: int | None = None


@dataclass(frozen=True, kw_only=True)
class SoundCoding:
    """How sound is encoded; None leaves channels or the sample rate as they are."""

    codec: AudioCodec
    bits_per_second: int | None = None
    channels: int | None = None
    sample_rate: int | None = None


def to_crf(codec: VideoCodec, percent: int) -> int:
    """Turn a quality in percent into a codec's own constant-quality number."""
    return {"h264": to_h264_crf, "h265": to_h265_crf, "vp9": to_vp9_crf, "av1": to_av1_crf}[codec](percent)


def encode_picture(coding: PictureCoding | Copied) -> list[str]:
    """Arguments that encode moving pictures, all with closed groups of pictures."""
    return ["-c:v", "copy"] if coding == COPY else choose_encoder(coding, _rate(coding))


def choose_encoder(coding: PictureCoding, rate: list[str]) -> list[str]:
    """Arguments that choose and set up the encoder; `rate` says how good it is to be."""
    speed = ENCODER_PRESETS.index(coding.preset)
    match coding.codec:
        case "h264":
            return ["-c:v", "libx264", "-preset", coding.preset, *rate, "-threads", _THREADS]
        case "h265":
            hushed = f"log-level=none:open-gop=0:pools={_THREADS}"
            named = ("-tag:v", "hvc1", *_WHOLE_KEYS)
            return ["-c:v", "libx265", "-preset", coding.preset, *rate, *named, "-x265-params", hushed]
        case "vp9":
            pace = ("-deadline", "good", "-cpu-used", str(_VP9_SPEEDS[speed]), "-row-mt", "1", "-threads", _THREADS)
            return ["-c:v", "libvpx-vp9", *rate, *pace]
        case "av1":
            return ["-c:v", "libsvtav1", "-preset", str(_AV1_SPEEDS[speed]), *rate, "-svtav1-params", f"lp={_THREADS}"]


def _rate(coding: PictureCoding) -> list[str]:
    bits = coding.bits_per_second
    if coding.crf is None:
        if bits is None:
            raise ValueError("a coding needs a quality or a bit rate")
        ceiling = [] if coding.codec == "av1" else ["-maxrate", str(bits * 3 // 2), "-bufsize", str(bits * 3)]
        return ["-b:v", str(bits), *ceiling]
    crf = ["-crf", str(coding.crf)]
    if coding.codec == "vp9":
        return ["-b:v", str(bits or 0), *crf]
    return [*crf, "-maxrate", str(bits), "-bufsize", str(bits * 2)] if bits else crf


def encode_sound(coding: SoundCoding | Copied | None) -> list[str]:
    """Arguments that encode sound, copy it, or leave it out."""
    if coding is None:
        return ["-an"]
    if coding == COPY:
        return ["-c:a", "copy"]
    arguments = ["-c:a", _AUDIO_ENCODERS[coding.codec]]
    if coding.codec not in _LOSSLESS:
        arguments += ["-b:a", str(coding.bits_per_second or AUDIO_BITS[coding.codec])]
    if coding.channels:
        arguments += ["-ac", str(coding.channels)]
    if coding.sample_rate:
        arguments += ["-ar", str(coding.sample_rate)]
    return arguments
