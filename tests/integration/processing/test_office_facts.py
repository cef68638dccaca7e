"""What an office document says of itself, and the refusal of those that are damaged, locked or bombs."""

import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from filemill.processing.errors import InputError
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import cut
from tests.integration.processing.office_inputs import make_docx, make_odf, make_odt, make_xlsx, make_zip, nest

PICTURE = ("rId9", "image", "http://198.51.100.7/picture.png", True)


def _refused(work: Work, path: Path) -> str:
    with pytest.raises(InputError) as caught:
        work(path)
    return caught.value.code


def test_a_letter_tells_its_metadata_and_what_it_reaches_out_for(work: Work, tmp_path: Path) -> None:
    link = ("rId8", "hyperlink", "http://198.51.100.7/", True)
    letter = make_docx(
        tmp_path / "letter.docx",
        ["Dear miller"],
        relations=(PICTURE, link),
        more={"word/vbaProject.bin": b"macros", "word/embeddings/table.xlsx": nest(1)},
    )
    result = work(letter).result
    assert result["format"] == "docx"
    assert result["metadata"] == {
        "title": "A letter",
        "author": "The miller",
        "created_at": "2026-08-01T10:00:00Z",
    }
    assert (result["has_macros"], result["external_references"], result["inner_archives"]) == (True, 1, 1)


def test_a_workbook_tells_its_sheets(work: Work, tmp_path: Path) -> None:
    result = work(make_xlsx(tmp_path / "sums.xlsx", [["wheat", 12]])).result
    assert (result["format"], result["sheets"]) == ("xlsx", 1)
    assert "has_macros" not in result


def test_an_open_document_tells_its_pages_and_pictures_from_elsewhere(work: Work, tmp_path: Path) -> None:
    body = (
        '<text:p><text:a xlink:href="http://198.51.100.7/">a link</text:a>'
        '<draw:frame><draw:image xlink:href="file:///etc/hostname"/></draw:frame>'
        '<draw:frame><draw:image xlink:href="Pictures/1.png"/></draw:frame></text:p>'
    )
    result = work(make_odt(tmp_path / "letter.odt", ["Dear miller"], body=body)).result
    assert (result["format"], result["claimed_pages"], result["external_references"]) == ("odt", 7, 1)
    assert result["metadata"]["title"] == "A letter"


@pytest.mark.parametrize("kind", ["doc", "xls", "ppt"])
def test_an_older_document_tells_its_metadata(work: Work, tmp_path: Path, kind: str) -> None:
    source = {
        "doc": lambda: make_docx(tmp_path / "a.docx", ["Dear miller"], title="Мельница"),
        "xls": lambda: make_xlsx(tmp_path / "a.xlsx", [["wheat", 12]]),
        "ppt": lambda: make_odf(tmp_path / "a.odp", "presentation", "<draw:page/>"),
    }[kind]()
    made = _convert(source, kind)
    result = work(made).result
    assert result["format"] == kind
    if kind == "doc":
        assert result["metadata"]["title"] == "Мельница"
    assert _refused(work, cut(made, tmp_path / f"cut.{kind}", 0.3)) == "corrupt_file"


def _convert(source: Path, kind: str) -> Path:
    """Make an older document with LibreOffice itself."""
    program = shutil.which("soffice")
    assert program, "LibreOffice is not installed: scripts/test_tools.py installs it"
    profile = f"-env:UserInstallation=file://{source.parent}/profile"
    words = [program, profile, "--headless", "--convert-to", kind, "--outdir", str(source.parent), str(source)]
    subprocess.run(words, check=True, capture_output=True)
    return source.with_suffix(f".{kind}")


def test_a_bomb_is_refused_by_what_it_claims_and_by_what_it_is(work: Work, tmp_path: Path) -> None:
    zeros = bytes(40_000_000)
    assert _refused(work, make_docx(tmp_path / "bomb.docx", [], more={"word/media/1.bin": zeros})) == "too_compressed"
    inner = tmp_path / "inner.zip"
    make_zip(inner, {"zeros": zeros})
    sly = make_docx(tmp_path / "sly.docx", [], more={"word/embeddings/1.zip": inner.read_bytes()})
    assert _refused(work, sly) == "too_compressed"
    many: dict[str, str | bytes] = {f"word/media/{number}": b"" for number in range(10_001)}
    assert _refused(work, make_docx(tmp_path / "many.docx", [], more=many)) == "too_large"


def test_a_member_that_lies_about_its_size_is_damage(work: Work, tmp_path: Path) -> None:
    honest = make_docx(tmp_path / "lie.docx", [], more={"word/media/1.bin": bytes(3_000_000)})
    data = honest.read_bytes()
    liar = tmp_path / "liar.docx"
    liar.write_bytes(data.replace(struct.pack("<L", 3_000_000), struct.pack("<L", 10)))
    assert _refused(work, liar) == "corrupt_file"


def test_archives_within_archives_are_followed_only_so_deep(work: Work, tmp_path: Path) -> None:
    assert work(make_docx(tmp_path / "two.docx", [], more={"a": nest(2)})).result["inner_archives"] == 2
    assert _refused(work, make_docx(tmp_path / "deep.docx", [], more={"a": nest(3)})) == "too_deeply_nested"


def test_a_document_that_no_password_opens_is_refused(work: Work, tmp_path: Path) -> None:
    locked = make_odf(tmp_path / "locked.odt", "text", "", manifest="<manifest:encryption-data/>")
    assert _refused(work, locked) == "unsupported_format"
    flagged = make_docx(tmp_path / "flagged.docx", ["words"])
    data = bytearray(flagged.read_bytes())
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        begin = data.find(sign)
        while begin >= 0:
            data[begin + at] |= 1
            begin = data.find(sign, begin + 4)
    flagged.write_bytes(data)
    assert _refused(work, flagged) == "unsupported_format"


def test_a_document_that_is_not_what_it_seemed_or_is_cut_is_damage(work: Work, tmp_path: Path) -> None:
    picture: dict[str, str | bytes] = {"docProps/thumbnail.jpeg": b"\xff\xd8" * 40_000, "xl/workbook.xml": "<x/>"}
    other = make_zip(tmp_path / "other.docx", picture, stored=("docProps/thumbnail.jpeg",))
    assert _refused(work, other) == "corrupt_file"
    whole = make_docx(tmp_path / "whole.docx", ["words"])
    assert _refused(work, cut(whole, tmp_path / "cut.docx")) == "corrupt_file"
    broken = make_docx(tmp_path / "broken.docx", [], more={"docProps/core.xml": "<a><b></a>"})
    assert _refused(work, broken) == "corrupt_file"


def test_entities_never_unfold(work: Work, tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><x><title>&b;</title></x>'
    assert _refused(work, make_docx(tmp_path / "laughs.docx", [], more={"docProps/core.xml": bomb})) == "corrupt_file"


def test_pages_and_markdown_are_texts(work: Work, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html><p>The mill</p>\n</html>\n")
    notes = tmp_path / "notes.md"
    notes.write_text("# The mill\n")
    assert [(done.result["format"], done.result["lines"]) for done in map(work, (page, notes))] == [
        ("html", 2),
        ("md", 1),
    ]


def test_every_member_is_read_so_a_broken_checksum_is_found(work: Work, tmp_path: Path) -> None:
    letter = make_docx(tmp_path / "letter.docx", ["words"], more={"word/media/1.bin": b"0123456789" * 10})
    with zipfile.ZipFile(letter) as archive:
        checksum = struct.pack("<L", archive.getinfo("word/media/1.bin").CRC)
    letter.write_bytes(letter.read_bytes().replace(checksum, b"\0\0\0\1"))
    assert _refused(work, letter) == "corrupt_file"
