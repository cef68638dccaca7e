"""What is known of a file before the work, and what is foreseen to come of it: plain data for plans and costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a probe found in a file's headers, or what a plan foresees of an output; None where it is not known."""

    media_type: str
    size: int | None = None
    """Bytes."""
    width: int | None = None
    height: int | None = None
    """Pixels, upright; of one frame, page or film."""
    frames: int | None = None
    """Of an animated picture."""
    pages: int | None = None
    duration: float | None = None
    """Seconds."""
    fps: float | None = None
    more: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """All else that the probe told, such as `video_codec`, `audio_channels`, `is_encrypted`."""

    @property
    def sound_tracks(self) -> list[Mapping[str, Any]]:
        """What the probe told of each track of sound, in their order."""
        return [stream for stream in self.more.get("streams", []) if stream["type"] == "audio"]

    def describe(self) -> dict[str, Any]:
        """Give what is known as JSON-able facts."""
        known = {
            name: getattr(self, name)
            for name in ("media_type", "size", "width", "height", "frames", "pages", "duration", "fps")
        }
        return {name: value for name, value in {**self.more, **known}.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Cost:
    """A rough estimate of what the work takes, for choosing who does it when; no promise."""

    cpu_seconds: float = 0.1
    memory_bytes: int = 64 * 1024**2

    def __add__(self, other: "Cost") -> "Cost":
        """Steps follow each other: their times add up, their memory doesn't."""
        return Cost(
            cpu_seconds=self.cpu_seconds + other.cpu_seconds, memory_bytes=max(self.memory_bytes, other.memory_bytes)
        )


@dataclass(frozen=True, kw_only=True)
class PlannedOutput:
    """An output that is foreseen; its name is how it will be called, or a pattern such as `page-*.png`."""

    name: str
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What an operation is foreseen to make of a file, and at what cost; the first output is the next step's input."""

    outputs: tuple[PlannedOutput, ...]
    cost: Cost
    warnings: tuple[str, ...] = ()
