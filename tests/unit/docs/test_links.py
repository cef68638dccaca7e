"""Links, commands and citations in the documentation lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.unit.docs.reading import PAGES, ROOT, name_page, read_page

CONTRACT_IDS = re.findall(r"^\| ([SHD]\d+b?) \|", read_page("docs/reference/contract.md"), flags=re.MULTILINE)


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_every_link_to_another_page_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8")))
    local = [link.partition("#")[0] for link in links if "://" not in link]

    assert [link for link in local if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read_page("Makefile"), flags=re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```.*?```", text, flags=re.DOTALL))
    named = set(re.findall(r"`make ([a-z-]+)", text)) | set(re.findall(r"^make ([a-z-]+)", blocks, flags=re.MULTILINE))

    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=name_page)
def test_every_file_of_ours_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:config|filemill|tests|docs|scripts|samples)/[\w./-]+)`", text)

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_row_of_the_contract_has_an_id_of_its_own() -> None:
    expected = [*(f"S{number}" for number in range(1, 10)), *(f"H{number}" for number in range(1, 16))]
    expected += [f"D{number}" for number in range(1, 5)]

    assert sorted(CONTRACT_IDS) == sorted([*expected, "S3b"])


def test_every_citation_of_the_contract_names_a_row_that_exists() -> None:
    places = [path for folder in ("config", "filemill", "tests") for path in (ROOT / folder).rglob("*.py")]
    cited = {row for path in places for row in re.findall(r"contract ([SHD]\d+b?)\b", path.read_text(encoding="utf-8"))}

    assert cited
    assert cited <= set(CONTRACT_IDS)
