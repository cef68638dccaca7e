"""Lines of a PDF as Markdown, and HTML as what a reader sees."""

import json
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.extracting import extract_csv, extract_html, extract_text
from filemill.processing.operations.sealed.document.html_text import HtmlText
from filemill.processing.operations.sealed.document.pdf_markdown import Line, format_lines
from tests.unit.processing.sealed_double import SealedCallDouble


def _arguments(form: str, *, by_page: bool = False) -> dict[str, Any]:
    return {"stem": "it", "format": form, "by_page": by_page, "max_nesting": 100}


def _see(html: str, *, is_markdown: bool = True, max_nesting: int = 100) -> str:
    return "".join(HtmlText(is_markdown=is_markdown, max_nesting=max_nesting).read(iter([html[:7], html[7:]])))


def test_large_letters_are_headings_and_wide_gaps_part_paragraphs() -> None:
    lines = [
        Line("Mills", 22.0, 700),
        Line("They grind", 11.0, 660),
        Line("grain.", 11.0, 645),
        Line("And more.", 11.0, 615),
        Line("Wind", 15.0, 580),
        Line("• sails", 11.0, 560),
        Line("• a *post*", 11.0, 545),
        Line("2) a cap", 11.0, 530),
        Line("# no heading", 11.0, 500),
    ]
    assert format_lines(lines, 11.0) == (
        "# Mills\n\nThey grind grain.\n\nAnd more.\n\n## Wind\n\n- sails\n- a \\*post\\*\n2. a cap\n\n\\# no heading\n"
    )


def test_a_page_without_lines_is_empty() -> None:
    assert format_lines([], 11.0) == ""


def test_html_becomes_markdown() -> None:
    html = (
        "<!doctype html><title>no</title><style>p{}</style><h2>Mill &amp; <b>Wind</b></h2><p>A  <i>thin</i>\n* line<br>"
        'with a <a href="https://example.org/a?b=1">link</a> and <a href="javascript:alert(1)">none</a>.</p>'
        "<ul><li>one<ol><li>a</li><li>b</li></ol></li><li>two</li></ul><pre>x = 1\n  y</pre><script>bad()</script>"
        "<table><tr><th>a<th>b</tr><tr><td>1</td><td>2</td></tr></table><hr><p>end"
    )
    assert _see(html) == (
        "## Mill & **Wind**\n\nA *thin* \\* line\nwith a [link](https://example.org/a?b=1) and none.\n\n"
        "- one\n  1. a\n  2. b\n- two\n\n```\nx = 1\n  y\n```\n\na | b\n1 | 2\n\n---\n\nend\n"
    )


def test_paragraphs_in_cells_and_items_are_their_text() -> None:
    html = (
        "<table><tr><td><p>Rye</p></td><td><p>1</p><p>2</p></td></tr></table>"
        "<ul><li><p>one</p></li><li><p>two</p><p>more</p></li></ul>"
    )
    assert _see(html) == "Rye | 1 2\n\n- one\n- two\nmore\n"


def test_html_becomes_plain_text() -> None:
    assert (
        _see("<body><h1>Mill</h1><p>a <b>b</b><div><div>c</div></div>&lt;", is_markdown=False)
        == "Mill\n\na b\n\nc\n\n<\n"
    )


@pytest.mark.parametrize("html", ["</p></p></ul>x", "<li>x</li></li>", "<p <p <b>x", "x<!-- <p>y", "x<![CDATA[y"])
def test_html_that_is_broken_is_read_all_the_same(html: str) -> None:
    assert "x" in _see(html) or html.startswith("<p <p")


def test_html_nested_too_deeply_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        _see("<div>" * 101)
    assert caught.value.code == "too_deeply_nested"


def test_a_csv_becomes_a_table_of_markdown(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    source.write_text('name;note\nOak;"one\ntwo | three"\n\nElm;\n')
    call = SealedCallDouble(source, tmp_path, _arguments("markdown"))
    extract_csv(call)
    assert call.outputs["it.md"].read().decode() == (
        "| name | note |\n| --- | --- |\n| Oak | one two \\| three |\n| Elm |  |\n"
    )
    call.close()


@pytest.mark.parametrize(
    ("by_page", "expected"),
    [(False, {"text": 'one "two"\n\\ three'}), (True, {"pages": [{"page": 1, "text": 'one "two"\n\\ three'}]})],
)
def test_a_text_becomes_json(tmp_path: Path, expected: object, *, by_page: bool) -> None:
    source = tmp_path / "a.txt"
    source.write_text('one "two"\n\\ three')
    call = SealedCallDouble(source, tmp_path, _arguments("json", by_page=by_page))
    facts = extract_text(call)
    assert json.loads(call.outputs["it.json"].read()) == expected
    assert (facts["words"], facts["lines"], facts["encoding"]) == (4, 2, "utf-8")
    call.close()


def test_an_html_page_larger_than_is_read_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.html"
    with source.open("wb") as file:
        file.write(b"<p>x")
        file.truncate(65 * 1024 * 1024)
    call = SealedCallDouble(source, tmp_path, _arguments("txt"))
    with pytest.raises(InputError) as caught:
        extract_html(call)
    assert caught.value.code == "too_large"
    call.close()
