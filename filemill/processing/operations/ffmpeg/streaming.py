"""A film in several renditions for adaptive streaming, as plain data, and the arguments that make all in one go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from filemill.processing.operations.ffmpeg.coding import (
    COPY,
    Copied,
    PictureCoding,
    SoundCoding,
    VideoCodec,
    choose_encoder,
    encode_sound,
)
from filemill.processing.operations.ffmpeg.film import DROP_METADATA, Film, read_overlay
from filemill.processing.operations.ffmpeg.filters import Overlay, draw_over, lay_out
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
_AS_ENCODED: Final = ("-bsf:v", "hevc_mp4toannexb", "-tag:v", "hvc1")
"""FFmpeg tells players which H.265 it is only where that comes as from the encoder, and not as it lies in an MP4."""


@dataclass(frozen=True, kw_only=True)
class CopiedPicture:
    """A picture that is packed as it lies in the film; a stream of it has no other rendition."""

    codec: VideoCodec


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One size and rate of the film, by the name of its rung."""

    name: str
    layout: Layout
    coding: PictureCoding | CopiedPicture
    overlay: Overlay | None = None


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A film for adaptive streaming."""

    renditions: tuple[Rendition, ...]
    sound: SoundCoding | Copied | None
    segment_seconds: float
    """In whole milliseconds, so that FFmpeg is told just that."""
    is_single_file: bool
    segment_format: SegmentFormat = "fmp4"
    span: Span = field(default_factory=Span)
    fps: Fraction | None = None

    @property
    def is_copied(self) -> bool:
        """Whether anything in it is taken as it is encoded in the film."""
        return self.sound == COPY or any(isinstance(each.coding, CopiedPicture) for each in self.renditions)

    def as_film(self, rendition: Rendition) -> Film:
        """A rendition by itself, with the sound."""
        return Film(
            container="mp4",
            picture=COPY if isinstance(rendition.coding, CopiedPicture) else rendition.coding,
            sound=self.sound,
            layout=rendition.layout,
            span=self.span,
            fps=self.fps,
        )


@dataclass(frozen=True, kw_only=True)
class Packing:
    """How the renditions are cut and put into files in the working directory, whoever encoded them."""

    first: str
    """What a player opens."""
    is_one_shape: bool
    """Sizes are even, so their shapes differ by a hair. Where that is refused, the pixels make up for it."""
    map: Callable[[Sequence[str], str | None], list[str]]
    write: Callable[[Stream], list[str]]


def _map_pairs(pictures: Sequence[str], sound: str | None) -> list[str]:
    """In HLS each rendition has its own sound."""
    pairs = [(picture, *((sound,) if sound else ())) for picture in pictures]
    return [word for pair in pairs for track in pair for word in ("-map", track)]


def _write_hls(stream: Stream) -> list[str]:
    groups = [
        f"v:{number}{f',a:{number}' if stream.sound else ''},name:{rendition.name}"
        for number, rendition in enumerate(stream.renditions)
    ]
    ending = "ts" if stream.segment_format == "ts" else "m4s"
    name = f"%v.{'ts' if ending == 'ts' else 'mp4'}" if stream.is_single_file else f"%v-%05d.{ending}"
    flags = "independent_segments" + ("+single_file" if stream.is_single_file else "")
    kind = () if stream.segment_format == "ts" else ("-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "init.mp4")
    return [
        *(*_OUTPUT_PROTOCOLS, "-f", "hls", "-hls_time", f"{stream.segment_seconds:g}", "-hls_playlist_type", "vod"),
        *("-hls_list_size", "0", "-hls_flags", flags, *kind, "-master_pl_name", MASTER),
        *("-var_stream_map", " ".join(groups), "-hls_segment_filename", name, *ASK_FOR_PROGRESS, "%v.m3u8"),
    ]


def _map_each(pictures: Sequence[str], sound: str | None) -> list[str]:
    """In DASH the sound is one for all."""
    return [word for track in (*pictures, *((sound,) if sound else ())) for word in ("-map", track)]


def _write_dash(stream: Stream) -> list[str]:
    sets = "id=0,streams=v" + (" id=1,streams=a" if stream.sound else "")
    names = ["-init_seg_name", "init-$RepresentationID$.m4s"]
    names += ["-media_seg_name", "part-$RepresentationID$-$Number%05d$.m4s"]
    if stream.is_single_file:
        names = ["-single_file", "1", "-single_file_name", "stream-$RepresentationID$.mp4"]
    return [
        # Of VP9 and Opus FFmpeg would make WebM.
        *(*_OUTPUT_PROTOCOLS, "-f", "dash", "-dash_segment_type", "mp4"),
        *("-seg_duration", f"{stream.segment_seconds:g}"),
        *("-use_template", "1", "-use_timeline", "1", *names, "-adaptation_sets", sets, *ASK_FOR_PROGRESS, MANIFEST),
    ]


HLS: Final = Packing(first=MASTER, is_one_shape=False, map=_map_pairs, write=_write_hls)
DASH: Final = Packing(first=MANIFEST, is_one_shape=True, map=_map_each, write=_write_dash)


def ask_for_stream(media_type: str, stream: Stream, packing: Packing) -> list[str]:
    """Arguments that encode all renditions and pack them, in one go; pictures that are laid over come from 5 on."""
    span = stream.span
    return [
        *GLOBALLY,
        *read_input(media_type, at_seconds=span.start_seconds, lasting_seconds=span.limit_seconds),
        *read_overlays(stream, descriptor=5),
        *_make_pictures(stream, packing),
        *("-sn", "-dn", *DROP_METADATA),
        *encode_sound(stream.sound),
        *packing.write(stream),
    ]


def read_overlays(stream: Stream, *, descriptor: int) -> list[str]:
    """Arguments that open the pictures that are laid over renditions: the inputs after the film, one for each."""
    overlays = [rendition.overlay for rendition in stream.renditions]
    reads = [read_overlay(overlay, descriptor=descriptor + number) for number, overlay in enumerate(overlays)]
    return [word for read in reads for word in read]


def _make_pictures(stream: Stream, packing: Packing) -> list[str]:
    sound = "0:a:0" if stream.sound else None
    coding = stream.renditions[0].coding
    if isinstance(coding, CopiedPicture):
        return [*packing.map(["0:V:0"], sound), "-c:v", "copy", *_tag_as_encoded(coding)]
    return [
        *_split(stream, packing),
        *packing.map([f"[v{number}]" for number in range(len(stream.renditions))], sound),
        *("-fps_mode", "vfr"),
        *choose_encoder(coding, _rate_all(stream, encode_rate)),
        *force_keys_at_segments(stream),
    ]


def ask_to_pack(stream: Stream, packing: Packing) -> list[str]:
    """Arguments that pack renditions that are encoded, at the descriptors from 5 on, and the sound after them."""
    count = len(stream.renditions)
    inputs = count + (1 if stream.sound else 0)
    reads = [read_input("video/mp4", descriptor=5 + number) for number in range(inputs)]
    return [
        *(*GLOBALLY, "-copyts"),
        *(word for read in reads for word in read),
        *packing.map([f"{number}:v:0" for number in range(count)], f"{count}:a:0" if stream.sound else None),
        *("-sn", "-dn", *DROP_METADATA, "-c", "copy"),
        *_tag_as_encoded(stream.renditions[0].coding),
        *_rate_all(stream, _tell_rate),
        *_tell_sound_rate(stream.sound),
        *packing.write(stream),
    ]


def _tag_as_encoded(coding: PictureCoding | CopiedPicture) -> tuple[str, ...]:
    return _AS_ENCODED if coding.codec == "h265" else ()


def _split(stream: Stream, packing: Packing) -> list[str]:
    count = len(stream.renditions)
    rate = [f"fps={stream.fps.numerator}/{stream.fps.denominator}"] if stream.fps else []
    split = f"[0:V:0]{','.join([*rate, f'split={count}'])}" + "".join(f"[s{number}]" for number in range(count))
    scaled = [_scale(stream, packing, number) for number in range(count)]
    return ["-filter_complex_threads", "1", "-filter_complex", ";".join([split, *scaled])]


def _scale(stream: Stream, packing: Packing, number: int) -> str:
    rendition = stream.renditions[number]
    source, result = f"s{number}", f"v{number}"
    steps, last = lay_out(rendition.layout, "yuv420p"), shape(stream, packing)
    if rendition.overlay is not None:
        return draw_over(steps, rendition.overlay, source=source, picture=1 + number, result=result, last=last)
    return f"[{source}]{','.join([*steps, *last])}[{result}]"


def shape(stream: Stream, packing: Packing) -> list[str]:
    """Steps that give a rendition just the shape of the largest, where that is asked for."""
    largest = stream.renditions[0].layout.canvas
    return [f"setdar={largest.width}/{largest.height}"] if packing.is_one_shape else []


def force_keys_at_segments(stream: Stream) -> list[str]:
    """Arguments that make key frames where segments begin, in all renditions alike, counted from the first frame."""
    return ["-force_key_frames", f"expr:gte(t,n_forced*{stream.segment_seconds:g})"]


def encode_rate(coding: PictureCoding, track: str) -> list[str]:
    """All renditions share codec, preset and quality; each has its rate, or with a quality its ceiling."""
    bits, crf = coding.bits_per_second or 0, coding.crf
    room = [f"-bufsize:{track}", str(bits * 2)]
    if crf is not None:
        # To VP9 a rate beside a quality is the ceiling of it.
        ceiling = [f"-b:{track}", str(bits)] if coding.codec == "vp9" else [f"-maxrate:{track}", str(bits), *room]
        return [f"-crf:{track}", str(crf), *ceiling]
    if coding.codec == "av1":  # whose encoder takes a ceiling beside a quality only
        return [f"-b:{track}", str(bits)]
    return [f"-b:{track}", str(bits), f"-maxrate:{track}", str(bits * 6 // 5), *room]


def _tell_rate(coding: PictureCoding, track: str) -> list[str]:
    """Playlists tell the rate that was asked for, not the one that came of it: players choose by what may come."""
    return [f"-b:{track}", str(coding.bits_per_second or 0)]


def _tell_sound_rate(sound: SoundCoding | Copied | None) -> list[str]:
    return ["-b:a", str(sound.bits_per_second)] if isinstance(sound, SoundCoding) and sound.bits_per_second else []


def _rate_all(stream: Stream, rate: Callable[[PictureCoding, str], list[str]]) -> list[str]:
    codings = [each.coding for each in stream.renditions if isinstance(each.coding, PictureCoding)]
    return [word for number, coding in enumerate(codings) for word in rate(coding, f"v:{number}")]
