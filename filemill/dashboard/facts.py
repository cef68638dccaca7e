"""A task's result, made readable: a few facts, small tables, a preview and what a browser can show of its outputs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from filemill.dashboard.wording import say_duration, say_name
from filemill.tasks.hiding import shown_metadata, shown_steps
from filemill.tasks.models import TaskLog

_SHOWN_ELSEWHERE: Final = frozenset({"outputs", "output", "poster", "preview", "media_type"})
_SHOWN_IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"})
_SHOWN_VIDEOS: Final = frozenset({"video/mp4", "video/webm"})
_FIRST: Final = (
    *("index", "type", "format", "container", "media_type", "title", "author", "mode", "size", "width", "height"),
    *("duration", "pages", "page_size", "rows", "column_count", "columns", "header", "delimiter", "encoding"),
    *("lines", "words", "characters", "codec", "video_codec", "audio_codec", "fps", "bit_rate", "audio_channels"),
)
"""What a reader looks for first. PostgreSQL keeps the keys of a jsonb by their length, so order is ours to make."""
MAX_THUMBNAIL_BYTES: Final = 5 * 1024**2
"""A list of 25 pictures must not weigh more than a page may; a larger picture shows in its task's page."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A label and its value; a nested one is named by its whole path."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of texts under headings."""

    label: str
    headings: list[str]
    rows: list[list[str]]


def list_facts(result: Mapping[str, Any] | None) -> list[Fact]:
    """Return the plain facts of a result, the telling ones first, sizes told as one."""
    return list(_facts(result or {}, ""))


def list_tables(result: Mapping[str, Any] | None) -> list[Table]:
    """Return those parts of a result that are lists of objects, such as a film's streams."""
    tables = []
    for name, value in (result or {}).items():
        if name not in _SHOWN_ELSEWHERE and _is_table(value):
            headings = sorted({key for row in value for key in row}, key=_rank)
            rows = [[say_value(key, row.get(key)) for key in headings] for row in value]
            tables.append(Table(label=say_name(name), headings=[say_name(key) for key in headings], rows=rows))
    return tables


def preview_text(result: Mapping[str, Any] | None) -> str:
    """Return the beginning of a document's text, if its result has one."""
    preview = (result or {}).get("preview")
    return preview if isinstance(preview, str) else ""


def preview_table(result: Mapping[str, Any] | None) -> Table | None:
    """Return the first rows of a CSV, if the result has some."""
    result = result or {}
    preview = result.get("preview")
    if not isinstance(preview, list) or not all(isinstance(row, list) for row in preview):
        return None
    headings = [str(name) for name in result.get("columns", [])] if result.get("header") else []
    rows = [[str(cell) for cell in row] for row in preview]
    return Table(label="Preview", headings=headings, rows=rows) if rows else None


def list_options(task: TaskLog) -> list[Fact]:
    """Return what a client asked for, as it named it: its metadata, then its steps, then further files."""
    asked = [Fact(label=name, value=_say_option(value)) for name, value in shown_metadata(task).items()]
    for step in shown_steps(task):
        told = ", ".join(f"{name} {_say_option(value)}" for name, value in step["options"].items())
        asked.append(Fact(label=step["id"], value=f"{step['op']}: {told}" if told else step["op"]))
    asked += [Fact(label="further file", value=str(found["file_name"])) for found in task.inputs]
    return asked


def shown_image(outputs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first output that a browser shows as a picture."""
    return next((output for output in outputs if output.get("media_type") in _SHOWN_IMAGES), None)


def shown_video(outputs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first output that a browser plays."""
    return next((output for output in outputs if output.get("media_type") in _SHOWN_VIDEOS), None)


def thumbnail_name(task: TaskLog) -> str:
    """Return the output that stands for the task in a list, or nothing.

    `made`, the outputs alone, is what `listing.rows` reads in place of the whole result.
    """
    image = shown_image(getattr(task, "made", None) or [])
    return str(image["name"]) if image and image.get("size", 0) <= MAX_THUMBNAIL_BYTES else ""


def say_value(name: str, value: object) -> str:
    """Say one value with its unit."""
    match value:
        case None | "" | []:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int() | float() if name == "duration":
            return say_duration(value)
        case int() | float() if name == "bit_rate":
            return f"{value / 1e6:.2f} Mbit/s" if value >= 1e6 else f"{value / 1e3:.0f} kbit/s"
        case int():
            return f"{value:,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(value)
        case list():
            return ", ".join(str(item) for item in value)
        case _:
            return str(value)


def _say_option(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_say_option(inner)}" for name, inner in value.items())
    return say_value("", value)


def _facts(values: Mapping[str, Any], path: str) -> Iterator[Fact]:
    has_size = bool(values.get("width") and values.get("height"))
    for name, value in sorted(values.items(), key=lambda item: _rank(item[0])):
        if name in _SHOWN_ELSEWHERE or _is_table(value) or value in (None, "", [], {}):
            continue
        label = f"{path} {name.replace('_', ' ')}".strip() if path else say_name(name)
        if isinstance(value, Mapping):
            yield from _facts(value, "" if name == "metadata" else say_name(name))
        elif has_size and name in {"height", "size"}:
            continue
        elif has_size and name == "width":
            unit = "pt" if path else "px"
            yield Fact(label=path or "Size", value=f"{value} × {values['height']} {unit}")
        else:
            yield Fact(label=label, value=say_value(name, value))


def _rank(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name)


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) for row in value)
