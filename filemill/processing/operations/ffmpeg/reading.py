"""Reading: the demuxer is pinned to what the content was sniffed as, and only plain codecs are decoded.

A playlist that calls itself a film could otherwise name other files, and fringe decoders are where the holes are.
"""

from collections.abc import Mapping
from typing import Final

DEMUXERS: Final[Mapping[str, str]] = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "video/x-matroska": "matroska",
    "video/webm": "matroska",
    "audio/mp4": "mov",
    "audio/mpeg": "mp3",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/flac": "flac",
}

FILM_CODECS: Final = (
    *("h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "msmpeg4v2", "msmpeg4", "h263", "vp8", "vp9"),
    *("libvpx", "libvpx-vp9", "av1", "libdav1d", "libaom-av1", "mjpeg", "prores", "dnxhd", "theora", "ffv1"),
    *("rawvideo", "wmv1", "wmv2", "flv"),
)
SOUND_CODECS: Final = (
    *("aac", "mp3", "mp3float", "mp2", "mp2float", "opus", "libopus", "vorbis", "libvorbis", "ac3", "eac3", "flac"),
    *("alac", "wmav2", "amrnb", "amrwb", "adpcm_ms", "adpcm_ima_wav", "pcm_s16le", "pcm_s16be", "pcm_s24le"),
    *("pcm_s24be", "pcm_s32le", "pcm_u8", "pcm_f32le", "pcm_f64le", "pcm_mulaw", "pcm_alaw"),
)
CODECS: Final = FILM_CODECS + SOUND_CODECS
"""The decoders that may run, by FFmpeg's names."""

GLOBALLY: Final = ("-nostdin", "-hide_banner", "-loglevel", "error", "-filter_threads", "1")
MEASURING: Final = ("-nostdin", "-hide_banner", "-nostats", "-loglevel", "info", "-filter_threads", "1")
"""As GLOBALLY, where what a filter measured is read from the log."""

_FORMATS: Final = "mov,mp4,matroska,webm,avi,mp3,aac,ogg,wav,flac"


def read_input(
    media_type: str,
    *,
    descriptor: int = 3,
    at_seconds: float = 0.0,
    lasting_seconds: float | None = None,
    keeps_times: bool = False,
    threads: int = 2,
) -> list[str]:
    """Arguments that open the input at a descriptor, from a moment on.

    Seeking stands before the input: after it, FFmpeg decodes all that comes before. With `keeps_times` the film's own
    times are kept, counted from its beginning, whatever the moment. Then frames from before it come as well, from where
    decoding has to begin: one of them may still be shown at the moment.
    """
    return [
        *("-protocol_whitelist", "fd", "-format_whitelist", _FORMATS, "-codec_whitelist", ",".join(CODECS)),
        *("-threads", str(threads), "-f", DEMUXERS[media_type]),
        *(("-copyts", "-start_at_zero", "-noaccurate_seek") if keeps_times else ()),
        *(("-ss", f"{at_seconds:.6f}") if at_seconds else ()),
        *(("-t", f"{lasting_seconds:.6f}") if lasting_seconds is not None else ()),
        *("-fd", str(descriptor), "-i", "fd:"),
    ]


def read_raw_picture(width: int, height: int, *, descriptor: int) -> list[str]:
    """Arguments that open one picture of plain RGBA at a descriptor, shown for as long as it is asked for."""
    return [
        *("-protocol_whitelist", "fd", "-format_whitelist", "rawvideo", "-codec_whitelist", "rawvideo"),
        *("-f", "rawvideo", "-pixel_format", "rgba", "-video_size", f"{width}x{height}", "-framerate", "1"),
        *("-fd", str(descriptor), "-i", "fd:"),
    ]
