"""Which benchmarks there are, and how one is chosen by its name."""

import ast

import pytest

from benchmarks.registry import ALL, Benchmark, choose
from tests.unit.docs.reading import ROOT, read_page


def test_without_a_name_all_are_chosen() -> None:
    chosen, unknown = choose([])

    assert [benchmark.name for benchmark in chosen] == list(ALL)
    assert unknown == []


def test_names_are_separated_by_blanks_or_commas_in_any_case_and_keep_the_registry_s_order() -> None:
    chosen, unknown = choose(["CAGE,p3", "P1"])

    assert [benchmark.name for benchmark in chosen] == ["P1", "P3", "cage"]
    assert unknown == []


def test_a_name_that_nobody_knows_is_told() -> None:
    assert choose(["P1 P77"])[1] == ["p77"]


@pytest.mark.parametrize("benchmark", ALL.values(), ids=lambda benchmark: benchmark.name)
def test_every_benchmark_has_a_function_that_measures(benchmark: Benchmark) -> None:
    module, _, function = benchmark.place.partition(":")
    tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))

    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_readme_tells_of_every_benchmark() -> None:
    text = read_page("benchmarks/README.md")

    assert [name for name in ALL if f"| `{name}` |" not in text] == []


def test_benchmarks_take_nothing_from_the_tests() -> None:
    for module in sorted((ROOT / "benchmarks").rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests")), module
