"""Sealed: the facts of a PDF: its pages and their sizes, fonts, forms, outline, protection, and what it could do."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium

from filemill.processing.bench import SealedCall
from filemill.processing.operations.sealed.document.pdf_attachments import find_files
from filemill.processing.operations.sealed.document.pdf_changes import is_repaired
from filemill.processing.operations.sealed.document.pdf_metadata import describe_metadata
from filemill.processing.operations.sealed.document.pdf_probe import read_version
from filemill.processing.operations.sealed.document.pdfium import open_pdf, read_page_text, refuse_many_pages
from filemill.processing.operations.sealed.document.qpdf import open_input
from filemill.processing.operations.sealed.opening import refuse_empty

_MAX_SIZES_TOLD: Final = 20
_MAX_FONTS_TOLD: Final = 200
_MAX_OUTLINE_TOLD: Final = 500
_MAX_FILES_TOLD: Final = 100
_MAX_CHARACTERS: Final = 200
_MAX_DEPTH: Final = 12
_FONT_FILES: Final = ("/FontFile", "/FontFile2", "/FontFile3")
_SCRIPT: Final = b"/S /JavaScript"
_FORMS: Final = {
    pdfium.FORMTYPE_NONE: None,
    pdfium.FORMTYPE_ACRO_FORM: "acroform",
    pdfium.FORMTYPE_XFA_FULL: "xfa",
    pdfium.FORMTYPE_XFA_FOREGROUND: "xfa",
}


def describe_pdf(call: SealedCall) -> dict[str, Any]:
    """Give all facts. Arguments: `password`, `max_pages`. Raises InputError as every reading of a PDF does."""
    refuse_empty(call)
    with open_pdf(call, call.arguments["password"]) as document:
        refuse_many_pages(len(document), call.arguments["max_pages"])
        facts = _describe_pages(document, call)
    with open_input(call) as pdf:
        return {**facts, **_describe_structure(pdf), "is_repaired": is_repaired(pdf)}


def _describe_pages(document: pypdfium2.PdfDocument, call: SealedCall) -> dict[str, Any]:
    total = len(document)
    sizes: Counter[tuple[float, float]] = Counter()
    with_text, unreadable = 0, 0
    for index in range(total):
        try:
            width, height = document.get_page_size(index)
            sizes[round(width, 1), round(height, 1)] += 1
            with_text += bool(read_page_text(document, index).strip())
        except pypdfium2.PdfiumError:
            unreadable += 1
        call.progress((index + 1) / total, f"Page {index + 1} of {total}")
    told = [
        {"width": width, "height": height, "pages": count}
        for (width, height), count in sizes.most_common(_MAX_SIZES_TOLD)
    ]
    return {
        "pages": total,
        "page_sizes": told,
        "pdf_version": read_version(document),
        "has_text": with_text > 0,
        "pages_with_text": with_text,
        "unreadable_pages": unreadable,
        "form": _FORMS.get(document.get_formtype(), "other"),
        "outline": list(islice(_list_outline(document), _MAX_OUTLINE_TOLD)),
    }


def _list_outline(document: pypdfium2.PdfDocument) -> Iterator[dict[str, Any]]:
    for entry in document.get_toc(max_depth=_MAX_DEPTH):
        destination = entry.get_dest()
        index = destination.get_index() if destination else None
        yield {
            "title": entry.get_title()[:_MAX_CHARACTERS],
            "level": entry.level + 1,
            "page": index + 1 if index is not None else None,
        }


def _describe_structure(pdf: pikepdf.Pdf) -> dict[str, Any]:
    fonts = sorted(_list_fonts(pdf).items())[:_MAX_FONTS_TOLD]
    files = [carried.describe() for carried in islice(find_files(pdf), _MAX_FILES_TOLD)]
    return {
        **describe_metadata(pdf),
        "is_encrypted": pdf.is_encrypted,
        **({"encryption": _describe_encryption(pdf)} if pdf.is_encrypted else {}),
        "is_linearized": pdf.is_linearized,
        "is_tagged": _is_tagged(pdf),
        "has_javascript": _has_javascript(pdf),
        "fields": len(pdf.acroform.fields) if pdf.acroform.exists else 0,
        "fonts": [{"name": name, "type": kind, "is_embedded": embedded} for (name, kind), embedded in fonts],
        "attachments": files,
    }


def _describe_encryption(pdf: pikepdf.Pdf) -> dict[str, Any]:
    allowed = pdf.allow
    return {
        "bits": pdf.encryption.bits,
        "revision": pdf.encryption.R,
        "allow_printing": allowed.print_lowres,
        "allow_copying": allowed.extract,
        "allow_modifying": allowed.modify_other,
        "allow_annotating": allowed.modify_annotation,
        "allow_filling_forms": allowed.modify_form,
        "allow_assembling": allowed.modify_assembly,
    }


def _is_tagged(pdf: pikepdf.Pdf) -> bool:
    marks: Any = pdf.Root.get("/MarkInfo")
    marked: Any = marks.get("/Marked") if isinstance(marks, pikepdf.Dictionary) else None
    return marked is True


def _has_javascript(pdf: pikepdf.Pdf) -> bool:
    """Look for actions that run scripts among all objects, wherever they hang."""
    return any(
        isinstance(thing, pikepdf.Dictionary) and _SCRIPT in thing.unparse(resolved=True) for thing in pdf.objects
    )


def _list_fonts(pdf: pikepdf.Pdf) -> dict[tuple[str, str], bool]:
    """Name the fonts among all objects, with their kind, and whether each is carried along."""
    fonts: dict[tuple[str, str], bool] = {}
    for thing in pdf.objects:
        if not isinstance(thing, pikepdf.Dictionary) or thing.get("/Type") != "/Font":
            continue
        kind, name = str(thing.get("/Subtype", "")), str(thing.get("/BaseFont", ""))
        if kind.startswith("/CIDFont") or not name:
            continue  # a part of another font, or one whose letters are drawn on the spot
        key = (name.removeprefix("/")[:_MAX_CHARACTERS], kind.removeprefix("/")[:_MAX_CHARACTERS])
        fonts[key] = fonts.get(key, True) and _is_embedded(thing)
    return fonts


def _is_embedded(font: pikepdf.Dictionary) -> bool:
    descendants: Any = font.get("/DescendantFonts")
    holder: Any = descendants[0] if isinstance(descendants, pikepdf.Array) and len(descendants) else font
    descriptor = holder.get("/FontDescriptor") if isinstance(holder, pikepdf.Dictionary) else None
    return isinstance(descriptor, pikepdf.Dictionary) and any(key in descriptor for key in _FONT_FILES)
