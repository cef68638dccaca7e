"""Which build of a tool this is: what it has made fits together only with what the same build makes."""

import hashlib
from typing import Final

from filemill.processing.cage import tools

_BEGINNING_BYTES: Final = 1024**2
"""A program's beginning holds what its linker has computed of all of it."""


def identify(name: str) -> str:
    """Tell a tool's program from its other versions and builds, alike on all hosts; "none" where it is missing."""
    program = tools.find(name)
    if program is None:
        return "none"
    with program.open("rb") as file:
        beginning = hashlib.sha256(file.read(_BEGINNING_BYTES)).hexdigest()
    return f"{program.name} {program.stat().st_size} {beginning}"
