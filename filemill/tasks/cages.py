"""The cage as this installation wants it: how strict, and with the operations of installed packages."""

from django.conf import settings

from filemill.processing import operations
from filemill.processing.cage import Cage


def make_cage() -> Cage:
    """Make a cage for this process; nothing starts before its first use."""
    return Cage(mode="strict" if settings.FILEMILL_CAGE == "strict" else "auto", preload=operations.sealed_modules())
