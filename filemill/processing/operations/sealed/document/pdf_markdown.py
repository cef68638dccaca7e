"""Sealed: a PDF's page as Markdown: headings by the size of their letters, paragraphs by the room between lines."""

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

import pypdfium2
import pypdfium2.raw as pdfium

from filemill.processing.operations.sealed.document.pdfium import open_words, tidy_text

_SAMPLED_PAGES: Final = 20
_HEADING_FACTORS: Final = ((1.8, "# "), (1.3, "## "), (1.1, "### "))
"""How many times larger than the body's letters a heading's are, and what stands before it."""
_MAX_HEADING_CHARACTERS: Final = 200
_PARAGRAPH_GAP: Final = 1.25
"""From line to line, in usual distances on the page."""
_BULLET: Final = re.compile(r"^[•‣◦▪●○–]\s*")
_NUMBERED: Final = re.compile(r"^(\d{1,3})[.)]\s+")
_MARKS: Final = re.compile(r"([\\`*_\[\]<>])")
_LEADING: Final = re.compile(r"^([#+>=-])")


@dataclass(frozen=True)
class Line:
    """A line of text on a page: its words, the size of its first letter and the height of its baseline, in points."""

    text: str
    size: float
    baseline: float


def find_body_size(document: pypdfium2.PdfDocument, numbers: Sequence[int]) -> float:
    """Find the size in which most letters of the pages are set, looking at the first few; 0.0 without any text."""
    letters: Counter[float] = Counter()
    for number in numbers[:_SAMPLED_PAGES]:
        try:
            for line in _read_lines(document, number - 1):
                letters[line.size] += len(line.text)
        except pypdfium2.PdfiumError:
            continue  # that the page can't be read is told when its text is asked for
    return letters.most_common(1)[0][0] if letters else 0.0


def read_page_markdown(document: pypdfium2.PdfDocument, index: int, body_size: float) -> str:
    """Give a page as Markdown; raises PdfiumError for a page that is broken."""
    return format_lines(list(_read_lines(document, index)), body_size)


def format_lines(lines: Sequence[Line], body_size: float) -> str:
    """Put lines together to headings, list items and paragraphs; pure."""
    gaps = [above.baseline - below.baseline for above, below in pairwise(lines) if _is_one_size(above, below)]
    usual = median([gap for gap in gaps if gap > 0] or [0.0])
    blocks: list[list[str]] = []
    previous: Line | None = None
    for line in lines:
        mark, item = _mark_heading(line, body_size), _mark_item(line.text)
        starts_anew = mark or item or (previous is not None and _mark_heading(previous, body_size))
        if blocks and previous is not None and not starts_anew and _follows(previous, line, usual):
            blocks[-1].append(_escape(line.text))
        else:
            blocks.append([f"{mark}{item or _escape(line.text)}"])
        previous = line
    joined = [" ".join(block) for block in blocks]
    parted = [f"{block}\n{_part(block, after)}" for block, after in pairwise([*joined, ""])]
    return "".join(parted)


def _part(block: str, after: str) -> str:
    """Between two items of a list stands no empty line, nor after the last block."""
    is_list = _is_item(block) and _is_item(after)
    return "" if is_list or not after else "\n"


def _is_item(block: str) -> bool:
    return block.startswith("- ") or bool(re.match(r"\d{1,3}\. ", block))


def _follows(previous: Line, line: Line, usual: float) -> bool:
    return _is_one_size(previous, line) and abs(previous.baseline - line.baseline) <= usual * _PARAGRAPH_GAP


def _is_one_size(one: Line, other: Line) -> bool:
    return abs(one.size - other.size) < 0.5


def _mark_heading(line: Line, body_size: float) -> str:
    if len(line.text) > _MAX_HEADING_CHARACTERS:
        return ""
    return next((mark for factor, mark in _HEADING_FACTORS if line.size >= factor * body_size), "")


def _mark_item(text: str) -> str:
    if _BULLET.match(text):
        return f"- {_escape(_BULLET.sub('', text))}"
    numbered = _NUMBERED.match(text)
    return f"{numbered[1]}. {_escape(text[numbered.end() :])}" if numbered else ""


def _escape(text: str) -> str:
    return _LEADING.sub(r"\\\1", _MARKS.sub(r"\\\1", text))


def _read_lines(document: pypdfium2.PdfDocument, index: int) -> Iterator[Line]:
    page = document[index]
    words = open_words(page, index)
    try:
        at = 0
        for text in words.get_text_range().split("\r\n"):
            if tidy_text(text).strip():
                yield _measure(words, at + len(text) - len(text.lstrip()), " ".join(tidy_text(text).split()))
            at += len(text) + 2
    finally:
        words.close()
        page.close()


def _measure(words: pypdfium2.PdfTextPage, at: int, text: str) -> Line:
    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(words, at, x, y)
    return Line(text, round(pdfium.FPDFText_GetFontSize(words, at), 1), y.value)
