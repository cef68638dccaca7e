"""`document.render`: the pages of a PDF as pictures."""

from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.errors import OptionsError
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.page_sizes import MAX_SIDE_PIXELS, plan_drawing
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import MAX_PARTS, PAGE_CPU_SECONDS, PDF_LIMITS, arguments_of, stem_of
from filemill.processing.operations.page_ranges import PAGES_VALID, Pages, resolve_each_once
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.quality import QUALITY_VALID, Quality, to_percent
from filemill.processing.operations.sealed_name import SealedName

render_pages = SealedName("document.pdf_render", "render_pages")

_ENDINGS: Final = {"png": "png", "jpeg": "jpg", "jpg": "jpg", "webp": "webp"}
_SECONDS_PER_MEGAPIXEL: Final = 0.06
_MEMORY_PER_PIXEL: Final = 6
_SIDE_VALID: Final = f"a whole number from 1 to {MAX_SIDE_PIXELS}"


class RenderOptions(Options):
    """How pages are drawn; without any option all of them, as PNG at 150 dots per inch."""

    format: Literal["png", "jpeg", "jpg", "webp"] = Field(
        "png",
        description="Format of the pictures.",
        examples=["jpeg"],
        json_schema_extra={"x-valid": "one of png, jpeg, webp"},
    )
    pages: Pages | None = Field(
        None,
        description="The pages to draw. Left out, it is all of them.",
        examples=["1", "2-4"],
        json_schema_extra={"x-valid": PAGES_VALID, "x-aliases": ["page", "page_range"]},
    )
    dpi: Annotated[int, Field(ge=10, le=1200)] = Field(
        150,
        description="Resolution in dots per inch of the page; width or height take its place.",
        examples=[72, 300],
        json_schema_extra={"x-valid": "a whole number from 10 to 1200", "x-aliases": ["density"]},
    )
    width: Annotated[int, Field(ge=1, le=MAX_SIDE_PIXELS)] | None = Field(
        None,
        description="Width of each picture in pixels. With height it is the box into which a page fits.",
        examples=[1200],
        json_schema_extra={"x-valid": _SIDE_VALID},
    )
    height: Annotated[int, Field(ge=1, le=MAX_SIDE_PIXELS)] | None = Field(
        None,
        description="Height of each picture in pixels. With width it is the box into which a page fits.",
        examples=[1600],
        json_schema_extra={"x-valid": _SIDE_VALID},
    )
    quality: Quality = Field(
        "high",
        description="Quality of jpeg and webp: low (50), medium (70), high (85) or a number; png loses nothing.",
        examples=["high", 80],
        json_schema_extra={"x-valid": QUALITY_VALID},
    )
    grayscale: bool = Field(
        False,
        description="Draw in shades of gray.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    transparent: bool = Field(
        False,
        description="Leave the paper transparent, in png and webp; otherwise it is white.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    password: Password | None = password_field()


def render(bench: Bench, options: RenderOptions) -> dict[str, Any]:
    """Give how many pages there are and were drawn.

    Raises InputError `too_many_pixels` before a page is drawn that would be too large, and `corrupt_file` when none
    can be drawn; OptionsError for pages that the document lacks.
    """
    return bench.call(
        render_pages,
        {
            "stem": stem_of(bench),
            "format": "jpeg" if options.format == "jpg" else options.format,
            "percent": to_percent(options.quality),
            "dpi": options.dpi,
            "width": options.width,
            "height": options.height,
            "grayscale": options.grayscale,
            "transparent": options.transparent and options.format in ("png", "webp"),
            "pages": options.pages,
            "max_pixels": bench.input_limits.max_pixels,
            "max_outputs": MAX_PARTS,
            **arguments_of(bench, options.password),
        },
    )


def plan(facts: Facts, options: RenderOptions) -> Planned:
    """Foresee a picture for each page, all of the size of the first; raises OptionsError for absent pages."""
    numbers: list[int | str] = ["*"]
    if facts.pages is not None:
        numbers = [*resolve_each_once(options.pages, facts.pages)]
    if len(numbers) > MAX_PARTS:
        message = f"It would be {len(numbers):,} pictures; {MAX_PARTS:,} are allowed: choose pages."
        raise OptionsError(message, code="invalid_options")
    width, height = _foresee_size(facts, options)
    ending = _ENDINGS[options.format]
    media_type = _produces(facts.media_type, options)
    outputs = tuple(
        PlannedOutput(name=f"*-page-{number}.{ending}", facts=Facts(media_type=media_type, width=width, height=height))
        for number in numbers
    )
    megapixels = (width or 1240) * (height or 1754) / 1e6
    cost = Cost(
        cpu_seconds=0.05 + len(outputs) * megapixels * _SECONDS_PER_MEGAPIXEL,
        memory_bytes=round(64 * 1024**2 + megapixels * 1e6 * _MEMORY_PER_PIXEL),
    )
    return Planned(outputs=outputs, cost=cost)


def _foresee_size(facts: Facts, options: RenderOptions) -> tuple[int | None, int | None]:
    size = facts.more.get("page_size")
    if not size:
        return None, None
    drawing = plan_drawing(
        size["width"], size["height"], dpi=options.dpi, box_width=options.width, box_height=options.height
    )
    return drawing.width, drawing.height


def _produces(_media_type: str, options: RenderOptions) -> str:
    return "image/jpeg" if options.format == "jpg" else f"image/{options.format}"


OPERATION: Final = Operation(
    name="document.render",
    task_type="document",
    summary="The pages of a PDF as pictures: PNG, JPEG or WebP.",
    details="""\
The pictures are called `STEM-page-1.png` and so on; at most 1,000 at once. They show what a reader shows, with
comments and the contents of forms. Fonts that the document does not carry are replaced by those of the standard set,
which has no East Asian letters. How large a page would become is worked out before it is drawn: one beyond
`FILEMILL_MAX_PIXELS` fails as `too_many_pixels`. Pages that are damaged are left out and named in `unreadable_pages`.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=RenderOptions,
    limits=replace(PDF_LIMITS, silent_cpu_seconds=PAGE_CPU_SECONDS),
    run=render,
    plan=plan,
    produces=_produces,
    samples=("mill.pdf",),
    examples=(
        Example(options={"pages": "1", "width": 400, "format": "webp"}, shows="A thumbnail of the cover."),
        Example(options={"dpi": 300}, shows="All pages, sharp enough for print."),
    ),
)
