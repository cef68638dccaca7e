"""Films and sound, and the pictures that come in the same containers, told by their first bytes."""

from typing import Final

_AVIF_BRANDS: Final = frozenset((b"avif", b"avis"))
_HEIC_BRANDS: Final = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"))
_IMAGE_CONTAINER_BRANDS: Final = frozenset((b"mif1", b"msf1"))
_AUDIO_BRANDS: Final = frozenset((b"M4A ", b"M4B "))
_PROTECTED_BRANDS: Final = frozenset((b"M4P ",))
"""Sound that is encrypted for one shop's player."""
_QUICKTIME_FIRST_BOXES: Final = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))


def sniff_container(head: bytes) -> str | None:
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _sniff_ebml(head)
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    if head[4:8] in _QUICKTIME_FIRST_BOXES and int.from_bytes(head[:4], "big") in range(1, 2**31):
        return "video/quicktime"  # files older than ftyp begin with any of these boxes
    return None


def _sniff_ebml(head: bytes) -> str | None:
    """Tell WebM from Matroska by the DocType element (id 0x4282, then a one-byte length) of the EBML header."""
    at = head.find(b"\x42\x82", 4, 128)
    if at < 0 or at + 3 > len(head):
        return None
    length = head[at + 2] & 0x7F
    doc_type = head[at + 3 : at + 3 + length].rstrip(b"\0")
    return {b"webm": "video/webm", b"matroska": "video/x-matroska"}.get(doc_type)


def _sniff_brands(head: bytes) -> str | None:
    """Read the major brand of an ISO media file, then the compatible ones where the major says too little."""
    size = int.from_bytes(head[:4], "big")
    major = head[8:12]
    brands = [major, *(head[at : at + 4] for at in range(16, min(size, len(head), 512), 4))]
    if major in _AVIF_BRANDS or (major in _IMAGE_CONTAINER_BRANDS and _AVIF_BRANDS.intersection(brands)):
        return "image/avif"
    if major in _HEIC_BRANDS or major in _IMAGE_CONTAINER_BRANDS:
        return "image/heic"
    if major == b"qt  ":
        return "video/quicktime"
    if major in _AUDIO_BRANDS:
        return "audio/mp4"
    if major in _PROTECTED_BRANDS or len(major) < 4:
        return None
    return "video/mp4"
