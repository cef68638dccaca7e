"""The count of tests: a green run that lost some of them fails."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALIKE = """
def pytest_collection_modifyitems(items):
    for item in items:
        item._id = items[0]._id
"""
TESTS = "import pytest\n\n@pytest.mark.parametrize('number', range(4))\ndef test_some(number):\n    assert number < 4\n"


def run(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    (directory / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "tests.counting", "-p", "no:django", "-p", "no:valkey", "-q"]
    return subprocess.run(
        [*command, "--rootdir", str(directory), *arguments, str(directory)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("-n", "2"), ("-n", "2", "--dist", "loadfile"), ("--collect-only",)])
def test_a_run_of_all_tests_is_green(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = run(tmp_path, "-c", str(tmp_path / "pytest.ini"), *arguments)
    assert done.returncode == 0, done.stdout
    assert "collected." not in done.stdout


def test_a_run_that_lost_tests_of_one_name_fails_and_says_how_many(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(ALIKE)
    done = run(tmp_path, "-c", str(tmp_path / "pytest.ini"), "-n", "2", "--dist", "loadfile")
    assert done.returncode == 1, done.stdout
    assert "1 tests were begun of 4 collected." in done.stdout
