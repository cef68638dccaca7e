"""Hostile PDFs under every operation on PDFs: each ends with a code of its own or is done, within its limits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from filemill.processing.errors import ProcessingError
from tests.hostile.corpus import pdfs
from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.pdf_inputs import make_album

_CODES = {
    "completed",
    *("corrupt_file", "too_many_pages", "too_many_pixels", "too_deeply_nested", "too_compressed", "too_large"),
    *("memory_limit", "time_limit", "output_limit", "unsupported_format", "password_required"),
}
_NAMES = (
    "a million pages that share one",
    "a million pages, of which one is there",
    "a tree of pages that is its own child",
    "a page below 20,000 others",
    "a table of 10^9 objects",
    "5,000 updates",
    "a stream of objects that goes on in itself",
    "objects that name each other",
    "a form that draws itself",
    "10,000 filters",
)
_WORK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("document.text", {"format": "markdown"}),
    ("document.render", {"dpi": 20}),
    ("document.linearize", {}),
    ("document.extract_pages", {}),
    ("document.compress", {}),
    ("document.describe", {}),
    ("document.attachments", {}),
    ("document.attach", {"inputs": [SAMPLES / "harvest.csv"]}),
    ("document.metadata", {"title": "x"}),
    ("document.encrypt", {"user_password": "x"}),
    ("document.watermark", {"text": "x"}),
)


def _find() -> Iterator[tuple[str, Any]]:
    for hostile in pdfs.list_files():
        if (name := hostile.name.removeprefix("pdf: ")) in _NAMES:
            yield name, hostile.content


@pytest.fixture(scope="module")
def corpus() -> dict[str, Any]:
    found = dict(_find())
    assert set(found) == set(_NAMES), "the corpus has other names now"
    return found


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", _NAMES)
def test_it_ends_with_a_code_or_is_done(work: Work, tmp_path: Path, corpus: dict[str, Any], name: str) -> None:
    source = tmp_path / "hostile.pdf"
    source.write_bytes(corpus[name](None))
    ended = {}
    for operation, options in _WORK:
        try:
            work(source, operation=operation, **options)
            ended[operation] = "completed"
        except ProcessingError as error:
            ended[operation] = error.code
    assert set(ended.values()) <= _CODES, ended


def test_a_picture_in_a_format_that_needs_a_program_stays_as_it_is(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "scan.pdf"
    with pikepdf.open(make_album(tmp_path / "album.pdf")) as pdf:
        picture = pdf.pages[0].Resources.XObject.P
        picture.write(bytes(range(256)) * 40, filter=pikepdf.Name.JBIG2Decode)
        pdf.save(source)
    assert work(source, operation="document.compress").result["recompressed_images"] == 0
