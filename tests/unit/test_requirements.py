"""requirements.txt, which plain pip reads, and uv.lock say the same."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_requirements_are_in_step_with_the_lock() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/requirements.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_the_lock_is_in_step_with_the_project() -> None:
    uv = Path(sys.executable).parent / "uv"

    done = subprocess.run([uv, "lock", "--check", "--offline"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
