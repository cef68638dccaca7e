"""Deciding, from a request's headers alone, which part of a file is to be sent (RFC 9110, 13 and 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Final

_SINGLE_RANGE: Final = re.compile(
    r"bytes=\s*(?:(?P<first>\d{1,18})-(?P<last>\d{1,18})?|-(?P<suffix>\d{1,18}))\s*", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What to answer: a status of 200, 206, 304, 412 or 416, and the bytes that go with it."""

    status: int
    start: int = 0
    length: int = 0
    content_range: str | None = None


def select(headers: Mapping[str, str], *, size: int, etag: str, modified_at: datetime) -> Selection:
    """Choose the answer to a GET or HEAD; `headers` by lower-case name, `etag` quoted and strong.

    Several ranges at once, and ranges that make no sense, are answered with the whole file, as the RFC allows.
    """
    if _fails_precondition(headers, etag, modified_at):
        return Selection(status=412)
    if _is_unchanged(headers, etag, modified_at):
        return Selection(status=304)
    match = _SINGLE_RANGE.fullmatch(headers.get("range", ""))
    if match is None or not _may_resume(headers.get("if-range"), etag, modified_at):
        return Selection(status=200, length=size)
    return _select_range(match, size)


def _select_range(match: re.Match[str], size: int) -> Selection:
    if match["suffix"] is not None:
        start, last = max(0, size - int(match["suffix"])), size - 1
    else:
        start = int(match["first"])
        last = size - 1 if match["last"] is None else int(match["last"])
        if last < start and match["last"] is not None:
            return Selection(status=200, length=size)  # not a range at all: the header is ignored
        last = min(last, size - 1)
    if start >= size or last < start:
        return Selection(status=416, content_range=f"bytes */{size}")
    return Selection(status=206, start=start, length=last - start + 1, content_range=f"bytes {start}-{last}/{size}")


def _fails_precondition(headers: Mapping[str, str], etag: str, modified_at: datetime) -> bool:
    if "if-match" in headers:
        return not _lists_etag(headers["if-match"], etag, weakly=False)
    return "if-unmodified-since" in headers and _is_newer_than(headers["if-unmodified-since"], modified_at) is True


def _is_unchanged(headers: Mapping[str, str], etag: str, modified_at: datetime) -> bool:
    if "if-none-match" in headers:
        return _lists_etag(headers["if-none-match"], etag, weakly=True)
    return "if-modified-since" in headers and _is_newer_than(headers["if-modified-since"], modified_at) is False


def _may_resume(if_range: str | None, etag: str, modified_at: datetime) -> bool:
    if if_range is None:
        return True
    return if_range.strip() == etag or if_range.strip() == http_date(modified_at)


def _lists_etag(listed: str, etag: str, *, weakly: bool) -> bool:
    tags = [tag.strip() for tag in listed.split(",")]
    if weakly:
        tags = [tag.removeprefix("W/") for tag in tags]
    return "*" in tags or etag in tags


def _is_newer_than(date: str, modified_at: datetime) -> bool | None:
    """Whether the file changed after a header's date; None when the date can't be read."""
    try:
        return modified_at.replace(microsecond=0) > parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None


def http_date(moment: datetime) -> str:
    """Return a moment (UTC) as HTTP writes it."""
    return format_datetime(moment.replace(microsecond=0), usegmt=True)
