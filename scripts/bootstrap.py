#!/usr/bin/env python3
"""Makes `.venv` with the locked dependencies; costs nothing when that is done already.

Standard library only, and a syntax that old interpreters read: it has to run before anything is installed, and must be
able to say that Python is too old.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
STAMP = VENV / "filemill-stamp"
OLDEST = (3, 11)
UV_REQUIREMENT = "uv>=0.9"


class SetupError(Exception):
    """Setting up can't go on; the text is one sentence that says what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="with what the tests and checks need")
    with_dev = parser.parse_args().dev
    os.umask(0o022)  # the cage runs as another user and must be able to read the environment
    if is_done(with_dev):
        return 0
    try:
        make_environment()
        install(with_dev)
    except SetupError as error:
        sys.stderr.write(f"filemill: {error}\n")
        return 2
    STAMP.write_text(describe(with_dev))
    return 0


def is_done(with_dev: bool) -> bool:
    """Whether the environment was set up from these very files; one for development serves for running too."""
    if not STAMP.is_file() or not os.access(PYTHON, os.X_OK):
        return False
    stamp = STAMP.read_text()
    return stamp == describe(True) or (not with_dev and stamp == describe(False))


def describe(with_dev: bool) -> str:
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "uv.lock"):
        digest.update((ROOT / name).read_bytes())
    return f"{digest.hexdigest()} {'dev' if with_dev else 'run'}\n"


def make_environment() -> None:
    """Make `.venv` unless it works already."""
    if os.access(PYTHON, os.X_OK) and read_version(str(PYTHON)) >= OLDEST:
        return
    interpreter = find_interpreter()
    say(f"making .venv with {interpreter}")
    if has_module(interpreter, "ensurepip") or install_venv_package(interpreter):
        run([interpreter, "-m", "venv", "--clear", str(VENV)])
    elif has_module(interpreter, "pip"):
        # Debian's pip refuses to touch its own Python, but may fill another environment.
        run([interpreter, "-m", "venv", "--clear", "--without-pip", str(VENV)])
        run([interpreter, "-m", "pip", "--python", str(PYTHON), "install", "--quiet", "pip"])
    else:
        raise SetupError(
            "This Python can't make virtual environments: install its package once (sudo apt-get install python3-venv) "
            "and run the command again."
        )


def find_interpreter() -> str:
    """The first Python from 3.11 on that every user can execute.

    An environment made from an interpreter below somebody's private home can't be run by the cage's user.
    """
    names = ["python3", *(f"python3.{minor}" for minor in range(14, OLDEST[1] - 1, -1))]
    places = ["/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(os.pathsep)]
    found = [os.path.join(place, name) for name in names for place in places]
    candidates = [path for path in [*found, sys.executable] if is_usable(path)]
    if not candidates:
        raise SetupError(
            f"Filemill needs Python {OLDEST[0]}.{OLDEST[1]} or newer and found none: install it (on Debian 12 and "
            "later: sudo apt-get install python3 python3-venv) and run the command again."
        )
    return next((path for path in candidates if is_open_to_all(path)), candidates[0])


def is_usable(path: str) -> bool:
    return os.access(path, os.X_OK) and not path.startswith(str(VENV)) and read_version(path) >= OLDEST


def is_open_to_all(path: str) -> bool:
    real = Path(path).resolve()
    return all(place.stat().st_mode & 0o001 for place in [real, *real.parents])


def read_version(interpreter: str) -> tuple[int, ...]:
    done = subprocess.run(
        [interpreter, "-c", "import sys; print(*sys.version_info[:2])"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return tuple(int(part) for part in done.stdout.split()) if done.returncode == 0 else (0,)


def has_module(interpreter: str, name: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
    return subprocess.run([interpreter, "-c", code], stdin=subprocess.DEVNULL, check=False).returncode == 0


def install_venv_package(interpreter: str) -> bool:
    """Install Debian's venv package where that is allowed; say whether venv works now."""
    # The import runs from the directory of this file whether it is run or imported by a test.
    sys.path.insert(0, str(ROOT / "scripts"))
    from debian import install_packages  # noqa: PLC0415

    major, minor = read_version(interpreter)
    install_packages(["python3-venv", f"python{major}.{minor}-venv"])
    return has_module(interpreter, "ensurepip")


def install(with_dev: bool) -> None:
    """Install the locked dependencies and Filemill itself, by uv, or by pip where uv does not run."""
    say("installing the locked dependencies")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not UV.exists():
        run([*pip, UV_REQUIREMENT], may_fail=True)
    sync = [str(UV), "sync", "--frozen", "--inexact", "--quiet", "--python", str(PYTHON)]
    if UV.exists() and run([*sync, *([] if with_dev else ["--no-dev"])], may_fail=True):
        return
    say("uv did not work here; going on with pip")
    run([*pip, "-r", str(ROOT / "requirements.txt")])
    run([*pip, "--no-deps", "--editable", str(ROOT)])
    if with_dev:
        run([*pip, *read_dev_requirements()])


def read_dev_requirements() -> list[str]:
    code = "import sys, tomllib; print(*tomllib.load(open(sys.argv[1], 'rb'))['dependency-groups']['dev'], sep='\\n')"
    argv = [str(PYTHON), "-c", code, str(ROOT / "pyproject.toml")]
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout.decode().split("\n")[:-1]


def run(argv: list[str], *, may_fail: bool = False) -> bool:
    """Run a step of the set-up; its output is shown."""
    # uv would otherwise follow the environment that is active in the shell, or download another Python.
    environ = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(VENV), "UV_PYTHON_DOWNLOADS": "never"}
    environ.pop("VIRTUAL_ENV", None)
    code = subprocess.run(argv, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, check=False).returncode
    if code != 0 and not may_fail:
        raise SetupError(f"`{' '.join(argv)}` failed; its lines above say why: mend that and run the command again.")
    return code == 0


def say(text: str) -> None:
    sys.stderr.write(f"filemill: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
