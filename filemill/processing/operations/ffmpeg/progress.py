"""Progress by FFmpeg's own clock, and how many seconds are left."""

import time
from collections.abc import Callable
from typing import Final

ASK_FOR_PROGRESS: Final = ("-progress", "pipe:4", "-stats_period", "0.2")

_SURE_AFTER_SECONDS: Final = 1.0
"""What the first moments tell of the rate is mostly start-up."""


class Clock:
    """Reads the position from FFmpeg's progress lines and tells the fraction done, as far as the length is known.

    FFmpeg's time steps back now and then, where one stream's packets come late; what is told never does. `from_seconds`
    is where the work began, when a part had been done before: it counts as done, and not for the rate. With `fps`
    frames are counted instead, since FFmpeg's clock is of no use where a film's own times are kept.
    """

    def __init__(
        self,
        lasting_seconds: float | None,
        tell: Callable[[float, float | None], None],
        *,
        from_seconds: float = 0.0,
        fps: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lasting_seconds = lasting_seconds
        self._tell = tell
        self._from_seconds = from_seconds
        self._furthest_seconds = from_seconds
        self._fps = fps
        self._now = now
        self._began_at = now()

    def read_line(self, line: str) -> None:
        name, _, value = line.strip().partition("=")
        if not self._lasting_seconds or not value.isdigit():
            return
        if name == "frame" and self._fps:
            self._reach(min(self._lasting_seconds, self._from_seconds + int(value) / self._fps), self._lasting_seconds)
        if name == "out_time_us" and not self._fps:
            self._reach(min(self._lasting_seconds, int(value) / 1e6), self._lasting_seconds)

    def _reach(self, position_seconds: float, lasting_seconds: float) -> None:
        if position_seconds <= self._furthest_seconds:
            return
        self._furthest_seconds = position_seconds
        self._tell(position_seconds / lasting_seconds, self._estimate_left(lasting_seconds - position_seconds))

    def _estimate_left(self, ahead_seconds: float) -> float | None:
        elapsed = self._now() - self._began_at
        done = self._furthest_seconds - self._from_seconds
        return elapsed * ahead_seconds / done if elapsed >= _SURE_AFTER_SECONDS and done > 0 else None


class FrameCount:
    """Reads from FFmpeg's progress lines how many frames it has encoded."""

    def __init__(self) -> None:
        self.last = 0

    def read_line(self, line: str) -> None:
        name, _, value = line.strip().partition("=")
        if name == "frame" and value.isdigit():
            self.last = int(value)


def say_left(doing: str, left_seconds: float | None) -> str:
    """Put what is being done and the seconds left into a sentence for people."""
    if left_seconds is None:
        return doing
    if left_seconds < 90:
        return f"{doing}: {max(1, round(left_seconds))} s left"
    minutes = round(left_seconds / 60)
    return f"{doing}: {minutes} min left" if minutes < 90 else f"{doing}: {minutes / 60:.1f} h left"
