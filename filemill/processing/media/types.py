"""The media types that Filemill reads and makes, and what follows from each: its task type and its file ending."""

from collections.abc import Mapping
from typing import Final, Literal

TaskType = Literal["image", "video", "document"]

IMAGE_TYPES: Final = frozenset(
    f"image/{name}" for name in ("jpeg", "png", "gif", "webp", "bmp", "tiff", "avif", "heic", "svg+xml")
)
SVG_TYPE: Final = "image/svg+xml"
"""Read only where the installation allows it, and never made: a browser runs what stands in it."""
FILM_TYPES: Final = frozenset(("video/mp4", "video/quicktime", "video/x-msvideo", "video/x-matroska", "video/webm"))
AUDIO_TYPES: Final = frozenset(("audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/wav", "audio/flac"))
"""Sound without a picture; it comes with the task type `video`, as films do."""
TEXT_TYPES: Final = frozenset(("text/plain", "application/json", "text/csv"))
MARKUP_TYPES: Final = frozenset(("text/html", "text/markdown"))
OFFICE_TYPES: Final = frozenset(
    (
        *("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/rtf"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
    )
)
ENCRYPTABLE_TYPES: Final = frozenset(
    kind for kind in OFFICE_TYPES if kind.rpartition("/")[2].startswith(("msword", "vnd.ms-", "vnd.openxmlformats-"))
)
"""What Office encrypts with a password; that of an OpenDocument file is another, and can't be opened here."""
PDF_TYPE: Final = "application/pdf"

VIDEO_TYPES: Final = FILM_TYPES | AUDIO_TYPES
DOCUMENT_TYPES: Final = TEXT_TYPES | MARKUP_TYPES | OFFICE_TYPES | {PDF_TYPE}

OUTPUT_TYPES: Final = (
    (IMAGE_TYPES - {SVG_TYPE})
    | VIDEO_TYPES
    | (DOCUMENT_TYPES - {"text/html"})
    | {"text/vtt", "application/zip", "application/octet-stream"}
    | {"application/vnd.apple.mpegurl", "application/dash+xml", "video/mp2t", "video/iso.segment"}
)
"""What an operation may make: a cage that asks for an output of another type is refused. So is a page, which may hold
scripts."""

_EXTENSIONS: Final[Mapping[str, str]] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/svg+xml": "svg",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/x-msvideo": "avi",
    "video/x-matroska": "mkv",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/flac": "flac",
    "text/plain": "txt",
    "text/html": "html",
    "text/markdown": "md",
    "text/csv": "csv",
    "text/vtt": "vtt",
    "application/json": "json",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/rtf": "rtf",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/dash+xml": "mpd",
    "video/mp2t": "ts",
    "video/iso.segment": "m4s",
}


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
