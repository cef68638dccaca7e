"""Sealed: Arabic joined and, as Hebrew, put in the order in which it is seen, for a drawer that knows neither."""

import unicodedata
from typing import Final

from arabic_reshaper import ArabicReshaper
from bidi.algorithm import get_display

_RIGHT_TO_LEFT: Final = frozenset(("R", "AL"))
_ISOLATES: Final = dict.fromkeys(range(0x2066, 0x206A))
"""Marks that keep a part's direction to itself; the library knows the older ones alone."""
_INVISIBLE: Final = "Cf"
"""Marks of direction and of joining, which have done their work by then."""

# The library looks for settings of its own in the environment; what is said here goes before them.
_reshaper = ArabicReshaper(
    {
        "delete_harakat": False,
        "delete_tatweel": False,
        "support_ligatures": True,
        "use_unshaped_instead_of_isolated": False,
        # The font has no letter for the whole name, and draws it by its letters.
        "ARABIC LIGATURE ALLAH": False,
    }
)


def order_letters(text: str) -> str:
    """Give each line as it is to be drawn from left to right; a text without such letters is given as it is."""
    return "\n".join(_order_line(line) for line in text.split("\n"))


def _order_line(line: str) -> str:
    if not any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in line):
        return line
    seen = get_display(_reshaper.reshape(line.translate(_ISOLATES)))
    return "".join(letter for letter in seen if unicodedata.category(letter) != _INVISIBLE)
