"""Why the processing of a file failed: whose fault it is, and whether it may pass.

    ProcessingError
    ├── InputError      the file itself: corrupt, of an unsupported format, needs a password
    ├── OptionsError    what was asked for can't be done with this file
    ├── SourceError     the file can't be fetched: missing, unreadable, changed
    ├── LimitError      the work broke a limit: memory, time, output size, pixels
    └── SystemFault     Filemill's own: the cage died, the disk is full, a tool is missing

`Cancelled` is no error: it is how a killed run ends.

Catch `ProcessingError` where a task is settled; its `code`, `fault` and `is_passing` decide what happens next.
"""

from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Whose fault an error is."""

    INPUT = "input"
    OPTIONS = "options"
    SOURCE = "source"
    SYSTEM = "system"


class ProcessingError(Exception):
    """Something went wrong while a file was processed.

    `code` is one of `filemill.processing.error_codes.ERROR_CODES`; `evidence` holds facts for the attempt's record
    (exit code, signal, last lines of stderr).
    """

    fault: ClassVar[Fault] = Fault.SYSTEM

    def __init__(
        self, message: str, *, code: str, is_passing: bool = False, evidence: dict[str, object] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.is_passing = is_passing
        self.evidence: dict[str, object] = evidence or {}


class InputError(ProcessingError):
    """The file can't be processed as what it claims to be."""

    fault = Fault.INPUT


class OptionsError(ProcessingError):
    """The options can't be applied to this file."""

    fault = Fault.OPTIONS


class SourceError(ProcessingError):
    """The file can't be fetched from where it is said to be."""

    fault = Fault.SOURCE


class LimitError(ProcessingError):
    """The work on the file broke one of its limits."""

    fault = Fault.INPUT


class SystemFault(ProcessingError):
    """The service itself failed; the file is not to blame."""

    fault = Fault.SYSTEM


class PieceGone(SystemFault):
    """A piece of work that was kept is there no more."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The checkpoint {name} is gone.", code="storage_error", is_passing=True)


class Cancelled(Exception):
    """The run was killed from outside: by a cancel, a lost lease or a shutdown."""
