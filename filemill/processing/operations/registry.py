"""Finding the operations: every module of this package that declares one, and those of installed packages."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from filemill.processing.operations.declaration import Operation

KINDS: Final = ("image", "video", "audio", "document")
ENTRY_POINTS: Final = "filemill.operations"
"""The group of entry points by which an installed package brings operations: each names an Operation, or several."""


class OperationConflict(Exception):
    """Two operations have one name, or an entry point does not name an operation; the installation must be mended."""


def find_own() -> Iterator[Operation[Any]]:
    """Yield the `OPERATION` of every module in `operations.image`, `.video`, `.audio` and `.document`."""
    for kind in KINDS:
        package = importlib.import_module(f"filemill.processing.operations.{kind}")
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            declared = getattr(importlib.import_module(found.name), "OPERATION", None)
            if declared is not None:
                yield declared


def find_installed(found: Iterable[EntryPoint] | None = None) -> Iterator[Operation[Any]]:
    """Yield what installed packages bring; raises OperationConflict for an entry point that names no operation."""
    for entry in sorted(entry_points(group=ENTRY_POINTS) if found is None else found, key=lambda entry: entry.name):
        loaded = entry.load()
        for operation in loaded if isinstance(loaded, list | tuple) else (loaded,):
            if not isinstance(operation, Operation):
                raise OperationConflict(
                    f"The entry point {entry.name} = {entry.value} names {type(operation).__name__}, and no Operation."
                )
            yield operation


def collect(operations: Iterable[Operation[Any]]) -> dict[str, Operation[Any]]:
    """Return operations by their names, in the order of names within each kind; no name may come twice."""
    collected: dict[str, Operation[Any]] = {}
    for operation in operations:
        if operation.name in collected:
            raise OperationConflict(f"Two operations are called {operation.name}: uninstall one of their packages.")
        collected[operation.name] = operation
    return collected
