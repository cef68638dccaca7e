"""Colours as options: `#rrggbb` and the like, or one of a few names; pure."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator

_NAMED: Final[Mapping[str, str]] = {
    "black": "#000000",
    "white": "#ffffff",
    "transparent": "#00000000",
    "gray": "#808080",
    "grey": "#808080",
    "silver": "#c0c0c0",
    "red": "#ff0000",
    "maroon": "#800000",
    "orange": "#ffa500",
    "yellow": "#ffff00",
    "olive": "#808000",
    "lime": "#00ff00",
    "green": "#008000",
    "aqua": "#00ffff",
    "cyan": "#00ffff",
    "teal": "#008080",
    "blue": "#0000ff",
    "navy": "#000080",
    "magenta": "#ff00ff",
    "fuchsia": "#ff00ff",
    "purple": "#800080",
    "pink": "#ffc0cb",
    "brown": "#a52a2a",
}
_HEX: Final = re.compile(r"#?(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")

COLOR_VALID: Final = "a colour as #rgb, #rgba, #rrggbb or #rrggbbaa, or a name: " + ", ".join(
    name for name in _NAMED if name != "grey"
)


class Rgba(NamedTuple):
    """Red, green, blue and opacity, each from 0 to 255."""

    red: int
    green: int
    blue: int
    alpha: int

    @property
    def is_opaque(self) -> bool:
        return self.alpha == 255


def to_rgba(color: str) -> Rgba:
    """Read a colour; raises ValueError for what is none."""
    text = _NAMED.get(color.strip().lower(), color.strip().lower())
    if not _HEX.fullmatch(text):
        raise ValueError(f"{color!r} is no colour")
    digits = text.removeprefix("#")
    if len(digits) <= 4:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue, *alpha = bytes.fromhex(digits)
    return Rgba(red, green, blue, alpha[0] if alpha else 255)


def _check(color: str) -> str:
    to_rgba(color)
    return color


Color = Annotated[str, AfterValidator(_check)]
