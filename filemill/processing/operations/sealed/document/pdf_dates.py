"""Dates as PDF writes them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_PDF_DATE: Final = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-])(\d\d)'?(\d\d)?)?", re.ASCII)


def read_pdf_date(value: str) -> str | None:
    """Turn `D:20240131120000+05'00'` into `2024-01-31T07:00:00Z`; None for what is no date."""
    found = _PDF_DATE.match(value)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part) if part else None for part in found.groups()[:6])
    sign, offset_hours, offset_minutes = found.groups()[6:]
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    try:
        local = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0, second or 0, tzinfo=UTC)
        moment = local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
