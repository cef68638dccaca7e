"""Moments and spans of a film or sound: seconds or parts of the whole, worked out against a known duration."""

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from filemill.processing.errors import OptionsError

Seconds = Annotated[float, Field(ge=0, le=1e6)]
Moment = Annotated[
    Seconds | Annotated[str, Field(pattern=r"^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,6})?)%$")],
    Field(union_mode="left_to_right"),
]

MOMENT_VALID: Final = 'seconds such as 2.5, or a part of the duration such as "50%"'


@dataclass(frozen=True, kw_only=True)
class Span:
    """The part of a film or sound that is worked on; `end_seconds` is None for "to the end" where that is unknown."""

    start_seconds: float = 0.0
    end_seconds: float | None = None
    is_whole: bool = True

    @property
    def lasting_seconds(self) -> float | None:
        """How long it lasts, as far as that is known."""
        return None if self.end_seconds is None else self.end_seconds - self.start_seconds

    @property
    def limit_seconds(self) -> float | None:
        """How much FFmpeg has to be told to take; None where it takes all that comes."""
        return None if self.is_whole else self.lasting_seconds


def to_seconds(moment: float | str, duration_seconds: float | None) -> float:
    """Turn a moment into seconds from the start; raises OptionsError for a part of an unknown duration."""
    if isinstance(moment, str):
        if duration_seconds is None:
            message = f"{moment} of the duration can't be found: the file does not say how long it is. Give seconds."
            raise OptionsError(message, code="invalid_options")
        return duration_seconds * float(moment.removesuffix("%")) / 100
    return float(moment)


def plan_span(
    start: float | str | None,
    end: float | str | None,
    lasting: float | None,
    *,
    duration_seconds: float | None,
) -> Span:
    """Work out which part is meant; raises OptionsError when nothing lies there."""
    start_seconds = to_seconds(start or 0.0, duration_seconds)
    if end is not None and lasting is not None:
        raise OptionsError("Give either end or duration: each says where the part ends.", code="invalid_options")
    if duration_seconds is not None and start_seconds >= duration_seconds > 0:
        message = f"start is at {start_seconds:g} s, and the file lasts only {duration_seconds:g} s."
        raise OptionsError(message, code="invalid_options")
    wanted = start_seconds + lasting if lasting is not None else None
    if end is not None:
        wanted = to_seconds(end, duration_seconds)
    if wanted is not None and wanted <= start_seconds:
        message = f"The part would end at {wanted:g} s, which is not after its start at {start_seconds:g} s."
        raise OptionsError(message, code="invalid_options")
    known = [seconds for seconds in (wanted, duration_seconds or None) if seconds is not None]
    return Span(
        start_seconds=start_seconds,
        end_seconds=min(known) if known else None,
        is_whole=wanted is None or (duration_seconds is not None and wanted >= duration_seconds),
    )
