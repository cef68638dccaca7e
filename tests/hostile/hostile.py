"""What a hostile file is, and what may come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from filemill.processing.error_codes import ERROR_CODES

TaskType = Literal["image", "video", "document"]


class Stage(Protocol):
    """What a hostile file is made with: good files to spoil, and secrets to reach for."""

    canary_file: Path
    """A text with a secret word."""
    canary_picture: Path
    """A picture of one colour that nothing else has."""
    canary_film: Path
    """A film of that colour."""
    canary_url: str
    """A server that counts who comes; ends without a slash."""

    def seed(self, name: str) -> bytes:
        """Give a good file by its name; see `tests.hostile.seeds`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The ends that a file may come to; `|` allows those of both."""

    refused: frozenset[str] = frozenset()
    """Codes with which the door may turn it away."""
    failed: frozenset[str] = frozenset()
    """Codes with which its task may fail."""
    may_complete: bool = False

    def __or__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            refused=self.refused | other.refused,
            failed=self.failed | other.failed,
            may_complete=self.may_complete or other.may_complete,
        )

    def allows(self, how: str, code: str) -> bool:
        """Tell whether a file may end so."""
        match how:
            case "refused":
                return code in self.refused
            case "failed":
                return code in self.failed
        return self.may_complete


def refused(*codes: str) -> Outcome:
    """The door turns it away."""
    return Outcome(refused=frozenset(codes))


def failed(*codes: str) -> Outcome:
    """Its task fails."""
    unknown = [code for code in codes if code not in ERROR_CODES]
    if unknown:
        raise ValueError(f"no such error codes: {unknown}")
    return Outcome(failed=frozenset(codes))


COMPLETED: Final = Outcome(may_complete=True)
"""It looks hostile and is not, or its hostile part is never looked at."""

LIMIT_CODES: Final = (
    *("too_many_bytes", "too_many_pixels", "too_many_frames", "too_many_pages", "too_long", "too_many_streams"),
    *("too_deeply_nested", "too_compressed", "too_large"),
)

ANY_HONEST: Final = (
    refused("unsupported_format", "type_mismatch", "empty_file")
    | failed("corrupt_file", "unsupported_format", "password_required", *(c for c in LIMIT_CODES if c in ERROR_CODES))
    | COMPLETED
)
"""For chance damage: whatever it has become, Filemill says so of the file, and blames neither itself nor its limits."""


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """One hostile file."""

    name: str
    """`family: what it does`, unique."""
    file_name: str
    task_type: TaskType
    outcome: Outcome
    content: Callable[[Stage], bytes]
    operation: str | None = None
    """What is asked of it by name; left out, it is what its task type does."""
    options: Mapping[str, object] = field(default_factory=dict)
    reads_svg: bool = False
    """Whether it is handed in where SVG is read, which it is not unless the installation allows it."""
    within_seconds: float = 10.0
    """From the hand-in to the end; most take milliseconds."""

    def make(self, directory: Path, stage: Stage) -> Path:
        """Write the file."""
        path = directory / self.file_name
        path.write_bytes(self.content(stage))
        return path


def describe(
    ending: str,
    what: str,
    outcome: Outcome,
    content: Callable[[Stage], bytes] | bytes,
    *,
    task_type: TaskType,
    **more: Any,
) -> Hostile:
    """Describe a hostile file of a family that is called by its ending."""
    return Hostile(
        name=f"{ending}: {what}",
        file_name=f"hostile.{ending}",
        task_type=task_type,
        outcome=outcome,
        content=content if callable(content) else lambda _stage: content,
        **more,
    )
