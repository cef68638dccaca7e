"""Office documents, told by the names of what they hold: the members of a zip, the streams of an OLE file."""

from collections.abc import Iterator, Mapping
from typing import Final

_OOXML: Final = "application/vnd.openxmlformats-officedocument"
_ODF: Final = "application/vnd.oasis.opendocument"
_DOCX: Final = f"{_OOXML}.wordprocessingml.document"

_OOXML_FOLDERS: Final[Mapping[bytes, str]] = {
    b"word/": _DOCX,
    b"xl/": f"{_OOXML}.spreadsheetml.sheet",
    b"ppt/": f"{_OOXML}.presentationml.presentation",
}
_OOXML_SIGNS: Final = frozenset((b"[Content_Types].xml", b"_rels/.rels"))
"""What a small file that is cut short still shows."""
_ODF_TYPES: Final = frozenset(f"{_ODF}.{kind}" for kind in ("text", "spreadsheet", "presentation"))
_TYPES_BY_ZIP_ENDING: Final[Mapping[str, str]] = {
    **dict.fromkeys(("docx", "docm", "dotx", "dotm"), _DOCX),
    **dict.fromkeys(("xlsx", "xlsm", "xltx", "xltm"), f"{_OOXML}.spreadsheetml.sheet"),
    **dict.fromkeys(("pptx", "pptm", "potx", "ppsx"), f"{_OOXML}.presentationml.presentation"),
    **dict.fromkeys(("odt", "ott"), f"{_ODF}.text"),
    **dict.fromkeys(("ods", "ots"), f"{_ODF}.spreadsheet"),
    **dict.fromkeys(("odp", "otp"), f"{_ODF}.presentation"),
}
_TYPES_BY_OLE_ENDING: Final[Mapping[str, str]] = {
    **dict.fromkeys(("doc", "dot"), "application/msword"),
    **dict.fromkeys(("xls", "xlt"), "application/vnd.ms-excel"),
    **dict.fromkeys(("ppt", "pps", "pot"), "application/vnd.ms-powerpoint"),
}
_OLE_STREAMS: Final[Mapping[str, str]] = {
    "WordDocument": "application/msword",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
}
_ENCRYPTED_PACKAGE: Final = "EncryptedPackage"
_ROOT: Final = "Root Entry"
"""What every directory begins with."""
_TYPES_OF_ENCRYPTED: Final[Mapping[str, str]] = {
    **{ending: media_type for ending, media_type in _TYPES_BY_ZIP_ENDING.items() if media_type.startswith(_OOXML)},
    # A newer document under the older ending is still of its kind.
    **{ending: _TYPES_BY_ZIP_ENDING[f"{ending}x"] for ending in ("doc", "xls", "ppt", "dot", "xlt", "pot")},
}

ZIP_SIGNATURE: Final = b"PK\x03\x04"
OLE_SIGNATURE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RTF_SIGNATURE: Final = b"{\\rtf"
_ZIP_HEADER_BYTES: Final = 30
_HAS_SIZES_BEHIND: Final = 0x0008
_OLE_SECTOR_BYTES: Final = 512
_OLE_ENTRY_BYTES: Final = 128
_WORD_BEGINS: Final = b"\xec\xa5"
_EXCEL_BEGINS: Final = (b"\x09\x08\x10\0\0\x06\x05\0", b"\x09\x08\x08\0\0\x05\x05\0")
_POWERPOINT_BEGINS: Final = b"\x0f\0\xe8\x03"


def sniff_office(head: bytes, file_name: str, *, is_whole: bool) -> str | None:
    """Name the type of an office document; `is_whole` says that there is no more of the file than its head.

    What shows the type may lie behind the head of a file. Only then does the name's ending decide, and only
    among the types that come in the same kind of container; whoever reads the file looks again at all of it.
    """
    ending = file_name.rpartition(".")[2].lower()
    if head.startswith(_RTF_SIGNATURE):
        return "application/rtf"
    if head.startswith(ZIP_SIGNATURE):
        return _sniff_zip(head, ending, is_whole=is_whole)
    if head.startswith(OLE_SIGNATURE):
        return _sniff_ole(head, ending, is_whole=is_whole)
    return None


def _sniff_zip(head: bytes, ending: str, *, is_whole: bool) -> str | None:
    stated = _read_mimetype(head)
    if stated is not None:
        media_type = stated.removesuffix("-template")
        return media_type if media_type in _ODF_TYPES else None
    names = list(_list_members(head))
    for name in names:
        for folder, media_type in _OOXML_FOLDERS.items():
            if name.startswith(folder):
                return media_type
    may_be_office = not is_whole or not _OOXML_SIGNS.isdisjoint(names)
    return _TYPES_BY_ZIP_ENDING.get(ending) if may_be_office else None


def _read_mimetype(head: bytes) -> str | None:
    """Read the first member of an ODF file: it is called `mimetype` and stored as it is, so that it can be seen."""
    name_end = _ZIP_HEADER_BYTES + 8
    if head[_ZIP_HEADER_BYTES:name_end] != b"mimetype" or head[8:10] != b"\0\0" or head[26:28] != b"\x08\0":
        return None
    begin = name_end + int.from_bytes(head[28:30], "little")
    size = min(int.from_bytes(head[22:26], "little"), 100) or head[begin : begin + 100].find(b"PK")
    return head[begin : begin + size].decode("ascii", errors="replace")


def _list_members(head: bytes) -> Iterator[bytes]:
    """Yield the names of the members that begin in the head, from header to header."""
    at = 0
    while 0 <= at <= len(head) - _ZIP_HEADER_BYTES:
        flags = int.from_bytes(head[at + 6 : at + 8], "little")
        packed = int.from_bytes(head[at + 18 : at + 22], "little")
        name_end = at + _ZIP_HEADER_BYTES + int.from_bytes(head[at + 26 : at + 28], "little")
        yield head[at + _ZIP_HEADER_BYTES : name_end]
        begin = name_end + int.from_bytes(head[at + 28 : at + 30], "little")
        # A writer that streams tells the size behind the data; then the next header has to be looked for.
        at = head.find(ZIP_SIGNATURE, begin if flags & _HAS_SIZES_BEHIND else begin + packed)


def _sniff_ole(head: bytes, ending: str, *, is_whole: bool) -> str | None:
    """Tell by the directory's entries, wherever in the head they lie, else by how the streams begin.

    The directory usually lies at the end: a file that is cut short lacks it, and is still what its ending says; when it
    is called like a newer document it can only be one that is encrypted. A document that holds another, such as a table
    in a letter, has the streams of both; then the ending decides.
    """
    names = set(_list_streams(head))
    if _ENCRYPTED_PACKAGE in names:
        return _TYPES_OF_ENCRYPTED.get(ending, _DOCX)
    found = list(dict.fromkeys(media_type for name, media_type in _OLE_STREAMS.items() if name in names))
    found = found or list(_recognise_streams(head))
    by_ending = _TYPES_BY_OLE_ENDING.get(ending)
    if not found and not is_whole and _ROOT not in names and by_ending is None:
        return _TYPES_OF_ENCRYPTED.get(ending)
    if by_ending in found or not found:
        return by_ending
    return found[0]


def _list_streams(head: bytes) -> Iterator[str]:
    """Yield the names in what looks like directory entries: they lie at multiples of their size."""
    for at in range(_OLE_SECTOR_BYTES, len(head) - _OLE_ENTRY_BYTES + 1, _OLE_ENTRY_BYTES):
        length = int.from_bytes(head[at + 64 : at + 66], "little")
        if 2 <= length <= 64 and length % 2 == 0 and head[at + length - 2 : at + length] == b"\0\0":
            yield head[at : at + length - 2].decode("utf-16-le", errors="replace")


def _recognise_streams(head: bytes) -> Iterator[str]:
    for at in range(_OLE_SECTOR_BYTES, len(head), _OLE_SECTOR_BYTES):
        if head.startswith(_WORD_BEGINS, at):
            yield "application/msword"
        elif head.startswith(_EXCEL_BEGINS, at):
            yield "application/vnd.ms-excel"
        elif head.startswith(_POWERPOINT_BEGINS, at):
            yield "application/vnd.ms-powerpoint"
