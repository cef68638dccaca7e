"""A film in several renditions for adaptive streaming, as plain data, and the arguments that make all in one go."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from filemill.processing.operations.ffmpeg.coding import PictureCoding, SoundCoding, choose_encoder, encode_sound
from filemill.processing.operations.ffmpeg.film import DROP_METADATA
from filemill.processing.operations.ffmpeg.filters import lay_out
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS
from filemill.processing.operations.ffmpeg.reading import GLOBALLY, read_input
from filemill.processing.operations.ffmpeg.spans import Span
from filemill.processing.operations.sizing import Layout

SegmentFormat = Literal["ts", "fmp4"]

MASTER: Final = "master.m3u8"
MANIFEST: Final = "manifest.mpd"
BITS: Final[Mapping[str, int]] = {
    "240p": 400_000,
    "360p": 800_000,
    "480p": 1_400_000,
    "720p": 2_800_000,
    "1080p": 5_000_000,
    "1440p": 9_000_000,
    "2160p": 16_000_000,
}
"""Bits per second of each rung's picture, at up to 30 frames a second."""
_OUTPUT_PROTOCOLS: Final = ("-protocol_whitelist", "file")


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One size and rate of the film, by the name of its rung."""

    name: str
    layout: Layout
    coding: PictureCoding


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A film for adaptive streaming."""

    renditions: tuple[Rendition, ...]
    sound: SoundCoding | None
    segment_seconds: float
    is_single_file: bool
    segment_format: SegmentFormat = "fmp4"
    span: Span = field(default_factory=Span)
    fps: Fraction | None = None


def ask_for_hls(media_type: str, stream: Stream) -> list[str]:
    """Arguments that write playlists and segments into the working directory; each rendition has its own sound."""
    maps, groups = [], []
    for number, rendition in enumerate(stream.renditions):
        maps += ["-map", f"[v{number}]", *(("-map", "0:a:0") if stream.sound else ())]
        groups.append(f"v:{number}{f',a:{number}' if stream.sound else ''},name:{rendition.name}")
    ending = "ts" if stream.segment_format == "ts" else "m4s"
    name = f"%v.{'ts' if ending == 'ts' else 'mp4'}" if stream.is_single_file else f"%v-%05d.{ending}"
    flags = "independent_segments" + ("+single_file" if stream.is_single_file else "")
    kind = () if stream.segment_format == "ts" else ("-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4")
    return [
        *_read(media_type, stream),
        *maps,
        *_encode(stream),
        *(*_OUTPUT_PROTOCOLS, "-f", "hls", "-hls_time", f"{stream.segment_seconds:g}", "-hls_playlist_type", "vod"),
        *("-hls_list_size", "0", "-hls_flags", flags, *kind, "-master_pl_name", MASTER),
        *("-var_stream_map", " ".join(groups), "-hls_segment_filename", name, *ASK_FOR_PROGRESS, "%v.m3u8"),
    ]


def ask_for_dash(media_type: str, stream: Stream) -> list[str]:
    """Arguments that write the manifest and its segments into the working directory; the sound is one for all."""
    maps = [word for number in range(len(stream.renditions)) for word in ("-map", f"[v{number}]")]
    maps += ["-map", "0:a:0"] if stream.sound else []
    sets = "id=0,streams=v" + (" id=1,streams=a" if stream.sound else "")
    names = ["-init_seg_name", "init-$RepresentationID$.m4s"]
    names += ["-media_seg_name", "part-$RepresentationID$-$Number%05d$.m4s"]
    if stream.is_single_file:
        names = ["-single_file", "1", "-single_file_name", "stream-$RepresentationID$.mp4"]
    return [
        *_read(media_type, stream, is_one_shape=True),
        *maps,
        *_encode(stream),
        *(*_OUTPUT_PROTOCOLS, "-f", "dash", "-seg_duration", f"{stream.segment_seconds:g}"),
        *("-use_template", "1", "-use_timeline", "1", *names, "-adaptation_sets", sets, *ASK_FOR_PROGRESS, MANIFEST),
    ]


def _read(media_type: str, stream: Stream, *, is_one_shape: bool = False) -> list[str]:
    """Arguments that open the film and scale it for each rendition.

    Sizes are even, so their shapes differ by a hair. DASH refuses that within a set: there the pixels make up for it.
    """
    largest = stream.renditions[0].layout.canvas
    shape = f",setdar={largest.width}/{largest.height}" if is_one_shape else ""
    count = len(stream.renditions)
    rate = f"fps={stream.fps.numerator}/{stream.fps.denominator}," if stream.fps else ""
    split = f"[0:V:0]{rate}split={count}" + "".join(f"[s{number}]" for number in range(count))
    scaled = [
        f"[s{number}]{','.join(lay_out(rendition.layout, 'yuv420p'))}{shape}[v{number}]"
        for number, rendition in enumerate(stream.renditions)
    ]
    span = stream.span
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=span.start_seconds, lasting_seconds=span.limit_seconds),
        *("-filter_complex_threads", "1", "-filter_complex", ";".join([split, *scaled])),
    ]


def _encode(stream: Stream) -> list[str]:
    """All renditions share codec and preset; each has its rate. Key frames lie where segments begin, in all alike."""
    rates: list[str] = []
    for number, rendition in enumerate(stream.renditions):
        bits = rendition.coding.bits_per_second or 0
        rates += [f"-b:v:{number}", str(bits), f"-maxrate:v:{number}", str(bits * 6 // 5)]
        rates += [f"-bufsize:v:{number}", str(bits * 2)]
    keys = f"expr:gte(t,n_forced*{stream.segment_seconds:g})"
    quiet = ["-sn", "-dn", *DROP_METADATA, "-fps_mode", "vfr"]
    encoder = choose_encoder(stream.renditions[0].coding, rates)
    return [*quiet, *encoder, "-force_key_frames", keys, *encode_sound(stream.sound)]
