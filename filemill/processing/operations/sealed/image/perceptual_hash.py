"""Sealed: a perceptual hash: 64 bits that are nearly the same for pictures that look the same; pure."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Final

SIDE: Final = 32
_KEPT: Final = 8
_WAVES: Final = [[math.cos(math.pi * wave * (2 * at + 1) / (2 * SIDE)) for at in range(SIDE)] for wave in range(_KEPT)]


def hash_of(grey: Sequence[int]) -> str:
    """Hash a grey picture of 32 x 32: which of its 64 slowest waves are above their median, as 16 hex digits.

    Two pictures look alike when few of the bits differ: up to about 10 of 64.
    """
    rows = [[sum(map(float.__mul__, wave, _row(grey, y))) for wave in _WAVES] for y in range(SIDE)]
    waves = [sum(wave[y] * rows[y][across] for y in range(SIDE)) for wave in _WAVES for across in range(_KEPT)]
    middle = median(waves[1:])  # the first is the average brightness, which says nothing of the picture's shapes
    bits = "".join("1" if wave > middle else "0" for wave in waves)
    return f"{int(bits, 2):016x}"


def _row(grey: Sequence[int], y: int) -> list[float]:
    return [float(value) for value in grey[y * SIDE : (y + 1) * SIDE]]
