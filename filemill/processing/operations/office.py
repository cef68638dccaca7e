"""How LibreOffice is asked: one document in a workspace, by checked words only; its failures judged."""

import json
from collections.abc import Mapping
from typing import Any, Final

from filemill.processing.bench import Bench, Limits, ToolExit, Workspace
from filemill.processing.cage.soffice import NOT_LOADED, NOT_SAVED
from filemill.processing.errors import InputError, ProcessingError, SystemFault
from filemill.processing.media import extension_of

OFFICE_LIMITS: Final = Limits(
    memory_bytes=2 * 1024**3, cpu_seconds=600, wall_seconds=900.0, output_bytes=2 * 1024**3, open_files=1024
)

MODULES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("docx", "odt", "doc", "rtf", "html", "md", "txt"), "writer"),
    **dict.fromkeys(("xlsx", "ods", "xls", "csv"), "calc"),
    **dict.fromkeys(("pptx", "odp", "ppt"), "impress"),
}
"""Which part of LibreOffice opens a document, by the ending of its type."""
_WORDS_OF_FILTERS: Final = {"csv": "44,34,76"}
"""What a filter is told, by numbers: commas, quotation marks, UTF-8. A text is in the locale's encoding, UTF-8 too."""


def needs_of(media_type: str) -> tuple[str, ...]:
    """Name what opening a document of a media type calls for, as operations tell it in `needs`."""
    return ("soffice", f"soffice:{MODULES[extension_of(media_type)]}")


def save_as(
    bench: Bench, workspace: Workspace, source: str, target: str, *, settings: Mapping[str, Any] | None = None
) -> None:
    """Let LibreOffice open a file in the workspace and save it under another name, whose ending says as what.

    `settings` are those of its PDF export, by its own names. Raises InputError `corrupt_file`, SystemFault
    `cage_crashed`.
    """
    ending = target.rpartition(".")[2]
    words = [source, target, ending, _describe(settings) if settings else _WORDS_OF_FILTERS.get(ending, "")]
    failure = explain_failure(bench.run_tool("soffice", words, workspace=workspace, limits=OFFICE_LIMITS))
    if failure:
        raise failure


def explain_failure(ended: ToolExit) -> ProcessingError | None:
    """Judge how LibreOffice ended: None when it succeeded, otherwise the error to raise."""
    if ended.returncode == 0:
        return None
    evidence: dict[str, object] = {"returncode": ended.returncode, "stderr": ended.stderr_tail}
    if ended.returncode == NOT_LOADED:
        message = "LibreOffice can't open the document: it is damaged, or not what it seems."
        return InputError(message, code="corrupt_file", evidence=evidence)
    if ended.returncode == NOT_SAVED:
        message = "LibreOffice opened the document, but can't save it in the format asked for."
        return InputError(message, code="corrupt_file", evidence=evidence)
    message = "LibreOffice broke down over the document."
    return SystemFault(message, code="cage_crashed", is_passing=True, evidence=evidence)


def _describe(settings: Mapping[str, Any]) -> str:
    """Write settings the way LibreOffice reads them: each with its type."""
    return json.dumps({name: {"type": _type_of(value), "value": _show(value)} for name, value in settings.items()})


def _type_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "long" if isinstance(value, int) else "string"


def _show(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
