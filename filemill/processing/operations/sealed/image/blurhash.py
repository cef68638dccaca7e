"""Sealed: BlurHash: a picture's impression in about thirty letters, drawn before the picture is there; pure."""

import math
from collections.abc import Sequence
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_LINEAR: Final = [
    value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in range(256)
]

Factor = tuple[float, float, float]


def encode_blurhash(pixels: bytes, width: int, height: int, *, across: int = 4, down: int = 3) -> str:
    """Encode RGB pixels of a small picture with `across` x `down` waves."""
    linear = [_LINEAR[value] for value in pixels]
    factors = [_find_factor(linear, width, height, i, j) for j in range(down) for i in range(across)]
    average, *waves = factors
    greatest = max((abs(value) for wave in waves for value in wave), default=0.0)
    quantised = max(0, min(82, math.floor(greatest * 166 - 0.5))) if waves else 0
    scale = (quantised + 1) / 166
    encoded = _to_digits(across - 1 + (down - 1) * 9, 1) + _to_digits(quantised, 1) + _to_digits(_pack(average), 4)
    return encoded + "".join(_to_digits(_pack_wave(wave, scale), 2) for wave in waves)


def _find_factor(linear: Sequence[float], width: int, height: int, i: int, j: int) -> Factor:
    """Measure one wave in each colour: a term of the cosine transform."""
    columns = [math.cos(math.pi * i * x / width) for x in range(width)]
    sums = [0.0, 0.0, 0.0]
    for y in range(height):
        row = math.cos(math.pi * j * y / height)
        for x, column in enumerate(columns):
            at = 3 * (y * width + x)
            basis = row * column
            for band in range(3):
                sums[band] += basis * linear[at + band]
    scale = (1 if i == j == 0 else 2) / (width * height)
    return sums[0] * scale, sums[1] * scale, sums[2] * scale


def _pack(colour: Factor) -> int:
    red, green, blue = (_to_srgb(value) for value in colour)
    return (red << 16) + (green << 8) + blue


def _to_srgb(value: float) -> int:
    value = max(0.0, min(1.0, value))
    return round(255 * (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055))


def _pack_wave(wave: Factor, scale: float) -> int:
    red, green, blue = (
        max(0, min(18, math.floor(math.copysign(math.sqrt(abs(value / scale)), value) * 9 + 9.5))) for value in wave
    )
    return red * 19 * 19 + green * 19 + blue


def _to_digits(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83 ** (length - place) % 83] for place in range(1, length + 1))
