"""Office documents are told by what they hold; the name decides only where the beginning shows too little."""

import io
import zipfile

import pytest

from filemill.processing.media import HEAD_BYTES, sniff

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
ODT = "application/vnd.oasis.opendocument.text"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class _Stream(io.RawIOBase):
    """A file that can't be sought in: a zip written to it tells each member's size behind its data."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += bytes(data)
        return len(data)


def _zip(*members: tuple[str, bytes], stored: bool = False, streamed: bool = False) -> bytes:
    file = _Stream() if streamed else io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.written if isinstance(file, _Stream) else file.getvalue()


def _odf(media_type: str) -> bytes:
    return _zip(("mimetype", media_type.encode()), ("content.xml", b"<x/>"), stored=True)


def _ole(*streams: str) -> bytes:
    entries = b""
    for name in ("Root Entry", *streams):
        encoded = name.encode("utf-16-le") + b"\0\0"
        entries += encoded.ljust(64, b"\0") + len(encoded).to_bytes(2, "little") + bytes(62)
    return OLE.ljust(512, b"\0") + entries


TYPES_FIRST = ("[Content_Types].xml", b"<Types/>" * 50)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (_zip(TYPES_FIRST, ("_rels/.rels", b"<x/>"), ("word/document.xml", b"<x/>")), DOCX),
        (_zip(("docProps/app.xml", b"<x/>"), ("xl/workbook.xml", b"<x/>"), TYPES_FIRST), XLSX),
        (_zip(TYPES_FIRST, ("ppt/presentation.xml", b"<x/>"), streamed=True), PPTX),
        (_zip(("word/embeddings/table.xlsx", _zip(("xl/workbook.xml", b"<x/>"))), stored=True), DOCX),
        (_odf(ODT), ODT),
        (_odf(f"{ODT}-template"), ODT),
        (_odf("application/vnd.oasis.opendocument.spreadsheet"), "application/vnd.oasis.opendocument.spreadsheet"),
        (_ole("WordDocument", "1Table"), "application/msword"),
        (_ole("Workbook"), "application/vnd.ms-excel"),
        (_ole("Book"), "application/vnd.ms-excel"),
        (_ole("Current User", "PowerPoint Document"), "application/vnd.ms-powerpoint"),
        (_ole("EncryptedPackage", "EncryptionInfo"), DOCX),
        (OLE.ljust(512, b"\0") + b"\xec\xa5\xc1\0" + bytes(508), "application/msword"),
        (b"{\\rtf1\\ansi words}", "application/rtf"),
        (b"\xef\xbb\xbf <!DOCTYPE html><p>words", "text/html"),
        (b"<HTML><body>words", "text/html"),
        (b'<?xml version="1.0"?>\n<!-- a page -->\n<html xmlns="http://www.w3.org/1999/xhtml">', "text/html"),
        ("<html>мельница".encode("utf-16"), "text/html"),
    ],
)
def test_an_office_document_is_told_by_what_it_holds(head: bytes, expected: str) -> None:
    assert sniff(head, "picture.png") == expected


@pytest.mark.parametrize(
    "head",
    [
        _zip(("notes.txt", b"words")),
        _zip(("mimetype", b"application/epub+zip"), stored=True),
        _ole("__properties_version1.0"),
        b"PK\x03\x04",
        OLE,
    ],
)
def test_a_zip_or_ole_file_of_another_kind_has_no_type(head: bytes) -> None:
    assert sniff(head, "letter.docx") is None
    assert sniff(head, "letter.png") is None


def test_a_file_that_is_cut_short_is_still_what_it_is_called() -> None:
    assert sniff(_zip(TYPES_FIRST)[:60], "letter.docx") == DOCX
    assert sniff(OLE.ljust(700, b"\1"), "letter.doc") == "application/msword"


def test_where_the_beginning_of_a_large_file_shows_nothing_the_name_decides_among_its_like() -> None:
    picture = ("docProps/thumbnail.jpeg", b"\xff\xd8" * HEAD_BYTES)
    large = _zip(picture, ("word/document.xml", b"<x/>"), stored=True)[:HEAD_BYTES]
    assert [sniff(large, name) for name in ("a.docx", "a.ODT", "a.doc", "a.png", "")] == [DOCX, ODT, None, None, None]
    large = OLE.ljust(HEAD_BYTES, b"\1")
    assert [sniff(large, name) for name in ("a.xls", "a.odt", "")] == ["application/vnd.ms-excel", None, None]


def test_a_letter_that_holds_a_table_is_what_it_is_called() -> None:
    both = _ole("WordDocument", "Workbook")
    assert [sniff(both, name) for name in ("a.doc", "a.xls", "a")] == [
        "application/msword",
        "application/vnd.ms-excel",
        "application/msword",
    ]


def test_an_encrypted_document_is_of_the_type_that_its_name_says() -> None:
    assert sniff(_ole("EncryptedPackage"), "sums.xlsx") == XLSX
    assert sniff(_ole("EncryptedPackage"), "sums.xls") == XLSX
    assert sniff(_ole("EncryptedPackage"), "talk.ppt") == PPTX
    assert sniff(_ole("EncryptedPackage"), "sums.odt") == DOCX


@pytest.mark.parametrize(("name", "expected"), [("a.md", "text/markdown"), ("a.HTM", "text/html"), ("a", "text/plain")])
def test_markdown_and_pages_without_a_beginning_are_told_by_their_names(name: str, expected: str) -> None:
    assert sniff(b"# Words\n", name) == expected


def test_a_large_ole_file_that_is_called_like_a_newer_document_is_an_encrypted_one() -> None:
    large = OLE.ljust(HEAD_BYTES, b"\1")
    assert [sniff(large, name) for name in ("a.docx", "a.XLSM", "a.pptx")] == [DOCX, XLSX, PPTX]
    other = _ole("__properties_version1.0").ljust(HEAD_BYTES, b"\1")
    assert sniff(other, "a.docx") is None
