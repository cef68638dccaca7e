"""Bars drawn as SVG: each rival's median, with a line from the least to the most that it took."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

_WIDTH: Final = 720
_NAME_WIDTH: Final = 190
_FIGURE_WIDTH: Final = 120
_ROW: Final = 30
_BAR: Final = 16
_OURS: Final = "filemill"


def draw_rivals(title: str, rivals: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw what each rival took; the shorter the better."""
    room = _WIDTH - _NAME_WIDTH - _FIGURE_WIDTH
    scale = room / max(float(rival["most_ms"]) for rival in rivals.values())
    rows = [
        _draw_row(name, rival, top=_ROW * (number + 1), scale=scale)
        for number, (name, rival) in enumerate(rivals.items())
    ]
    height = _ROW * (len(rivals) + 1) + 6
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    style = 'font-family="sans-serif" font-size="13" role="img"'
    back = f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    heading = f'<text x="8" y="19" font-weight="bold" fill="#222222">{escape(title)}: time, shorter is better</text>'
    return "\n".join([f"{head} {style}>", f"<title>{escape(title)}</title>", back, heading, *rows, "</svg>", ""])


def _draw_row(name: str, rival: Mapping[str, Any], *, top: int, scale: float) -> str:
    median, least, most = (float(rival[f"{which}_ms"]) for which in ("median", "least", "most"))
    middle = top + _ROW // 2
    bar_top, width = middle - _BAR // 2, max(1.0, median * scale)
    left, right = _NAME_WIDTH + least * scale, _NAME_WIDTH + most * scale
    colour = "#2b6cb0" if name == _OURS else "#a0aec0"
    parts = [
        f'<text x="8" y="{middle + 4}" fill="#222222">{escape(name)}</text>',
        f'<rect x="{_NAME_WIDTH}" y="{bar_top}" width="{width:.1f}" height="{_BAR}" fill="{colour}"/>',
        f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{middle}" y2="{middle}" stroke="#222222" stroke-width="1.5"/>',
        f'<text x="{_WIDTH - 8}" y="{middle + 4}" text-anchor="end" fill="#222222">{write_time(median)}</text>',
    ]
    return "\n".join(parts)


def write_time(milliseconds: float) -> str:
    """Write a time as people read it."""
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 1000 else f"{milliseconds:.1f} ms"
