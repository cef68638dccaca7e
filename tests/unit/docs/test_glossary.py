"""The glossary has one word for each thing, in order."""

import re

from tests.unit.docs.reading import read_page

TERMS = re.findall(r"^- \*\*(.+?)\*\*: ", read_page("docs/glossary.md"), flags=re.MULTILINE)


def test_the_terms_are_sorted() -> None:
    assert len(TERMS) > 30
    assert sorted(TERMS, key=str.lower) == TERMS


def test_each_term_is_explained_once() -> None:
    assert len(TERMS) == len({term.lower() for term in TERMS})


def test_every_entry_of_the_list_is_a_term_with_an_explanation() -> None:
    entries = re.findall(r"^- ", read_page("docs/glossary.md"), flags=re.MULTILINE)

    assert len(entries) == len(TERMS)
