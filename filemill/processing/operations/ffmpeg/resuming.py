"""Taking up kept work: where it is of no use, it is forgotten, and all is made anew in the same attempt."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from filemill.processing.bench import Bench
from filemill.processing.errors import PieceGone, ProcessingError
from filemill.processing.operations.ffmpeg.kept import KeptChain

_OF_DAMAGE: Final = frozenset(("cage_crashed", "internal_error"))
"""What comes of pieces that are damaged or do not fit together, whether or not a process dies of them. For want of room
or time, or beyond a limit, nothing that is kept is at fault, and to encode it anew would end there again."""

Made = TypeVar("Made")


def make_or_begin_anew(
    bench: Bench, make: Callable[[], Made], chains: Sequence[KeptChain], *, is_in_doubt: Callable[[], bool]
) -> Made:
    """Make something of what is kept and what is still to be encoded; once more from nothing if the former is no use.

    `is_in_doubt` tells whether what went wrong may lie in what was kept.
    """
    found = sum(len(chain) for chain in chains)
    before = list(bench.outputs)
    try:
        return make()
    except ProcessingError as error:
        is_of_damage = error.code in _OF_DAMAGE or isinstance(error, PieceGone)
        if not found or not is_in_doubt() or not is_of_damage:
            raise
    for left in [output for output in bench.outputs if not any(output is older for older in before)]:
        bench.discard(left)
    for chain in chains:
        chain.forget()
    bench.note(resumed_in_vain=found)
    return make()
