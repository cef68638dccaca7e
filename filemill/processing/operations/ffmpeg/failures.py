"""How FFmpeg ended, judged: what the file is to blame for, what the machine, and what nobody noticed."""

from typing import Final

from filemill.processing.bench import ToolExit
from filemill.processing.errors import InputError, LimitError, ProcessingError, SystemFault

_SHORTFALL_FRACTION: Final = 0.1
_SHORTFALL_SECONDS: Final = 1.0
_CHATTER: Final = "Svt["


def raise_failure(ended: ToolExit) -> None:
    """Raise what `explain_failure` finds."""
    if error := explain_failure(ended):
        raise error


def explain_failure(ended: ToolExit) -> ProcessingError | None:
    """Judge how FFmpeg ended: None when it succeeded, otherwise the error to raise."""
    if ended.returncode == 0:
        return None
    evidence: dict[str, object] = {"returncode": ended.returncode, "stderr": ended.stderr_tail}
    said = ended.stderr_tail.lower()
    if "not on whitelist" in said:
        message = (
            "The file uses a codec that Filemill does not decode; convert it to a common one, such as H.264 or AAC."
        )
        return InputError(message, code="unsupported_format", evidence=evidence)
    if "no space left on device" in said:
        message = "There was no room on the disk for what FFmpeg makes."
        return SystemFault(message, code="disk_full", is_passing=True, evidence=evidence)
    if "cannot allocate memory" in said:
        return LimitError("The work needs more memory than it may use.", code="memory_limit", evidence=evidence)
    if ended.returncode < 0:
        message = f"FFmpeg was ended by signal {-ended.returncode} while it worked on the file."
        return SystemFault(message, code="cage_crashed", is_passing=True, evidence=evidence)
    message = "The file is damaged: its content can't be decoded."
    return InputError(message, code="corrupt_file", evidence=evidence)


def explain_nothing_encoded() -> ProcessingError:
    """The error to raise where FFmpeg found no frame to encode, and called that a success."""
    return InputError("The video is damaged: nothing of it can be encoded.", code="corrupt_file")


def is_index_too_small(ended: ToolExit) -> bool:
    """Say whether FFmpeg gave up because the index did not fit into the bytes kept for it."""
    return ended.returncode != 0 and "moov_size is too small" in ended.stderr_tail


def forgive_nothing_left(ended: ToolExit) -> ToolExit:
    """Take it for a success that FFmpeg found nothing to write: it was asked to go on where the film had ended.

    What it said of writing is forgotten; what it said of reading stays, since the rest of the film may be damaged.
    """
    if "received no packets" not in ended.stderr_tail and "Output file is empty" not in ended.stderr_tail:
        return ended
    said = [line for line in ended.stderr_tail.splitlines() if not line.startswith(("[vost#", "[out#"))]
    return ToolExit(returncode=0, stderr_tail="\n".join(said))


def explain_shortfall(
    ended: ToolExit, *, expected_seconds: float | None, actual_seconds: float | None
) -> ProcessingError | None:
    """FFmpeg encodes what it can of a damaged film and calls that a success; say when too much is missing."""
    is_wrong = is_short(expected_seconds=expected_seconds, actual_seconds=actual_seconds) and _has_complained(ended)
    if not expected_seconds or not is_wrong:
        return None
    return InputError(
        f"The file is damaged: only {actual_seconds or 0.0:.1f} of its {expected_seconds:.1f} seconds can be decoded.",
        code="corrupt_file",
        evidence={"stderr": ended.stderr_tail},
    )


def is_short(*, expected_seconds: float | None, actual_seconds: float | None) -> bool:
    """Say whether so much is missing that it is damage, if FFmpeg has complained as well."""
    missing = (expected_seconds or 0.0) - (actual_seconds or 0.0)
    return missing >= max(_SHORTFALL_SECONDS, (expected_seconds or 0.0) * _SHORTFALL_FRACTION)


def _has_complained(ended: ToolExit) -> bool:
    """SVT-AV1 tells of its settings whatever the log level; that is no complaint."""
    return any(line.strip() and not line.startswith(_CHATTER) for line in ended.stderr_tail.splitlines())
