"""The text of a PDF by OCR: each page is drawn, read by Tesseract, and put where it belongs."""

import shutil
from collections.abc import Mapping
from typing import Any, Final

from filemill.processing.bench import Bench, Output, Workspace
from filemill.processing.operations import ocr
from filemill.processing.operations.sealed_name import SealedName

OCR_DPI: Final = 300
"""What Tesseract was trained for: fewer lose small letters, more only take longer."""
_FOUND: Final = 5.0
_READ: Final = 95.0
_COPY_BYTES: Final = 1024 * 1024
_PAGE_END: Final = b"\f"

find_pages = SealedName("document.ocr_pages", "find_pages")
draw_page = SealedName("document.ocr_pages", "draw_page")
write_recognised = SealedName("document.ocr_pages", "write_recognised")


def read_by_ocr(
    bench: Bench, arguments: Mapping[str, Any], *, languages: list[str], only_without_text: bool
) -> dict[str, Any]:
    """Write the text of a PDF's pages, read by OCR: of all of them, or only of those that hold none of their own.

    `arguments` are those of every sealed reader of text. Raises InputError `password_required`, `wrong_password`,
    `corrupt_file`, `too_many_pages`, `too_many_pixels`; OptionsError for absent pages; SystemFault `tool_missing`.
    """
    ocr.refuse_missing_languages(languages)
    found = bench.call(find_pages, arguments, share=(0.0, _FOUND))
    with_text = set(found["with_text"]) if only_without_text else set()
    numbers = [number for number in found["pages"] if number not in with_text]
    recognised = bench.create_output("recognised.txt", "text/plain")
    with bench.open_workspace() as workspace:
        for done, number in enumerate(numbers):
            share = _FOUND + (_READ - _FOUND) * done / len(numbers)
            bench.progress(share, f"OCR of page {number} ({done + 1} of {len(numbers)})")
            page = _read_page(bench, workspace, number, arguments, languages=languages)
            _append(page, recognised)
            bench.discard(page)
    facts = bench.call(
        write_recognised, {**arguments, "recognised": numbers}, inputs=[recognised], share=(_READ, 100.0)
    )
    bench.discard(recognised)
    return {**facts, "languages": languages, "pages_by_ocr": len(numbers)}


def _read_page(
    bench: Bench, workspace: Workspace, number: int, arguments: Mapping[str, Any], *, languages: list[str]
) -> Output:
    name = f"ocr-{number}"
    wanted = {"page": number, "dpi": OCR_DPI, "max_pixels": bench.input_limits.max_pixels, "name": f"{name}.png"}
    facts = bench.call(draw_page, {"password": arguments["password"], **wanted}, share=(0.0, 0.0))
    pictures = bench.outputs[-1:]
    (text,) = ocr.recognise(bench, workspace, pictures, languages=languages, dpi=facts["dpi"])
    return workspace.take(text, output_name=f"{name}.txt", media_type="text/plain")


def _append(page: Output, whole: Output) -> None:
    """Put a page's text behind those before it, as bytes that nobody looks at, and a form feed behind it."""
    with page.path.open("rb") as reading, whole.path.open("ab") as writing:
        shutil.copyfileobj(reading, writing, _COPY_BYTES)
        writing.write(_PAGE_END)
