"""Office documents with a password: opened in the cage by the right one, and refused as PDFs are without it."""

import errno
import io
import json
import logging
import os
import random
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest

from filemill.processing.bench import Limits
from filemill.processing.cage import Cage
from filemill.processing.cage.sealed_errors import describe_error
from filemill.processing.errors import InputError, LimitError, OptionsError
from filemill.processing.operations.sealed.document.office_decrypting import decrypt_office
from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.encrypted_inputs import ENCRYPTED, PASSWORD, claim_spin_count, encrypt
from tests.integration.processing.inputs import cut
from tests.integration.processing.office_inputs import make_docx, make_odf, make_xlsx, make_zip
from tests.unit.processing.sealed_double import SealedCallDouble

pytestmark = pytest.mark.timeout(120)

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ARGUMENTS = {"name": "document.docx", "media_type": DOCX, "password": PASSWORD, "with_pictures": True}


def _refused(work: Work, path: Path, operation: str, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        work(path, operation=operation, **options)
    return caught.value.code


@pytest.mark.parametrize("name", ["agile.docx", "standard.docx", "rc4.doc", "rc4.ppt", "rc4.xls"])
def test_the_password_opens_what_office_has_encrypted(work: Work, name: str) -> None:
    done = work(ENCRYPTED / name, operation="document.text", password=PASSWORD)
    text = done.path(f"{Path(name).stem}.txt").read_text()
    assert text.lower().split()[:2] == ["lorem", "ipsum"]
    assert list(done.outputs) == [f"{Path(name).stem}.txt"]
    assert done.percents == sorted(done.percents)
    assert PASSWORD not in json.dumps(done.result)


def test_the_password_opens_a_letter_to_be_converted(work: Work, tmp_path: Path) -> None:
    source = encrypt(SAMPLES / "report.docx", tmp_path / "report.docx")
    done = work(source, operation="document.convert", pages="1", password=PASSWORD)
    with pypdfium2.PdfDocument(done.path("report.pdf")) as document:
        assert "The harvest at the mill" in document[0].get_textpage().get_text_bounded()
    assert list(done.outputs) == ["report.pdf"]
    assert (done.result["source_format"], done.result["pages"]) == ("docx", 1)


@pytest.mark.parametrize("target", ["docx", "pdf"])
def test_an_output_may_be_called_like_the_document(work: Work, tmp_path: Path, target: str) -> None:
    source = encrypt(make_docx(tmp_path / "plain.docx", ["Dear miller"]), tmp_path / "document.docx")
    done = work(source, operation="document.convert", format=target, password=PASSWORD)
    assert list(done.outputs) == [f"document.{target}"]
    assert len([path for path in tmp_path.rglob("scratch-*/**/*") if path.is_file()]) == 1


def test_the_password_opens_a_workbook_to_be_read(work: Work, tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    workbook.worksheets[0].append(["farm", "sacks"])
    workbook.worksheets[0].append(["Brookside", 12])
    workbook.save(tmp_path / "plain.xlsx")
    source = encrypt(tmp_path / "plain.xlsx", tmp_path / "sums.xlsx")
    done = work(source, operation="document.table", password=PASSWORD)
    assert json.loads(done.path("sums.json").read_text()) == [{"farm": "Brookside", "sacks": 12}]
    assert list(done.outputs) == ["sums.json"]


def test_the_password_opens_an_older_workbook_to_be_read(work: Work) -> None:
    done = work(ENCRYPTED / "rc4.xls", operation="document.table", header=False, password=PASSWORD)
    assert (done.result["format"], done.result["rows"]) == ("xls", 1)


def test_what_looks_like_the_end_of_a_zip_in_an_older_workbook_does_no_harm(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "sums.xls"
    source.write_bytes((ENCRYPTED / "rc4.xls").read_bytes() + b"PK\5\6" + b"\1\0" * 9)
    assert zipfile.is_zipfile(source)
    assert work(source, operation="document.table", header=False, password=PASSWORD).result["rows"] == 1


@pytest.mark.parametrize("operation", ["document.text", "document.convert", "document.table"])
@pytest.mark.parametrize(
    ("options", "code"), [({}, "password_required"), ({"password": "no"}, "wrong_password")], ids=["none", "wrong"]
)
def test_without_the_right_password_it_ends_as_a_pdf_does(
    work: Work, tmp_path: Path, operation: str, options: dict[str, Any], code: str
) -> None:
    newer = encrypt(make_xlsx(tmp_path / "plain.xlsx", [["wheat", 12]]), tmp_path / "sums.xlsx")
    for source in (newer, ENCRYPTED / "rc4.xls"):
        assert _refused(work, source, operation, **options) == code


@pytest.mark.parametrize("name", ["agile.docx", "standard.docx", "rc4.doc", "rc4.ppt"])
def test_every_kind_knows_a_wrong_password(work: Work, name: str) -> None:
    assert _refused(work, ENCRYPTED / name, "document.text", password="password1234_") == "wrong_password"
    assert _refused(work, ENCRYPTED / name, "document.text") == "password_required"


def test_a_password_does_no_harm_where_none_is_needed(work: Work, tmp_path: Path) -> None:
    done = work(SAMPLES / "report.docx", operation="document.text", password="any")
    assert done.result["words"] > 100
    assert done.percents == sorted(done.percents)
    sums = make_xlsx(tmp_path / "sums.xlsx", [["wheat", 12]])
    assert work(sums, operation="document.table", password="any").result["column_count"] == 2
    assert work(SAMPLES / "harvest.csv", operation="document.table", password="any").result["rows"] == 240


def test_slides_whose_pictures_stay_encrypted_give_their_text_and_are_not_converted(work: Work, tmp_path: Path) -> None:
    data = (ENCRYPTED / "rc4.ppt").read_bytes()
    name = "\5DocumentSummaryInformation".encode("utf-16-le")
    old = name.ljust(64, b"\0") + (len(name) + 2).to_bytes(2, "little")
    new = "Pictures".encode("utf-16-le").ljust(64, b"\0") + (18).to_bytes(2, "little")
    assert old in data
    talk = tmp_path / "talk.ppt"
    talk.write_bytes(data.replace(old, new))
    assert work(talk, operation="document.text", password=PASSWORD).result["words"] == 2
    assert _refused(work, talk, "document.convert", password=PASSWORD) == "unsupported_format"


def test_a_password_does_not_open_what_is_encrypted_in_another_way(work: Work, tmp_path: Path) -> None:
    locked = make_odf(tmp_path / "locked.odt", "text", "", manifest="<manifest:encryption-data/>")
    assert _refused(work, locked, "document.text", password=PASSWORD) == "unsupported_format"
    assert _refused(work, locked, "document.text") == "unsupported_format"


@pytest.mark.parametrize("operation", ["document.text", "document.convert", "document.table"])
def test_who_takes_a_password_asks_for_it(work: Work, operation: str) -> None:
    with pytest.raises(InputError, match="encrypted: give `password`, or send it without"):
        work(ENCRYPTED / "rc4.xls", operation=operation)


def test_who_takes_none_names_those_that_do(work: Work) -> None:
    with pytest.raises(InputError, match=r"document\.text and document\.convert open it with `password`") as caught:
        work(ENCRYPTED / "rc4.xls", operation="document.describe")
    assert caught.value.code == "password_required"


def test_an_encrypted_document_that_is_cut_is_damage(work: Work, tmp_path: Path) -> None:
    for name in ("agile.docx", "rc4.doc", "rc4.xls"):
        damaged = cut(ENCRYPTED / name, tmp_path / name, 0.4)
        assert _refused(work, damaged, "document.text", password=PASSWORD) == "corrupt_file"


def _rows_and_noise(path: Path, *, more: bytes = b"") -> Path:
    """Write a workbook that is large enough that its encryption hides what it is."""
    make_xlsx(path, [["farm", "sacks"], ["Brookside", 12]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/1.bin", random.Random(164).randbytes(200_000))
        archive.writestr("xl/media/2.bin", more)
    return path


def test_a_newer_workbook_under_an_older_name_is_read_as_what_it_is(work: Work, tmp_path: Path) -> None:
    large = encrypt(_rows_and_noise(tmp_path / "plain.xlsx"), tmp_path / "large.xls")
    small = encrypt(make_xlsx(tmp_path / "few.xlsx", [["farm", "sacks"], ["Brookside", 12]]), tmp_path / "small.xls")
    for source in (large, small):
        done = work(source, operation="document.table", password=PASSWORD)
        assert (done.result["format"], done.result["rows"]) == ("xlsx", 1)
        assert (
            "Brookside"
            in work(source, operation="document.text", password=PASSWORD).path(f"{source.stem}.txt").read_text()
        )
        assert work(source, operation="document.convert", password=PASSWORD).result["source_format"] == "xlsx"


def test_a_workbook_whose_name_says_nothing_is_read_as_what_it_is(work: Work, tmp_path: Path) -> None:
    source = encrypt(make_xlsx(tmp_path / "few.xlsx", [["Brookside", 12]]), tmp_path / "sums")
    assert "Brookside" in work(source, operation="document.text", password=PASSWORD).path("sums.txt").read_text()
    done = work(source, operation="document.convert", password=PASSWORD)
    assert (done.result["source_format"], done.result["pages"]) == ("xlsx", 1)
    with pytest.raises(OptionsError, match="a xlsx can become"):
        work(source, operation="document.convert", format="docx", password=PASSWORD)


@pytest.mark.parametrize("operation", ["document.text", "document.convert", "document.table"])
def test_a_bomb_goes_off_in_the_cage_under_an_older_name_too(work: Work, tmp_path: Path, operation: str) -> None:
    bomb = encrypt(_rows_and_noise(tmp_path / "plain.xlsx", more=bytes(100_000_000)), tmp_path / "bomb.xls")
    assert _refused(work, bomb, operation, password=PASSWORD) == "too_compressed"


def test_a_letter_under_the_name_of_a_workbook_holds_no_table(work: Work, tmp_path: Path) -> None:
    noise = random.Random(164).randbytes(200_000)
    letter = make_docx(tmp_path / "plain.docx", ["Dear miller"], more={"word/media/1.bin": noise})
    source = encrypt(letter, tmp_path / "letter.xls")
    assert _refused(work, source, "document.table", password=PASSWORD) == "unsupported_format"
    assert work(source, operation="document.text", password=PASSWORD).result["words"] == 2


def test_an_encrypted_zip_that_is_no_document_is_refused(work: Work, tmp_path: Path) -> None:
    other = make_zip(tmp_path / "plain.zip", {"notes.txt": "words"})
    source = encrypt(other, tmp_path / "notes.docx")
    assert _refused(work, source, "document.text", password=PASSWORD) == "unsupported_format"


def test_a_large_encrypted_letter_is_opened(work: Work, tmp_path: Path) -> None:
    noise = random.Random(164).randbytes(8_000_000)
    large = make_docx(tmp_path / "plain.docx", ["Dear miller"], more={"word/media/1.bin": noise})
    locked = encrypt(large, tmp_path / "large.docx")
    assert work(locked, operation="document.text", password=PASSWORD).result["words"] == 2


def test_a_bomb_goes_off_in_the_cage_with_a_password_too(work: Work, tmp_path: Path) -> None:
    bomb = make_docx(tmp_path / "plain.docx", [], more={"word/media/1.bin": bytes(40_000_000)})
    locked = encrypt(bomb, tmp_path / "bomb.docx")
    assert _refused(work, locked, "document.text", password=PASSWORD) == "too_compressed"


class _FullDisk(io.FileIO):
    """A file whose disk takes a kilobyte of what is written, says so, and then nothing more."""

    has_taken = False

    def write(self, data: Any, /) -> int:
        if self.has_taken:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.has_taken = True
        return super().write(memoryview(data)[:1024])


def test_a_document_for_which_there_is_no_room_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = SealedCallDouble(ENCRYPTED / "agile.docx", tmp_path, ARGUMENTS)
    monkeypatch.setattr("io.FileIO", _FullDisk)
    with pytest.raises(InputError) as caught:
        decrypt_office(call)
    told = describe_error(caught.value)
    assert (told["type"], told["of"]) == ("shortage", "disk")
    call.close()


def test_a_document_that_grows_by_being_decrypted_is_damage(tmp_path: Path) -> None:
    call = SealedCallDouble(ENCRYPTED / "agile.docx", tmp_path, ARGUMENTS)
    call.source_size //= 2
    with pytest.raises(InputError, match="damaged") as caught:
        decrypt_office(call)
    assert caught.value.code == "corrupt_file"
    call.close()


def test_hashing_without_end_breaks_the_limit_of_time(cage: Cage, tmp_path: Path) -> None:
    locked = encrypt(make_docx(tmp_path / "plain.docx", ["words"]), tmp_path / "endless.docx")
    claim_spin_count(locked, 9_999_999)
    arguments = {"name": "document.docx", "media_type": DOCX, "password": PASSWORD, "with_pictures": True}
    with (
        locked.open("rb") as source,
        cage.open_slice() as files,
        files.open_bench(
            source_fd=source.fileno(),
            media_type=DOCX,
            file_name=locked.name,
            scratch=tmp_path,
            limits=Limits(cpu_seconds=1),
        ) as bench,
        pytest.raises(LimitError) as caught,
    ):
        bench.call(decrypt_office, arguments)
    assert caught.value.code == "time_limit"


def test_more_hashing_than_the_format_allows_is_refused(work: Work, tmp_path: Path) -> None:
    locked = encrypt(make_docx(tmp_path / "plain.docx", ["words"]), tmp_path / "endless.docx")
    claim_spin_count(locked, 4_000_000_000)
    assert _refused(work, locked, "document.text", password=PASSWORD) == "unsupported_format"


@pytest.mark.parametrize("name", ["agile.docx", "standard.docx", "rc4.doc", "rc4.xls", "rc4.ppt"])
@pytest.mark.parametrize("password", [PASSWORD, "another Password1234_"])
def test_the_password_is_in_no_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, password: str
) -> None:
    arguments = {"name": "document.plain", "media_type": DOCX, "password": password, "with_pictures": True}
    call = SealedCallDouble(ENCRYPTED / name, tmp_path, arguments)
    told = ""
    with caplog.at_level(logging.DEBUG):
        try:
            decrypt_office(call)
        except InputError as error:
            told = f"{error.message} {error.evidence}"
        finally:
            call.close()
    assert bool(told) == (password != PASSWORD)
    assert password not in caplog.text + told
