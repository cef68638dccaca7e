"""Media types by content: what a file is, whatever it is called."""

from typing import Final

from filemill.processing.media.containers import sniff_container
from filemill.processing.media.documents import sniff_pdf, sniff_text
from filemill.processing.media.office import sniff_office
from filemill.processing.media.pictures import sniff_picture
from filemill.processing.media.sounds import sniff_sound
from filemill.processing.media.types import (
    AUDIO_TYPES,
    DOCUMENT_TYPES,
    ENCRYPTABLE_TYPES,
    FILM_TYPES,
    IMAGE_TYPES,
    MARKUP_TYPES,
    OFFICE_TYPES,
    OUTPUT_TYPES,
    PDF_TYPE,
    SVG_TYPE,
    TEXT_TYPES,
    VIDEO_TYPES,
    TaskType,
    extension_of,
    task_type_of,
)

__all__ = [
    "AUDIO_TYPES",
    "DOCUMENT_TYPES",
    "ENCRYPTABLE_TYPES",
    "FILM_TYPES",
    "HEAD_BYTES",
    "IMAGE_TYPES",
    "MARKUP_TYPES",
    "OFFICE_TYPES",
    "OUTPUT_TYPES",
    "PDF_TYPE",
    "SVG_TYPE",
    "TEXT_TYPES",
    "VIDEO_TYPES",
    "TaskType",
    "extension_of",
    "sniff",
    "task_type_of",
]

HEAD_BYTES: Final = 64 * 1024
"""How much of a file's beginning `sniff` wants to see."""


def sniff(head: bytes, file_name: str = "") -> str | None:
    """Name the media type of a file by its first 64 KiB, or None if it is none that Filemill reads.

    The file's name decides only which kind of text a text is, and which kind of office document a large one whose
    beginning does not show it: a picture called `notes.txt` is still a picture.
    """
    is_whole = len(head) < HEAD_BYTES
    head = head[:HEAD_BYTES]
    return (
        sniff_picture(head)
        or sniff_container(head)
        or sniff_sound(head)
        or sniff_office(head, file_name, is_whole=is_whole)
        or sniff_pdf(head)
        or sniff_text(head, file_name)
    )
