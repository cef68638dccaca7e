"""`document.read`: what a document holds: its facts, its text and, of a PDF, a picture of the first page."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench, Limits
from filemill.processing.media import PDF_TYPE, TEXT_TYPES, extension_of
from filemill.processing.operations.declaration import Operation, Options
from filemill.processing.operations.sealed_name import SealedName

_DOCUMENT_LIMITS: Final = Limits(
    memory_bytes=512 * 1024**2, cpu_seconds=600, wall_seconds=900.0, output_bytes=4 * 1024**3
)

read_text = SealedName("document.text", "read_text")
read_json = SealedName("document.json_document", "read_json")
read_csv = SealedName("document.csv_document", "read_csv")
read_pdf = SealedName("document.pdf", "read_pdf")

_READERS: Final[Mapping[str, SealedName]] = {
    "text/plain": read_text,
    "application/json": read_json,
    "text/csv": read_csv,
    "application/pdf": read_pdf,
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

    Raises InputError `corrupt_file`, `empty_file`, `password_required`, `too_many_pages`.
    """
    arguments = {**options.model_dump(), "max_pages": bench.input_limits.max_pages}
    facts = bench.call(_READERS[bench.media_type], arguments)
    return {"format": extension_of(bench.media_type), **facts}


OPERATION: Final = Operation(
    name="document.read",
    task_type="document",
    summary="Facts and text of a text, JSON, CSV or PDF, and a picture of a PDF's first page.",
    media_types=TEXT_TYPES | {PDF_TYPE},
    options=DocumentOptions,
    limits=_DOCUMENT_LIMITS,
    run=read,
    samples=("mill.pdf", "story.txt", "harvest.csv", "catalogue.json"),
)
