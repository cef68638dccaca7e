"""Media types are told by content; a name only says which kind of text a text is."""

import pytest

from filemill.processing.media import extension_of, sniff, task_type_of


def _box(brand: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + brand + b"\0\0\0\0" + b"".join(compatible)
    return (len(body) + 4).to_bytes(4, "big") + body


def _ebml(doc_type: bytes) -> bytes:
    return b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82" + bytes([0x80 | len(doc_type)]) + doc_type


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"GIF89arest", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM" + bytes(12) + b"\x28\0\0\0", "image/bmp"),
        (b"II*\0rest", "image/tiff"),
        (_box(b"avif", b"mif1"), "image/avif"),
        (_box(b"mif1", b"avif"), "image/avif"),
        (_box(b"heic", b"mif1"), "image/heic"),
        (_box(b"isom", b"avc1"), "video/mp4"),
        (_box(b"qt  "), "video/quicktime"),
        (b"\0\0\0\x08wide", "video/quicktime"),
        (b"RIFF\x10\0\0\0AVI LIST", "video/x-msvideo"),
        (_ebml(b"webm"), "video/webm"),
        (_ebml(b"matroska"), "video/x-matroska"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b'<?xml version="1.0"?><svg/>', "image/svg+xml"),
        (b"\xef\xbb\xbf\n<!-- drawn by hand -->\n<!DOCTYPE svg PUBLIC 'x' 'y'>\n<svg width='1'>", "image/svg+xml"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg:svg>", "image/svg+xml"),
        (b"plain words\n", "text/plain"),
        (b"words that speak of <svg>", "text/plain"),
        ("мельница".encode("cp1251"), "text/plain"),
        ("мельница".encode("utf-16"), "text/plain"),
        (b"BM is how this text begins, and no more than that", "text/plain"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "text/plain"),
    ],
)
def test_a_type_is_told_by_content(head: bytes, expected: str) -> None:
    assert sniff(head, "film.mp4") == expected


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0\1\2\3",
        b"PK\x03\x04\x14\0\0\0",
        b'<?xml version="1.0"?><gpx/>',
        b"<?xml version='1.0'?><!-- <svg> --><gpx/>",
        b"<svgx/>",
        b"\xff\xfe\0\0\0\0",
        _box(b"M4P "),
        _ebml(b"other"),
        b"\x7fELF\2\1\1\0",
        b"RIFF\x10\0\0\0CDDAfmt ",
    ],
)
def test_what_filemill_does_not_read_has_no_type(head: bytes) -> None:
    assert sniff(head, "picture.jpg") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.json", "application/json"), ("a.CSV", "text/csv"), ("a.mp4", "text/plain"), ("", "text/plain")],
)
def test_a_name_decides_among_texts_only(name: str, expected: str) -> None:
    assert sniff(b"[1, 2]", name) == expected


def test_a_letter_cut_in_two_at_the_end_of_the_head_is_no_damage() -> None:
    assert sniff("é".encode()[:1].join([b"text ", b""]), "a.txt") == "text/plain"


def test_types_know_their_task_and_their_ending() -> None:
    assert [task_type_of(kind) for kind in ("image/gif", "video/webm", "text/csv", "audio/mpeg", None)] == [
        "image",
        "video",
        "document",
        "video",
        None,
    ]
    assert (extension_of("video/quicktime"), extension_of("no/such")) == ("mov", "bin")
