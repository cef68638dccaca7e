"""Pictures, told by their first bytes."""

import re
from collections.abc import Mapping
from typing import Final

_SIGNATURES: Final[Mapping[bytes, str]] = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"II+\0": "image/tiff",
    b"MM\0+": "image/tiff",
}

_SVG_ROOT: Final = re.compile(rb"<(?:svg:)?svg[\s/>]")
_PRELUDE_BYTES: Final = 8192
_XML_PRELUDES: Final[Mapping[bytes, bytes]] = {b"<?": b"?>", b"<!--": b"-->"}


def sniff_picture(head: bytes) -> str | None:
    for signature, media_type in _SIGNATURES.items():
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if _is_svg(head):
        return "image/svg+xml"
    return "image/bmp" if _is_bmp(head) else None


def _is_svg(head: bytes) -> bool:
    """Tell an SVG by its root, past the instructions, comments and document type that may stand before it."""
    rest = head[:_PRELUDE_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    while rest.startswith((b"<?", b"<!")):
        if rest.startswith(b"<!DOCTYPE"):
            rest = _skip_document_type(rest)
        else:
            opening = b"<?" if rest.startswith(b"<?") else b"<!--"
            rest = rest.partition(_XML_PRELUDES[opening])[2]
        rest = rest.lstrip()
    return _SVG_ROOT.match(rest) is not None


def _skip_document_type(rest: bytes) -> bytes:
    """Skip a document type, and the entities that it may declare in brackets."""
    before, bracket, within = rest.partition(b"[")
    if bracket and b">" not in before:
        rest = within.partition(b"]")[2]
    return rest.partition(b">")[2]


def _is_bmp(head: bytes) -> bool:
    """Two letters are weak evidence (a text may begin with "BM"), so the header's own size must be a real one."""
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)
