"""Sealed: XML parts of office documents, read as a stream; nothing that they name is ever fetched."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.parsers import expat

from filemill.processing.errors import InputError

MAX_VALUE_CHARACTERS: Final = 1000
_SEPARATOR: Final = " "


class XmlReader:
    """Reads one XML part piece by piece: tells of each element by its local name, and gathers the text of some.

    A document type declaration is refused: office documents have none, and entities are what bombs are made of.
    """

    def __init__(
        self, part: str, on_element: Callable[[str, Mapping[str, str]], None], *, texts: frozenset[str]
    ) -> None:
        self.values: dict[str, str] = {}
        self._part = part
        self._on_element = on_element
        self._texts = texts
        self._open: str | None = None
        self._parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._take
        self._parser.StartDoctypeDeclHandler = self._refuse

    def __call__(self, piece: bytes) -> None:
        """Take the next piece; raises InputError `corrupt_file`."""
        try:
            self._parser.Parse(piece, False)
        except (expat.ExpatError, LookupError, ValueError) as error:  # the latter two: of an encoding that is none
            raise InputError(f"The document is damaged: {self._part}: {error}.", code="corrupt_file") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        self._open = local if local in self._texts and local not in self.values else None
        self._on_element(local, {_local(key): value for key, value in attributes.items()})

    def _end(self, _name: str) -> None:
        self._open = None

    def _take(self, text: str) -> None:
        if self._open is not None:
            known = self.values.get(self._open, "")
            self.values[self._open] = (known + text)[:MAX_VALUE_CHARACTERS]

    def _refuse(self, *_declared: Any) -> None:
        message = f"The document is damaged: {self._part} declares a document type, which no office program writes."
        raise InputError(message, code="corrupt_file")


def _local(name: str) -> str:
    return name.rpartition(_SEPARATOR)[2]
