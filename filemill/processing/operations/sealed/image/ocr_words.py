"""Sealed: a picture made ready for OCR, and the words that were found in it."""

import csv
import json
import os
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.image.colours import WHITE, flatten
from filemill.processing.operations.sealed.image.explaining import explained
from filemill.processing.operations.sealed.image.frames import split_frames
from filemill.processing.operations.sealed.image.inputs import open_input
from filemill.processing.operations.sealed.image.picture import Bounds, refuse_pixels

_MAX_SIDE: Final = 32_000
_MAX_TABLE_BYTES: Final = 256 * 1024**2
_PREVIEW_CHARACTERS: Final = 1000
_WORD_LEVEL: Final = 5
_COLUMNS: Final = 12


def prepare_for_ocr(call: SealedCall) -> dict[str, Any]:
    """Write each page of the picture, upright and in grey on white, as `ocr-1.png` and so on.

    Arguments: `media_type`, `max_pixels`, `max_frames`, `reads_svg`. Raises InputError `corrupt_file`,
    `unsupported_format`, `too_many_pixels`, `too_many_frames`, `too_large`.
    """
    with explained():
        return _prepare(call, Bounds.from_arguments(call.arguments))


def _prepare(call: SealedCall, bounds: Bounds) -> dict[str, Any]:
    picture = open_input(call, bounds)
    refuse_pixels(picture.size, picture.pages, bounds.max_pixels)
    if max(picture.size.width, picture.size.height) > _MAX_SIDE:
        raise InputError(f"A side of the picture is longer than {_MAX_SIDE:,} pixels.", code="too_large")
    pages = split_frames(picture.whole(picture.pages).copy_memory())
    for number, page in enumerate(pages, start=1):
        grey = flatten(page, WHITE).colourspace("b-w")
        output = call.create_output(f"ocr-{number}.png", "image/png")
        grey.pngsave_target(pyvips.Target.new_to_descriptor(output.fd), compression=1, keep="none")
        call.progress(number / len(pages), f"Page {number} of {len(pages)}")
    return {"pages": len(pages), "width": picture.size.width, "height": picture.size.height}


def write_words(call: SealedCall) -> dict[str, Any]:
    """Give how many words were found, how sure of them OCR is and the beginning; write the text or the words.

    The input is Tesseract's table. Arguments: `name`, `format` (txt or json; for any other nothing is written).
    """
    if call.source_size > _MAX_TABLE_BYTES:
        raise InputError("OCR found more words than can be told.", code="too_large")
    table = os.pread(call.source_fd, call.source_size, 0).decode("utf-8", errors="replace")
    pages = [_describe_page(number, list(rows)) for number, rows in groupby(_read(table), key=lambda row: int(row[1]))]
    words = [word for page in pages for word in page["words"]]
    text = "\f".join(page["text"] for page in pages)
    if call.arguments["format"] == "txt":
        _write(call, text, "text/plain")
    elif call.arguments["format"] == "json":
        _write(call, json.dumps({"pages": pages}, ensure_ascii=False) + "\n", "application/json")
    sure = sum(word["confidence"] for word in words)
    return {
        "words": len(words),
        "confidence": round(sure / len(words), 1) if words else None,
        "preview": text[:_PREVIEW_CHARACTERS],
    }


def _read(table: str) -> Iterator[list[str]]:
    """Yield the rows: level, page, block, paragraph, line, word, left, top, width, height, confidence, text."""
    rows = csv.reader(table.split("\n"), delimiter="\t", quoting=csv.QUOTE_NONE)
    return (row for row in rows if len(row) == _COLUMNS and row[0].isdecimal())


def _describe_page(number: int, rows: list[list[str]]) -> dict[str, Any]:
    found = [row for row in rows if int(row[0]) == _WORD_LEVEL and row[11].strip()]
    lines = []
    paragraph: tuple[str, ...] = ()
    for key, line in groupby(found, key=lambda row: tuple(row[2:5])):
        if paragraph and key[:2] != paragraph:
            lines.append("")
        paragraph = key[:2]
        lines.append(" ".join(row[11] for row in line))
    return {
        "page": number,
        "text": "".join(f"{line}\n" for line in lines),
        "words": [
            {
                "text": row[11],
                "confidence": round(float(row[10]), 1),
                **{name: int(row[at]) for at, name in enumerate(("left", "top", "width", "height"), start=6)},
            }
            for row in found
        ],
    }


def _write(call: SealedCall, text: str, media_type: str) -> None:
    output = call.create_output(str(call.arguments["name"]), media_type)
    view = memoryview(text.encode("utf-8", errors="replace"))
    while view:
        view = view[os.write(output.fd, view) :]
