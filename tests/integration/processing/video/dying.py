"""Workers that die right after they kept a piece of work, and what they leave for the next attempt."""

from collections.abc import Sequence
from pathlib import Path

from filemill.files.checkpoints import PieceShelf
from filemill.processing.bench import Input, Output


class Store:
    """Checkpoints in a directory of the test's own; after `dies_after` pieces the "worker" dies."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.keys: list[str] = []
        self.dies_after: int | None = None

    def open(self, key: str, *, inputs: Sequence[Input] = ()) -> "DyingShelf":
        key = " ".join([key, *(each.name for each in inputs)])
        if key not in self.keys:
            self.keys.append(key)
        return DyingShelf(self.directory / str(self.keys.index(key)), self)

    def pieces(self) -> list[str]:
        return sorted(path.name for path in self.directory.glob("*/*"))


class WorkerDied(BaseException):
    """Stands for kill -9 at the worst moment: right after a piece was kept."""


class DyingShelf(PieceShelf):
    def __init__(self, directory: Path, store: Store) -> None:
        super().__init__(directory)
        self._store = store

    def keep(self, output: Output, name: str) -> None:
        super().keep(output, name)
        if self._store.dies_after is not None:
            self._store.dies_after -= 1
            if self._store.dies_after <= 0:
                self._store.dies_after = None
                raise WorkerDied
