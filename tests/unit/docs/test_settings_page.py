"""docs/reference/settings.md says what the code reads, with the same defaults."""

import ast
import re
from collections.abc import Iterator

from tests.unit.docs.reading import find_calls, first_cells, parse_modules, read_page, text_of

PAGE = "docs/reference/settings.md"
READERS = {"env", "environ", "variables"}
READING_METHODS = {"get", "str", "bool", "int", "float", "list"}
NAME = re.compile(r"[A-Z][A-Z0-9_]+")


def called_receiver(call: ast.Call) -> str:
    """The last name before the method: `environ` of `os.environ.get(…)`."""
    receiver = call.func.value if isinstance(call.func, ast.Attribute) else None
    if isinstance(receiver, ast.Attribute):
        return receiver.attr
    return receiver.id if isinstance(receiver, ast.Name) else ""


def find_read_names() -> Iterator[str]:
    for call in find_calls("config", "filemill"):
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        is_read = method in READING_METHODS and called_receiver(call) in READERS
        is_switch = isinstance(call.func, ast.Name) and call.func.id == "_read_switch"
        arguments = call.args[:1] if is_read else call.args[1:2] if is_switch else []
        yield from (name for name in map(text_of, arguments) if name and NAME.fullmatch(name))
    for tree in parse_modules("config", "filemill"):
        # "NO_COLOR" not in environ
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
                name = text_of(node.left)
                if name and NAME.fullmatch(name) and "environ" in ast.unparse(node.comparators[0]):
                    yield name


def find_literal_defaults() -> Iterator[tuple[str, str]]:
    """Names whose default stands as a number or a switch in config/environment.py."""
    for call in find_calls("config/environment.py"):
        if called_receiver(call) == "env" and len(call.args) == 2:
            name, default = text_of(call.args[0]), call.args[1]
            value = eval(ast.unparse(default), {}) if not isinstance(default, ast.List) else None
            if name and isinstance(value, int | float):
                yield name, str(value)


def test_every_setting_that_the_code_reads_is_described() -> None:
    assert sorted(set(find_read_names()) - set(first_cells(read_page(PAGE)))) == []


def test_every_setting_that_is_described_is_read_by_the_code() -> None:
    assert sorted(set(first_cells(read_page(PAGE))) - set(find_read_names())) == []


def test_a_setting_is_described_once() -> None:
    names = first_cells(read_page(PAGE))

    assert len(names) == len(set(names))


def test_the_defaults_are_those_of_the_code() -> None:
    described = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", read_page(PAGE), flags=re.MULTILINE))
    defaults = dict(find_literal_defaults())

    assert len(defaults) >= 15
    assert {name: described.get(name) for name in defaults} == defaults


def test_the_example_env_file_names_only_settings_that_exist() -> None:
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", read_page(".env.example"), flags=re.MULTILINE))

    assert named
    assert sorted(named - set(find_read_names())) == []
