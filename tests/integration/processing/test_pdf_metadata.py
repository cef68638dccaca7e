"""What PDFs say of themselves and carry, through the real cage; read by poppler and PDFium."""

import subprocess
import zlib
from pathlib import Path

import pikepdf
import pytest

from filemill.processing.errors import InputError, OptionsError
from tests.integration.processing.conftest import Work
from tests.integration.processing.pdf_inputs import make_carrier, make_locked
from tests.integration.processing.pdf_readers import MILL, read_facts, read_texts


def _read_xmp(path: Path) -> str:
    return subprocess.run(["pdfinfo", "-meta", str(path)], check=True, capture_output=True, text=True).stdout


def test_metadata_is_read(work: Work) -> None:
    done = work(MILL, operation="document.metadata")
    assert done.outputs == {}
    assert done.result["metadata"]["title"] == read_facts(MILL)["Title"]
    assert done.result["metadata"]["created_at"] == "2026-11-23T22:19:36Z"
    assert (done.result["xmp"], done.result["is_changed"]) == (None, False)


def test_metadata_is_written_to_both_places(work: Work) -> None:
    done = work(MILL, operation="document.metadata", title="Мельница & <ветер>", author="Anna Miller", keywords="")
    made = done.path("mill-metadata.pdf")
    facts = read_facts(made)
    assert (facts["Title"], facts["Author"], facts["Creator"]) == ("Мельница & <ветер>", "Anna Miller", "Writer")
    assert "Keywords" not in facts
    xmp = _read_xmp(made)
    assert "Мельница &amp; &lt;ветер&gt;" in xmp
    assert "<rdf:li>Anna Miller</rdf:li>" in xmp
    assert done.result["xmp"]["dc:title"] == "Мельница & <ветер>"
    assert read_texts(made) == read_texts(MILL)
    again = work(made, operation="document.metadata", title="").path("mill-metadata-metadata.pdf")
    assert "Title" not in read_facts(again)
    assert "dc:title" not in _read_xmp(again)
    assert "Anna Miller" in _read_xmp(again)


def test_what_it_is_about_and_which_programs_made_it_are_written_to_both_places(work: Work) -> None:
    done = work(
        MILL, operation="document.metadata", subject="Мельницы", creator="The miller's pen", producer="The press"
    )
    made = done.path("mill-metadata.pdf")
    facts = read_facts(made)
    assert (facts["Subject"], facts["Creator"], facts["Producer"]) == ("Мельницы", "The miller's pen", "The press")
    assert facts["Title"] == read_facts(MILL)["Title"]
    xmp = _read_xmp(made)
    assert ">The press</pdf:Producer>" in xmp
    assert ">The miller's pen</xmp:CreatorTool>" in xmp
    assert "Мельницы" in xmp.partition("<dc:description")[2].partition("</dc:description>")[0]
    assert {done.result["metadata"][name] for name in ("subject", "creator", "producer")} == {
        "Мельницы",
        "The miller's pen",
        "The press",
    }


def test_all_metadata_can_be_removed(work: Work) -> None:
    named = work(MILL, operation="document.metadata", author="Anna Miller").path("mill-metadata.pdf")
    done = work(named, operation="document.metadata", clear=True)
    made = done.path("mill-metadata-metadata.pdf")
    assert not {"Title", "Author", "Creator", "Producer", "CreationDate"} & read_facts(made).keys()
    assert _read_xmp(made).strip() == ""
    assert b"Anna Miller" not in made.read_bytes()
    assert done.result["metadata"] == {}


def test_xmp_with_an_entity_bomb_does_no_harm(work: Work, tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    xmp = (
        f'<?xpacket begin=""?><!DOCTYPE x [<!ENTITY l0 "lol">{laughs}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">'
        "<pdf:Producer>&l11;</pdf:Producer><pdf:Keywords>&f;</pdf:Keywords></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    source = tmp_path / "bomb.pdf"
    with pikepdf.open(MILL) as pdf:
        pdf.Root.Metadata = pdf.make_stream(xmp.encode(), Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)
        pdf.save(source, fix_metadata_version=False)
    done = work(source, operation="document.metadata")
    assert "root:" not in str(done.result)
    assert done.peak_memory_bytes < 150 * 1024**2
    assert "lollol" not in str(done.result)


@pytest.mark.parametrize("title", ["a\0b", "a\x07", "a\ud800"])
def test_titles_with_control_characters_are_refused(work: Work, title: str) -> None:
    with pytest.raises(AssertionError, match="none of them a control character"):
        work(MILL, operation="document.metadata", title=title)


def test_attached_files_are_listed_and_taken_out(work: Work, tmp_path: Path) -> None:
    source, contents = make_carrier(tmp_path / "carrier.pdf")
    done = work(source, operation="document.attachments")
    listed = done.result["attachments"]
    assert [facts["name"] for facts in listed] == list(contents)
    for facts in listed:
        assert done.path(facts["output"]).read_bytes() == contents[facts["name"]]
    names = list(done.outputs)
    assert names == ["invoice.xml", "отчёт-1.csv", "passwd", "pinned.txt"]
    assert [done.outputs[name].media_type for name in names[1:]] == ["text/csv", "text/plain", "text/plain"]
    assert (listed[0]["description"], listed[0]["claimed_size"]) == ("The invoice", len(contents["invoice.xml"]))
    theirs = subprocess.run(["pdfdetach", "-list", str(source)], check=True, capture_output=True, text=True).stdout
    assert "4 embedded files" in theirs or "3 embedded files" in theirs


def test_some_files_can_be_chosen_or_none(work: Work, tmp_path: Path) -> None:
    source, _ = make_carrier(tmp_path / "carrier.pdf")
    assert list(work(source, operation="document.attachments", names=["invoice.xml"]).outputs) == ["invoice.xml"]
    listing = work(source, operation="document.attachments", extract=False)
    assert (listing.outputs, len(listing.result["attachments"])) == ({}, 4)
    with pytest.raises(OptionsError, match="carries no file called 'other'"):
        work(source, operation="document.attachments", names=["other"])


def test_a_document_without_files_lists_none(work: Work) -> None:
    assert work(MILL, operation="document.attachments").result["attachments"] == []


def test_files_with_one_name_get_two(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "twins.pdf"
    with pikepdf.open(MILL) as pdf:
        for key in ("a", "b"):
            pdf.attachments[key] = pikepdf.AttachedFileSpec(pdf, key.encode(), filename="note.txt")
        pdf.save(source)
    done = work(source, operation="document.attachments")
    assert {name: output.path.read_bytes() for name, output in done.outputs.items()} == {
        "note.txt": b"a",
        "note-2.txt": b"b",
    }


def test_an_attached_bomb_is_refused(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "bomb.pdf"
    with pikepdf.open(MILL) as pdf:
        spec = pikepdf.AttachedFileSpec(pdf, b"", filename="zeros.bin")
        spec.obj.EF.F.write(zlib.compress(bytes(50_000_000), 9), filter=pikepdf.Name.FlateDecode)
        pdf.attachments["zeros.bin"] = spec
        pdf.save(source)
    with pytest.raises(InputError, match=r"zeros\.bin unpacks from") as caught:
        work(source, operation="document.attachments")
    assert caught.value.code == "too_compressed"


def test_attachments_of_an_encrypted_document_come_out(work: Work, tmp_path: Path) -> None:
    carrier, contents = make_carrier(tmp_path / "carrier.pdf")
    locked = make_locked(tmp_path / "locked.pdf", source=carrier)
    done = work(locked, operation="document.attachments", password="reader", names=["invoice.xml"])
    assert done.path("invoice.xml").read_bytes() == contents["invoice.xml"]
