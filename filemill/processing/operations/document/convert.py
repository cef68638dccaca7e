"""`document.convert`: an office document, HTML page, Markdown, CSV or text as a PDF, or in another office format."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from filemill.processing.bench import Bench, Output, Workspace
from filemill.processing.errors import OptionsError
from filemill.processing.media import MARKUP_TYPES, OFFICE_TYPES, PDF_TYPE, extension_of
from filemill.processing.operations import office
from filemill.processing.operations.declaration import Example, Operation, Options, RetryPolicy
from filemill.processing.operations.document import archives
from filemill.processing.operations.document.decrypting import open_decrypted
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.page_ranges import PAGES_VALID, Pages, resolve_pages
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

TargetFormat = Literal["pdf", "docx", "odt", "rtf", "txt", "xlsx", "ods", "csv", "pptx", "odp"]
PdfStandard = Literal["PDF/A-1b", "PDF/A-2b", "PDF/A-3b"]

_TARGETS: Final[Mapping[str, tuple[str, ...]]] = {
    "writer": ("pdf", "docx", "odt", "rtf", "txt"),
    "calc": ("pdf", "xlsx", "ods", "csv"),
    "impress": ("pdf", "pptx", "odp"),
}
"""What a document can become, by the part of LibreOffice that opens it."""
_MEDIA_TYPES: Final[Mapping[str, str]] = {
    **{extension_of(media_type): media_type for media_type in OFFICE_TYPES},
    "pdf": PDF_TYPE,
    "txt": "text/plain",
    "csv": "text/csv",
}
_STANDARDS: Final[Mapping[str, int]] = {"PDF/A-1b": 1, "PDF/A-2b": 2, "PDF/A-3b": 3}
"""LibreOffice's number of each."""
_WARNINGS: Final = ("has_macros", "external_references")
_BROUGHT: Final = 15.0
_CONVERTED: Final = 95.0
_SECONDS: Final = 1.5
_BYTES_PER_SECOND: Final = 1_000_000
_MEMORY_BYTES: Final = 400 * 1024**2

read_office = SealedName("document.office", "read_office")
probe_pdf = SealedName("document.pdf_probe", "probe_pdf")
_PREPARED: Final[Mapping[str, tuple[SealedName, str]]] = {
    "text/plain": (SealedName("document.convertible", "prepare_text"), "txt"),
    "text/html": (SealedName("document.convertible", "prepare_html"), "html"),
    "text/markdown": (SealedName("document.convertible", "prepare_markdown"), "html"),
    "text/csv": (SealedName("document.convertible", "prepare_csv"), "xlsx"),
}
"""What makes of a text a file that LibreOffice need not guess at, and that file's ending."""


def _read_standard(value: Any) -> Any:
    """Take `2b` and `pdfa-2b` for PDF/A-2b."""
    if not isinstance(value, str):
        return value
    short = value.lower().removeprefix("pdf/a").removeprefix("pdfa").lstrip("-")
    return next((known for known in _STANDARDS if known.lower().endswith(f"-{short}")), value)


class ConvertOptions(Options):
    """What can be asked of a conversion; without any option it gives a PDF."""

    format: TargetFormat = Field(
        "pdf",
        description="What to make: pdf of any document; docx, odt, rtf or txt of a text; xlsx, ods or csv (the first "
        "sheet) of a workbook; pptx or odp of slides.",
        examples=["pdf", "docx"],
        json_schema_extra={"x-valid": "one of pdf, docx, odt, rtf, txt, xlsx, ods, csv, pptx, odp"},
    )
    pages: Pages | None = Field(
        None,
        description="The pages of the PDF to keep. Left out, it is all of them.",
        examples=["1-3"],
        json_schema_extra={"x-valid": PAGES_VALID},
    )
    pdfa: Annotated[PdfStandard, BeforeValidator(_read_standard, json_schema_input_type=str)] | None = Field(
        None,
        description="Make a PDF for archives, by that part of the standard: fonts are embedded, and what would act or "
        "change is left out.",
        examples=["PDF/A-2b", "3b"],
        json_schema_extra={"x-valid": "one of PDF/A-1b, PDF/A-2b, PDF/A-3b"},
    )
    pdfua: bool = Field(
        False,
        description="Tag the PDF so that screen readers find its headings, lists and tables (PDF/UA).",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    quality: Annotated[int, Field(ge=1, le=100)] = Field(
        90,
        description="Quality of the JPEG pictures in the PDF.",
        examples=[75],
        json_schema_extra={"x-valid": "a whole number from 1 to 100"},
    )
    image_dpi: Literal[75, 150, 300, 600, 1200] = Field(
        300,
        description="Pictures with more dots per inch are scaled down to so many in the PDF.",
        examples=[150],
        json_schema_extra={"x-valid": "one of 75, 150, 300, 600, 1200"},
    )
    notes: bool = Field(
        False,
        description="Put comments into the PDF as notes.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    password: Password | None = password_field()


def convert(bench: Bench, options: ConvertOptions) -> dict[str, Any]:
    """Give the formats, the pages of a PDF, and what was found in the document; the converted document is the output.

    Raises InputError `corrupt_file`, `empty_file`, `password_required`, `wrong_password`, `unsupported_format`,
    `too_compressed`, `too_large`, `too_deeply_nested`, `too_many_pages`; OptionsError for a format or pages that there
    can't be.
    """
    _refuse_format(extension_of(bench.media_type), options)
    with open_decrypted(bench, options.password) as opened:
        _refuse_format(extension_of(opened.media_type), options)
        return _convert(opened, options)


def _convert(bench: Bench, options: ConvertOptions) -> dict[str, Any]:
    kind = extension_of(bench.media_type)
    found = _look_into(bench, kind, has_password=options.password is not None)
    settings = _settings_of(options)
    output, facts = _make(bench, kind, options, settings)
    if options.pages is not None:
        # Converted anew, now that their number is known: pages taken out of a finished PDF might break its standard.
        numbers = resolve_pages(options.pages, facts["pages"])
        bench.discard(output)
        output, facts = _make(bench, kind, options, {**settings, "PageRange": ",".join(map(str, numbers))})
    output.facts.update({name: fact for name, fact in facts.items() if name not in _WARNINGS})
    return {"format": options.format, "source_format": kind, **facts, **found}


def _look_into(bench: Bench, kind: str, *, has_password: bool) -> dict[str, Any]:
    """Refuse what is damaged, locked or a bomb before LibreOffice sees it, and tell what is worth a warning."""
    if bench.media_type in _PREPARED:
        return {}
    wanted = {
        "format": kind,
        **archives.arguments_of(bench.input_limits),
        "has_password": has_password,
    }
    facts = bench.call(read_office, wanted, share=(0.0, 10.0))
    return {name: facts[name] for name in _WARNINGS if name in facts}


def _make(
    bench: Bench, kind: str, options: ConvertOptions, settings: Mapping[str, Any]
) -> tuple[Output, dict[str, Any]]:
    """Convert in a workspace of its own, with a profile of its own; return the output and what it is."""
    target = f"converted.{options.format}"
    with bench.open_workspace(tool="soffice") as workspace:
        source, found = _bring(bench, workspace, kind)
        bench.progress(_BROUGHT, "Converting")
        office.save_as(bench, workspace, source, target, settings=settings)
        name = f"{name_stem(bench.file_name, fallback='document')}.{options.format}"
        output = workspace.take(target, output_name=name, media_type=_MEDIA_TYPES[options.format])
    if options.format != "pdf":
        return output, {}
    facts = bench.call(probe_pdf, {"max_pages": bench.input_limits.max_pages}, source=output, share=(_CONVERTED, 100.0))
    return output, {**found, "pages": facts["pages"], "page_size": facts["page_size"]}


def _bring(bench: Bench, workspace: Workspace, kind: str) -> tuple[str, dict[str, Any]]:
    """Put the document into the workspace, made plain where it is a text; return its name there, and what was found."""
    if bench.media_type not in _PREPARED:
        return workspace.add(None, f"document.{kind}"), {}
    prepare, ending = _PREPARED[bench.media_type]
    wanted = {"name": f"prepared.{ending}", "max_nesting": bench.input_limits.max_nesting}
    facts = bench.call(prepare, wanted, share=(0.0, _BROUGHT))
    prepared = bench.outputs[-1]
    name = workspace.add(prepared, f"document.{ending}")
    bench.discard(prepared)
    return name, {warning: facts[warning] for warning in _WARNINGS if warning in facts}


def _settings_of(options: ConvertOptions) -> dict[str, Any]:
    if options.format != "pdf":
        return {}
    standard = {"SelectPdfVersion": _STANDARDS[options.pdfa]} if options.pdfa else {}
    return {
        **standard,
        "PDFUACompliance": options.pdfua,
        "Quality": options.quality,
        "ReduceImageResolution": True,
        "MaxImageResolution": options.image_dpi,
        "ExportNotes": options.notes,
    }


def _refuse_format(kind: str, options: ConvertOptions) -> None:
    targets = _TARGETS[office.MODULES[kind]]
    if options.format not in targets:
        message = f"format: a {kind} can become {', '.join(targets)}, and no {options.format}."
        raise OptionsError(message, code="invalid_options")
    if options.format != "pdf" and options.pages is not None:
        message = f"pages are a PDF's: leave them out for {options.format}."
        raise OptionsError(message, code="invalid_options")


def plan(facts: Facts, options: ConvertOptions) -> Planned:
    """Foresee the converted document; raises OptionsError for a format that it can't become."""
    _refuse_format(extension_of(facts.media_type), options)
    output = PlannedOutput(name=f"*.{options.format}", facts=Facts(media_type=_MEDIA_TYPES[options.format]))
    times = 2 if options.pages is not None else 1
    seconds = times * (_SECONDS + (facts.size or 0) / _BYTES_PER_SECOND)
    return Planned(outputs=(output,), cost=Cost(cpu_seconds=seconds, memory_bytes=_MEMORY_BYTES))


def _needs(media_type: str, _options: ConvertOptions) -> tuple[str, ...]:
    return office.needs_of(media_type)


def _produces(_media_type: str, options: ConvertOptions) -> str:
    return _MEDIA_TYPES[options.format]


OPERATION: Final = Operation(
    name="document.convert",
    task_type="document",
    summary="An office document, HTML page, Markdown, CSV or text as a PDF, or in another office format.",
    details="""\
LibreOffice opens the document and saves it as `STEM.pdf`, or as what `format` says. It has no network and no other
file, runs no macro and loads nothing that the document refers to: a picture from elsewhere is missing in the PDF, and
a link that computes keeps the value it was saved with. `external_references` and `has_macros` in the result say that
there was such a thing.

The layout is LibreOffice's: fonts that are not installed are replaced by others, which can move lines and pages. A
workbook is printed as its own page settings say. CSV becomes one sheet, as wide as a page, of texts and numbers;
Markdown is CommonMark with tables, and HTML in it is shown as it is written. HTML is laid out as a text document, so
that modern style sheets have little effect; scripts, frames and pictures that are not in the page itself are left out.

`password` opens what Office has encrypted: docx, xlsx and pptx, doc and ppt by RC4, and xls by RC4 or XOR (a ppt only
without pictures, which can't be decrypted). An OpenDocument file with a password can't be opened. The result has no
password.

Needs LibreOffice (`apt-get install libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui`).
""",
    media_types=OFFICE_TYPES | MARKUP_TYPES | {"text/plain", "text/csv"},
    options=ConvertOptions,
    limits=office.OFFICE_LIMITS,
    retry=RetryPolicy(patience=2.0),
    run=convert,
    plan=plan,
    produces=_produces,
    needs=_needs,
    tools=("soffice",),
    samples=("report.docx", "harvest.csv", "story.txt"),
    examples=(
        Example(options={}, shows="A PDF of the whole document."),
        Example(options={"pdfa": "PDF/A-2b", "pages": "1"}, shows="The first page as a PDF for archives."),
        Example(options={"format": "odt"}, shows="The letter as an OpenDocument text."),
    ),
)
