"""Sealed: a page of HTML without what acts or would be fetched.

The cage holds all of that off anyway; this keeps the page whole. LibreOffice gives up on a page whose frames it can't
fetch, and draws a broken picture for each that it lacks.
"""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from filemill.processing.errors import InputError

_DROPPED: Final = frozenset(
    (
        "script",
        "iframe",
        "object",
        "embed",
        "applet",
        "frame",
        "frameset",
        "noframes",
        "video",
        "audio",
        "template",
        "svg",
    )
)
"""Elements that go with all that is in them."""
_EMPTY: Final = frozenset(("embed", "frame"))
_FETCHING: Final = frozenset(("src", "background", "srcset", "poster", "lowsrc", "data", "codebase"))
_GONE: Final = frozenset(("base", "link", "source", "track"))


class HtmlCleaner(HTMLParser):
    """Passes a page on, fed in pieces; counts in `external` what it left out because it would have been fetched."""

    def __init__(self, *, max_nesting: int) -> None:
        super().__init__(convert_charrefs=False)
        self.external = 0
        self._max_nesting = max_nesting
        self._ready: list[str] = []
        self._dropping: list[str] = []

    def clean(self, pieces: Iterator[str]) -> Iterator[str]:
        """Yield the page without those parts; raises InputError `too_deeply_nested`."""
        for piece in pieces:
            self.feed(piece)
            yield self._take()
        self.close()
        yield self._take()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin(tag, dict(attrs), is_closed=False)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._begin(tag, dict(attrs), is_closed=True)

    def _begin(self, tag: str, attributes: dict[str, str | None], *, is_closed: bool) -> None:
        fetched = [value for name, value in attributes.items() if name in _FETCHING and _is_elsewhere(value)]
        if not self._dropping:
            self.external += bool(fetched)
        if tag in _DROPPED:
            if not is_closed and tag not in _EMPTY:
                self._drop(tag)
        elif not self._dropping and tag not in _GONE and not _refreshes(tag, attributes) and not fetched:
            self._ready.append(self.get_starttag_text() or "")
        elif fetched and tag == "img":
            self.handle_data(attributes.get("alt") or "")
        elif fetched and tag not in _GONE and not self._dropping:
            self._ready.append(f"<{tag}>")

    def _drop(self, tag: str) -> None:
        self._dropping.append(tag)
        if len(self._dropping) > self._max_nesting:
            message = f"The page's elements lie more than {self._max_nesting:,} deep in each other."
            raise InputError(message, code="too_deeply_nested")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._dropping:
            while self._dropping.pop() != tag:
                continue
        elif not self._dropping and tag not in _DROPPED:
            self._ready.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self._ready.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self.handle_data(f"<!{decl}>")

    def _take(self) -> str:
        ready, self._ready = "".join(self._ready), []
        return ready


def _is_elsewhere(value: str | None) -> bool:
    return bool(value) and not str(value).strip().lower().startswith("data:")


def _refreshes(tag: str, attributes: dict[str, str | None]) -> bool:
    """A page's own word on its encoding is dropped too: it comes in UTF-8, whatever it was in."""
    return tag == "meta" and ("http-equiv" in attributes or "charset" in attributes)
