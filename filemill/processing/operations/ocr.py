"""How Tesseract is asked: one picture at a time, in a workspace, by checked words only; its failures judged."""

from collections.abc import Sequence
from typing import Final

from filemill.processing.bench import Bench, Limits, Output, ToolExit, Workspace
from filemill.processing.cage import tools
from filemill.processing.errors import InputError, ProcessingError, SystemFault
from filemill.processing.operations.languages import needs_of

PAGE_LIMITS: Final = Limits(
    memory_bytes=1024**3, cpu_seconds=300, wall_seconds=600.0, output_bytes=512 * 1024**2, open_files=256
)
"""Of one picture: the densest page takes a minute."""
SECONDS_PER_PAGE: Final = 1.5
"""A rough guess of one page's CPU time with one language."""
_STEM: Final = "recognised"


def refuse_missing_languages(languages: Sequence[str]) -> None:
    """Raise SystemFault `tool_missing`, with what to install: Tesseract itself goes on without a language it lacks."""
    lacking = [needed for needed in needs_of(languages) if tools.find(needed) is None]
    if lacking:
        raise SystemFault(tools.explain_lack(lacking), code="tool_missing")


def recognise(
    bench: Bench,
    workspace: Workspace,
    pictures: Sequence[Output],
    *,
    languages: Sequence[str],
    dpi: int,
    forms: Sequence[str] = ("txt",),
    limits: Limits = PAGE_LIMITS,
) -> list[str]:
    """Let Tesseract read pictures as the pages of one text; return the names in the workspace of what it wrote.

    There is one name for each of `forms`, which are Tesseract's: txt, tsv, pdf. The pictures are some that a sealed
    function made, and are dropped from the outputs. Raises InputError `corrupt_file`.
    """
    names = [workspace.add(picture, picture.name) for picture in pictures]
    for picture in pictures:
        bench.discard(picture)
    stem = f"{_STEM}-{names[0].rpartition('.')[0]}"
    listed = workspace.write(f"{stem}-pictures.txt", "".join(f"{name}\n" for name in names).encode())
    words = [listed, stem, "-l", "+".join(languages), "--dpi", str(dpi), "-c", "page_separator=", *forms]
    failure = explain_failure(bench.run_tool("tesseract", words, workspace=workspace, limits=limits))
    if failure:
        raise failure
    return [f"{stem}.{form}" for form in forms]


def explain_failure(ended: ToolExit) -> ProcessingError | None:
    """Judge how Tesseract ended: None when it succeeded, otherwise the error to raise."""
    if ended.returncode == 0:
        return None
    evidence: dict[str, object] = {"returncode": ended.returncode, "stderr": ended.stderr_tail}
    return InputError("The picture can't be read by OCR.", code="corrupt_file", evidence=evidence)
