"""The settings of Celery that a run of faults is made under: CHAOS_MODE, such as `late` or `early-prefetching`."""

import os
from typing import Final

MODES: Final = ("early", "late", "early-prefetching", "late-prefetching")
MODE: Final = os.environ.get("CHAOS_MODE", "") or "early"
IS_PREFETCHING: Final = MODE.endswith("-prefetching")
SETTINGS: Final = {
    "CELERY_TASK_ACKS_LATE": str(MODE.startswith("late")),
    "FILEMILL_DISABLE_PREFETCH": str(not IS_PREFETCHING),
}
"""What the mode is to the environment of every process of the service."""

if MODE not in MODES:
    raise ValueError(f"CHAOS_MODE is {MODE!r}; it must be one of {', '.join(MODES)}.")
