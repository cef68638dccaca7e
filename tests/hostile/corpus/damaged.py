"""Good files that are cut, flipped, wiped, doubled or stuffed: every format, the same damage each time."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final

from tests.hostile import seeds
from tests.hostile.hostile import ANY_HONEST, COMPLETED, Hostile, Outcome, Stage, failed, refused

_CUTS: Final = (0.5, 0.98)
# A reader of these needs what stands at the end, or counts what must be there.
_WHOLE_OR_NOTHING: Final = frozenset(
    ("png", "jpeg", "gif", "webp", "bmp", "tiff", "avif", "heic", "svg", "mp4", "mov", "m4a", "avi", "wav")
)

# A film in fragments and an animation show what there is of them.
_PLAYED_SO_FAR: Final = frozenset(("fragmented.mp4", "animated.gif"))


def list_files() -> Iterator[Hostile]:
    yield from _list_empty()
    for name in seeds.NAMES:
        yield from _list_cuts(name)
        for what, spoil in _SPOILERS.items():
            yield _make(name, what, spoil, ANY_HONEST)


def _list_empty() -> Iterator[Hostile]:
    for name in ("empty.png", "empty.mp4", "empty.txt", "empty"):
        task_type = seeds.task_type_of(name.replace("empty.", "")) if "." in name else "document"
        yield Hostile(
            name=f"damaged: {name} without a byte",
            file_name=name,
            task_type=task_type,
            outcome=refused("empty_file"),
            content=lambda _stage: b"",
        )


def _list_cuts(name: str) -> Iterator[Hostile]:
    for fraction in _CUTS:
        outcome = ANY_HONEST
        if seeds.ending_of(name) in _WHOLE_OR_NOTHING and fraction == 0.5 and name not in _PLAYED_SO_FAR:
            outcome = failed("corrupt_file")
        if seeds.ending_of(name) in ("txt", "csv") and name != "utf16.txt":
            outcome = COMPLETED
        yield _make(name, f"cut to {fraction:.0%}", partial(_cut, fraction), outcome)


def _make(name: str, what: str, spoil: Callable[[bytes, Random], bytes], outcome: Outcome) -> Hostile:
    def content(stage: Stage) -> bytes:
        return spoil(stage.seed(name), Random(f"{name}, {what}"))

    return Hostile(
        name=f"damaged: {name}, {what}",
        file_name=f"spoilt.{name}",
        task_type=seeds.task_type_of(name),
        operation=seeds.operation_of(name),
        reads_svg=seeds.ending_of(name) == "svg",
        outcome=outcome,
        content=content,
    )


def _cut(fraction: float, data: bytes, _chance: Random) -> bytes:
    return data[: max(1, int(len(data) * fraction))]


def _flip(data: bytes, chance: Random) -> bytes:
    spoilt = bytearray(data)
    for _ in range(max(4, len(data) // 300)):
        spoilt[chance.randrange(16, len(data))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def _wipe(data: bytes, _chance: Random) -> bytes:
    third = len(data) // 3
    return data[:third] + bytes(third) + data[2 * third :]


def _stuff(data: bytes, chance: Random) -> bytes:
    return data[:16] + chance.randbytes(4096)


_SPOILERS: Final[dict[str, Callable[[bytes, Random], bytes]]] = {
    "bits flipped": _flip,
    "its middle wiped": _wipe,
    "noise behind its signature": _stuff,
    "ones behind its end": lambda data, _chance: data + b"\xff" * 5000,
}
