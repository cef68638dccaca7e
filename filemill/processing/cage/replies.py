"""What a sealed child says, checked as the word of an enemy: anything unexpected is a `MalformedMessage`."""

import math
from dataclasses import dataclass
from typing import Any, Final

from filemill.processing import errors
from filemill.processing.cage.wire import MalformedMessage
from filemill.processing.error_codes import ERROR_CODES

_CLASSES: Final[dict[str, type[errors.ProcessingError]]] = {
    error.__name__: error
    for error in (
        errors.InputError,
        errors.OptionsError,
        errors.SourceError,
        errors.LimitError,
        errors.SystemFault,
        errors.ProcessingError,
    )
}
_TEXT_CHARACTERS: Final = 8 * 1024
_EVIDENCE_ENTRIES: Final = 32


@dataclass(frozen=True, kw_only=True)
class OutputWish:
    """The child wants an output; name and type are still to be judged. Where it has the blank one, it goes on."""

    name: str
    media_type: str
    has_blank: bool


@dataclass(frozen=True, kw_only=True)
class ProgressNews:
    """The child is so far."""

    fraction: float
    message: str


@dataclass(frozen=True, kw_only=True)
class Done:
    """The sealed function has returned."""

    facts: dict[str, Any]
    output_facts: list[dict[str, Any]]
    wish: OutputWish | None
    news: ProgressNews | None


@dataclass(frozen=True, kw_only=True)
class Failed:
    """The sealed function has raised a `ProcessingError`."""

    error: errors.ProcessingError


@dataclass(frozen=True, kw_only=True)
class Short:
    """The child lacked memory or disk."""

    of: str


@dataclass(frozen=True, kw_only=True)
class Broken:
    """The sealed function has raised what it should not."""

    exception: str
    traceback: str


Reply = OutputWish | ProgressNews | Done | Failed | Short | Broken


def read_reply(message: dict[str, Any]) -> Reply:
    """Return what a message says; raises `MalformedMessage`."""
    match message.get("type"):
        case "output":
            return _read_wish(message)
        case "progress":
            return _read_news(message)
        case "done":
            return _read_done(message)
        case "error":
            return Failed(error=_read_error(message))
        case "shortage" if message.get("of") in ("memory", "disk"):
            return Short(of=message["of"])
        case "broken":
            return Broken(exception=_text(message, "exception")[:200], traceback=_text(message, "traceback"))
    raise MalformedMessage("A message is of no known type.")


def _read_wish(message: dict[str, Any]) -> OutputWish:
    has_blank = message.get("has_blank") is True
    return OutputWish(name=_text(message, "name"), media_type=_text(message, "media_type"), has_blank=has_blank)


def _read_news(message: dict[str, Any]) -> ProgressNews:
    return ProgressNews(fraction=_fraction(message), message=_text(message, "message")[:200])


def _read_done(message: dict[str, Any]) -> Done:
    facts, output_facts = message.get("facts"), message.get("outputs")
    if not isinstance(facts, dict) or not isinstance(output_facts, list):
        raise MalformedMessage("Facts are missing.")
    if not all(isinstance(entry, dict) for entry in output_facts):
        raise MalformedMessage("The facts of an output are no object.")
    wish, news = (_read_part(message, name) for name in ("wish", "news"))
    return Done(
        facts=clean(facts),
        output_facts=clean(output_facts),
        wish=None if wish is None else _read_wish(wish),
        news=None if news is None else _read_news(news),
    )


def _read_part(message: dict[str, Any], name: str) -> dict[str, Any] | None:
    part = message.get(name)
    if part is not None and not isinstance(part, dict):
        raise MalformedMessage(f"The {name} in an answer is no object.")
    return part


def _read_error(message: dict[str, Any]) -> errors.ProcessingError:
    code, kind, evidence = message.get("code"), message.get("class"), message.get("evidence", {})
    if not isinstance(code, str) or code not in ERROR_CODES or not isinstance(kind, str) or kind not in _CLASSES:
        raise MalformedMessage("An error is of no known class or code.")
    if not isinstance(evidence, dict) or len(evidence) > _EVIDENCE_ENTRIES:
        raise MalformedMessage("An error's evidence is no small object.")
    return _CLASSES[kind](
        _text(message, "message"), code=code, is_passing=message.get("is_passing") is True, evidence=clean(evidence)
    )


def _text(message: dict[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str) or len(value) > _TEXT_CHARACTERS:
        raise MalformedMessage(f"{key} is no short text.")
    return _clean_text(value)


def _fraction(message: dict[str, Any]) -> float:
    value = message.get("fraction")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedMessage("Progress is no number.")
    if isinstance(value, float) and not math.isfinite(value):
        raise MalformedMessage("Progress is not finite.")
    return float(min(max(value, 0), 1))  # in this order: a whole number of hundreds of digits becomes no float


def clean(value: Any) -> Any:
    """Return JSON-able facts that a database can store: NULs and lone surrogates replaced.

    Numbers that JSON can't hold (NaN, infinities) are a `MalformedMessage`; Python's parser takes them all the same.
    """
    match value:
        case str():
            return _clean_text(value)
        case float() if not math.isfinite(value):
            raise MalformedMessage("A number is not finite.")
        case dict():
            return {_clean_text(key): clean(entry) for key, entry in value.items()}
        case list():
            return [clean(entry) for entry in value]
    return value


def _clean_text(text: str) -> str:
    if text.isascii() and "\0" not in text:
        return text  # nearly all are, and to encode and decode each took a tenth of what an answer takes
    return text.replace("\0", "\ufffd").encode("utf-8", errors="replace").decode("utf-8")
