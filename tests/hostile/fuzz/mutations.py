"""Changes to a file's bytes that know nothing of its format. All chance comes from the `Random` that is handed in."""

from collections.abc import Callable
from random import Random
from typing import Final

Mutation = Callable[[bytearray, Random], None]
"""Changes the bytes in place; it leaves an empty file alone."""

_EXTREMES: Final = (0, 1, -1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE)
_LONGEST_BLOCK: Final = 4096
_MOST_BYTES: Final = 4 * 1024**2
"""No mutant grows larger: the fuzzer looks for what small files can do."""


def flip_bits(data: bytearray, chance: Random) -> None:
    """Flip single bits, from one to one in five hundred."""
    for _ in range(chance.choice((1, 2, 8, max(1, len(data) // 500)))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def set_bytes(data: bytearray, chance: Random) -> None:
    """Set some bytes to others, half of them near the start, where the headers are."""
    for _ in range(chance.choice((1, 3, 10))):
        reach = min(len(data), 512) if chance.random() < 0.5 else len(data)
        data[chance.randrange(reach)] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))


def truncate(data: bytearray, chance: Random) -> None:
    """Cut the end off: anywhere, or within the last bytes."""
    at = chance.randrange(len(data)) if chance.random() < 0.7 else len(data) - chance.randrange(1, 9)
    del data[max(1, at) :]


def cut_start(data: bytearray, chance: Random) -> None:
    """Cut a few bytes off within the first hundred, so that everything after them lies elsewhere."""
    start = chance.randrange(min(100, len(data)))
    del data[start : start + chance.randrange(1, 17)]


def delete_block(data: bytearray, chance: Random) -> None:
    """Take a block out."""
    start, end = _choose_block(data, chance)
    del data[start:end]


def repeat_block(data: bytearray, chance: Random) -> None:
    """Write a block again behind itself, once or many times."""
    start, end = _choose_block(data, chance)
    times = chance.choice((1, 1, 2, 50, 1000))
    data[end:end] = data[start:end] * min(times, max(1, _MOST_BYTES // max(1, end - start)))


def move_block(data: bytearray, chance: Random) -> None:
    """Write a copy of a block over another place."""
    start, end = _choose_block(data, chance)
    target = chance.randrange(len(data))
    data[target : target + end - start] = data[start:end]


def insert_noise(data: bytearray, chance: Random) -> None:
    """Put in random bytes, or one byte many times."""
    length = chance.choice((1, 4, 64, 1024, 65536))
    noise = chance.randbytes(length) if chance.random() < 0.5 else bytes([chance.randrange(256)]) * length
    at = chance.randrange(len(data) + 1)
    data[at:at] = noise


def wipe_block(data: bytearray, chance: Random) -> None:
    """Set a block to zeros or to ones."""
    start, end = _choose_block(data, chance)
    data[start:end] = bytes([chance.choice((0, 0xFF))]) * (end - start)


def set_integer(data: bytearray, chance: Random) -> None:
    """Write an extreme integer of 1, 2, 4 or 8 bytes somewhere, more often near the start."""
    width = chance.choice((1, 2, 4, 4, 8))
    reach = min(len(data), 256) if chance.random() < 0.6 else len(data)
    at = chance.randrange(reach)
    value = chance.choice(_EXTREMES) if chance.random() < 0.8 else chance.getrandbits(8 * width)
    order = "big" if chance.random() < 0.5 else "little"
    written = (value % (1 << 8 * width)).to_bytes(width, "big" if order == "big" else "little")
    data[at : at + width] = written[: len(data) - at]


def nudge_integer(data: bytearray, chance: Random) -> None:
    """Add a little to an integer, or multiply it: what was right by one is wrong by one."""
    width = chance.choice((1, 2, 4))
    at = chance.randrange(len(data))
    field = data[at : at + width]
    value = int.from_bytes(field, "big")
    value = value + chance.choice((-1, 1, -2, 2, 16)) if chance.random() < 0.7 else value * chance.choice((2, 16, 256))
    data[at : at + len(field)] = (value % (1 << 8 * len(field))).to_bytes(len(field), "big")


def splice(data: bytearray, other: bytes, chance: Random) -> None:
    """Continue the first part of a file with the last part of another."""
    at = chance.randrange(1, len(data) + 1)
    data[at:] = other[chance.randrange(len(other)) :]


def graft(data: bytearray, other: bytes, chance: Random) -> None:
    """Put a block of another file in."""
    start = chance.randrange(len(other))
    at = chance.randrange(len(data) + 1)
    data[at:at] = other[start : start + chance.randrange(1, _LONGEST_BLOCK)]


def _choose_block(data: bytearray, chance: Random) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.randrange(1, _LONGEST_BLOCK))


BLIND: Final[tuple[Mutation, ...]] = (
    *(flip_bits, flip_bits, set_bytes, set_bytes, truncate, cut_start, delete_block, repeat_block, move_block),
    *(insert_noise, wipe_block, set_integer, set_integer, set_integer, nudge_integer),
)
