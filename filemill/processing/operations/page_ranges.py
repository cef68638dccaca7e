"""Pages as people write them: `1,3-5,8-`; pure."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from filemill.processing.errors import OptionsError

_ITEM: Final = re.compile(r"\s*(\d{1,7}|last)\s*(?:(-)\s*(\d{1,7}|last)?)?\s*", re.ASCII)
_MAX_CHARACTERS: Final = 2000
_LAST: Final = "last"

PAGES_VALID: Final = (
    'page numbers from 1 and ranges of them, parted by commas, such as "1,3-5,8-"; last names the last page'
)


def resolve_pages(pages: str | None, total: int) -> list[int]:
    """List the page numbers (from 1) that `pages` names in a document of `total` pages; None names all of them.

    They come in the order in which they are named; `5-3` counts down, and a page may come again. Raises OptionsError
    for a page that the document lacks, and for more pages than ten times what it has.
    """
    if pages is None:
        return list(range(1, total + 1))
    numbers: list[int] = []
    for first, last in _read(pages, total):
        _refuse_absent(max(first, last), total)
        numbers += range(first, last + 1) if first <= last else range(first, last - 1, -1)
        if len(numbers) > 10 * total:
            raise OptionsError("pages names the same pages over and over.", code="invalid_options")
    return numbers


def resolve_each_once(pages: str | None, total: int) -> list[int]:
    """List the page numbers that `pages` names, in the order of the document, each once."""
    return sorted(set(resolve_pages(pages, total)))


def choose_pages(pages: str, total: int, *, is_removal: bool) -> list[int]:
    """List the pages that a selection leaves; raises OptionsError when none is left."""
    if not is_removal:
        return resolve_pages(pages, total)
    removed = set(resolve_each_once(pages, total))
    left = [number for number in range(1, total + 1) if number not in removed]
    if not left:
        raise OptionsError("pages names every page: nothing would be left.", code="invalid_options")
    return left


SplitMode = Literal["intervals", "pages"]


@dataclass(frozen=True)
class Part:
    """Some pages of a document that become a document of their own."""

    numbers: tuple[int, ...]
    label: str
    """Which pages they are: `4` or `1-3`."""
    name: str
    """The same in a file's name."""


def split_pages(total: int, *, mode: SplitMode, span: int, pages: str | None, is_unified: bool) -> list[Part]:
    """Split a document: every `span` pages (intervals), or at each page and range that `pages` names.

    Unified, what `pages` names is one part. Raises OptionsError for absent pages.
    """
    if mode == "intervals":
        firsts = range(1, total + 1, span)
        return [_name_part(range(first, min(first + span, total + 1))) for first in firsts]
    if is_unified or pages is None:
        numbers = tuple(resolve_pages(pages, total))
        return [Part(numbers, pages or f"1-{total}", "pages")]
    return [_name_part(resolve_pages(item, total)) for item in pages.split(",")]


def refuse_many_parts(parts: int, most: int) -> None:
    """Refuse a split into more parts than are allowed."""
    if parts > most:
        message = f"It would be split into {parts:,} documents; {most:,} are allowed: choose a larger span."
        raise OptionsError(message, code="invalid_options")


def _name_part(numbers: list[int] | range) -> Part:
    first, last = numbers[0], numbers[-1]
    label = str(first) if first == last else f"{first}-{last}"
    return Part(tuple(numbers), label, f"page-{first}" if first == last else f"pages-{label}")


def _refuse_absent(number: int, total: int) -> None:
    if number > total:
        has = "1 page" if total == 1 else f"{total:,} pages"
        raise OptionsError(f"pages asks for page {number:,}; the document has {has}.", code="invalid_options")


def _read(pages: str, total: int) -> list[tuple[int, int]]:
    ranges = []
    for item in pages.split(","):
        found = _ITEM.fullmatch(item)
        if not found:
            raise ValueError(f"{item!r} names no page")
        first = _read_number(found[1], total)
        last = first if not found[2] else _read_number(found[3] or _LAST, total)
        if not first or not last:
            raise ValueError("pages are counted from 1")
        ranges.append((first, last))
    return ranges


def _read_number(number: str, total: int) -> int:
    return total if number == _LAST else int(number)


def _check(pages: str) -> str:
    _read(pages, 1)
    return pages


def _from_number(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Pages = Annotated[
    str,
    BeforeValidator(_from_number, json_schema_input_type=str | int),
    Field(min_length=1, max_length=_MAX_CHARACTERS),
    AfterValidator(_check),
]
"""The `pages` option: its form is checked before the document is known, its numbers once it is."""
