"""When a part that died is started again: at once, unless it keeps dying."""

from collections.abc import Sequence

WINDOW_SECONDS = 60.0
FREE_DEATHS = 5
LONGEST_DELAY_SECONDS = 60.0


def choose_restart_delay(deaths: Sequence[float], *, now: float) -> float:
    """Seconds to wait before the next start, from the moments of all deaths so far (the one just now included).

    Up to five deaths within a minute cost nothing; every further one doubles the wait from one second on, up to a
    minute. A part that then lives for a minute starts afresh.
    """
    recent = sum(1 for died_at in deaths if now - died_at < WINDOW_SECONDS)
    if recent <= FREE_DEATHS:
        return 0.0
    return min(2.0 ** (recent - FREE_DEATHS - 1), LONGEST_DELAY_SECONDS)
