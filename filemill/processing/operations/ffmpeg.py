"""How FFmpeg is asked: arguments made of checked numbers only, its progress read, its failures judged.

The input is at descriptor 3, progress goes to 4, the output to 5. The demuxer is pinned to what the content was
sniffed as and only plain media codecs are decoded: a playlist that calls itself a video could otherwise name other
files, and fringe decoders are where the holes are.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from filemill.processing.bench import ToolExit
from filemill.processing.errors import InputError, LimitError, ProcessingError, SystemFault
from filemill.processing.operations.quality import to_h264_crf, to_vp9_crf
from filemill.processing.operations.sizing import Layout, Size

VideoFormat = Literal["mp4", "webm"]

DEMUXERS: Final[Mapping[str, str]] = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "video/x-matroska": "matroska",
    "video/webm": "matroska",
}

CODECS: Final = (
    *("h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "msmpeg4v2", "msmpeg4", "h263", "vp8", "vp9"),
    *(
        "libvpx",
        "libvpx-vp9",
        "av1",
        "libdav1d",
        "libaom-av1",
        "mjpeg",
        "prores",
        "dnxhd",
        "theora",
        "ffv1",
        "rawvideo",
    ),
    *("wmv1", "wmv2", "flv", "aac", "mp3", "mp3float", "mp2", "mp2float", "opus", "libopus", "vorbis", "libvorbis"),
    *("ac3", "eac3", "flac", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_u8", "pcm_f32le"),
    *("pcm_s32le", "pcm_mulaw", "pcm_alaw", "adpcm_ms", "adpcm_ima_wav", "wmav2", "amrnb", "amrwb"),
)
"""The decoders that may run, by FFmpeg's names."""

_INDEX_BYTES_PER_PACKET: Final = 40
_SOUND_PACKETS_PER_SECOND: Final = 50
_INDEX_BYTES_LEAST: Final = 64 * 1024
_INDEX_BYTES_MOST: Final = 256 * 1024**2
_SHORTFALL_FRACTION: Final = 0.1
_SHORTFALL_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """What a film is encoded to; `audio_channels` is None for a film without sound.

    `index_bytes` are kept free at an MP4's start for its index; None puts it at the end.
    """

    format: VideoFormat
    percent: int
    layout: Layout
    audio_channels: int | None
    index_bytes: int | None = None


def estimate_index_bytes(duration_seconds: float | None, fps: float | None) -> int | None:
    """Estimate generously how large an MP4's index gets; None when the duration is unknown.

    With the index in front, a browser plays while it loads. FFmpeg's usual way there, `+faststart`, opens the output
    once more to read it, which fails silently on a descriptor: the film comes out damaged, with a return code of 0.
    """
    if not duration_seconds:
        return None
    packets = duration_seconds * ((fps or 60.0) + _SOUND_PACKETS_PER_SECOND)
    return min(_INDEX_BYTES_MOST, _INDEX_BYTES_LEAST + int(packets * _INDEX_BYTES_PER_PACKET))


def is_index_too_small(ended: ToolExit) -> bool:
    """Say whether FFmpeg gave up because the index did not fit into the bytes kept for it."""
    return ended.returncode != 0 and "moov_size is too small" in ended.stderr_tail


def ask_for_film(media_type: str, encoding: Encoding) -> list[str]:
    """Arguments that encode the film to descriptor 5: H.264 and AAC in MP4, or VP9 and Opus in WebM."""
    sound = ["-map", "0:a:0"] if encoding.audio_channels else ["-an"]
    return [
        *_read_input(media_type),
        *("-map", "0:V:0", *sound, "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"),
        *("-vf", _filter(encoding.layout, "yuv420p"), "-threads", "2"),
        *_encode(encoding),
        *("-progress", "pipe:4", "-stats_period", "0.2"),
        *("-fd", "5", "fd:"),
    ]


def ask_for_poster(media_type: str, layout: Layout, *, at_seconds: float) -> list[str]:
    """Arguments that write one frame as a JPEG to descriptor 5.

    Seeking stands before the input: after it, FFmpeg decodes all that comes before. The muxer is `mjpeg`, since
    `image2` writes to standard output when it is given a descriptor, and says nothing.
    """
    return [
        *_read_input(media_type, at_seconds=at_seconds),
        *("-map", "0:V:0", "-frames:v", "1", "-map_metadata", "-1"),
        *("-vf", _filter(layout, "yuvj420p"), "-threads", "1", "-c:v", "mjpeg", "-q:v", "3"),
        *("-f", "mjpeg", "-fd", "5", "fd:"),
    ]


def follow_progress(duration_seconds: float | None, tell: Callable[[float], None]) -> Callable[[str], None]:
    """Make a reader of FFmpeg's progress lines that tells the fraction done, as far as the duration is known.

    FFmpeg's time steps back now and then, where one stream's packets come late; what is told never does.
    """
    furthest = 0.0

    def read_line(line: str) -> None:
        nonlocal furthest
        name, _, value = line.strip().partition("=")
        if name != "out_time_us" or not duration_seconds or not value.isdigit():
            return
        fraction = min(1.0, int(value) / 1e6 / duration_seconds)
        if fraction > furthest:
            furthest = fraction
            tell(fraction)

    return read_line


def explain_failure(ended: ToolExit) -> ProcessingError | None:
    """Judge how FFmpeg ended: None when it succeeded, otherwise the error to raise."""
    if ended.returncode == 0:
        return None
    evidence: dict[str, object] = {"returncode": ended.returncode, "stderr": ended.stderr_tail}
    said = ended.stderr_tail.lower()
    if "not on whitelist" in said:
        message = "The video uses a codec that Filemill does not decode; convert it to H.264, H.265, VP9 or AV1."
        return InputError(message, code="unsupported_format", evidence=evidence)
    if "no space left on device" in said:
        message = "There was no room on the disk for the video."
        return SystemFault(message, code="disk_full", is_passing=True, evidence=evidence)
    if "cannot allocate memory" in said:
        return LimitError("The video needs more memory than it may use.", code="memory_limit", evidence=evidence)
    if ended.returncode < 0:
        message = f"FFmpeg was ended by signal {-ended.returncode} while it worked on the video."
        return SystemFault(message, code="cage_crashed", is_passing=True, evidence=evidence)
    return InputError("The video is damaged: its content can't be decoded.", code="corrupt_file", evidence=evidence)


def explain_shortfall(
    ended: ToolExit, *, expected_seconds: float | None, actual_seconds: float | None
) -> ProcessingError | None:
    """FFmpeg encodes what it can of a damaged film and calls that a success; say when too much is missing."""
    if not expected_seconds or not ended.stderr_tail.strip():
        return None
    missing = expected_seconds - (actual_seconds or 0.0)
    if missing < max(_SHORTFALL_SECONDS, expected_seconds * _SHORTFALL_FRACTION):
        return None
    return InputError(
        f"The video is damaged: only {actual_seconds or 0.0:.1f} of its {expected_seconds:.1f} seconds can be decoded.",
        code="corrupt_file",
        evidence={"stderr": ended.stderr_tail},
    )


def _read_input(media_type: str, *, at_seconds: float = 0.0) -> list[str]:
    demuxer = DEMUXERS[media_type]
    return [
        *("-nostdin", "-hide_banner", "-loglevel", "error", "-filter_threads", "1"),
        *("-protocol_whitelist", "fd", "-format_whitelist", "mov,mp4,matroska,webm,avi"),
        *("-codec_whitelist", ",".join(CODECS), "-threads", "2", "-f", demuxer),
        *(("-ss", f"{at_seconds:.3f}") if at_seconds else ()),
        *("-fd", "3", "-i", "fd:"),
    ]


def _filter(layout: Layout, pixel_format: str) -> str:
    scaled, canvas = layout.scaled, layout.canvas
    steps = [f"scale={scaled.width}:{scaled.height}", "setsar=1"]
    if scaled != canvas:
        steps.append(_fit_canvas(scaled, canvas))
    return ",".join([*steps, f"format={pixel_format}"])


def _fit_canvas(scaled: Size, canvas: Size) -> str:
    if scaled.width >= canvas.width and scaled.height >= canvas.height:
        return f"crop={canvas.width}:{canvas.height}"
    return f"pad={canvas.width}:{canvas.height}:-1:-1:black"


def _encode(encoding: Encoding) -> list[str]:
    channels = ["-ac", str(min(2, encoding.audio_channels))] if encoding.audio_channels else []
    if encoding.format == "webm":
        crf = to_vp9_crf(encoding.percent)
        video = ["-c:v", "libvpx-vp9", "-b:v", "0", "-crf", str(crf), "-deadline", "good", "-cpu-used", "4"]
        return [*video, "-row-mt", "1", "-c:a", "libopus", "-b:a", "128k", *channels, "-f", "webm"]
    video = ["-c:v", "libx264", "-preset", "fast", "-crf", str(to_h264_crf(encoding.percent))]
    index = ["-moov_size", str(encoding.index_bytes)] if encoding.index_bytes else []
    return [*video, "-c:a", "aac", "-b:a", "160k", *channels, *index, "-f", "mp4"]
