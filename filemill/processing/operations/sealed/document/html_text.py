"""Sealed: what a reader of an HTML page sees, as plain text or Markdown; nothing it refers to is loaded."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from filemill.processing.errors import InputError

_UNSEEN: Final = frozenset(
    ("script", "style", "template", "noscript", "head", "title", "svg", "math", "iframe", "object")
)
_VOID: Final = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_BLOCKS: Final = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "dd", "details", "dialog", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr"),
        *("html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"),
    )
)
_WIDE: Final = _BLOCKS - {"li", "tr", "dt", "dd"}
"""Blocks with an empty line before and after."""
_CELLS: Final = frozenset(("td", "th"))
_HOLDERS: Final = _CELLS | {"li"}
_EMPHASIS: Final = {"b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "s": "~~", "del": "~~"}
_SPACE: Final = re.compile(r"[ \t\n\r\f]+")
_MARKS: Final = re.compile(r"([\\`*_\[\]])")
_LINK: Final = re.compile(r"(?:https?://|mailto:|/|#|[\w.-]+(?:/|$))[^\s<>()]*", re.IGNORECASE)


class HtmlText(HTMLParser):
    """Turns a page, fed in pieces, into text; keeps only what is not yet written."""

    def __init__(self, *, is_markdown: bool, max_nesting: int) -> None:
        super().__init__(convert_charrefs=True)
        self._is_markdown = is_markdown
        self._max_nesting = max_nesting
        self._ready: list[str] = []
        self._line = ""
        self._newlines = 2  # at the end of what was written; a text begins without an empty line
        self._wanted = 0  # before what is written next
        self._open: list[str] = []
        self._unseen = 0
        self._lists: list[int | None] = []
        self._links: list[str] = []
        self._is_preformatted = False

    def read(self, pieces: Iterator[str]) -> Iterator[str]:
        """Yield the text of the page; raises InputError `too_deeply_nested`."""
        for piece in pieces:
            self.feed(piece)
            yield self._take()
        self.close()
        self._end_line()
        yield self._take()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._end_line()
            return
        if tag in _VOID:
            self._handle_void(tag, dict(attrs))
            return
        self._open.append(tag)
        if len(self._open) > self._max_nesting:
            message = f"The page's elements lie more than {self._max_nesting:,} deep in each other."
            raise InputError(message, code="too_deeply_nested")
        if self._unseen or tag in _UNSEEN:
            self._unseen += 1
            return
        if tag in _BLOCKS:
            self._begin_block(tag)
        self._begin_inline(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._open:
            return
        while self._open:
            ended = self._open.pop()
            self._end(ended)
            if ended == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._is_preformatted:
            first, *others = data.split("\n")
            self._line += first
            for line in others:
                self._write_line()
                self._line = line
            return
        text = _SPACE.sub(" ", data)
        if not self._line or self._line.endswith(" "):
            text = text.lstrip(" ")
        self._line += _MARKS.sub(r"\\\1", text) if self._is_markdown else text

    def _handle_void(self, tag: str, attributes: dict[str, str | None]) -> None:
        if self._unseen:
            return
        if tag == "img" and attributes.get("alt"):
            self.handle_data(f" {attributes['alt']} ")
        elif tag == "hr":
            self._part(2)
            if self._is_markdown:
                self._line = "---"
                self._part(2)

    def _begin_block(self, tag: str) -> None:
        if tag == "p" and self._is_in(_HOLDERS, above=2):
            self._begin_held_paragraph()
            return
        self._part(2 if tag in _WIDE and not (tag in ("ul", "ol") and self._lists) else 1)
        if tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._line = self._mark_item()
        elif tag == "pre":
            self._is_preformatted = True
            self._fence()
        elif self._is_markdown and tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self._line = "#" * int(tag[1]) + " "
        elif self._is_markdown and tag == "blockquote":
            self._line = "> "

    def _is_in(self, holders: frozenset[str], *, above: int) -> bool:
        return len(self._open) >= above and self._open[-above] in holders

    def _begin_held_paragraph(self) -> None:
        """A paragraph directly in a cell or an item is its text, as office programs write it, and no block."""
        if self._is_in(_CELLS, above=2):
            self._line += "" if not self._line or self._line.endswith((" ", "\t")) else " "
        elif self._line.strip(" -.0123456789"):
            self._part(1)

    def _mark_item(self) -> str:
        indent = "  " * max(0, len(self._lists) - 1)
        if self._lists and self._lists[-1] is not None:
            self._lists[-1] += 1
            return f"{indent}{self._lists[-1]}. "
        return f"{indent}- "

    def _begin_inline(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag in ("td", "th") and self._line.strip():
            self._line = f"{self._line.rstrip()} | " if self._is_markdown else f"{self._line.rstrip()}\t"
        if not self._is_markdown or self._is_preformatted:
            return
        self._line += _EMPHASIS.get(tag, "")
        if tag == "a":
            href = (attributes.get("href") or "").strip()
            self._links.append(href if _LINK.fullmatch(href) else "")
            self._line += "[" if self._links[-1] else ""

    def _end(self, tag: str) -> None:
        if self._unseen:
            self._unseen -= 1
            return
        if self._is_markdown and not self._is_preformatted:
            self._end_inline(tag)
        if tag in _BLOCKS:
            self._end_block(tag)

    def _end_inline(self, tag: str) -> None:
        if tag in _EMPHASIS:
            self._line = self._line.rstrip(" ") + _EMPHASIS[tag]
        elif tag == "a" and self._links:
            link = self._links.pop()
            self._line += f"]({link})" if link else ""

    def _end_block(self, tag: str) -> None:
        if tag == "p" and self._is_in(_HOLDERS, above=1):
            return
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        if tag == "pre":
            self._end_line()
            self._fence()
            self._is_preformatted = False
        self._part(2 if tag in _WIDE and not (tag in ("ul", "ol") and self._lists) else 1)

    def _fence(self) -> None:
        if self._is_markdown:
            self._line = "```"
            self._write_line()

    def _part(self, newlines: int) -> None:
        """End the line, and let so many line ends stand before what follows."""
        self._end_line()
        self._wanted = max(self._wanted, newlines)

    def _end_line(self) -> None:
        if self._line.strip():
            self._write_line()
        self._line = ""

    def _write_line(self) -> None:
        self._ready.append("\n" * max(0, self._wanted - self._newlines) + self._line.rstrip(" \t") + "\n")
        self._newlines, self._wanted = 1, 0
        self._line = ""

    def _take(self) -> str:
        ready, self._ready = "".join(self._ready), []
        return ready
