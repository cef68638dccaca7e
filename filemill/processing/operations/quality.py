"""The `quality` option: three words or a number, the same for pictures and films."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field

QualityWord = Literal["low", "medium", "high"]
Quality = QualityWord | Annotated[int, Field(ge=1, le=100)]

QUALITY_VALID: Final = "low, medium, high or a whole number from 1 to 100"

_PERCENT: Final[Mapping[str, int]] = {"low": 50, "medium": 70, "high": 85}


def to_percent(quality: Quality) -> int:
    """Turn a quality into a number from 1 to 100, on the scale that JPEG encoders use."""
    return quality if isinstance(quality, int) else _PERCENT[quality]


def to_h264_crf(percent: int) -> int:
    """Turn a quality in percent into x264's constant rate factor: 85 gives 20, 70 gives 23, 50 gives 28."""
    return round(40 - 0.24 * percent)


def to_vp9_crf(percent: int) -> int:
    """Turn a quality in percent into libvpx's constant quality level: 85 gives 26, 70 gives 31, 50 gives 37."""
    return round(53 - 0.32 * percent)


def to_h265_crf(percent: int) -> int:
    """Turn a quality in percent into x265's constant rate factor: 85 gives 24, 70 gives 27, 50 gives 32."""
    return round(44 - 0.24 * percent)


def to_av1_crf(percent: int) -> int:
    """Turn a quality in percent into SVT-AV1's constant rate factor: 85 gives 29, 70 gives 35, 50 gives 43."""
    return round(63 - 0.4 * percent)
