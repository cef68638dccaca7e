"""`document.ocr`: a scanned PDF with its words in it, to be searched and copied."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench, Limits, ToolExit, Workspace
from filemill.processing.errors import InputError, OptionsError, ProcessingError, SystemFault
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations import ocr
from filemill.processing.operations.declaration import Example, Operation, Options, RetryPolicy
from filemill.processing.operations.document.page_sizes import LEAST_SIDE_POINTS, MOST_SIDE_POINTS
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import arguments_of, stem_of
from filemill.processing.operations.languages import Languages, languages_field, needs_of
from filemill.processing.operations.page_ranges import PAGES_VALID, Pages, resolve_each_once
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

Mode = Literal["skip", "redo", "force"]

_LIMITS: Final = Limits(
    memory_bytes=2 * 1024**3, cpu_seconds=4 * 3600, wall_seconds=4 * 3600.0, output_bytes=4 * 1024**3, open_files=1024
)
_MODES: Final = {"skip": "--skip-text", "redo": "--redo-ocr", "force": "--force-ocr"}
_FOUND: Final = 1.0
_LOOKED: Final = 2.0
_MADE: Final = 97.0
_OCR_STEP: Final = re.compile(r"OCR (\d+(?:\.\d+)?)/(\d+)")
_MEMORY_BYTES: Final = 300 * 1024**2
_PIXELS_PER_MEGAPIXEL: Final = 1_000_000

# OCRmyPDF's exit codes.
_BROKE_OFF: Final = 1
"""How Python ends on an exception that nobody caught."""
_BAD_INPUT: Final = 2
_BAD_OUTPUT: Final = 4
_HAS_TEXT: Final = 6
_TESSERACT_FAILED: Final = 7
_IS_ENCRYPTED: Final = 8

_SOURCE: Final = "scan.pdf"
_ODD_SIZE: Final = "Page size must be between"

find_pages = SealedName("document.ocr_pages", "find_pages")
decrypt_pdf = SealedName("document.pdf_changes", "decrypt")


class OcrOptions(Options):
    """What can be asked of OCR; without any option the pages that hold no text are read in English."""

    languages: Languages = languages_field()
    mode: Mode = Field(
        "skip",
        description="What becomes of pages that hold text already: skip leaves them as they are; redo replaces what an "
        "earlier OCR put there, and keeps printed text; force draws every page anew and reads it.",
        examples=["redo"],
        json_schema_extra={"x-valid": "one of skip, redo, force"},
    )
    pages: Pages | None = Field(
        None,
        description="The pages to read; the others stay in the PDF as they are. Left out, it is all of them.",
        examples=["1,3-5"],
        json_schema_extra={"x-valid": PAGES_VALID},
    )
    deskew: bool = Field(
        False,
        description="Straighten pages that lie askew; not together with redo.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    rotate_pages: bool = Field(
        False,
        description="Turn pages that lie on their side or stand on their head. It takes some lines of text to be sure; "
        "a page with fewer stays as it is.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    password: Password | None = password_field(
        "The searchable PDF opens without it and without restrictions: `document.encrypt` locks it again."
    )


def make_searchable(bench: Bench, options: OcrOptions) -> dict[str, Any]:
    """Give the pages, how many hold text now, and the languages; the searchable PDF is the output.

    Raises InputError `corrupt_file`, `password_required`, `wrong_password`, `too_many_pages`, `too_many_pixels`,
    `too_large`; OptionsError for pages that the document lacks; SystemFault `tool_missing`.
    """
    _refuse_contradiction(options)
    ocr.refuse_missing_languages(options.languages)
    before = bench.call(find_pages, {"pages": None, **arguments_of(bench, options.password)}, share=(0.0, _FOUND))
    numbers = resolve_each_once(options.pages, len(before["pages"]))
    with bench.open_workspace() as workspace:
        source = _add_opened(bench, workspace, options.password)
        words = [*_ask(options, numbers, max_pixels=bench.input_limits.max_pixels), source, "searchable.pdf"]
        ended = bench.run_tool("ocrmypdf", words, workspace=workspace, on_line=follow_progress(bench.progress))
        odd_sizes = [size for size in before["odd_sizes"] if size["page"] in numbers]
        if failure := explain_size(ended, odd_sizes) or explain_failure(ended):
            raise failure
        output = workspace.take("searchable.pdf", output_name=f"{stem_of(bench)}-ocr.pdf", media_type=PDF_TYPE)
    after = bench.call(find_pages, {"pages": None, **arguments_of(bench, None)}, source=output, share=(_MADE, 100.0))
    output.facts.update(pages=len(after["pages"]))
    return {
        "pages": len(after["pages"]),
        "pages_with_text": len(after["with_text"]),
        "pages_with_text_before": len(before["with_text"]),
        "languages": options.languages,
        "mode": options.mode,
    }


def _add_opened(bench: Bench, workspace: Workspace, password: str | None) -> str:
    """Put the PDF into the workspace so that it opens without a password, which is no argument for a program."""
    if password is None:
        return workspace.add(None, _SOURCE)
    bench.call(decrypt_pdf, {"name": _SOURCE, **arguments_of(bench, password)}, share=(_FOUND, _LOOKED))
    opened = bench.outputs[-1]
    name = workspace.add(opened, _SOURCE)
    bench.discard(opened)
    return name


def _refuse_contradiction(options: OcrOptions) -> None:
    if options.deskew and options.mode == "redo":
        message = "deskew draws a page anew, and redo must not: leave out deskew, or take mode skip or force."
        raise OptionsError(message, code="invalid_options")


def _ask(options: OcrOptions, numbers: list[int], *, max_pixels: int) -> list[str]:
    chosen = ["--pages", ",".join(map(str, numbers))] if options.pages is not None else []
    megapixels = str(max_pixels / _PIXELS_PER_MEGAPIXEL)
    return [
        *("--language", "+".join(options.languages), _MODES[options.mode], *chosen),
        *(["--deskew"] if options.deskew else []),
        *(["--rotate-pages"] if options.rotate_pages else []),
        *("--output-type", "pdf", "--optimize", "0", "--jobs", "1", "--max-image-mpixels", megapixels),
    ]


def follow_progress(tell: Callable[[float, str], None]) -> Callable[[str], None]:
    """Make a reader of the lines that OCRmyPDF says, which tells the percent done; what is told never goes back."""
    furthest = _LOOKED

    def read_line(line: str) -> None:
        nonlocal furthest
        found = _OCR_STEP.fullmatch(line.strip())
        if not found:
            return
        done, total = float(found[1]), max(1, int(found[2]))
        percent = _LOOKED + (_MADE - _LOOKED) * min(1.0, done / total)
        if percent > furthest:
            furthest = percent
            tell(percent, f"OCR of page {int(done)} of {total}")

    return read_line


def explain_size(ended: ToolExit, odd_sizes: Sequence[Mapping[str, Any]]) -> ProcessingError | None:
    """Return the error of a page that could not be drawn anew for its size; `odd_sizes` names those (`page`, `width`,
    `height` in points) of a size that is not made."""
    if ended.returncode == 0 or _ODD_SIZE not in ended.stderr_tail:
        return None
    found = [
        f"Page {size['page']:,} is {size['width']:,.1f} x {size['height']:,.1f} points large" for size in odd_sizes
    ]
    message = (
        f"{next(iter(found), 'A page is too small or too large')}; one that is drawn anew has {LEAST_SIDE_POINTS:,} to "
        f"{MOST_SIDE_POINTS:,} points on a side: take mode skip or redo, or leave the page out of pages."
    )
    evidence: dict[str, object] = {"returncode": ended.returncode, "stderr": ended.stderr_tail}
    return InputError(message, code="too_large", evidence=evidence)


def explain_failure(ended: ToolExit) -> ProcessingError | None:
    """Judge how OCRmyPDF ended: None when it succeeded, otherwise the error to raise."""
    if ended.returncode == 0:
        return None
    evidence: dict[str, object] = {"returncode": ended.returncode, "stderr": ended.stderr_tail}
    if "DecompressionBomb" in ended.stderr_tail or "exceeds the limit" in ended.stderr_tail:
        message = "A page of the PDF, or a picture in it, has too many pixels for OCR."
        return InputError(message, code="too_many_pixels", evidence=evidence)
    if ended.returncode == _IS_ENCRYPTED:
        message = "The PDF is encrypted: give `password`, or decrypt it first, with document.decrypt."
        return InputError(message, code="password_required", evidence=evidence)
    if ended.returncode == _HAS_TEXT:
        message = "The PDF can't be read by OCR in this mode: it holds text, or a form. Take mode force."
        return OptionsError(message, code="invalid_options", evidence=evidence)
    if ended.returncode == _TESSERACT_FAILED:
        message = "Tesseract can't work on a page of the PDF: leave out deskew and rotate_pages, or the page."
        return OptionsError(message, code="invalid_options", evidence=evidence)
    if ended.returncode in (_BAD_INPUT, _BAD_OUTPUT):
        return InputError("The PDF is damaged: OCR can't rewrite it.", code="corrupt_file", evidence=evidence)
    if ended.returncode == _BROKE_OFF and "Traceback (most recent call last)" in ended.stderr_tail:
        # Its arguments are ours, so it is the PDF that it stumbled over: a table at an impossible place, say.
        return InputError("The PDF is damaged: OCR can't work through it.", code="corrupt_file", evidence=evidence)
    message = f"OCRmyPDF ended with {ended.returncode}."
    return SystemFault(message, code="cage_crashed", is_passing=True, evidence=evidence)


def plan(facts: Facts, options: OcrOptions) -> Planned:
    """Foresee the searchable PDF; raises OptionsError for options that contradict each other and for absent pages."""
    _refuse_contradiction(options)
    pages = len(resolve_each_once(options.pages, facts.pages)) if facts.pages else 1
    seconds = 1.0 + pages * ocr.SECONDS_PER_PAGE * len(options.languages)
    output = PlannedOutput(name="*-ocr.pdf", facts=Facts(media_type=PDF_TYPE, pages=facts.pages))
    return Planned(outputs=(output,), cost=Cost(cpu_seconds=seconds, memory_bytes=_MEMORY_BYTES))


def _needs(_media_type: str, options: OcrOptions) -> tuple[str, ...]:
    turning = ("tesseract:osd",) if options.rotate_pages else ()
    return ("ocrmypdf", *needs_of(options.languages), *turning)


def _produces(_media_type: str, _options: OcrOptions) -> str:
    return PDF_TYPE


OPERATION: Final = Operation(
    name="document.ocr",
    task_type="document",
    summary="A scanned PDF with its words in it, to be searched and copied.",
    details="""\
OCRmyPDF reads each page by Tesseract and lays the words, unseen, over the picture: `STEM-ocr.pdf` looks as before, and
can be searched. Pages that hold text stay as they are, unless `mode` says otherwise. `pages_with_text` says on how many
pages there is text now.

A page that `force` draws anew has 3 to 14,400 points on a side, as the standard has it; where it can't be made as large
as it was, the task fails as `too_large`.

What OCR finds is never certain: look-alike letters are its usual mistake. A digital signature does not survive, since
the file is changed; a signed PDF is therefore refused. The text alone comes from `document.text` with
`"method": "ocr"`.

Needs Tesseract with its languages, and OCRmyPDF, which comes with Filemill's extra `ocr`, or by `pip install ocrmypdf`
in its environment.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=OcrOptions,
    limits=_LIMITS,
    retry=RetryPolicy(patience=2.0),
    run=make_searchable,
    plan=plan,
    produces=_produces,
    needs=_needs,
    tools=("ocrmypdf", "tesseract"),
    samples=("scan.pdf", "mill.pdf"),
    examples=(
        Example(
            options={"languages": ["uzb", "uzb_cyrl", "rus"]}, shows="A searchable PDF of a scan in these languages."
        ),
        Example(
            options={"mode": "force", "deskew": True, "rotate_pages": True},
            shows="Every page drawn anew, upright and straight, and read.",
        ),
    ),
)
