"""`document.describe`: the facts of a document, and nothing else."""

from collections.abc import Mapping
from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import MARKUP_TYPES, OFFICE_TYPES, PDF_TYPE, TEXT_TYPES, extension_of
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document import archives
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PDF_LIMITS, cost_of
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.sealed_name import SealedName

describe_pdf = SealedName("document.pdf_describe", "describe_pdf")

_READERS: Final[Mapping[str, SealedName]] = {
    PDF_TYPE: describe_pdf,
    "application/json": SealedName("document.json_document", "read_json"),
    "text/csv": SealedName("document.csv_document", "read_csv"),
    **dict.fromkeys(("text/plain", *MARKUP_TYPES), SealedName("document.text", "read_text")),
    **dict.fromkeys(OFFICE_TYPES, SealedName("document.office", "read_office")),
}


class DescribeOptions(Options):
    """There is nothing to choose but what opens the document."""

    password: Password | None = password_field()


def describe(bench: Bench, options: DescribeOptions) -> dict[str, Any]:
    """Give the document's facts; which, depends on its kind.

    Raises InputError `corrupt_file`, `empty_file`, `password_required`, `wrong_password`, `too_many_pages`,
    `too_compressed`, `too_large`, `too_many_pixels`, `too_deeply_nested`.
    """
    kind = extension_of(bench.media_type)
    limits = bench.input_limits
    facts = bench.call(
        _READERS[bench.media_type],
        {
            "format": kind,
            "text": False,
            "preview_rows": 0,
            "password": options.password,
            "max_pages": limits.max_pages,
            **archives.arguments_of(limits),
            "max_nesting": limits.max_nesting,
        },
    )
    facts.pop("preview", None)
    return {"format": kind, "size": bench.source_size, **facts}


def plan(facts: Facts, _options: DescribeOptions) -> Planned:
    """There are only facts."""
    return Planned(outputs=(), cost=cost_of(facts))


OPERATION: Final = Operation(
    name="document.describe",
    task_type="document",
    summary="The facts of a document: pages and sizes, metadata, fonts, forms, outline, protection; no output.",
    details="""\
Of a PDF: `pages`, `page_sizes` in points with how many pages have each, `pdf_version`, whether it has text and on how
many pages, `fonts` with whether the document carries them, `form` (acroform or xfa) and its number of `fields`,
`outline`, `attachments`, `metadata` and `xmp`, `is_encrypted` with what is allowed, `is_linearized`, `is_tagged`,
`has_javascript`. Of a text, CSV, JSON or office document the facts that `document.read` tells, without any text of it.
""",
    media_types=TEXT_TYPES | MARKUP_TYPES | OFFICE_TYPES | {PDF_TYPE},
    options=DescribeOptions,
    limits=PDF_LIMITS,
    run=describe,
    plan=plan,
    samples=("mill.pdf", "harvest.csv", "catalogue.json", "story.txt"),
    examples=(Example(options={}, shows="All facts."),),
)
