"""`document.watermark`: a text, a picture or a page laid over or under the pages of a PDF."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from filemill.processing.bench import Bench
from filemill.processing.errors import OptionsError
from filemill.processing.media import IMAGE_TYPES, PDF_TYPE
from filemill.processing.operations.colors import COLOR_VALID, Color
from filemill.processing.operations.declaration import Example, InputsRule, Operation, Options
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PDF_LIMITS, arguments_of, plan_change, produces_pdf, stem_of
from filemill.processing.operations.gravity import COMPASS_VALID, CompassOption
from filemill.processing.operations.page_ranges import PAGES_VALID, Pages, resolve_each_once
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.sealed_name import SealedName

stamp = SealedName("document.pdf_watermark", "stamp")

_MAX_TEXT_CHARACTERS: Final = 200
_SLANT: Final = 45


def _has_something_to_show(text: str) -> str:
    if not any(character.isprintable() and not character.isspace() for character in text):
        raise ValueError("there is nothing to show")
    return text


class WatermarkOptions(Options):
    """What is laid on pages, and how; it is `text`, or else the picture or PDF that the request names in `inputs`."""

    text: Annotated[str, Field(max_length=_MAX_TEXT_CHARACTERS), AfterValidator(_has_something_to_show)] | None = Field(
        None,
        description="A text of Latin (Uzbek's among them), Cyrillic, Greek, Armenian, Georgian, Hebrew or Arabic "
        "letters, in one or more lines. Left out, the first of `inputs` is laid on the pages: a picture, or the first "
        "page of a PDF.",
        examples=["DRAFT"],
        json_schema_extra={"x-valid": f"a text of up to {_MAX_TEXT_CHARACTERS} characters with a letter in it"},
    )
    color: Color = Field(
        "gray", description="Colour of the text.", examples=["#c00000"], json_schema_extra={"x-valid": COLOR_VALID}
    )
    position: CompassOption = Field(
        "center",
        description="Where it lies on the page as it is seen: in the middle, at a side or in a corner.",
        examples=["southeast"],
        json_schema_extra={"x-valid": COMPASS_VALID},
    )
    scale: Annotated[float, Field(gt=0, le=1)] = Field(
        0.5,
        description="The part of the page's width, and of its height, into which it fits.",
        examples=[0.2],
        json_schema_extra={"x-valid": "a number above 0 up to 1"},
    )
    opacity: Annotated[float, Field(gt=0, le=1)] = Field(
        0.3,
        description="How much it hides of what is below it: 1 is all.",
        examples=[1.0],
        json_schema_extra={"x-valid": "a number above 0 up to 1"},
    )
    rotation: Annotated[float, Field(ge=-360, le=360)] | None = Field(
        None,
        description=f"By how many degrees it is turned to the left. Left out, {_SLANT} for a text and 0 for all else.",
        examples=[0, 30],
        json_schema_extra={"x-valid": "a number from -360 to 360"},
    )
    margin: Annotated[float, Field(ge=0, le=1000)] = Field(
        36,
        description="Distance from the page's sides in points (72 are an inch).",
        examples=[18],
        json_schema_extra={"x-valid": "a number from 0 to 1000"},
    )
    layer: Literal["over", "under"] = Field(
        "over",
        description="over lies on what the page shows; under lies below it, where white areas may hide it.",
        examples=["under"],
        json_schema_extra={"x-valid": "over or under"},
    )
    pages: Pages | None = Field(
        None,
        description="The pages that get it. Left out, it is all of them.",
        examples=["1", "2-"],
        json_schema_extra={"x-valid": PAGES_VALID},
    )
    password: Password | None = password_field()


def watermark(bench: Bench, options: WatermarkOptions) -> dict[str, Any]:
    """Give how many pages got it.

    Raises InputError for the document, the picture or the other PDF; OptionsError where there is neither text nor
    input, and for pages that the document lacks.
    """
    if options.text is None and not bench.inputs:
        message = "There is nothing to lay over the pages: give text, or a picture or PDF by inputs."
        raise OptionsError(message, code="invalid_options")
    rotation = options.rotation
    if rotation is None:
        rotation = 0.0 if options.text is None else float(_SLANT)
    shared = options.model_dump(include={"text", "color", "position", "scale", "opacity", "margin", "layer", "pages"})
    return bench.call(
        stamp,
        {
            **shared,
            "name": f"{stem_of(bench)}-watermarked.pdf",
            "rotation": rotation,
            "input_types": [other.media_type for other in bench.inputs],
            "max_pixels": bench.input_limits.max_pixels,
            "max_frames": bench.input_limits.max_frames,
            **arguments_of(bench, options.password),
        },
        inputs=bench.inputs,
    )


def plan(facts: Facts, options: WatermarkOptions) -> Planned:
    """Foresee the PDF; raises OptionsError for pages that the document lacks."""
    if facts.pages is not None:
        resolve_each_once(options.pages, facts.pages)
    return plan_change("watermarked")(facts, options)


OPERATION: Final = Operation(
    name="document.watermark",
    task_type="document",
    summary="A PDF with a text, a picture or another page laid over or under its pages.",
    details="""\
Without `text` it is the one file named in `inputs`: a picture, with its transparency, or the first page of a PDF, which
stays sharp at any size. A text is drawn as a picture in DejaVu Sans, so that it can't be selected or searched; it lies
slanted across the page unless `rotation` says else. It is part of the page's content and no annotation: a reader can't
switch it off. An encrypted document stays encrypted, with the same passwords; `password` also opens the other PDF. A
signature in the document is no longer valid.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=WatermarkOptions,
    limits=PDF_LIMITS,
    run=watermark,
    plan=plan,
    produces=produces_pdf,
    inputs=InputsRule(least=0, most=1, media_types=IMAGE_TYPES | {PDF_TYPE}),
    samples=("mill.pdf", "photo.jpg"),
    examples=(
        Example(options={"text": "DRAFT"}, shows="DRAFT in pale gray across every page."),
        Example(
            options={"position": "southeast", "scale": 0.2, "opacity": 1.0, "pages": "1"},
            shows="A logo (the request's `inputs`) in the corner of the first page.",
        ),
    ),
)
