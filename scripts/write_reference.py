#!/usr/bin/env python3
"""Writes the tables of the documentation that are made from the code; with --check says whether they are up to date.

Each table stands between `<!-- generated: NAME -->` and `<!-- end -->`; everything around it is written by hand. The
page of an operation is made whole.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from filemill.processing.error_codes import ERROR_CODES  # noqa: E402  the path comes first
from filemill.processing.media import SVG_TYPE  # noqa: E402
from filemill.processing.operations import DEFAULTS, OPERATIONS, Operation  # noqa: E402
from filemill.processing.operations.checking import schema  # noqa: E402
from filemill.processing.operations.declaration import Example  # noqa: E402
from filemill.tasks.statuses import MOVES  # noqa: E402

END: Final = "<!-- end -->"
OPERATION_PAGES: Final = ROOT / "docs/reference/operations"
MIB: Final = 1024**2


def main() -> int:
    is_check = "--check" in sys.argv[1:]
    stale = []
    for path, wanted in wanted_pages().items():
        committed = path.read_text(encoding="utf-8") if path.exists() else None
        if wanted == committed:
            continue
        stale.append(str(path.relative_to(ROOT)))
        if is_check:
            continue
        if wanted is None:
            path.unlink()
        else:
            path.write_text(wanted, encoding="utf-8")
    for place in stale:
        sys.stderr.write(f"{place} {'is not what the code says' if is_check else 'written'}\n")
    if stale and is_check:
        sys.stderr.write("Run `.venv/bin/python scripts/write_reference.py` and commit what it writes.\n")
    return 1 if stale and is_check else 0


def wanted_pages() -> dict[Path, str | None]:
    """Every page with generated parts as it should be; None for the page of an operation that is no more."""
    pages: dict[Path, str | None] = {}
    for place, generated in PLACES.items():
        path = ROOT / place
        pages[path] = replace_tables(path.read_text(encoding="utf-8"), generated, place)
    pages.update(dict.fromkeys(OPERATION_PAGES.glob("*.md")))
    pages.update({OPERATION_PAGES / f"{name}.md": write_page(found) for name, found in OPERATIONS.items()})
    return pages


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
def list_operations() -> str:
    rows = [
        (
            f"[`{operation.name}`](operations/{operation.name}.md)",
            operation.summary,
            ", ".join(f"`{tool}`" for tool in operation.tools) or "–",
        )
        for operation in OPERATIONS.values()
    ]
    return make_table(("Operation", "What it makes", "Tools"), rows)


def write_page(operation: Operation[Any]) -> str:
    """The page of one operation, all of it made from its declaration."""
    parts = [f"# `{operation.name}`", operation.summary, operation.details.strip(), list_facts(operation)]
    options = schema(operation)
    if options["properties"]:
        heads = ("Option", "Must be", "Default", "Meaning", "Examples")
        parts += ["## Options", make_table(heads, list_options(options))]
    if operation.examples:
        parts += ["## Examples", *(show_example(operation, example) for example in operation.examples)]
    parts.append("[All operations](../operations.md)")
    return "\n\n".join(part for part in parts if part) + "\n"


def list_facts(operation: Operation[Any]) -> str:
    limits = operation.limits
    is_default = DEFAULTS.get(operation.task_type) == operation.name
    reads = operation.media_types | (operation.inputs.media_types if operation.inputs else frozenset())
    facts = [
        f"- Task type: `{operation.task_type}`{', whose default it is' if is_default else ''}",
        f"- Reads: {', '.join(f'`{kind}`' for kind in sorted(operation.media_types))}",
        (
            f"- Limits of one run: {limits.memory_bytes // MIB} MiB of memory, {limits.cpu_seconds} s of processor "
            f"time, {limits.wall_seconds:.0f} s in all, {limits.output_bytes // MIB} MiB per output"
        ),
        f"- Samples: {', '.join(f'`{sample}`' for sample in operation.samples)}",
    ]
    if operation.inputs:
        kinds = ", ".join(f"`{kind}`" for kind in sorted(operation.inputs.media_types))
        facts.append(f"- Further files (`inputs`): {operation.inputs.least} to {operation.inputs.most}, of {kinds}")
    if SVG_TYPE in reads:
        facts.append(f"- `{SVG_TYPE}` is read only where the setting [`FILEMILL_SVG`](../settings.md) is on")
    if operation.tools:
        facts.append(f"- Tools: {', '.join(f'`{tool}`' for tool in operation.tools)}")
    return "\n".join(facts)


def show_example(operation: Operation[Any], example: Example) -> str:
    sample = example.sample or operation.samples[0]
    request: dict[str, Any] = {"file_path": sample, "task_type": operation.task_type}
    if DEFAULTS.get(operation.task_type) != operation.name:
        request["operation"] = operation.name
    if operation.inputs and len(operation.samples) > 1:
        request["inputs"] = list(operation.samples[1:])
    request["metadata"] = dict(example.options)
    return f"{example.shows}\n\n```json\n{write_json(request, indent=2)}\n```"


def list_options(options: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    for name, facts in options["properties"].items():
        aliases = facts.get("x-aliases", [])
        also = f" Also called {', '.join(f'`{alias}`' for alias in aliases)}." if aliases else ""
        yield (
            f"`{name}`",
            facts["x-valid"],
            "–" if facts.get("default") is None else f"`{write_json(facts['default'])}`",
            f"{facts['description']}{also}",
            ", ".join(f"`{write_json(example)}`" for example in facts["examples"]),
        )


def write_json(value: object, *, indent: int | None = None) -> str:
    """Write JSON as a person would: letters as they are, not as escapes."""
    return json.dumps(value, indent=indent, ensure_ascii=False)


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
    "docs/reference/operations.md": {"operations": list_operations},
    "docs/decisions/README.md": {"decisions": list_decisions},
}

if __name__ == "__main__":
    sys.exit(main())
