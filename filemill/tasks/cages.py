"""The cage as this installation wants it: how strict, and with the operations of installed packages."""

import logging

from django.conf import settings

from filemill.processing import operations
from filemill.processing.cage import Cage, ForkServer, describe_preload
from filemill.processing.errors import SystemFault

logger = logging.getLogger(__name__)


def make_cage(fork_server: ForkServer | None = None) -> Cage:
    """Make a cage for this process; nothing starts before its first use."""
    return Cage(
        mode="strict" if settings.FILEMILL_CAGE == "strict" else "auto",
        preload=operations.sealed_modules(),
        fork_server=fork_server,
    )


def start_fork_server() -> ForkServer | None:
    """Load once, before the pool forks, what the cages of all its processes need; without it each loads for itself."""
    try:
        return ForkServer(describe_preload(preload=operations.sealed_modules()))
    except (SystemFault, OSError) as error:
        logger.warning("no fork server, so each process of the pool loads for itself: %s", error)
        return None
