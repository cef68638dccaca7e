"""`document.rotate`: a PDF with pages turned."""

from typing import Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import (
    PDF_LIMITS,
    arguments_of,
    cost_of,
    produces_pdf,
    stem_of,
)
from filemill.processing.operations.page_ranges import PAGES_VALID, Pages, resolve_each_once
from filemill.processing.operations.planning import Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

rotate_pages = SealedName("document.pdf_changes", "rotate")


class RotateOptions(Options):
    """How pages are turned; without any option all of them, by a quarter turn to the right."""

    angle: Literal[90, 180, 270, -90, -180, -270] = Field(
        90,
        description="By how many degrees the pages are turned to the right, on top of how they lie now; less than 0 is "
        "to the left.",
        examples=[90, -90],
        json_schema_extra={"x-valid": "one of 90, 180, 270, -90, -180, -270", "x-aliases": ["rotateAngle"]},
    )
    pages: Pages | None = Field(
        None,
        description="The pages to turn. Left out, it is all of them.",
        examples=["1", "2,5-"],
        json_schema_extra={"x-valid": PAGES_VALID, "x-aliases": ["rotatePages"]},
    )
    password: Password | None = password_field()


def rotate(bench: Bench, options: RotateOptions) -> dict[str, Any]:
    """Give how many pages were turned. Raises InputError; OptionsError for pages that the document lacks."""
    name = f"{stem_of(bench)}-rotated.pdf"
    arguments = {"name": name, "angle": options.angle, "pages": options.pages}
    return bench.call(rotate_pages, {**arguments, **arguments_of(bench, options.password)})


def plan(facts: Facts, options: RotateOptions) -> Planned:
    """Foresee a PDF of as many pages; its first lies as it will."""
    size = facts.more.get("page_size")
    if facts.pages is not None and 1 in resolve_each_once(options.pages, facts.pages) and size and options.angle % 180:
        size = {"width": size["height"], "height": size["width"]}
    made = Facts(media_type=PDF_TYPE, pages=facts.pages, more={"page_size": size})
    return Planned(outputs=(PlannedOutput(name="*-rotated.pdf", facts=made),), cost=cost_of(facts))


OPERATION: Final = Operation(
    name="document.rotate",
    task_type="document",
    summary="A PDF with all or some of its pages turned.",
    details="""\
The pages are not drawn anew: only the way they are shown changes, so nothing loses quality. An encrypted document stays
encrypted, with the same passwords. A signature in it is no longer valid.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=RotateOptions,
    limits=PDF_LIMITS,
    run=rotate,
    plan=plan,
    produces=produces_pdf,
    samples=("mill.pdf",),
    examples=(
        Example(options={"angle": 180}, shows="A document that was scanned upside down."),
        Example(options={"angle": -90, "pages": "2"}, shows="Page 2 alone, turned to the left."),
    ),
)
