"""The set-up script, as far as it decides things; the rest is tried by every run of CI."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def bootstrap(tmp_path: Path) -> ModuleType:
    """The script, looking at a project of its own."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "scripts" / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / name).write_text(f"{name} of today")
    places = {"ROOT": tmp_path, "VENV": venv, "PYTHON": venv / "bin" / "python", "STAMP": venv / "filemill-stamp"}
    for name, place in places.items():
        setattr(module, name, place)
    return module


def test_what_was_never_set_up_is_not_done(bootstrap: ModuleType) -> None:
    assert not bootstrap.is_done(with_dev=False)


def test_an_environment_for_running_does_not_serve_for_testing(bootstrap: ModuleType) -> None:
    bootstrap.STAMP.write_text(bootstrap.describe(with_dev=False))

    assert bootstrap.is_done(with_dev=False)
    assert not bootstrap.is_done(with_dev=True)


def test_an_environment_for_testing_serves_for_running(bootstrap: ModuleType) -> None:
    bootstrap.STAMP.write_text(bootstrap.describe(with_dev=True))

    assert bootstrap.is_done(with_dev=False)


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock"])
def test_a_changed_dependency_is_set_up_anew(bootstrap: ModuleType, name: str) -> None:
    bootstrap.STAMP.write_text(bootstrap.describe(with_dev=True))

    (bootstrap.ROOT / name).write_text("of tomorrow")

    assert not bootstrap.is_done(with_dev=True)


def test_an_environment_whose_python_is_gone_is_set_up_anew(bootstrap: ModuleType) -> None:
    bootstrap.STAMP.write_text(bootstrap.describe(with_dev=True))

    bootstrap.PYTHON.unlink()

    assert not bootstrap.is_done(with_dev=True)


def test_a_program_below_a_private_directory_is_not_open_to_all(bootstrap: ModuleType, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    (private / "python3").touch(mode=0o755)

    assert not bootstrap.is_open_to_all(str(private / "python3"))
    assert bootstrap.is_open_to_all("/bin/sh")


def test_without_a_python_that_is_new_enough_one_sentence_says_what_to_install(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "OLDEST", (9, 0))

    with pytest.raises(bootstrap.SetupError, match="install it") as refusal:
        bootstrap.find_interpreter()

    assert str(refusal.value).count("\n") == 0


def test_the_interpreter_that_is_chosen_runs(bootstrap: ModuleType) -> None:
    chosen = bootstrap.find_interpreter()

    assert os.access(chosen, os.X_OK)
    assert bootstrap.read_version(chosen) >= (3, 11)
