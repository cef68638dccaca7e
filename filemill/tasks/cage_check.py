"""What a worker makes sure of before it takes a file: that its cage holds, tried with canaries."""

import logging
import time

from django.conf import settings

from filemill.processing.cage import Cage, ForkServer, selftest
from filemill.processing.errors import SystemFault
from filemill.tasks.cages import make_cage

logger = logging.getLogger(__name__)

GO_ON = "set FILEMILL_CAGE=auto to work all the same, with the layers that hold"


class OpenCage(SystemExit):
    """The cage does not hold, and the worker refuses to start; the sentence says what is missing and what to do."""


def refuse_open_cage(fork_server: ForkServer | None = None) -> None:
    """Start a cage as for files, let the canaries try to get out, and tell the log. Raises `OpenCage` where
    `FILEMILL_CAGE` is `strict` and anything got through; with `auto` that is a warning.

    Where there is no server that has loaded the libraries already, they are left out: the lock is the same.
    """
    began_at = time.monotonic()
    try:
        with _make_cage(fork_server) as cage:
            layers = cage.layers()
            findings = selftest.run(cage)
    except SystemFault as error:
        _refuse_or_warn(error.message)
        return
    except Exception as error:  # Celery would log it, and go on with a worker whose cage nobody has tried.
        logger.exception("the cage could not be tried")
        _refuse_or_warn(f"The cage could not be tried: {error}.")
        return
    escaped = [str(finding) for finding in findings if not finding.is_refused]
    for name, reason in layers.missing().items():
        logger.warning("the cage lacks %s: %s", name, reason)
    if escaped:
        _refuse_or_warn(f"The cage does not hold here. What got through: {'; '.join(escaped)}.")
        return
    took_seconds = time.monotonic() - began_at
    logger.info("the cage refused all %d canaries, in %.2f s", len(findings), took_seconds)


def _make_cage(fork_server: ForkServer | None) -> Cage:
    if fork_server is None:
        return Cage(mode=settings.FILEMILL_CAGE, libraries=(), packages=())
    return make_cage(fork_server)


def _refuse_or_warn(sentence: str) -> None:
    if settings.FILEMILL_CAGE == "strict":
        refusal = f"{sentence} This worker takes no files. Run `filemill doctor` and mend it, or {GO_ON}."
        logger.critical(refusal)
        raise OpenCage(refusal)
    logger.warning("%s FILEMILL_CAGE=auto: this worker goes on.", sentence)
