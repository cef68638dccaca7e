"""Every decision is a short page of one form, and listed."""

import re
from pathlib import Path

import pytest

from tests.unit.docs.reading import DOCS, name_page

DECISIONS = sorted((DOCS / "decisions").glob("[0-9]*.md"))
LONGEST_PAGE_LINES = 60


def test_no_two_decisions_share_a_number() -> None:
    numbers = [page.name[:4] for page in DECISIONS]

    assert len(numbers) == len(set(numbers))


def test_the_index_lists_every_decision() -> None:
    listed = re.findall(r"\]\(([^)]+\.md)\)", (DOCS / "decisions/README.md").read_text(encoding="utf-8"))

    assert listed == [page.name for page in DECISIONS]


@pytest.mark.parametrize("page", DECISIONS, ids=name_page)
def test_a_decision_gives_its_number_in_its_title(page: Path) -> None:
    assert page.read_text(encoding="utf-8").startswith(f"# {page.name[:4]} ")


@pytest.mark.parametrize("page", DECISIONS, ids=name_page)
def test_a_decision_says_what_was_chosen_why_and_what_was_refused(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    parts = re.findall(r"^(?:## |\*\*)(Context|Choice|Refused)\b", text, flags=re.MULTILINE)
    assert parts == ["Context", "Choice", "Refused"]
    assert len(text.splitlines()) <= LONGEST_PAGE_LINES
