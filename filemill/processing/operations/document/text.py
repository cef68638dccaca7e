"""`document.text`: the text of a document, as plain text, JSON or Markdown, whole or page by page."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench, Limits
from filemill.processing.errors import OptionsError
from filemill.processing.media import OFFICE_TYPES, PDF_TYPE, extension_of
from filemill.processing.operations import ocr, office
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document import decrypting, ocr_text, office_text
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PAGE_CPU_SECONDS
from filemill.processing.operations.languages import Languages, languages_field, needs_of
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.page_ranges import PAGES_VALID, Pages, resolve_each_once
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

Method = Literal["native", "ocr", "auto"]
TextFormat = Literal["txt", "json", "markdown"]
Granularity = Literal["document", "page"]

_LIMITS: Final = Limits(
    memory_bytes=512 * 1024**2,
    cpu_seconds=600,
    silent_cpu_seconds=PAGE_CPU_SECONDS,
    wall_seconds=900.0,
    output_bytes=4 * 1024**3,
)
_MAX_PAGES_TOLD: Final = 100
_SECONDS_PER_PAGE: Final = 0.02
_BYTES_PER_SECOND: Final = 20_000_000

extract_pdf = SealedName("document.pdf_text", "extract_pdf")
extract_text = SealedName("document.extracting", "extract_text")
extract_csv = SealedName("document.extracting", "extract_csv")
extract_html = SealedName("document.extracting", "extract_html")

_NATIVE: Final[Mapping[str, SealedName]] = {
    PDF_TYPE: extract_pdf,
    "text/plain": extract_text,
    "text/markdown": extract_text,
    "application/json": extract_text,
    "text/csv": extract_csv,
    "text/html": extract_html,
}
"""Which sealed function reads the text that a document of a media type holds."""

_FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    "txt": ("txt", "text/plain"),
    "json": ("json", "application/json"),
    "markdown": ("md", "text/markdown"),
}
"""Ending and media type of each format."""


class TextOptions(Options):
    """What can be asked of a document's text; without any option it is the whole text in one file."""

    method: Method = Field(
        "native",
        description="How the text is found: native takes the text that the document holds; ocr reads a picture of each "
        "page; auto does so only for pages that hold no text. ocr takes a PDF; for all else auto is native.",
        examples=["native", "auto"],
        json_schema_extra={"x-valid": "one of native, ocr, auto"},
    )
    format: TextFormat = Field(
        "txt",
        description="Format of the output: txt, in UTF-8; json, an object with text or pages; markdown, with headings, "
        "paragraphs and lists as far as the document shows them.",
        examples=["markdown"],
        json_schema_extra={"x-valid": "one of txt, json, markdown"},
    )
    granularity: Granularity = Field(
        "document",
        description="document gives the text in one piece; page gives a file for each page, or with json one file that "
        "lists the pages. What is no PDF is one page.",
        examples=["page"],
        json_schema_extra={"x-valid": "document or page"},
    )
    pages: Pages | None = Field(
        None,
        description="The pages of a PDF to read, in the order of the document. Left out, it is all of them.",
        examples=["1,3-5", "8-"],
        json_schema_extra={"x-valid": PAGES_VALID},
    )
    languages: Languages = languages_field()
    password: Password | None = password_field()


def extract(bench: Bench, options: TextOptions) -> dict[str, Any]:
    """Give the method, counts and a preview of the text; the text itself is the output.

    Raises InputError `corrupt_file`, `empty_file`, `password_required`, `wrong_password`,
    `unsupported_format`, `too_many_pages`, `too_large`, `too_many_pixels`, `too_deeply_nested`; OptionsError
    for pages that the document lacks.
    """
    facts = METHODS[options.method](bench, options)
    if "pages_without_text" in facts:
        facts["pages_without_text"] = facts["pages_without_text"][:_MAX_PAGES_TOLD]
    return {"method": options.method, "format": options.format, **facts}


def read_native(bench: Bench, options: TextOptions) -> dict[str, Any]:
    """Take the text that the document holds."""
    if bench.media_type in OFFICE_TYPES:
        with decrypting.open_decrypted(bench, options.password, with_pictures=False) as opened:
            return office_text.read_office_text(opened, arguments_of(bench, options))
    return bench.call(_NATIVE[bench.media_type], arguments_of(bench, options))


def read_by_ocr(bench: Bench, options: TextOptions) -> dict[str, Any]:
    """Read a picture of every page."""
    return _read_pages(bench, options, only_without_text=False)


def read_what_is_there(bench: Bench, options: TextOptions) -> dict[str, Any]:
    """Take the text that the document holds, and read a picture of each page that holds none."""
    if bench.media_type != PDF_TYPE:
        return read_native(bench, options)
    return _read_pages(bench, options, only_without_text=True)


def _read_pages(bench: Bench, options: TextOptions, *, only_without_text: bool) -> dict[str, Any]:
    _refuse_ocr(bench.media_type, options)
    arguments = arguments_of(bench, options)
    return ocr_text.read_by_ocr(bench, arguments, languages=options.languages, only_without_text=only_without_text)


def _refuse_ocr(media_type: str, options: TextOptions) -> None:
    if options.method == "ocr" and media_type != PDF_TYPE:
        raise OptionsError(
            f"method: ocr reads the pages of a PDF, and this is {extension_of(media_type)}: use native.",
            code="invalid_options",
        )


METHODS: Final[Mapping[Method, Callable[[Bench, TextOptions], dict[str, Any]]]] = {
    "native": read_native,
    "ocr": read_by_ocr,
    "auto": read_what_is_there,
}
"""Each way to a document's text; it makes the outputs and returns the facts.

Of a PDF the facts list every page in which nothing was found as `pages_without_text`.
"""


def arguments_of(bench: Bench, options: TextOptions) -> dict[str, Any]:
    """Give what every sealed reader of text is told."""
    return {
        "stem": name_stem(bench.file_name, fallback="document"),
        "format": options.format,
        "by_page": options.granularity == "page",
        "pages": options.pages,
        "password": options.password,
        "max_pages": bench.input_limits.max_pages,
        "max_nesting": bench.input_limits.max_nesting,
    }


def plan(facts: Facts, options: TextOptions) -> Planned:
    """Foresee the text's file, or one for each page; raises OptionsError for pages that the document lacks."""
    _refuse_ocr(facts.media_type, options)
    ending, media_type = _FORMATS[options.format]
    is_paged = facts.media_type == PDF_TYPE and facts.pages is not None
    pages = len(resolve_each_once(options.pages, facts.pages)) if is_paged and facts.pages else 1
    is_file_per_page = options.granularity == "page" and options.format != "json"
    name = f"*-page-*.{ending}" if is_file_per_page else f"*.{ending}"
    output = PlannedOutput(name=name, facts=Facts(media_type=media_type, pages=1 if is_file_per_page else pages))
    by_ocr = pages * ocr.SECONDS_PER_PAGE * len(options.languages) if is_paged and options.method != "native" else 0.0
    seconds = by_ocr + pages * _SECONDS_PER_PAGE if is_paged else (facts.size or 0) / _BYTES_PER_SECOND
    return Planned(outputs=(output,) * (pages if is_file_per_page else 1), cost=Cost(cpu_seconds=0.05 + seconds))


def _needs(media_type: str, options: TextOptions) -> tuple[str, ...]:
    if media_type in OFFICE_TYPES:
        return office.needs_of(media_type)
    is_read_by_ocr = media_type == PDF_TYPE and options.method != "native"
    return needs_of(options.languages) if is_read_by_ocr else ()


def _produces(_media_type: str, options: TextOptions) -> str:
    return _FORMATS[options.format][1]


OPERATION: Final = Operation(
    name="document.text",
    task_type="document",
    summary="The text of a PDF, office document, HTML page, Markdown, CSV, JSON or plain text, whole or by page.",
    details="""\
The text comes out in UTF-8, whatever encoding it was in, as `STEM.txt`, `STEM.json` or `STEM.md`; with
`"granularity": "page"` as `STEM-page-1.txt` and so on, or in JSON as `{"pages": [{"page": 1, "text": "…"}]}`.
In one text file each page of a PDF ends with a form feed.

`native` reads what the document holds. A scanned page holds a picture and no text: `pages_without_text` names such
pages. `ocr` and `auto` draw pages at 300 dots per inch and read them by Tesseract, in the `languages` that are named;
what OCR finds is never certain, and look-alike letters are its usual mistake. It comes as plain lines in any format.

As `markdown`, a PDF's headings are told by the size of their letters and its paragraphs by the room between lines;
tables in a PDF stay lines of text. Of an HTML page it is what a reader sees, without scripts and styles, and nothing it
refers to is loaded. A CSV becomes a table. Of an office document (docx, odt, doc, rtf, xlsx, ods, xls, pptx, odp, ppt)
it is what LibreOffice shows: of a workbook every sheet, row by row, and of slides one page each. `password` opens one
that Office has encrypted, and no OpenDocument file.
""",
    media_types=frozenset(_NATIVE) | OFFICE_TYPES,
    options=TextOptions,
    limits=_LIMITS,
    run=extract,
    plan=plan,
    produces=_produces,
    needs=_needs,
    tools=("tesseract", "soffice"),
    samples=("mill.pdf", "story.txt", "harvest.csv", "catalogue.json"),
    examples=(
        Example(options={}, shows="The whole text in one file."),
        Example(options={"format": "markdown", "pages": "2-3"}, shows="Pages 2 and 3 as Markdown."),
        Example(
            options={"method": "auto", "languages": ["uzb", "uzb_cyrl", "rus"]},
            shows="The text of a PDF of which some pages are scanned.",
        ),
        Example(options={"format": "json", "granularity": "page"}, shows="One JSON file that lists the pages."),
    ),
)
