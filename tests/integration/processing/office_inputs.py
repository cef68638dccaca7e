"""Office documents made on the spot, small and whole, and such as would reach out or go off."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT = "application/vnd.openxmlformats-officedocument"
_CORE = (
    '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>{title}</dc:title>'
    "<dc:creator>The miller</dc:creator>"
    '<dcterms:created xsi:type="dcterms:W3CDTF">2026-08-01T10:00:00Z</dcterms:created></cp:coreProperties>'
)


def make_zip(path: Path, members: Mapping[str, str | bytes], *, stored: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            kind = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, compress_type=kind)
    return path


def _relate(*relations: tuple[str, str, str, bool]) -> str:
    listed = "".join(
        f'<Relationship Id="{identity}" Type="{kind}" Target="{escape(target)}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if is_external else ''}/>"
        for identity, kind, target, is_external in relations
    )
    return f'<?xml version="1.0"?><Relationships xmlns="{_RELS}">{listed}</Relationships>'


def make_docx(
    path: Path,
    paragraphs: list[str],
    *,
    title: str = "A letter",
    body: str = "",
    relations: tuple[tuple[str, str, str, bool], ...] = (),
    more: Mapping[str, str | bytes] | None = None,
) -> Path:
    """Write a letter; `body` is WordprocessingML behind the paragraphs, `relations` (id, kind, target, external)."""
    text = "".join(f"<w:p><w:r><w:t>{escape(paragraph)}</w:t></w:r></w:p>" for paragraph in paragraphs)
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": '<?xml version="1.0"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_CONTENT}.wordprocessingml.document.main+xml"/>'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>',
        "_rels/.rels": _relate(
            ("rId1", f"{_OFFICE_RELS}/officeDocument", "word/document.xml", False),
            (
                "rId2",
                "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties",
                "docProps/core.xml",
                False,
            ),
        ),
        "docProps/core.xml": f'<?xml version="1.0"?>{_CORE.format(title=escape(title))}',
        "word/document.xml": f'<?xml version="1.0"?><w:document xmlns:w="{_W}" xmlns:r="{_OFFICE_RELS}">'
        f"<w:body>{text}{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": _relate(
            *(
                (identity, f"{_OFFICE_RELS}/{kind}", target, is_external)
                for identity, kind, target, is_external in relations
            )
        ),
        **(more or {}),
    }
    return make_zip(path, members)


def make_xlsx(path: Path, rows: list[list[str | int | float]], *, formula: str = "") -> Path:
    """Write a workbook with one sheet, its texts inline; `formula` goes into a row of its own."""
    lines: list[list[str | int | float]] = [*rows, ["=" + formula]] if formula else rows
    cells = "".join(f"<row>{''.join(_cell(value) for value in row)}</row>" for row in lines)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return make_zip(
        path,
        {
            "[Content_Types].xml": '<?xml version="1.0"?>'
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.spreadsheetml.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_CONTENT}.spreadsheetml.worksheet+xml"/>'
            "</Types>",
            "_rels/.rels": _relate(("rId1", f"{_OFFICE_RELS}/officeDocument", "xl/workbook.xml", False)),
            "xl/workbook.xml": f'<?xml version="1.0"?><workbook xmlns="{main}" xmlns:r="{_OFFICE_RELS}"><sheets>'
            '<sheet name="Harvest" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": _relate(
                ("rId1", f"{_OFFICE_RELS}/worksheet", "worksheets/sheet1.xml", False)
            ),
            "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?><worksheet xmlns="{main}"><sheetData>{cells}</sheetData>'
            "</worksheet>",
        },
    )


def _cell(value: str | float) -> str:
    if isinstance(value, str) and value.startswith("="):
        return f"<c><f>{escape(value[1:])}</f></c>"
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


_ODF_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{long}:1.0"'
    for short, long in (
        *(("office", "office"), ("text", "text"), ("draw", "drawing"), ("manifest", "manifest"), ("table", "table")),
        *(("svg", "svg-compatible"), ("style", "style"), ("presentation", "presentation"), ("meta", "meta")),
    )
)
_ODF_NAMES += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def make_odf(
    path: Path,
    kind: str,
    body: str,
    *,
    manifest: str = "",
    before: str = "",
    more: Mapping[str, str | bytes] | None = None,
) -> Path:
    """Write a text, spreadsheet or presentation (`kind`) whose `office:{kind}` holds `body`; `before` comes first."""
    listed = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>' for name in more or {}
    )
    media_type = f"application/vnd.oasis.opendocument.{kind}"
    return make_zip(
        path,
        {
            "mimetype": media_type,
            "content.xml": f'<?xml version="1.0"?><office:document-content {_ODF_NAMES} office:version="1.3">'
            f"{before}<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>",
            "meta.xml": f'<?xml version="1.0"?><office:document-meta {_ODF_NAMES} office:version="1.3"><office:meta>'
            '<dc:title>A letter</dc:title><meta:document-statistic meta:page-count="7"/>'
            "</office:meta></office:document-meta>",
            "META-INF/manifest.xml": f'<?xml version="1.0"?><manifest:manifest {_ODF_NAMES} manifest:version="1.3">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{media_type}"/>'
            f'<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml">{manifest}'
            '</manifest:file-entry><manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/>'
            f"{listed}</manifest:manifest>",
            **(more or {}),
        },
        stored=("mimetype",),
    )


def make_odt(
    path: Path,
    paragraphs: list[str],
    *,
    body: str = "",
    before: str = "",
    more: Mapping[str, str | bytes] | None = None,
) -> Path:
    text = "".join(f"<text:p>{escape(paragraph)}</text:p>" for paragraph in paragraphs)
    return make_odf(path, "text", text + body, before=before, more=more)


def nest(depth: int) -> bytes:
    """Give a zip in a zip in a zip, `depth` deep."""
    content = b"words"
    for _ in range(depth):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("inner.zip", content)
        content = file.getvalue()
    return content
