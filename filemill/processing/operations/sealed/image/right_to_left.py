"""Sealed: Arabic joined and, as Hebrew, put in the order in which it is seen, for a drawer that knows neither."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from arabic_reshaper import ArabicReshaper
from bidi import get_display
from bidi.mirror import MIRRORED

_RIGHT_TO_LEFT: Final = frozenset(("R", "AL"))
_INVISIBLE: Final = "Cf"
"""Marks of direction and of joining, which have done their work by then."""
_FOLLOWER: Final = "\U000e01ef"
"""A mark that is put behind each letter that may have to be mirrored, and goes in its direction: where it comes out
before the letter, that is read from right to left. It has no look of its own."""
_REPLACEMENT: Final = "\ufffd"

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
    # What is half a letter is none that the library takes.
    whole = "".join(_REPLACEMENT if unicodedata.category(letter) == "Cs" else letter for letter in line)
    marked = "".join(
        letter + _FOLLOWER if letter in MIRRORED else letter
        for letter in _reshaper.reshape(whole.replace(_FOLLOWER, ""))
    )
    return "".join(letter for letter in _mirror(get_display(marked)) if unicodedata.category(letter) != _INVISIBLE)


def _mirror(seen: str) -> Iterator[str]:
    """Mirror the brackets and arrows that are read from right to left, which the library only puts in their place."""
    letters = iter(seen)
    for letter in letters:
        if letter == _FOLLOWER:
            followed = next(letters, "")
            yield MIRRORED.get(followed, followed)
        else:
            yield letter
            if letter in MIRRORED:
                next(letters, "")
