"""The parts of a file that its format knows, and the whole numbers in them."""

from typing import NamedTuple


class Part(NamedTuple):
    """A piece of a file that has a name and a length of its own."""

    start: int
    body: int
    """Where its content begins."""
    end: int
    length_at: int
    length_bytes: int
    order: str


def read(data: bytearray, at: int, width: int, order: str) -> int:
    return int.from_bytes(data[at : at + width], "big" if order == "big" else "little")


def write(data: bytearray, at: int, width: int, order: str, value: int) -> None:
    data[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "big" if order == "big" else "little")
