"""Office documents that are bombs, circles and traps: zips within zips, sizes that lie, XML that grows or reaches."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tests.hostile.corpus.pictures import pack_zeros
from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, failed, refused
from tests.hostile.seeds import DOCX, office

_CORRUPT: Final = failed("corrupt_file")
_PACKED: Final = failed("too_compressed")
_BLANK_SECTOR: Final = b"\xff" * 512
_LAUGHS: Final = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><l>&j;</l>"
)


def list_files() -> Iterator[Hostile]:
    yield from _list_bombs()
    yield from _list_lies()
    yield from _list_xml()
    yield from _list_ole()


def _file(file_name: str, what: str, outcome: Outcome, content: Callable[[Stage], bytes]) -> Hostile:
    ending = file_name.rpartition(".")[2]
    name = f"{ending}: {what}"
    return Hostile(name=name, file_name=file_name, task_type="document", outcome=outcome, content=content)


def docx(**more: bytes) -> bytes:
    """Put a docx together with further parts; `__` in a name stands for a slash, `_dot_` for a dot."""
    parts = {name.replace("__", "/").replace("_dot_", "."): content for name, content in more.items()}
    return office({**DOCX, **parts})


def zip_zeros(names: Mapping[str, int], *, before: Mapping[str, bytes] = DOCX) -> bytes:
    """Put a zip together whose members are so many zeros, without packing them one by one."""
    parts, directory, at = [], [], 0

    def add(name: bytes, packed: bytes, size: int, checksum: int, method: int) -> None:
        nonlocal at
        common = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 0x21, checksum, len(packed), size, len(name), 0)
        parts.append(b"PK\3\4" + common + name + packed)
        directory.append(b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, at) + name)
        at += len(parts[-1])

    for part, content in before.items():
        add(part.encode(), content, len(content), zlib.crc32(content), 0)
    for part, size in names.items():
        raw = pack_zeros(size)[2:-4]
        add(part.encode(), raw, size, _checksum_of_zeros(size), 8)
    listed = b"".join(directory)
    end = struct.pack("<HHHHIIH", 0, 0, len(directory), len(directory), len(listed), at, 0)
    return b"".join([*parts, listed, b"PK\5\6", end])


def _checksum_of_zeros(size: int) -> int:
    checksum, piece = 0, bytes(1024**2)
    for _ in range(size // len(piece)):
        checksum = zlib.crc32(piece, checksum)
    return zlib.crc32(bytes(size % len(piece)), checksum)


def _list_bombs() -> Iterator[Hostile]:
    mebibyte = 1024**2
    yield _file(
        "bomb.docx", "a part that unpacks to 300 MiB", _PACKED, lambda _: zip_zeros({"word/a.xml": 300 * mebibyte})
    )
    many = {f"word/media/{n}.png": 20 * mebibyte for n in range(30)}
    yield _file("bomb.docx", "30 parts that unpack to 20 MiB each", _PACKED, lambda _: zip_zeros(many))
    yield _file(
        "bomb.xlsx",
        "a sheet that unpacks to 300 MiB",
        _PACKED | _CORRUPT,
        lambda _: zip_zeros({"xl/worksheets/sheet1.xml": 300 * mebibyte}, before={"xl/workbook.xml": b"<workbook/>"}),
    )
    yield _file(
        "bomb.odt",
        "a picture that unpacks to 300 MiB",
        _PACKED,
        lambda _: zip_zeros(
            {"Pictures/a.png": 300 * mebibyte},
            before={"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<a/>"},
        ),
    )
    yield _file(
        "many.docx",
        "20,000 parts",
        failed("too_large"),
        lambda _: office({**DOCX, **{f"word/{n}.xml": b"" for n in range(20_000)}}),
    )

    def nest(depth: int) -> bytes:
        inner = zip_zeros({"a": 10 * mebibyte}, before={})
        for _ in range(depth):
            inner = office({f"{n}.zip": inner for n in range(4)})
        return docx(word__embeddings__a_dot_zip=inner)

    yield _file(
        "nested.docx",
        "archives within archives, six deep",
        failed("too_deeply_nested", "too_compressed"),
        lambda _: nest(6),
    )
    yield _file("nested.docx", "archives within archives, two deep", _PACKED, lambda _: nest(1))
    yield _file(
        "overlap.docx", "a thousand parts that share one bomb", _PACKED | _CORRUPT | failed("too_large"), _overlap
    )
    yield _file(
        "quine.docx",
        "an archive that holds itself",
        COMPLETED | _CORRUPT | failed("too_deeply_nested"),
        lambda _: docx(a=docx(a=docx(a=docx(a=docx())))),
    )


def _overlap(_stage: Stage) -> bytes:
    """Give every name of the directory the same place: what is stored once is unpacked a thousand times."""
    data = zip_zeros({f"word/{n:04}.xml": 1024**2 for n in range(1)})
    names = [f"word/{n:04}.xml" for n in range(1000)]
    start = data.index(b"PK\1\2")
    entry_at = data.rindex(b"PK\1\2")
    end = data.index(b"PK\5\6")
    entry = data[entry_at:end]
    listed = data[start:entry_at] + b"".join(entry.replace(b"word/0000.xml", name.encode()) for name in names)
    count = data[start:entry_at].count(b"PK\1\2") + len(names)
    return data[:start] + listed + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, len(listed), start, 0)


def _list_lies() -> Iterator[Hostile]:
    good = docx()
    either = COMPLETED | _CORRUPT
    entry = good.index(b"PK\1\2")
    yield _file(
        "lie.docx",
        "a size of 4 GiB in its directory",
        _PACKED | _CORRUPT,
        lambda _: _set(good, entry + 24, b"\xff\xff\xff\xfe"),
    )
    yield _file("lie.docx", "a packed size of 4 GiB", either, lambda _: _set(good, entry + 20, b"\xff\xff\xff\xfe"))
    yield _file(
        "lie.docx",
        "a part that is said to be encrypted",
        failed("unsupported_format"),
        lambda _: _set(good, entry + 8, b"\x01\x00"),
    )
    yield _file(
        "lie.docx", "a way of packing that nobody knows", _CORRUPT, lambda _: _set(good, entry + 10, b"\x63\x00")
    )
    yield _file("lie.docx", "a wrong checksum", _CORRUPT, lambda _: _set(good, entry + 16, b"\1\2\3\4"))
    yield _file(
        "lie.docx",
        "a directory far beyond its end",
        _CORRUPT,
        lambda _: _set(good, good.index(b"PK\5\6") + 16, b"\xff\xff\xff\x7f"),
    )
    yield _file(
        "lie.docx",
        "65,535 parts, of which four are there",
        either,
        lambda _: _set(good, good.index(b"PK\5\6") + 8, b"\xff\xff\xff\xff"),
    )
    yield _file("lie.docx", "no directory", _CORRUPT, lambda _: good[:entry])
    yield _file(
        "lie.docx",
        "names that lead out",
        either,
        lambda _: docx(**{"..__..__..__etc__passwd": b"x", "__tmp__escaped": b"x"}),
    )
    yield _file(
        "lie.docx", "names with NULs and line breaks", either, lambda _: docx(**{"a\nb\x00c": b"x", "\u202e": b"y"})
    )
    yield _file("lie.docx", "a part twice", either, lambda _: good[:entry] + good)
    yield _file(
        "lie.docx",
        "no document in it",
        _CORRUPT | refused("unsupported_format"),
        lambda _: office({"[Content_Types].xml": b"<a/>"}),
    )
    yield _file("lie.docx", "a link to a file for a part", either, _link)


def _set(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


def _link(stage: Stage) -> bytes:
    stream = io.BytesIO(docx())
    with zipfile.ZipFile(stream, "a") as archive:
        link = zipfile.ZipInfo("word/media/image1.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(stage.canary_picture))
    return stream.getvalue()


def _list_xml() -> Iterator[Hostile]:
    def reach(stage: Stage) -> bytes:
        entity = b'<!DOCTYPE l [<!ENTITY e SYSTEM "file://%s">]><l>&e;</l>' % str(stage.canary_file).encode()
        return docx(docProps__core_dot_xml=entity)

    yield _file(
        "laughs.docx", "a billion laughs about itself", _CORRUPT, lambda _: docx(docProps__core_dot_xml=_LAUGHS)
    )
    yield _file(
        "laughs.docx",
        "a billion laughs in its text",
        COMPLETED | _CORRUPT,
        lambda _: docx(word__document_dot_xml=_LAUGHS),
    )
    yield _file("reach.docx", "an entity of a file about itself", _CORRUPT, reach)
    yield _file(
        "deep.docx",
        "a million elements in one another",
        COMPLETED | _CORRUPT | failed("too_compressed"),
        lambda _: docx(docProps__core_dot_xml=b"<a>" * 1_000_000),
    )
    yield _file(
        "long.docx",
        "an attribute of 20 MiB",
        COMPLETED | _CORRUPT | failed("too_compressed"),
        lambda _: docx(docProps__app_dot_xml=b'<a b="' + b"x" * 20 * 1024**2 + b'"/>'),
    )
    yield _file(
        "bytes.docx", "no XML where XML should be", _CORRUPT, lambda _: docx(docProps__core_dot_xml=b"\xff\xfe\0\0")
    )
    yield _file(
        "code.docx",
        "XML of an encoding that nobody knows",
        COMPLETED | _CORRUPT,
        lambda _: docx(docProps__core_dot_xml=b'<?xml version="1.0" encoding="x-unknown"?><a/>'),
    )
    yield _file("refer.docx", "pictures of files and hosts", COMPLETED, refer)


def refer(stage: Stage) -> bytes:
    """Put a docx together that shows a picture of a file and one of a host."""
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
    targets = (f"file://{stage.canary_picture}", f"{stage.canary_url}/picture.png", str(stage.canary_picture))
    links = b"".join(
        b'<Relationship Id="rId%d" Type="%s" Target="%s" TargetMode="External"/>' % (number, kind, target.encode())
        for number, target in enumerate(targets, start=1)
    )
    schema = b"http://schemas.openxmlformats.org/package/2006/relationships"
    return docx(
        word___rels__document_dot_xml_dot_rels=b'<Relationships xmlns="%s">%s</Relationships>' % (schema, links)
    )


# --- OLE ---
def _list_ole() -> Iterator[Hostile]:
    turned_away = _CORRUPT | refused("unsupported_format")
    signature = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

    def ole(*, fat: int = 1, first: int = 0, mini: int = 0xFFFFFFFE, difat: int = 0xFFFFFFFE, shift: int = 9) -> bytes:
        head = signature + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, shift, 6) + bytes(6)
        head += struct.pack("<IIIIIIIIII", 0, fat, first, 0, 4096, mini, 1, difat, 1, 0)
        return (head + b"\xff\xff\xff\xff" * 109)[:512]

    loop = struct.pack("<I", 0) * 128
    name = "WordDocument".encode("utf-16-le")
    entry = (
        name.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(name) + 2, 2, 1, 0, 0, 0)
        + bytes(36)
        + struct.pack("<III", 0, 0xFFFFFFF0, 0)
    )
    yield _file("loop.doc", "a chain of sectors that bites its tail", turned_away, lambda _: ole() + loop + entry * 4)
    yield _file(
        "many.doc", "2^32 - 1 sectors of its table", turned_away, lambda _: ole(fat=0xFFFFFFFF) + loop + entry * 4
    )
    yield _file(
        "chain.doc",
        "a table of tables that names itself",
        turned_away,
        lambda _: ole(difat=0) + struct.pack("<I", 0) * 128 + entry * 4,
    )
    yield _file("shift.doc", "sectors of 2^65535 bytes", turned_away, lambda _: ole(shift=65_535) + loop + entry * 4)
    yield _file("head.xls", "a head and noise", turned_away, lambda _: ole() + bytes(range(256)) * 40)
    yield _file(
        "deep.rtf", "100,000 groups in one another", COMPLETED | turned_away, lambda _: b"{\\rtf1 " + b"{" * 100_000
    )
    yield _file(
        "object.rtf",
        "an object that is fetched",
        COMPLETED | turned_away,
        lambda s: b'{\\rtf1{\\field{\\*\\fldinst INCLUDEPICTURE "' + s.canary_url.encode() + b'"}}}',
    )
