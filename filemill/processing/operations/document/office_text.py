"""The text of an office document: LibreOffice shows it as a page of HTML or as a PDF, and that is read."""

from collections.abc import Mapping
from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE, extension_of
from filemill.processing.operations import office
from filemill.processing.operations.document import archives
from filemill.processing.operations.sealed_name import SealedName

_LOOKED: Final = 10.0
_SHOWN: Final = 80.0

read_office = SealedName("document.office", "read_office")
extract_pdf = SealedName("document.pdf_text", "extract_pdf")
extract_html = SealedName("document.extracting", "extract_html")

_SHOWN_AS: Final[Mapping[str, tuple[str, str, SealedName]]] = {
    "writer": ("html", "application/octet-stream", extract_html),
    "calc": ("html", "application/octet-stream", extract_html),
    "impress": ("pdf", PDF_TYPE, extract_pdf),
}
"""As what each part of LibreOffice shows a document, and what reads that: HTML keeps headings and tables, and of slides
there is none in one piece. The page of HTML goes nowhere else."""


def read_office_text(bench: Bench, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Write the text of an office document. `arguments` are those of every sealed reader of text.

    Raises InputError as `read_office` and the readers do.
    """
    kind = extension_of(bench.media_type)
    wanted = {
        "format": kind,
        **archives.arguments_of(bench.input_limits),
        "has_password": arguments["password"] is not None,
    }
    bench.call(read_office, wanted, share=(0.0, _LOOKED))
    ending, media_type, extract = _SHOWN_AS[office.MODULES[kind]]
    # A LibreOffice that was started ahead is of use to whoever gives it the same limits: those of document.convert.
    working = bench.derive(None, limits=office.OFFICE_LIMITS)
    with working.open_workspace(tool="soffice") as workspace:
        source = workspace.add(None, f"document.{kind}")
        office.save_as(working, workspace, source, f"shown.{ending}")
        shown = workspace.take(f"shown.{ending}", output_name=f"shown.{ending}", media_type=media_type)
    facts = bench.call(extract, {**arguments, "password": None}, source=shown, share=(_SHOWN, 100.0))
    bench.discard(shown)
    return {name: fact for name, fact in facts.items() if name != "encoding"}
