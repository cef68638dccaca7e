"""Files put into PDFs, through the real cage; taken out by poppler."""

import filecmp
import hashlib
import os
import subprocess
from pathlib import Path

import pikepdf
import pytest

from filemill.processing.errors import InputError
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.inputs import cut
from tests.integration.processing.pdf_inputs import make_carrier, make_locked, make_numbered
from tests.integration.processing.pdf_readers import MILL, read_facts, read_texts

HARVEST = SAMPLES / "harvest.csv"
PHOTO = SAMPLES / "photo.jpg"


def take_out(path: Path, *password: str) -> dict[str, bytes]:
    """What poppler's pdfdetach saves of a document's files, by their names; `password` may be `-upw X`."""
    folder = path.parent / f"{path.stem}-files"
    folder.mkdir()
    listing = subprocess.run(["pdfdetach", "-list", *password, str(path)], check=True, capture_output=True, text=True)
    names = [line.partition(": ")[2] for line in listing.stdout.splitlines()[1:]]
    for number in range(1, len(names) + 1):
        saved = ["pdfdetach", "-save", str(number), "-o", str(folder / str(number)), *password, str(path)]
        subprocess.run(saved, check=True, capture_output=True)
    return {name: (folder / str(number)).read_bytes() for number, name in enumerate(names, start=1)}


def test_another_reader_takes_out_what_was_put_in(work: Work, tmp_path: Path) -> None:
    letter = tmp_path / "Письмо, 1.txt"
    letter.write_text("Мельница у реки.")
    done = work(MILL, operation="document.attach", inputs=[HARVEST, PHOTO, letter], description="The figures")
    made = done.path("mill-attached.pdf")
    assert take_out(made) == {
        "harvest.csv": HARVEST.read_bytes(),
        "photo.jpg": PHOTO.read_bytes(),
        "Письмо, 1.txt": letter.read_bytes(),
    }
    assert read_texts(made) == read_texts(MILL)
    assert (read_facts(made)["Title"], read_facts(made)["Encrypted"]) == (read_facts(MILL)["Title"], "no")
    assert done.result["attached"][0] == {"name": "harvest.csv", "size": HARVEST.stat().st_size}
    assert done.percents == sorted(done.percents)


def test_what_was_put_in_is_listed_with_its_type_and_description(work: Work) -> None:
    made = work(MILL, operation="document.attach", inputs=[HARVEST], description="The figures").path(
        "mill-attached.pdf"
    )
    (listed,) = work(made, operation="document.attachments").result["attachments"]
    assert (listed["claimed_type"], listed["description"]) == ("text/csv", "The figures")
    assert listed["claimed_size"] == HARVEST.stat().st_size
    with pikepdf.open(made) as pdf:
        assert pdf.attachments["harvest.csv"].get_file().md5 == hashlib.md5(HARVEST.read_bytes()).digest()


def test_files_of_one_name_get_a_number_each_and_those_that_were_there_stay(work: Work, tmp_path: Path) -> None:
    carrier, contents = make_carrier(tmp_path / "carrier.pdf")
    twin = tmp_path / "invoice.xml"
    twin.write_text("another")
    done = work(carrier, operation="document.attach", inputs=[twin, HARVEST, HARVEST])
    names = [file["name"] for file in done.result["attached"]]
    assert names == ["invoice-2.xml", "harvest.csv", "harvest-2.csv"]
    found = take_out(done.path("carrier-attached.pdf"))
    assert found["invoice-2.xml"] == b"another"
    assert found["harvest.csv"] == found["harvest-2.csv"] == HARVEST.read_bytes()
    assert found["invoice.xml"] == contents["invoice.xml"]
    again = work(done.path("carrier-attached.pdf"), operation="document.attachments")
    assert len(again.result["attachments"]) == len(contents) + 3


def test_an_encrypted_document_stays_so_with_the_files_in_it(work: Work, tmp_path: Path) -> None:
    done = work(make_locked(tmp_path / "a.pdf"), operation="document.attach", inputs=[HARVEST], password="reader")
    made = done.path("a-attached.pdf")
    assert "print:no copy:no" in read_facts(made, "-upw", "reader")["Encrypted"]
    assert take_out(made, "-upw", "reader") == {"harvest.csv": HARVEST.read_bytes()}
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(made)


def test_a_hundred_files_are_put_in(work: Work, tmp_path: Path) -> None:
    files = [tmp_path / f"{number:03}.txt" for number in range(100)]
    for file in files:
        file.write_text(file.stem)
    made = work(make_numbered(tmp_path / "a.pdf", 1), operation="document.attach", inputs=files).path("a-attached.pdf")
    assert take_out(made) == {file.name: file.stem.encode() for file in files}


@pytest.mark.timeout(120)
def test_as_much_as_is_allowed_fits_into_memory_and_a_byte_more_is_refused(work: Work, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"  # nothing that can be made smaller
    large.write_bytes(PHOTO.read_bytes())
    with large.open("ab") as file:
        while left := 128 * 1024**2 - file.tell():
            file.write(os.urandom(min(left, 1024**2)))
    locked = make_locked(tmp_path / "locked.pdf")
    done = work(locked, operation="document.attach", inputs=[large], password="reader")
    again = work(done.path("locked-attached.pdf"), operation="document.attachments", password="reader")
    assert filecmp.cmp(again.path("large.jpg"), large, shallow=False)
    assert done.peak_memory_bytes < 800 * 1024**2
    with large.open("ab") as file:
        file.write(b"0")
    with pytest.raises(InputError, match="134,217,729 bytes; together they may have 134,217,728") as caught:
        work(MILL, operation="document.attach", inputs=[large])
    assert caught.value.code == "too_large"


def test_a_document_that_cannot_be_opened_is_refused_by_its_code(work: Work, tmp_path: Path) -> None:
    locked = make_locked(tmp_path / "locked.pdf")
    for path, options, code in (
        (cut(MILL, tmp_path / "cut.pdf", 0.01), {}, "corrupt_file"),
        (locked, {}, "password_required"),
        (locked, {"password": "guess"}, "wrong_password"),
        (MILL, {"input_limits": InputLimits(max_pages=2)}, "too_many_pages"),
    ):
        with pytest.raises(InputError) as caught:
            work(path, operation="document.attach", inputs=[HARVEST], **options)
        assert caught.value.code == code


@pytest.mark.parametrize("description", ["a\0b", "a\nb", "x" * 301])
def test_a_description_that_is_no_line_of_text_is_refused(work: Work, description: str) -> None:
    with pytest.raises(AssertionError, match="a text of up to 300 characters"):
        work(MILL, operation="document.attach", inputs=[HARVEST], description=description)
