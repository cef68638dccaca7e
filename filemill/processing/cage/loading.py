"""Loading all that a zygote's children may use: once locked up, they can load nothing more."""

import ctypes
import encodings
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Final

# Loaded by name only when first used, which a sealed child can't do any more; so are the codecs.
_LAZY_MODULES: Final = "_strptime linecache mmap stringprep traceback unicodedata warnings"
_WINDOWS_CODECS: Final = frozenset(("mbcs", "oem"))
# A ctypes callback needs executable memory, which a sealed child can't ask for; the first one maps room for many.
_ROOM_FOR_CALLBACKS: Final = ctypes.CFUNCTYPE(None)(lambda: None)


def _load_codecs() -> None:
    for found in pkgutil.iter_modules(encodings.__path__):
        if found.name not in _WINDOWS_CODECS:
            importlib.import_module(f"encodings.{found.name}")


def load(libraries: Sequence[str], packages: Sequence[str], modules: Sequence[str]) -> None:
    """Import libraries, all modules of packages, and single modules; a library called `name.*` with its modules."""
    _load_codecs()
    for name in (*_LAZY_MODULES.split(), *libraries, *modules):
        importlib.import_module(name.removesuffix(".*"))
    for name in (*packages, *(name.removesuffix(".*") for name in libraries if name.endswith(".*"))):
        for found in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
            if not found.name.endswith(".__main__"):
                importlib.import_module(found.name)
    if "pyvips" in sys.modules:
        sys.modules["pyvips"].cache_set_max(0)
