"""What a sealed child tells of an exception; it is pure, and runs where nothing can be loaded any more."""

import errno
import re
import traceback
from collections.abc import Iterator
from typing import Any, Final

from filemill.processing.errors import ProcessingError

_TRACEBACK_CHARACTERS: Final = 4000
_MESSAGE_CHARACTERS: Final = 2000
# Libraries in C report these two only in words.
_MEMORY_WORDS: Final = re.compile(
    "insufficient memory|out of memory|memory allocation|cannot allocate memory"
    # libtiff says this too when a directory claims to have no entry: then nothing was asked for.
    r"|failed to allocate(?!.{0,80}\(0 elements)"
    # The encoders of WebP and AV1, for pictures that they have accepted.
    "|picture memory error|webpsave: unable to encode|av1_create_context_and_bufferpool|undefined aom error"
)
# libheif calls it a memory error when a file goes beyond a bound of its own, and allocates nothing.
_NO_MEMORY_WORDS: Final = "security limit exceeded"
_DISK_WORDS: Final = ("no space left on device",)


def describe_error(error: Exception) -> dict[str, Any]:
    """Return the message for the worker: an error of processing, or what broke in Filemill's own code.

    A lack of memory or disk shows through whatever an operation made of it: a file is not corrupt for want of room.
    Only an operation that raises its error `from None` has looked, and knows better.
    """
    shortage = _find_shortage(error)
    if shortage:
        return {"type": "shortage", "of": shortage, "traceback": _format(error)}
    if isinstance(error, ProcessingError):
        return {
            "type": "error",
            "class": _name_class(error),
            "code": error.code,
            "message": error.message[:_MESSAGE_CHARACTERS],
            "is_passing": error.is_passing,
            "evidence": {str(key): str(value)[:_MESSAGE_CHARACTERS] for key, value in error.evidence.items()},
        }
    return {"type": "broken", "exception": type(error).__name__, "traceback": _format(error)}


def _find_shortage(error: BaseException) -> str | None:
    for link in _follow(error):
        words = str(link).lower()
        if lacks_memory(link):
            return "memory"
        if getattr(link, "errno", None) == errno.ENOSPC or any(word in words for word in _DISK_WORDS):
            return "disk"
    return None


def lacks_memory(error: BaseException) -> bool:
    """Tell whether an exception is for want of memory, by its class or its words."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or bool(_MEMORY_WORDS.search(words) and _NO_MEMORY_WORDS not in words)


def _follow(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _name_class(error: ProcessingError) -> str:
    """Name the nearest class of the public hierarchy; a subclass of an operation's own means nothing outside."""
    home = ProcessingError.__module__
    return next(known.__name__ for known in type(error).__mro__ if known.__module__ == home)


def _format(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-_TRACEBACK_CHARACTERS:]
