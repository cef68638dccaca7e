"""Sealed: walking through JSON of any size in bounded memory, with the line and column of a mistake."""

import json
import re
import sys
from collections.abc import Iterator
from math import isfinite
from typing import Any, Final, NoReturn

from filemill.processing.errors import InputError

OPENED_DEPTH: Final = 3
"""Containers down to this depth are walked through; those below are parsed whole, at the speed of C."""
MAX_VALUE_CHARACTERS: Final = 16 * 1024 * 1024
"""How long a value that is parsed whole may be; longer ones, below `OPENED_DEPTH`, are refused as `too_large`."""

_NOT_OF_NUMBER: Final = re.compile(r"[^-+.0-9eE]")
_BRACKETS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)
_FRAMES_BESIDE: Final = 200
"""Room on the stack for all but the nested values."""
_WHITESPACE: Final = " \t\n\r"
_TYPES: Final = {"{": "object", "[": "array", '"': "string", "t": "boolean", "f": "boolean", "n": "null"}


class JsonStream:
    """A JSON text that arrives in pieces; only the value in hand is kept.

    Parsing it all would need many times its size in memory, and a parser of events doesn't say where it stumbled.
    """

    def __init__(self, pieces: Iterator[str], *, max_nesting: int = 1000, reads_numbers: bool = False) -> None:
        """Numbers are kept as text, which is quicker and loses nothing, unless their values are asked for."""
        self._pieces = pieces
        self._max_nesting = max_nesting
        self._buffer = ""
        self._at = 0
        self._is_ended = False
        self._first_line = 1
        self._first_column = 1
        self._decoder = json.JSONDecoder(
            parse_float=_read_float if reads_numbers else str,
            parse_int=None if reads_numbers else str,
            parse_constant=_refuse_constant,
        )
        self.keys: list[str] = []
        self.has_list = False

    def read_document(self, *, max_keys: int) -> tuple[str, int | None]:
        """Read to the end; give the outermost value's type and, of a container, its length.

        The first `max_keys` keys of an outermost object are kept in `keys`. Raises InputError `corrupt_file` for a
        mistake, `too_large` for a value that is too long, `too_deeply_nested` beyond `max_nesting`.
        """
        frames = sys.getrecursionlimit()
        sys.setrecursionlimit(max(frames, self._max_nesting + _FRAMES_BESIDE))
        try:
            opening = self._peek()
            kind = _TYPES.get(opening, "number")
            length = self._read_value(1, max_keys=max_keys)
            if self._peek():
                self._fail(self._at, "there is something after its end")
        finally:
            sys.setrecursionlimit(frames)
        return kind, length

    def read_items(self, name: str | None = None) -> Iterator[Any]:
        """Yield the items of a list: the outermost one, or of an object the one called `name`, else its first.

        All of the text is read, and must be valid. Yields nothing when there is no such list: `has_list` tells.
        """
        if self._peek() == "[":
            yield from self._yield_array()
        elif self._take_if("{"):
            yield from () if self._take_if("}") else self._yield_of_object(name)
        else:
            self._read_value(1)
        if self._peek():
            self._fail(self._at, "there is something after its end")

    def _yield_of_object(self, name: str | None) -> Iterator[Any]:
        while True:
            key = self._read_key()
            if not self.has_list and name in (None, key) and self._peek() == "[":
                yield from self._yield_array()
            else:
                self._read_value(2)
            if self._take_if("}"):
                return
            self._take(",", "a comma or a closing brace is missing")

    def _yield_array(self) -> Iterator[Any]:
        self.has_list = True
        self._take("[", "a list is missing")
        if self._take_if("]"):
            return
        while True:
            self._peek()
            yield self._read_whole(above=1)
            if self._take_if("]"):
                return
            self._take(",", "a comma or a closing bracket is missing")

    def _read_value(self, depth: int, *, max_keys: int = 0) -> int | None:
        opening = self._peek()
        if opening not in ("{", "["):
            self._read_whole()
            return None
        if depth > self._max_nesting:
            self._refuse_depth()
        if depth > OPENED_DEPTH:
            self._read_whole(above=depth - 1)
            return None
        self._at += 1
        return self._walk_object(depth, max_keys) if opening == "{" else self._walk_array(depth)

    def _walk_object(self, depth: int, max_keys: int) -> int:
        length = 0
        if self._take_if("}"):
            return length
        while True:
            key = self._read_key()
            if length < max_keys:
                self.keys.append(key)
            self._read_value(depth + 1)
            length += 1
            if self._take_if("}"):
                return length
            self._take(",", "a comma or a closing brace is missing")

    def _read_key(self) -> str:
        if self._peek() != '"':
            self._fail(self._at, "a key in double quotes is missing")
        key = str(self._read_whole())
        self._take(":", "a colon is missing after the key")
        return key

    def _walk_array(self, depth: int) -> int:
        length = 0
        if self._take_if("]"):
            return length
        while True:
            self._read_value(depth + 1)
            length += 1
            if self._take_if("]"):
                return length
            self._take(",", "a comma or a closing bracket is missing")

    def _read_whole(self, *, above: int = 0) -> Any:
        """Parse the value in hand, which lies within `above` others."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                # Cut off or wrong? Only more text can tell.
                if self._is_ended:
                    self._fail(error.pos, error.msg[:1].lower() + error.msg[1:])
                self._fill()
                continue
            except RecursionError:
                self._refuse_depth()
            except ValueError as error:
                self._fail(self._at, str(error))
            if self._is_ended or _NOT_OF_NUMBER.search(self._buffer, end):
                if above and above + measure_nesting(self._buffer, self._at, end) > self._max_nesting:
                    self._refuse_depth()
                self._at = end
                return value
            self._fill()  # "1." parses as 1, and goes on in the next piece

    def _peek(self) -> str:
        while True:
            while self._at < len(self._buffer):
                character = self._buffer[self._at]
                if character not in _WHITESPACE:
                    return character
                self._at += 1
            if not self._fill():
                return ""

    def _take_if(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._at += 1
        return True

    def _take(self, character: str, complaint: str) -> None:
        if not self._take_if(character):
            self._fail(self._at, complaint)

    def _fill(self) -> bool:
        """Drop what is done and double what is left; False at the end of the text."""
        if self._is_ended:
            return False
        self._first_line, self._first_column = self._locate(self._at)
        kept = [self._buffer[self._at :]]
        self._at = 0
        wanted = len(kept[0])
        if wanted > MAX_VALUE_CHARACTERS:
            raise InputError(
                f"The JSON value at line {self._first_line}, column {self._first_column} is longer than "
                f"{MAX_VALUE_CHARACTERS:,} characters, or it is not closed.",
                code="too_large",
            )
        grown = 0
        while grown <= wanted:
            piece = next(self._pieces, None)
            if piece is None:
                self._is_ended = True
                break
            kept.append(piece)
            grown += len(piece)
        self._buffer = "".join(kept)
        return grown > 0

    def _locate(self, at: int) -> tuple[int, int]:
        newlines = self._buffer.count("\n", 0, at)
        if not newlines:
            return self._first_line, self._first_column + at
        return self._first_line + newlines, at - self._buffer.rindex("\n", 0, at)

    def _refuse_depth(self) -> NoReturn:
        line, column = self._locate(self._at)
        raise InputError(
            f"The JSON is nested too deeply at line {line}, column {column}: it may have {self._max_nesting:,} levels.",
            code="too_deeply_nested",
            evidence={"line": line, "column": column},
        )

    def _fail(self, at: int, complaint: str) -> NoReturn:
        line, column = self._locate(at)
        reason = complaint if self._buffer[at:] else f"{complaint} (the text ends there)"
        raise InputError(
            f"The JSON is invalid at line {line}, column {column}: {reason}.",
            code="corrupt_file",
            evidence={"line": line, "column": column},
        )


def measure_nesting(text: str, start: int, end: int) -> int:
    """Count how many containers of valid JSON lie within one another at its deepest place."""
    depth = deepest = 0
    for found in _BRACKETS.finditer(text, start, end):
        match text[found.start()]:
            case "[" | "{":
                depth += 1
                deepest = max(deepest, depth)
            case "]" | "}":
                depth -= 1
    return deepest


def _read_float(text: str) -> float | str:
    """JSON's numbers have no bounds, a float has: one beyond them stays a text."""
    value = float(text)
    return value if isfinite(value) else text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
