#!/usr/bin/env python3
"""Keeps requirements.txt in step with uv.lock: writes it, or with --check says whether it is."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPORT = ("export", "--frozen", "--no-dev", "--no-hashes", "--no-emit-project", "--quiet")


def export() -> str:
    """What requirements.txt must be."""
    uv = Path(sys.executable).parent / "uv"
    return subprocess.run([uv, *EXPORT], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def main() -> int:
    place = ROOT / "requirements.txt"
    wanted = export()
    if "--check" not in sys.argv[1:]:
        place.write_text(wanted, encoding="utf-8")
        return 0
    if place.read_text(encoding="utf-8") == wanted:
        return 0
    sys.stderr.write("requirements.txt is not what uv.lock says: run `.venv/bin/python scripts/requirements.py`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
