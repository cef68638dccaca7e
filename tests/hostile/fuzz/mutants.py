"""The mutants: number n of a seed is always the same file, with the same options."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, Final

from filemill.processing.media import HEAD_BYTES, sniff
from filemill.processing.operations import OPERATIONS
from tests.hostile import seeds
from tests.hostile.fuzz.headers import make_structural
from tests.hostile.fuzz.mutations import BLIND, graft, splice
from tests.hostile.hostile import TaskType

OPTIONS: Final[Mapping[str, tuple[Mapping[str, Any], ...]]] = {
    "image.transform": (
        {},
        {"format": "webp", "resize": [64, 64]},
        {"format": "png", "resize": {"width": 80, "height": 80, "fit": "cover"}, "strip_metadata": False},
        {"format": "avif", "resize": [48, 48]},
        {"format": "gif", "resize": {"width": 50, "height": 70, "fit": "contain"}},
        {"format": "jpeg", "auto_orient": False},
    ),
    "video.transcode": ({}, {}, {"poster": {"at": "50%"}}, {"format": "mp4", "resize": [48, 48], "quality": "low"}),
    "document.read": ({}, {}, {"text": False, "dpi": 36}, {"preview_rows": 100}),
}
"""What is asked of these operations, by chance; of all others it is what they show as their examples."""

SLOW_TOOLS: Final = frozenset(("soffice", "ocrmypdf"))
"""They take seconds for a page, however short: operations with them come up a tenth as often."""
_SLOW_SHARE: Final = 0.1
_SPLICES: Final = 0.15
_STRUCTURAL: Final = 0.45


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A spoilt file and what is asked of it."""

    index: int
    file_name: str
    task_type: TaskType
    operation: str
    options: Mapping[str, Any]
    content: bytes
    history: tuple[str, ...]
    """The seed and the changes, for the report."""


@cache
def list_sources() -> tuple[tuple[str, TaskType, bytes], ...]:
    """Give every file to begin with: the small seeds twice as often as the samples, which are larger."""
    small = [(f"seed.{name}", seeds.task_type_of(name), seeds.seed(name)) for name in seeds.NAMES]
    samples = [
        (path.name, _task_type_of_sample(path.name), path.read_bytes())
        for path in sorted(seeds.SAMPLES.iterdir())
        if path.suffix != ".md"
    ]
    return (*small, *small, *samples)


def _task_type_of_sample(name: str) -> TaskType:
    return {"jpg": "image", "mp4": "video"}.get(seeds.ending_of(name), "document")  # type: ignore[return-value]


@cache
def find_operations(file_name: str, content: bytes) -> tuple[str, ...]:
    """Give the operations that take a file and nothing beside it."""
    media_type = sniff(content[:HEAD_BYTES], file_name)
    taking = [name for name, kind in OPERATIONS.items() if media_type in kind.media_types]
    return tuple(sorted(taking))


def choose_operation(file_name: str, content: bytes, chance: Random) -> str:
    """Choose one of the operations that take a file."""
    found = find_operations(file_name, content)
    weights = [1.0 if SLOW_TOOLS.isdisjoint(OPERATIONS[name].tools) else _SLOW_SHARE for name in found]
    return chance.choices(found, weights)[0]


def list_options(operation: str) -> tuple[Mapping[str, Any], ...]:
    """Give the sets of options to choose from."""
    examples = tuple(example.options for example in OPERATIONS[operation].examples)
    return OPTIONS.get(operation) or examples or ({},)


def make_mutant(seed: int, index: int) -> Mutant:
    """Make mutant number `index` of a seed."""
    chance = Random(f"{seed}:{index}")
    sources = list_sources()
    file_name, task_type, original = sources[chance.randrange(len(sources))]
    data, history = bytearray(original), [file_name]
    if chance.random() < _SPLICES:
        other_name, _, other = sources[chance.randrange(len(sources))]
        join = chance.choice((splice, graft))
        join(data, other, chance)
        history.append(f"{join.__name__} {other_name}")
    structural = make_structural(seeds.ending_of(file_name))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5))):
        change = structural if structural and chance.random() < _STRUCTURAL else chance.choice(BLIND)
        if data:
            change(data, chance)
            history.append(change.__name__)
    operation = choose_operation(file_name, original, chance)
    return Mutant(
        index=index,
        file_name=file_name,
        task_type=task_type,
        operation=operation,
        options=chance.choice(list_options(operation)),
        content=bytes(data),
        history=tuple(history),
    )
