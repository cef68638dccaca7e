"""Media types by content: what a file is, whatever it is called."""

import codecs
from collections.abc import Mapping
from typing import Final, Literal

TaskType = Literal["image", "video", "document"]

HEAD_BYTES: Final = 64 * 1024
"""How much of a file's beginning `sniff` wants to see."""

IMAGE_TYPES: Final = frozenset(
    f"image/{name}" for name in ("jpeg", "png", "gif", "webp", "bmp", "tiff", "avif", "heic")
)
VIDEO_TYPES: Final = frozenset(("video/mp4", "video/quicktime", "video/x-msvideo", "video/x-matroska", "video/webm"))
DOCUMENT_TYPES: Final = frozenset(("text/plain", "application/json", "text/csv", "application/pdf"))

_EXTENSIONS: Final[Mapping[str, str]] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/avif": "avif",
    "image/heic": "heic",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "video/x-matroska": "mkv",
    "video/webm": "webm",
    "text/plain": "txt",
    "application/json": "json",
    "text/csv": "csv",
    "application/pdf": "pdf",
}

_IMAGE_SIGNATURES: Final[Mapping[bytes, str]] = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
    b"II+\0": "image/tiff",
    b"MM\0+": "image/tiff",
}
_AVIF_BRANDS: Final = frozenset((b"avif", b"avis"))
_HEIC_BRANDS: Final = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"))
_IMAGE_CONTAINER_BRANDS: Final = frozenset((b"mif1", b"msf1"))
_AUDIO_BRANDS: Final = frozenset((b"M4A ", b"M4B ", b"M4P "))
_QUICKTIME_FIRST_BOXES: Final = frozenset((b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))

_TEXT_TYPES_BY_ENDING: Final[Mapping[str, str]] = {
    "json": "application/json",
    "geojson": "application/json",
    "csv": "text/csv",
    "tsv": "text/csv",
}
_MARKUP_OPENINGS: Final = ("<?xml", "<!doctype", "<html", "<svg", "<head", "<body", "<script", "{\\rtf", "%!ps")
_UTF16_BOMS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_NON_TEXT_CONTROLS: Final = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1a\x1b\b")


def sniff(head: bytes, file_name: str = "") -> str | None:
    """Name the media type of a file by its first 64 KiB, or None if it is none that Filemill reads.

    The file's name decides only which kind of text a text is: a picture called `notes.txt` is still a picture.
    """
    head = head[:HEAD_BYTES]
    return _sniff_image(head) or _sniff_container(head) or _sniff_pdf(head) or _sniff_text(head, file_name)


def task_type_of(media_type: str | None) -> TaskType | None:
    """Say which task type takes a media type."""
    if media_type in IMAGE_TYPES:
        return "image"
    if media_type in VIDEO_TYPES:
        return "video"
    if media_type in DOCUMENT_TYPES:
        return "document"
    return None


def extension_of(media_type: str) -> str:
    """Give the usual file name ending of a media type, without the dot; `bin` for an unknown one."""
    return _EXTENSIONS.get(media_type, "bin")


def _sniff_image(head: bytes) -> str | None:
    for signature, media_type in _IMAGE_SIGNATURES.items():
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "image/bmp" if _is_bmp(head) else None


def _is_bmp(head: bytes) -> bool:
    """Two letters are weak evidence (a text may begin with "BM"), so the header's own size must be a real one."""
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in (12, 16, 40, 52, 56, 64, 108, 124)


def _sniff_container(head: bytes) -> str | None:
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
    if major in _AUDIO_BRANDS or len(major) < 4:
        return None
    return "video/mp4"


def _sniff_pdf(head: bytes) -> str | None:
    """PDF readers accept some bytes before the header; so do we, but only after it fails to be anything else."""
    return "application/pdf" if b"%PDF-" in head[:1024] else None


def _sniff_text(head: bytes, file_name: str) -> str | None:
    text = _decode_head(head)
    if text is None:
        return None
    opening = text[:256].lstrip("\ufeff \t\r\n").lower()
    if opening.startswith(_MARKUP_OPENINGS):
        return None  # markup of another format, which nothing here reads
    ending = file_name.rpartition(".")[2].lower()
    return _TEXT_TYPES_BY_ENDING.get(ending, "text/plain")


def _decode_head(head: bytes) -> str | None:
    """Decode the beginning of a text, roughly for a legacy encoding; None when the bytes can't be text."""
    if not head:
        return None
    for bom, encoding in _UTF16_BOMS.items():
        if head.startswith(bom):
            try:
                text = codecs.getincrementaldecoder(encoding)().decode(head[len(bom) :])
            except UnicodeDecodeError:
                return None
            return None if "\0" in text else text
    if not _NON_TEXT_CONTROLS.isdisjoint(head):
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return head.decode("latin-1")  # a one-byte or East Asian encoding; which one is found out when it is read
