"""PDFs read by programs other than the one that wrote them: poppler, and PDFium outside the cage."""

import subprocess
from pathlib import Path

import pypdfium2

from tests.integration.processing.conftest import SAMPLES

MILL = SAMPLES / "mill.pdf"


def read_facts(path: Path, *password: str) -> dict[str, str]:
    """What poppler's pdfinfo says; `password` may be `-upw X` or `-opw X`."""
    done = subprocess.run(["pdfinfo", *password, str(path)], check=True, capture_output=True, text=True)
    assert not done.stderr.strip(), done.stderr
    return {name: value.strip() for name, _, value in (line.partition(":") for line in done.stdout.splitlines())}


def read_words(path: Path, page: int, *password: str) -> list[str]:
    """The words that poppler's pdftotext finds on a page."""
    command = ["pdftotext", *password, "-f", str(page), "-l", str(page), str(path), "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def read_texts(path: Path, password: str | None = None) -> list[str]:
    """The text of each page, by PDFium."""
    with pypdfium2.PdfDocument(path, password=password) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def read_sizes(path: Path) -> list[tuple[int, int]]:
    """Width and height of each page in points, as it is shown, by PDFium."""
    with pypdfium2.PdfDocument(path) as document:
        return [(round(width), round(height)) for width, height in (page.get_size() for page in document)]
