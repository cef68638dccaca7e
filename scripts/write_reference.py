#!/usr/bin/env python3
"""Writes the tables of the documentation that are made from the code; with --check says whether they are up to date.

Each table stands between `<!-- generated: NAME -->` and `<!-- end -->`; everything around it is written by hand.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from filemill.processing.error_codes import ERROR_CODES  # noqa: E402  the path comes first
from filemill.processing.operations import OPERATIONS, Operation  # noqa: E402
from filemill.processing.operations.checking import schema  # noqa: E402
from filemill.tasks.statuses import MOVES  # noqa: E402

END: Final = "<!-- end -->"
MIB: Final = 1024**2


def main() -> int:
    is_check = "--check" in sys.argv[1:]
    stale = []
    for place, generated in PLACES.items():
        path = ROOT / place
        committed = path.read_text(encoding="utf-8")
        wanted = replace_tables(committed, generated, place)
        if wanted != committed:
            stale.append(place)
            if not is_check:
                path.write_text(wanted, encoding="utf-8")
    for place in stale:
        sys.stderr.write(f"{place} {'is not what the code says' if is_check else 'written'}\n")
    if stale and is_check:
        sys.stderr.write("Run `.venv/bin/python scripts/write_reference.py` and commit what it writes.\n")
    return 1 if stale and is_check else 0


def replace_tables(text: str, generated: Mapping[str, Callable[[], str]], place: str) -> str:
    """Return the page with every generated part made anew; raises ValueError when a marker is missing."""
    for name, make in generated.items():
        begin = f"<!-- generated: {name} -->"
        before, found, rest = text.partition(begin)
        _, ended, after = rest.partition(END)
        if not found or not ended:
            raise ValueError(f"{place} lacks the markers {begin} and {END}")
        text = f"{before}{begin}\n{make().strip()}\n{END}{after}"
    return text


# --- life cycle ---
def draw_moves() -> str:
    """The state diagram, one arrow for each source of each move."""
    arrows = ["[*] --> pending: submit"]
    for move in MOVES:
        arrows += [f"{source.value} --> {move.target.value}: {move.name}" for source in sorted(move.sources)]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {arrow}" for arrow in arrows), "```"])


def list_moves() -> str:
    rows = [("submit", "–", "pending", "service", "created", "–")]
    rows += [
        (
            move.name,
            ", ".join(sorted(move.sources)),
            move.target.value,
            move.who,
            move.event.value,
            move.outcome.value if move.outcome else "–",
        )
        for move in MOVES
    ]
    return make_table(("Move", "From", "To", "Who", "Event", "The open attempt ends as"), rows)


# --- error codes ---
def list_error_codes() -> str:
    rows = [(f"`{code}`", facts.meaning, facts.mend) for code, facts in sorted(ERROR_CODES.items())]
    return make_table(("Code", "Meaning", "What to do"), rows)


# --- operations ---
def describe_operations() -> str:
    return "\n\n".join(describe_operation(operation) for operation in OPERATIONS.values())


def describe_operation(operation: Operation[Any]) -> str:
    limits = operation.limits
    facts = [
        f"- Task type: `{operation.task_type}`",
        f"- Reads: {', '.join(f'`{kind}`' for kind in sorted(operation.media_types))}",
        (
            f"- Limits of one run: {limits.memory_bytes // MIB} MiB of memory, {limits.cpu_seconds} s of processor "
            f"time, {limits.wall_seconds:.0f} s in all, {limits.output_bytes // MIB} MiB per output"
        ),
        f"- Samples: {', '.join(f'`{sample}`' for sample in operation.samples)}",
    ]
    table = make_table(("Option", "Valid", "Default", "Meaning", "Examples"), list_options(schema(operation)))
    return "\n\n".join([f"## `{operation.name}`", operation.summary, "\n".join(facts), table])


def list_options(options: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    for name, facts in options["properties"].items():
        yield (
            f"`{name}`",
            facts["x-valid"],
            "–" if facts.get("default") is None else f"`{json.dumps(facts['default'])}`",
            facts["description"],
            ", ".join(f"`{json.dumps(example)}`" for example in facts["examples"]),
        )


# --- decisions ---
def list_decisions() -> str:
    pages = sorted(page for page in (ROOT / "docs/decisions").glob("*.md") if page.name != "README.md")
    titles = (page.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for page in pages)
    return "\n".join(f"- [{title}]({page.name})" for page, title in zip(pages, titles, strict=True))


def make_table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PLACES: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "docs/explanation/life-cycle.md": {"state diagram": draw_moves, "moves": list_moves},
    "docs/reference/error-codes.md": {"error codes of tasks": list_error_codes},
    "docs/reference/operations.md": {"operations": describe_operations},
    "docs/decisions/README.md": {"decisions": list_decisions},
}

if __name__ == "__main__":
    sys.exit(main())
