"""`document.extract_pages`: a PDF of some of the pages of another, in any order."""

from typing import Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PDF_LIMITS, arguments_of, cost_of, produces_pdf, stem_of
from filemill.processing.operations.page_ranges import PAGES_VALID, Pages, choose_pages
from filemill.processing.operations.planning import Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

extract_from_pdf = SealedName("document.pdf_pages", "extract_pages")


class ExtractPagesOptions(Options):
    """Which pages; without any option it is the first."""

    pages: Pages = Field(
        "1",
        description="The pages to take, in the order in which they are named; a page may come more than once.",
        examples=["2-3", "last-1", "1,1,2"],
        json_schema_extra={"x-valid": PAGES_VALID, "x-aliases": ["page_range"]},
    )
    remove: bool = Field(
        False,
        description="Leave these pages out instead, and take all others.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    password: Password | None = password_field()


def extract_pages(bench: Bench, options: ExtractPagesOptions) -> dict[str, Any]:
    """Give how many pages there are now and were. Raises InputError; OptionsError for absent pages."""
    arguments = {"name": f"{stem_of(bench)}-pages.pdf", "pages": options.pages, "remove": options.remove}
    return bench.call(extract_from_pdf, {**arguments, **arguments_of(bench, options.password)})


def plan(facts: Facts, options: ExtractPagesOptions) -> Planned:
    """Foresee the PDF of these pages; raises OptionsError for absent ones."""
    pages = None
    if facts.pages is not None:
        pages = len(choose_pages(options.pages, facts.pages, is_removal=options.remove))
    made = Facts(media_type=PDF_TYPE, pages=pages)
    return Planned(outputs=(PlannedOutput(name="*-pages.pdf", facts=made),), cost=cost_of(facts))


OPERATION: Final = Operation(
    name="document.extract_pages",
    task_type="document",
    summary="A PDF of some pages of another, in the order asked for, or of all but some.",
    details="""\
Forms, layers, links between the pages taken, and the entries of the outline that lead to them come along. Title, author
and the like are those of the source. The new document is not encrypted, even if the source was; attachments stay
behind.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=ExtractPagesOptions,
    limits=PDF_LIMITS,
    run=extract_pages,
    plan=plan,
    produces=produces_pdf,
    samples=("mill.pdf",),
    examples=(
        Example(options={"pages": "2-"}, shows="All but the cover."),
        Example(options={"pages": "last-1"}, shows="The pages in reverse order."),
        Example(options={"pages": "1", "remove": True}, shows="The same as the first, said the other way round."),
    ),
)
