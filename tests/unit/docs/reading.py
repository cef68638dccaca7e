"""Reading the documentation and the code side by side."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "samples").glob("*.md")])


def read_page(place: str) -> str:
    return (ROOT / place).read_text(encoding="utf-8")


def name_page(page: Path) -> str:
    return str(page.relative_to(ROOT))


def first_cells(text: str) -> list[str]:
    """The first cell of every row of a page's tables whose first cell is a name in code."""
    return re.findall(r"^\| `([^`|]+)` \|", text, flags=re.MULTILINE)


def parse_modules(*places: str) -> Iterator[ast.Module]:
    """Every Python module of ours under these places."""
    for place in places:
        path = ROOT / place
        for module in [path] if path.is_file() else sorted(path.rglob("*.py")):
            yield ast.parse(module.read_text(encoding="utf-8"))


def find_calls(*places: str) -> Iterator[ast.Call]:
    for tree in parse_modules(*places):
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def text_of(node: ast.expr | None) -> str | None:
    """The text of a string constant; None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
