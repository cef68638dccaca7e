"""Which layers of confinement hold on this machine, as data for `filemill doctor` and the worker's log."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Mode = Literal["strict", "auto"]
"""`strict`: the cage does not open when seccomp or Landlock is missing; `auto`: it runs with what there is."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: whether it holds, and what it is or why it is missing."""

    is_active: bool
    detail: str


@dataclass(frozen=True, kw_only=True)
class Layers:
    """The layers of a cage. `uid_drop` is also active where there was no privilege to drop."""

    landlock: Layer
    seccomp: Layer
    uid_drop: Layer
    namespaces: Layer
    no_new_privileges: Layer
    rlimits: Layer

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> "Layers":
        """Read what `as_dict` wrote."""
        return cls(**{name: Layer(**layer) for name, layer in message.items()})

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return them JSON-able, by name."""
        return asdict(self)

    def missing(self) -> dict[str, str]:
        """Return the layers that do not hold, each with its reason."""
        return {name: layer["detail"] for name, layer in self.as_dict().items() if not layer["is_active"]}

    def __str__(self) -> str:
        return ", ".join(
            f"{name}: {'' if layer['is_active'] else 'MISSING, '}{layer['detail']}"
            for name, layer in self.as_dict().items()
        )
