"""Which workers are there: a worker that stops signs off, one that starts strikes out the dead of its own machine.

Without that, a worker that is gone would count as ready for as long as its last report is young.
"""

import logging
import os
import socket

from django.db import Error, connection

from filemill.tasks.models import WorkerNode
from filemill.tasks.node import node

logger = logging.getLogger(__name__)


def strike_out_dead() -> None:
    """Delete the rows of this machine's workers whose process is gone.

    Called before the pool forks, so the connection is closed again: a child must not share it.
    """
    host = socket.gethostname()
    try:
        named = WorkerNode.objects.filter(name__startswith=f"{host}:").values_list("pk", "name")
        dead = [pk for pk, name in named if not _is_alive(name.removeprefix(f"{host}:"))]
        WorkerNode.objects.filter(pk__in=dead).delete()
    except Error as error:
        logger.warning("the list of workers could not be tidied: %s", error)
    finally:
        connection.close()


def sign_off() -> None:
    """Delete this worker's own row."""
    try:
        WorkerNode.objects.filter(pk=node.id).delete()
    except Error as error:
        logger.warning("this worker could not sign off: %s", error)
    finally:
        connection.close()


def _is_alive(pid: str) -> bool:
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True
