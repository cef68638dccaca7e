#!/usr/bin/env python3
"""Installs the programs that some tests need, where this user may, and otherwise says which tests are left out."""

from __future__ import annotations

import os
import shutil
import sys

from debian import install_packages

TOOLS = {
    "cc": ("gcc libc6-dev", "the test of a tool that will not go (tests/chaos)"),
    "chromium": ("chromium", "the tests in a real browser (tests/browser)"),
    "pdftotext": ("poppler-utils", "the tests that read PDFs with a second reader (tests/integration/processing)"),
    "faketime": ("faketime", "the tests of a worker with a wrong clock (tests/chaos)"),
    "soffice": (
        "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui",
        "the tests of LibreOffice (tests/integration)",
    ),
    "tesseract": (
        "tesseract-ocr tesseract-ocr-eng tesseract-ocr-uzb tesseract-ocr-uzb-cyrl tesseract-ocr-rus",
        "the tests of Tesseract (tests/integration)",
    ),
}
"""Program: Debian's packages, and the tests that need it."""


def main() -> int:
    absent = {program: facts for program, facts in TOOLS.items() if shutil.which(program) is None}
    if not absent:
        return 0
    packages = [package for packages, _ in absent.values() for package in packages.split()]
    sys.stderr.write(f"filemill: installing {', '.join(packages)}\n")
    if install_packages(packages):
        return 0
    for needed, tests in absent.values():
        sys.stderr.write(f"filemill: {tests} are left out: Debian's {needed} could not be installed\n")
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
