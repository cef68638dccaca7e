"""PDFs turned, encrypted, decrypted and linearized, through the real cage; read by poppler and PDFium."""

from pathlib import Path

import pikepdf
import pypdfium2
import pypdfium2.raw
import pytest

from filemill.processing.errors import InputError, OptionsError
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import cut
from tests.integration.processing.pdf_inputs import make_locked, make_numbered
from tests.integration.processing.pdf_readers import MILL, read_facts, read_sizes, read_texts, read_words


def test_pages_are_turned(work: Work, tmp_path: Path) -> None:
    source = make_numbered(tmp_path / "book.pdf", 3)
    done = work(source, operation="document.rotate", angle=90, pages="2-")
    made = done.path("book-rotated.pdf")
    assert read_sizes(made) == [(200, 300), (300, 200), (300, 200)]
    assert read_texts(made) == ["Page 1", "Page 2", "Page 3"]
    assert (done.result["rotated_pages"], done.outputs["book-rotated.pdf"].facts["pages"]) == (2, 3)
    again = work(made, operation="document.rotate", angle=-90).path("book-rotated-rotated.pdf")
    assert read_sizes(again) == [(300, 200), (200, 300), (200, 300)]


def test_a_linearized_pdf_is_one_to_another_reader(work: Work) -> None:
    done = work(MILL, operation="document.linearize")
    made = done.path("mill-linearized.pdf")
    assert read_facts(made)["Optimized"] == "yes"
    assert read_texts(made) == read_texts(MILL)
    assert done.result == {"pages": 3, "was_linearized": False, "is_repaired": False}
    assert done.percents == sorted(done.percents)


def test_an_encrypted_pdf_opens_by_its_passwords_alone(work: Work) -> None:
    done = work(
        MILL,
        operation="document.encrypt",
        user_password="пароль мельника",
        owner_password="master",
        allow_printing=False,
        allow_copying=False,
    )
    made = done.path("mill-encrypted.pdf")
    assert read_texts(made, "пароль мельника") == read_texts(MILL)
    encrypted = read_facts(made, "-upw", "пароль мельника")["Encrypted"]
    assert encrypted == "yes (print:no copy:no change:yes addNotes:yes algorithm:AES-256)"
    assert read_facts(made, "-opw", "master")["Pages"] == "3"
    with pytest.raises(pikepdf.PasswordError):
        pikepdf.open(made)
    assert (done.result["algorithm"], done.result["was_encrypted"]) == ("aes-256", False)


def read_permissions(path: Path) -> set[int]:
    """The numbers of the permissions that PDFium finds given, as the standard counts them (ISO 32000, table 22)."""
    with pypdfium2.PdfDocument(path) as document:
        given = pypdfium2.raw.FPDF_GetDocPermissions(document)
    return {number for number in (3, 4, 5, 6, 9, 10, 11, 12) if given >> (number - 1) & 1}


@pytest.mark.parametrize("algorithm", ["aes-256", "aes-128"])
@pytest.mark.parametrize(
    ("option", "refused"),
    [
        ("allow_printing", {3, 12}),
        ("allow_copying", {5}),
        ("allow_modifying", {4}),
        ("allow_annotating", {6}),
        ("allow_filling_forms", {9}),
        ("allow_assembling", {11}),
    ],
)
def test_each_restriction_takes_its_own_permission_alone(
    work: Work, option: str, refused: set[int], algorithm: str
) -> None:
    options = {"owner_password": "master", "algorithm": algorithm}
    everything = work(MILL, operation="document.encrypt", **options).path("mill-encrypted.pdf")
    assert read_permissions(everything) == {3, 4, 5, 6, 9, 10, 11, 12}
    restricted = work(MILL, operation="document.encrypt", **options, **{option: False}).path("mill-encrypted.pdf")
    assert read_permissions(everything) - read_permissions(restricted) == refused


def test_no_two_encryptions_are_the_same(work: Work) -> None:
    keys = set()
    for _ in range(3):
        made = work(MILL, operation="document.encrypt", user_password="reader").path("mill-encrypted.pdf")
        with pikepdf.open(made, password="reader") as pdf:
            keys.add(bytes(pdf.encryption.encryption_key))
            keys.add(bytes(pdf.trailer.Encrypt.U))
    assert len(keys) == 6, "the keys or salts are not random"


def test_a_document_may_be_restricted_without_asking_for_a_password(work: Work) -> None:
    done = work(MILL, operation="document.encrypt", owner_password="master", allow_modifying=False, algorithm="aes-128")
    encrypted = read_facts(done.path("mill-encrypted.pdf"))["Encrypted"]
    assert encrypted == "yes (print:yes copy:yes change:no addNotes:yes algorithm:AES)"


def test_encryption_needs_a_password(work: Work) -> None:
    with pytest.raises(OptionsError, match="user_password, owner_password or both") as caught:
        work(MILL, operation="document.encrypt")
    assert caught.value.code == "invalid_options"


@pytest.mark.parametrize("password", ["reader", "master"])
def test_a_decrypted_pdf_opens_for_everyone(work: Work, tmp_path: Path, password: str) -> None:
    done = work(make_locked(tmp_path / "a.pdf"), operation="document.decrypt", password=password)
    assert read_facts(done.path("a-decrypted.pdf"))["Encrypted"] == "no"
    assert read_words(done.path("a-decrypted.pdf"), 1) == read_words(MILL, 1)
    assert done.result["was_encrypted"] is True


def test_a_pdf_that_is_not_encrypted_stays_as_it_is(work: Work) -> None:
    assert work(MILL, operation="document.decrypt").result["was_encrypted"] is False


@pytest.mark.parametrize(("options", "code"), [({}, "password_required"), ({"password": "guess"}, "wrong_password")])
@pytest.mark.parametrize("operation", ["document.decrypt", "document.rotate", "document.split"])
def test_the_right_password_is_asked_for(
    work: Work, tmp_path: Path, operation: str, options: dict[str, str], code: str
) -> None:
    with pytest.raises(InputError) as caught:
        work(make_locked(tmp_path / "a.pdf"), operation=operation, **options)
    assert caught.value.code == code
    assert "guess" not in f"{caught.value.message}{caught.value.evidence}"


def test_a_changed_pdf_stays_encrypted(work: Work, tmp_path: Path) -> None:
    done = work(make_locked(tmp_path / "a.pdf"), operation="document.rotate", password="reader")
    encrypted = read_facts(done.path("a-rotated.pdf"), "-upw", "reader")["Encrypted"]
    assert "print:no copy:no" in encrypted
    assert sorted(read_words(done.path("a-rotated.pdf"), 2, "-upw", "reader")) == sorted(read_words(MILL, 2))


def test_a_pdf_that_is_cut_short_is_mended_or_refused(work: Work, tmp_path: Path) -> None:
    done = work(cut(MILL, tmp_path / "long.pdf", 0.999), operation="document.linearize")
    assert done.result["is_repaired"] is True
    with pytest.raises(InputError) as caught:
        work(cut(MILL, tmp_path / "short.pdf", 0.01), operation="document.linearize")
    assert caught.value.code == "corrupt_file"


def test_a_pdf_of_too_many_pages_is_refused(work: Work) -> None:
    with pytest.raises(InputError) as caught:
        work(MILL, operation="document.rotate", input_limits=InputLimits(max_pages=2))
    assert caught.value.code == "too_many_pages"
