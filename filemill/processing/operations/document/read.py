"""`document.read`: what a document holds: its facts, its text and, of a PDF, a picture of the first page."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench, Limits
from filemill.processing.media import MARKUP_TYPES, OFFICE_TYPES, PDF_TYPE, TEXT_TYPES, extension_of
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document import archives
from filemill.processing.operations.document.page_sizes import plan_preview
from filemill.processing.operations.document.pdfs import PAGE_CPU_SECONDS
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

_DOCUMENT_LIMITS: Final = Limits(
    memory_bytes=512 * 1024**2,
    cpu_seconds=600,
    silent_cpu_seconds=PAGE_CPU_SECONDS,
    wall_seconds=900.0,
    output_bytes=4 * 1024**3,
)
_SECONDS_PER_PAGE: Final = 0.02
_SECONDS_PER_PIXEL: Final = 6e-8
_BYTES_PER_SECOND: Final[Mapping[str, int]] = {"application/json": 8_000_000}
_BYTES_PER_SECOND_ELSE: Final = 40_000_000
_LEAST_MEMORY_BYTES: Final = 96 * 1024**2
_MEMORY_PER_PIXEL: Final = 8

read_text = SealedName("document.text", "read_text")
read_json = SealedName("document.json_document", "read_json")
read_csv = SealedName("document.csv_document", "read_csv")
read_pdf = SealedName("document.pdf", "read_pdf")
read_office = SealedName("document.office", "read_office")

_READERS: Final[Mapping[str, SealedName]] = {
    "text/plain": read_text,
    "application/json": read_json,
    "text/csv": read_csv,
    "text/html": read_text,
    "text/markdown": read_text,
    "application/pdf": read_pdf,
    **dict.fromkeys(OFFICE_TYPES, read_office),
}


class DocumentOptions(Options):
    """What can be asked of a document; an option that does not fit its kind has no effect."""

    text: bool = Field(
        True,
        description="Give the document's text as the output text.txt, in UTF-8; the pages of a PDF end with a form "
        "feed.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    preview: bool = Field(
        True,
        description="Give a picture of a PDF's first page as the output page-1.jpg.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    preview_rows: Annotated[int, Field(ge=0, le=100)] = Field(
        10,
        description="How many rows of a CSV the result shows.",
        examples=[10],
        json_schema_extra={"x-valid": "a whole number from 0 to 100"},
    )
    dpi: Annotated[int, Field(ge=36, le=300)] = Field(
        110,
        description="Resolution of the page's picture in dots per inch.",
        examples=[110],
        json_schema_extra={"x-valid": "a whole number from 36 to 300"},
    )


def read(bench: Bench, options: DocumentOptions) -> dict[str, Any]:
    """Give the document's facts; which, depends on its kind.

    Raises InputError `corrupt_file`, `empty_file`, `password_required`, `too_many_pages`, `too_compressed`,
    `too_large`, `too_many_pixels`, `too_deeply_nested`.
    """
    kind = extension_of(bench.media_type)
    arguments = {
        **options.model_dump(),
        "format": kind,
        "max_pages": bench.input_limits.max_pages,
        **archives.arguments_of(bench.input_limits),
        "max_nesting": bench.input_limits.max_nesting,
    }
    facts = bench.call(_READERS[bench.media_type], arguments)
    return {"format": kind, **facts}


def plan(facts: Facts, options: DocumentOptions) -> Planned:
    """Foresee the picture of a PDF's first page and the text; an office document gives facts alone."""
    picture = _foresee_preview(facts, options)
    outputs = [picture] if picture else []
    if options.text and facts.media_type not in OFFICE_TYPES:
        outputs.append(PlannedOutput(name="text.txt", facts=Facts(media_type="text/plain", pages=facts.pages)))
    pixels = (picture.facts.width or 0) * (picture.facts.height or 0) if picture else 0
    if facts.media_type == PDF_TYPE:
        seconds = (facts.pages or 1) * _SECONDS_PER_PAGE + pixels * _SECONDS_PER_PIXEL
    else:
        seconds = (facts.size or 0) / _BYTES_PER_SECOND.get(facts.media_type, _BYTES_PER_SECOND_ELSE)
    memory = _LEAST_MEMORY_BYTES + pixels * _MEMORY_PER_PIXEL
    return Planned(outputs=tuple(outputs), cost=Cost(cpu_seconds=0.05 + seconds, memory_bytes=memory))


def _foresee_preview(facts: Facts, options: DocumentOptions) -> PlannedOutput | None:
    if facts.media_type != PDF_TYPE or not options.preview:
        return None
    size = facts.more.get("page_size")
    drawing = plan_preview(size["width"], size["height"], dpi=options.dpi) if size else None
    made = Facts(
        media_type="image/jpeg",
        width=drawing.width if drawing else None,
        height=drawing.height if drawing else None,
    )
    return PlannedOutput(name="page-1.jpg", facts=made)


OPERATION: Final = Operation(
    name="document.read",
    task_type="document",
    summary="Facts and text of a document, and a picture of a PDF's first page.",
    details="""\
What is told depends on the kind. A PDF gives pages, page size, metadata, text and the picture; a text, Markdown, HTML
(as it stands, with its tags) or CSV its encoding, counts and itself in UTF-8; JSON what it holds.

An office document (docx, xlsx, pptx, odt, ods, odp, doc, xls, ppt, rtf) gives the metadata that it carries, its sheets
or slides, and `claimed_pages`: what the program that wrote it counted, which no one has counted again. `has_macros`,
`external_references` and `inner_archives` tell of what is there and is never run, fetched or opened. Its text comes
from `document.text`, and a PDF of it from `document.convert`.
""",
    media_types=TEXT_TYPES | MARKUP_TYPES | OFFICE_TYPES | {PDF_TYPE},
    options=DocumentOptions,
    limits=_DOCUMENT_LIMITS,
    run=read,
    plan=plan,
    samples=("mill.pdf", "story.txt", "harvest.csv", "catalogue.json"),
    examples=(
        Example(options={}, shows="The facts and text of a PDF, and a picture of its first page."),
        Example(options={"dpi": 200, "text": False}, shows="Its facts and a sharper picture, without the text."),
        Example(
            options={"preview_rows": 3, "text": False},
            shows="The facts of a CSV and its first three rows, without an output.",
            sample="harvest.csv",
        ),
    ),
)
