"""The house rules that a linter does not know: sizes, names, and who may start processes."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LONGEST_MODULE_LINES = 300
LONGEST_FUNCTION_LINES = 40
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "misc", "manager", "managers"}
DATABASE_BACKEND = Path("config/database/base.py")
"""Django looks for a backend under this name."""
MAY_START_PROCESSES = ("filemill/processing/cage", "filemill/launch", "scripts", "tests")
STARTS_PROCESSES = {
    *("os.fork", "os.forkpty", "os.system", "os.popen", "os.posix_spawn", "os.posix_spawnp"),
    *("multiprocessing", "subprocess", "pty.fork", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"),
}


def list_modules(*places: str) -> list[Path]:
    """Every module of ours in these folders; migrations are written by Django."""
    found = [path for place in places for path in sorted((ROOT / place).rglob("*.py"))]
    return [path.relative_to(ROOT) for path in found if "migrations" not in path.parts]


PRODUCT = list_modules("config", "filemill", "scripts")
EVERYTHING = [*PRODUCT, *list_modules("tests")]


def name_of(path: Path) -> str:
    return str(path)


def parse(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_module_is_short_enough_to_be_read_whole(path: Path) -> None:
    lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())

    assert lines <= LONGEST_MODULE_LINES, f"{path} has {lines} lines: take it apart by subject"


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    too_long = [
        f"{node.name} ({length} lines)"
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION_LINES
    ]

    assert too_long == []


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_a_module_is_named_after_its_subject(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES or path == DATABASE_BACKEND
    assert not FORBIDDEN_NAMES.intersection(path.parent.parts)


@pytest.mark.parametrize("path", [path for path in PRODUCT if path.stem not in ("__init__", "apps")], ids=name_of)
def test_a_module_says_in_its_first_line_what_lives_in_it(path: Path) -> None:
    docstring = ast.get_docstring(parse(path))

    assert docstring, f"{path} has no docstring"


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_only_the_cage_and_the_launcher_start_processes(path: Path) -> None:
    if str(path).startswith(MAY_START_PROCESSES):
        return
    used = {name for name in find_names(parse(path)) if name in STARTS_PROCESSES}

    assert used == set(), f"{path} starts processes; only the cage and the launcher may"


def find_names(tree: ast.Module) -> Iterator[str]:
    """The modules that are imported, and every `module.attribute` that is used."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def test_the_search_for_started_processes_finds_one() -> None:
    tree = ast.parse("import os\nfrom subprocess import run\ndef f():\n    os.fork()\n")

    assert STARTS_PROCESSES.intersection(find_names(tree)) == {"os.fork", "subprocess"}
