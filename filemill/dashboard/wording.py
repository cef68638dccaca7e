"""Numbers, names and sizes as people read them."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

_BYTE_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")


def say_size(size_bytes: int) -> str:
    """Say a size in the unit that leaves one to four digits."""
    amount, unit = float(size_bytes), 0
    while amount >= 1024 and unit < len(_BYTE_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    digits = 1 if unit and amount < 100 else 0
    return f"{amount:.{digits}f} {'byte' if size_bytes == 1 else _BYTE_UNITS[unit]}"


def say_duration(seconds: float) -> str:
    """Say a span of time: 0.42 s, 12.3 s, 3 min 05 s, 2 h 10 min, 3 d 4 h."""
    if seconds < 10:
        return f"{max(0.0, seconds):.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02} min"
    return f"{hours // 24} d {hours % 24} h"


def say_age(seconds: float) -> str:
    """Say roughly how long ago something was; the script that keeps ages fresh says the same."""
    if seconds < 10:
        return "just now"
    for limit, unit_seconds, unit in ((60, 1, "s"), (3600, 60, "min"), (86400, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // unit_seconds)} {unit} ago"
    return f"{int(seconds // 86400)} d ago"


def say_name(key: str) -> str:
    """Write a key of ours as a label: `bit_rate` is Bit rate."""
    text = key.replace("_", " ")
    return text.upper() if text in {"fps", "dpi"} else text[:1].upper() + text[1:]


def say_dimensions(facts: Mapping[str, Any]) -> str:
    """Say what an output measures: 1600 × 1200, 12.3 s, 3 pages."""
    said = []
    if facts.get("width") and facts.get("height"):
        said.append(f"{facts['width']} × {facts['height']}")
    if isinstance(facts.get("duration"), int | float):
        said.append(say_duration(facts["duration"]))
    if isinstance(pages := facts.get("pages"), int):
        said.append(f"{pages} page" + ("s" if pages != 1 else ""))
    return ", ".join(said)


def output_address(task_id: UUID, name: str, *, inline: bool = False) -> str:
    """Return where an output is downloaded, or shown."""
    return f"/api/tasks/{task_id}/outputs/{quote(name, safe='')}" + ("?inline=1" if inline else "")
