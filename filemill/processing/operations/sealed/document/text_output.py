"""Sealed: where an extracted text goes: one file or one for each page, as plain text, JSON or Markdown."""

import io
import json
import os
from typing import Final

from filemill.processing.bench import SealedCall
from filemill.processing.errors import OptionsError

_MEDIA_TYPES: Final = {"txt": "text/plain", "json": "application/json", "markdown": "text/markdown"}
_ENDINGS: Final = {"txt": "txt", "json": "json", "markdown": "md"}
_PAGE_END: Final = "\f"


class TextOutput:
    """Takes a text page by page, in pieces of any size, and keeps none of it.

    `form` is txt, json or markdown. JSON is one file in any case: `{"text": …}`, or with `by_page`
    `{"pages": [{"page": 1, "text": …}]}`. As plain text in one file each page ends with a form feed when `has_pages`.
    """

    def __init__(self, call: SealedCall, *, stem: str, form: str, by_page: bool, has_pages: bool) -> None:
        self._call = call
        self._stem = stem
        self._form = form
        self._by_page = by_page
        self._has_pages = has_pages
        self._pages = 0
        self._file: io.BufferedWriter | None = None
        self._fd = -1
        self._is_file_per_page = by_page and form != "json"
        if not self._is_file_per_page:
            self._open(f"{stem}.{_ENDINGS[form]}")
        if form == "json":
            self._put('{"pages": [' if by_page else '{"text": "')

    def begin_page(self, number: int) -> None:
        """Start the page of that number in the document."""
        self._pages += 1
        if self._is_file_per_page:
            self._open(f"{self._stem}-page-{number}.{_ENDINGS[self._form]}", page=number)
        elif self._form == "json" and self._by_page:
            self._put(f'{", " if self._pages > 1 else ""}{{"page": {number}, "text": "')
        elif self._form == "markdown" and self._pages > 1:
            self._put("\n")

    def write(self, piece: str) -> None:
        """Add a piece to the page."""
        self._put(json.dumps(piece, ensure_ascii=False)[1:-1] if self._form == "json" else piece)

    def end_page(self) -> None:
        """End the page."""
        if self._is_file_per_page:
            self._close()
            os.close(self._fd)  # a child can hold only so many open
        elif self._form == "json" and self._by_page:
            self._put('"}')
        elif self._form != "markdown" and self._has_pages:
            self.write(_PAGE_END)

    def close(self) -> None:
        """End the text; until then it is not whole."""
        if self._form == "json":
            self._put("]}\n" if self._by_page else '"}\n')
        self._close()

    def _open(self, name: str, *, page: int | None = None) -> None:
        try:
            output = self._call.create_output(name, _MEDIA_TYPES[self._form])
        except ValueError as error:
            message = f"There are too many pages for a file each: {error} Choose some pages, or json."
            raise OptionsError(message, code="invalid_options") from error
        self._fd = output.fd
        if page is not None:
            output.facts["page"] = page
        self._file = io.BufferedWriter(io.FileIO(output.fd, "wb", closefd=False))

    def _put(self, text: str) -> None:
        if self._file is None:
            raise ValueError("a text can't be written outside a page")
        self._file.write(text.encode("utf-8", errors="replace"))

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
