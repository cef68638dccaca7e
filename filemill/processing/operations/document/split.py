"""`document.split`: a PDF taken apart into several."""

from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import (
    MAX_PARTS,
    PDF_LIMITS,
    arguments_of,
    cost_of,
    produces_pdf,
    stem_of,
)
from filemill.processing.operations.page_ranges import (
    PAGES_VALID,
    Pages,
    Part,
    SplitMode,
    refuse_many_parts,
    split_pages,
)
from filemill.processing.operations.planning import Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

split_pdf = SealedName("document.pdf_pages", "split")


class SplitOptions(Options):
    """Where the document is taken apart; without any option every page becomes a document."""

    mode: SplitMode = Field(
        "intervals",
        description="intervals splits after every `span` pages; pages makes a document of each page and each range "
        "that `pages` names.",
        examples=["pages"],
        json_schema_extra={"x-valid": "intervals or pages", "x-aliases": ["splitMode"]},
    )
    span: Annotated[int, Field(ge=1, le=100_000)] = Field(
        1,
        description="With intervals: how many pages each document has; the last may have fewer.",
        examples=[10],
        json_schema_extra={"x-valid": "a whole number from 1 to 100000", "x-aliases": ["splitSpan"]},
    )
    pages: Pages | None = Field(
        None,
        description="With pages: the pages and ranges, each of which becomes a document. Left out, all pages are one.",
        examples=["1-3,4-"],
        json_schema_extra={"x-valid": PAGES_VALID},
    )
    unify: bool = Field(
        False,
        description="With pages: put all that `pages` names into one document.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false", "x-aliases": ["splitUnify"]},
    )
    password: Password | None = password_field()


def split(bench: Bench, options: SplitOptions) -> dict[str, Any]:
    """Give the pages and how many documents there are now.

    Raises InputError; OptionsError for absent pages or too many documents.
    """
    arguments = {**options.model_dump(include={"mode", "span", "pages", "unify"}), "max_parts": MAX_PARTS}
    return bench.call(split_pdf, {**arguments, "stem": stem_of(bench), **arguments_of(bench, options.password)})


def plan(facts: Facts, options: SplitOptions) -> Planned:
    """Foresee the documents; raises OptionsError for absent pages or too many documents."""
    if facts.pages is None:
        parts = [Part((), "", "pages-*")]
    else:
        parts = split_pages(
            facts.pages, mode=options.mode, span=options.span, pages=options.pages, is_unified=options.unify
        )
    refuse_many_parts(len(parts), MAX_PARTS)
    outputs = tuple(
        PlannedOutput(name=f"*-{part.name}.pdf", facts=Facts(media_type=PDF_TYPE, pages=len(part.numbers) or None))
        for part in parts
    )
    return Planned(outputs=outputs, cost=cost_of(facts))


OPERATION: Final = Operation(
    name="document.split",
    task_type="document",
    summary="A PDF taken apart: after every so many pages, or into the ranges asked for.",
    details="""\
The documents are called `STEM-pages-1-3.pdf`, or `STEM-page-4.pdf` for a single page; unified, `STEM-pages.pdf`.
Forms, layers and links between the pages of a part come along, and up to 50 parts the entries of the outline that lead
to them. The new documents are not encrypted, even if the source was; attachments stay behind.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=SplitOptions,
    limits=PDF_LIMITS,
    run=split,
    plan=plan,
    produces=produces_pdf,
    samples=("mill.pdf",),
    examples=(
        Example(options={}, shows="A document for each page."),
        Example(options={"span": 2}, shows="Documents of two pages."),
        Example(options={"mode": "pages", "pages": "1,2-"}, shows="The cover, and the rest."),
    ),
)
