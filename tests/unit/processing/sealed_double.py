"""A SealedCall in this very process, on real descriptors, and what became of it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(kw_only=True)
class OutputDouble:
    """An output as the sealed function sees it, and its bytes for the test."""

    name: str
    media_type: str
    path: Path
    fd: int
    facts: dict[str, Any] = field(default_factory=dict)

    def read(self) -> bytes:
        return self.path.read_bytes()


class SealedCallDouble:
    """What the cage gives a sealed function, without the cage."""

    def __init__(self, source: Path, scratch: Path, arguments: Mapping[str, Any], inputs: Sequence[Path] = ()) -> None:
        self.source_fd = os.open(source, os.O_RDONLY)
        self.source_size = source.stat().st_size
        self.input_fds: Sequence[int] = [os.open(path, os.O_RDONLY) for path in inputs]
        self.input_sizes: Sequence[int] = [path.stat().st_size for path in inputs]
        self.arguments = arguments
        self.outputs: dict[str, OutputDouble] = {}
        self.fractions: list[float] = []
        self._scratch = scratch

    def create_output(self, name: str, media_type: str) -> OutputDouble:
        path = self._scratch / f"output-{len(self.outputs)}"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self.outputs[name] = OutputDouble(name=name, media_type=media_type, path=path, fd=fd)
        return self.outputs[name]

    def progress(self, fraction: float, message: str = "") -> None:
        assert 0.0 <= fraction <= 1.0, f"{fraction} ({message}) is no fraction"
        assert not self.fractions or fraction >= self.fractions[-1], f"progress fell to {fraction}"
        self.fractions.append(fraction)

    def close(self) -> None:
        for descriptor in (self.source_fd, *self.input_fds):
            os.close(descriptor)
        for output in self.outputs.values():
            os.close(output.fd)
