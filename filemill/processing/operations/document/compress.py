"""`document.compress`: a smaller PDF."""

from typing import Annotated, Any, Final, Literal, NamedTuple

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PDF_LIMITS, arguments_of, plan_change, produces_pdf, stem_of
from filemill.processing.operations.sealed_name import SealedName

compress_pdf = SealedName("document.pdf_compress", "compress")

Level = Literal["screen", "ebook", "printer", "prepress"]


class Setting(NamedTuple):
    """What a level means for pictures."""

    dpi: int
    quality: int


SETTINGS: Final[dict[Level, Setting]] = {
    "screen": Setting(72, 50),
    "ebook": Setting(150, 70),
    "printer": Setting(300, 85),
    "prepress": Setting(400, 95),
}


class CompressOptions(Options):
    """How much may be lost; without any option a document for reading on a screen of any kind."""

    level: Level = Field(
        "ebook",
        description="How pictures are treated: screen (72 dots per inch, quality 50), ebook (150, 70), printer (300, "
        "85) or prepress (400, 95).",
        examples=["screen"],
        json_schema_extra={"x-valid": "one of screen, ebook, printer, prepress"},
    )
    image_dpi: Annotated[int, Field(ge=20, le=1200)] | None = Field(
        None,
        description="Dots per inch that pictures keep where they are shown largest, in place of the level's.",
        examples=[200],
        json_schema_extra={"x-valid": "a whole number from 20 to 1200", "x-aliases": ["dpi"]},
    )
    image_quality: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None,
        description="JPEG quality of pictures, in place of the level's.",
        examples=[60],
        json_schema_extra={"x-valid": "a whole number from 1 to 100", "x-aliases": ["quality"]},
    )
    grayscale: bool = Field(
        False,
        description="Make the pictures that are made smaller gray.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    linearize: bool = Field(
        False,
        description="Put the bytes in the order in which a browser can show the document while it loads; this adds "
        "a little.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    password: Password | None = password_field()


def compress(bench: Bench, options: CompressOptions) -> dict[str, Any]:
    """Give both sizes and how many pictures there are and were replaced. Raises InputError."""
    setting = SETTINGS[options.level]
    return bench.call(
        compress_pdf,
        {
            "name": f"{stem_of(bench)}-compressed.pdf",
            "dpi": options.image_dpi or setting.dpi,
            "quality": options.image_quality or setting.quality,
            "grayscale": options.grayscale,
            "linearize": options.linearize,
            "max_pixels": bench.input_limits.max_pixels,
            **arguments_of(bench, options.password),
        },
    )


OPERATION: Final = Operation(
    name="document.compress",
    task_type="document",
    summary="A smaller PDF: pictures at the resolution that is needed, a tight structure, nothing that nobody sees.",
    details="""\
A picture that has more dots than the level asks for where it is shown largest is scaled down, and written as JPEG where
that makes it at least a tenth smaller. Pictures that JPEG would spoil stay as they are: stencils, black and white
scans, those with a colour key, and CMYK for print. Thumbnails and the private data of programs go; text, fonts, forms,
links and attachments stay. The output is never larger than the input: where nothing was to be gained it is the input
itself, and `recompressed_images` is 0. An encrypted document stays encrypted, with the same passwords. A signature in
it is no longer valid.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=CompressOptions,
    limits=PDF_LIMITS,
    run=compress,
    plan=plan_change("compressed"),
    produces=produces_pdf,
    samples=("mill.pdf",),
    examples=(
        Example(options={}, shows="A document to send by mail."),
        Example(options={"level": "screen", "grayscale": True}, shows="As small as it gets."),
    ),
)
