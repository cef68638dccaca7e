"""Rates that a client gives: bits per second as a number or as "2.5M", frames per second as a number or a fraction."""

import re
from fractions import Fraction
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

_BITS: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([kKmM]?)")
_FACTORS: Final = {"": 1, "k": 1000, "m": 1_000_000}
_FRACTION: Final = re.compile(r"([0-9]{1,7})/([0-9]{1,7})")
_BITS_SCHEMA: Final = Annotated[int, Field(ge=1)] | Annotated[str, Field(pattern=r"^\d+(\.\d+)?[kKmM]?$")]
_RATE_SCHEMA: Final = Annotated[float, Field(gt=0)] | Annotated[str, Field(pattern=r"^\d+/\d+$")]


def _read_bits(value: Any) -> Any:
    if isinstance(value, str) and (found := _BITS.fullmatch(value)):
        return round(float(found[1]) * _FACTORS[found[2].lower()])
    return value


def _read_rate(value: Any) -> Any:
    if isinstance(value, str) and (found := _FRACTION.fullmatch(value)) and int(found[2]):
        return int(found[1]) / int(found[2])
    return value


VideoBits = Annotated[
    int, Field(ge=10_000, le=400_000_000), BeforeValidator(_read_bits, json_schema_input_type=_BITS_SCHEMA)
]
AudioBits = Annotated[
    int, Field(ge=8_000, le=512_000), BeforeValidator(_read_bits, json_schema_input_type=_BITS_SCHEMA)
]
FrameRate = Annotated[float, Field(ge=0.1, le=240), BeforeValidator(_read_rate, json_schema_input_type=_RATE_SCHEMA)]

VIDEO_BITS_VALID: Final = 'bits per second from 10000 to 400000000, also as "2.5M" or "800k"'
AUDIO_BITS_VALID: Final = 'bits per second from 8000 to 512000, also as "128k"'
FRAME_RATE_VALID: Final = 'frames per second from 0.1 to 240, also as a fraction such as "30000/1001"'


def to_fraction(rate: float) -> Fraction:
    """Give a rate as the fraction that is meant: 29.97 is 30000/1001."""
    for whole in (24, 30, 48, 60, 120, 240):
        if abs(rate - whole * 1000 / 1001) < 0.005:
            return Fraction(whole * 1000, 1001)
    return Fraction(rate).limit_denominator(1001)
