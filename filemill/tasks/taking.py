"""Looking at the many paths of a bulk request, one lean look at each: what can be taken, and why the rest can't."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from django.conf import settings

from filemill.files.roots import HeldRoots
from filemill.tasks.insertion import ROWS_PER_STATEMENT, FileRow, pack
from filemill.tasks.intake import examine_path
from filemill.tasks.refusals import Problem, Refused
from filemill.tasks.wishes import collect

MAX_NAMED: Final = 100
"""A refusal of everything names so many misfits, and says how many there are."""

Fit = Callable[[str], object]
"""Raises Refused for a media type that the work does not fit."""


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A path of a bulk request that was not accepted, by its index in the request."""

    index: int
    file_path: str
    problem: Problem


@dataclass(kw_only=True)
class Taken:
    """The files of a bulk request, as they go to the database, and what was left out."""

    count: int = 0
    chunks: list[str] = field(default_factory=list)
    """As texts: a hundred thousand files kept as objects would be most of the process's memory."""
    rejected: list[Rejected] = field(default_factory=list)

    def refusal(self) -> Refused:
        """Return the refusal of the whole request, which names the misfits by their index."""
        named = [replace(item.problem, field=f"file_paths[{item.index}]") for item in self.rejected[:MAX_NAMED]]
        return Refused(named, total=len(self.rejected))


def take_paths(paths: Iterable[str], *, task_type: str, fit: Fit) -> Taken:
    """Open every path beneath the roots, tell its type by content, and check that the work fits it."""
    taken = Taken()
    fits = _remember(fit)
    with HeldRoots(settings.FILEMILL_ROOTS) as roots:
        for chunk in _chunks(enumerate(paths)):
            rows = [row for item in chunk if (row := _look(item, taken, task_type, fits, roots)) is not None]
            taken.count += len(rows)
            if rows:
                taken.chunks.append(pack(rows))
    return taken


def _look(item: tuple[int, str], taken: Taken, task_type: str, fits: Fit, roots: HeldRoots) -> FileRow | None:
    index, path = item
    try:
        found = examine_path(path, task_type=task_type, field=f"file_paths[{index}]", roots=roots)
        fits(found.media_type)
    except Refused as refused:
        taken.rejected.append(Rejected(index=index, file_path=path, problem=refused.problems[0]))
        return None
    return FileRow(
        batch_index=index,
        file_name=found.file_name,
        file_size=found.file_size,
        file_path=found.file_path,
        source_path=path,
        media_type=found.media_type,
    )


def _chunks(items: Iterator[tuple[int, str]]) -> Iterator[Sequence[tuple[int, str]]]:
    while chunk := list(islice(items, ROWS_PER_STATEMENT)):
        yield chunk


def _remember(fit: Fit) -> Fit:
    """Ask once for each media type, also where the answer is no."""
    known: dict[str, list[Problem]] = {}

    def fits(media_type: str) -> None:
        if media_type not in known:
            problems: list[Problem] = []
            collect(problems, lambda: fit(media_type))
            known[media_type] = problems
        if known[media_type]:
            raise Refused(known[media_type])

    return fits
