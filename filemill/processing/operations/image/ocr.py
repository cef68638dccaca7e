"""`image.ocr`: the words in a picture: a photographed page, a screenshot, a scan of many pages."""

from typing import Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import IMAGE_TYPES, PDF_TYPE
from filemill.processing.operations import ocr
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.image.running import IMAGE_LIMITS, arguments_of, stem_of
from filemill.processing.operations.languages import Languages, languages_field, needs_of
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

TextFormat = Literal["txt", "json", "pdf"]

_MEDIA_TYPES: Final = {"txt": "text/plain", "json": "application/json", "pdf": PDF_TYPE}
_PREPARED: Final = 10.0
_READ: Final = 95.0
_DPI: Final = 300
_PIXELS_PER_SECOND: Final = 5_000_000
_MEMORY_BYTES: Final = 200 * 1024**2

prepare_for_ocr = SealedName("image.ocr_words", "prepare_for_ocr")
write_words = SealedName("image.ocr_words", "write_words")


class ImageOcrOptions(Options):
    """What can be asked of the words in a picture; without any option they come as a text in English."""

    languages: Languages = languages_field()
    format: TextFormat = Field(
        "txt",
        description="Format of the output: txt, in UTF-8; json, with each word's place (pixels of the upright picture) "
        "and how sure OCR is of it (percent); pdf, the picture with its words in it, to be searched and copied.",
        examples=["json"],
        json_schema_extra={"x-valid": "one of txt, json, pdf"},
    )


def read_words(bench: Bench, options: ImageOcrOptions) -> dict[str, Any]:
    """Give the size of the picture, the number of words, how sure OCR is of them, and the beginning of the text.

    Raises InputError `corrupt_file`, `unsupported_format`, `too_many_pixels`, `too_many_frames`, `too_large`;
    SystemFault `tool_missing`.
    """
    ocr.refuse_missing_languages(options.languages)
    facts = bench.call(prepare_for_ocr, arguments_of(bench), share=(0.0, _PREPARED))
    pictures = bench.outputs[-facts["pages"] :]
    name = f"{stem_of(bench)}.{options.format}"
    with bench.open_workspace() as workspace:
        made = ocr.recognise(
            bench,
            workspace,
            pictures,
            languages=options.languages,
            dpi=_DPI,
            forms=("pdf", "tsv") if options.format == "pdf" else ("tsv",),
        )
        table = workspace.take(made[-1], output_name="words.tsv", media_type="application/octet-stream")
        if options.format == "pdf":
            workspace.take(made[0], output_name=name, media_type=PDF_TYPE).facts.update(pages=facts["pages"])
    found = bench.call(write_words, {"name": name, "format": options.format}, source=table, share=(_READ, 100.0))
    bench.discard(table)
    return {**facts, **found, "languages": options.languages}


def plan(facts: Facts, options: ImageOcrOptions) -> Planned:
    """Foresee the text."""
    pixels = (facts.width or 0) * (facts.height or 0) * (facts.frames or 1)
    seconds = 0.5 + pixels / _PIXELS_PER_SECOND * len(options.languages)
    output = PlannedOutput(name=f"*.{options.format}", facts=Facts(media_type=_MEDIA_TYPES[options.format]))
    return Planned(outputs=(output,), cost=Cost(cpu_seconds=seconds, memory_bytes=_MEMORY_BYTES))


def _needs(_media_type: str, options: ImageOcrOptions) -> tuple[str, ...]:
    return needs_of(options.languages)


def _produces(_media_type: str, options: ImageOcrOptions) -> str:
    return _MEDIA_TYPES[options.format]


OPERATION: Final = Operation(
    name="image.ocr",
    task_type="image",
    summary="The words in a picture, as a text, with their places, or in a PDF that can be searched.",
    details="""\
Tesseract reads the picture, upright and in grey; of an animation or a TIFF every page. The text comes out as
`STEM.txt`, its pages parted by form feeds, as `STEM.json` or `STEM.pdf`. `confidence` in the result is how sure
Tesseract is, in percent, over all words: below about 60 hardly a word is right.

Printed letters of 20 to 40 pixels height on a plain ground are read well; handwriting is not, and what stands aslant or
on a photograph badly. The languages have to be named: letters of a script that is not among them come out as others
that look alike.

Needs Tesseract with its languages (`apt-get install tesseract-ocr tesseract-ocr-uzb tesseract-ocr-rus` and so on).
""",
    media_types=IMAGE_TYPES,
    options=ImageOcrOptions,
    limits=IMAGE_LIMITS,
    run=read_words,
    plan=plan,
    produces=_produces,
    needs=_needs,
    tools=("tesseract",),
    samples=("sign.png",),
    examples=(
        Example(options={"languages": ["uzb", "uzb_cyrl", "rus"]}, shows="The text of a photographed page."),
        Example(options={"format": "json"}, shows="Every word with its place and how sure OCR is of it."),
    ),
)
