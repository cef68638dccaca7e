"""The pages of the operations say what holds, and say it as a person would."""

import re
from pathlib import Path

import pytest

from filemill.processing.media import SVG_TYPE
from filemill.processing.operations import OPERATIONS
from tests.unit.docs.reading import DOCS

PAGES = sorted((DOCS / "reference/operations").glob("*.md"))


@pytest.fixture(params=PAGES, ids=lambda page: page.stem)
def page(request: pytest.FixtureRequest) -> str:
    path: Path = request.param
    return path.read_text(encoding="utf-8")


def test_letters_stand_as_they_are(page: str) -> None:
    assert not re.findall(r"\\u[0-9a-f]{4}", page)


def test_an_example_names_no_further_files_where_it_has_none(page: str) -> None:
    assert '"inputs": []' not in page


def test_a_page_that_lists_svg_says_what_allows_it(page: str) -> None:
    assert (f"`{SVG_TYPE}`" in page) == ("[`FILEMILL_SVG`](../settings.md)" in page)


def test_what_a_format_is_without_a_word_is_said_once() -> None:
    convert, join = (
        OPERATIONS[f"image.{verb}"].options.model_fields["format"].description or "" for verb in ("convert", "join")
    )
    assert OPERATIONS["image.convert"].options().model_dump()["format"] == "webp"
    assert "Left out" not in convert
    assert "the first picture" in join
    assert "stay animated" not in join
