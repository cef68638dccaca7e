"""What a request may ask of a list, in its query."""

from datetime import date
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field

from filemill.tasks.intake import MAX_TAG_LENGTH
from filemill.tasks.statuses import Status, TaskType


def _read_day(given: object) -> object:
    """Accept days as the contract writes them; pydantic alone would also read seconds since 1970."""
    if not isinstance(given, str):
        return given
    day = date.fromisoformat(given) if len(given) == len("2024-01-01") else None
    if day is None or day.year > LAST_YEAR:
        raise ValueError("not a day")
    return day


LAST_YEAR: Final = 9998
"""The day after it must still be a date."""
Day = Annotated[date, BeforeValidator(_read_day)]
_VALID_DAY: Final[dict[str, Any]] = {"x-valid": "a day such as 2024-01-31"}
_VALID_BOOL: Final[dict[str, Any]] = {"x-valid": "true or false"}


class Everyone(BaseModel):
    """Whose tasks are meant."""

    all: bool = Field(
        False, description="Everyone's tasks instead of your own; for staff alone.", json_schema_extra=_VALID_BOOL
    )


class TaskFilter(Everyone):
    """Which tasks a list holds."""

    status: Status | None = Field(None, json_schema_extra={"x-valid": f"one of {', '.join(Status.values)}"})
    task_type: TaskType | None = Field(None, json_schema_extra={"x-valid": f"one of {', '.join(TaskType.values)}"})
    from_date: Day | None = Field(None, description="Created on this day (UTC) or later.", json_schema_extra=_VALID_DAY)
    to_date: Day | None = Field(
        None, description="Created on this day (UTC) or earlier; the whole day counts.", json_schema_extra=_VALID_DAY
    )
    search: str | None = Field(
        None,
        pattern=r"^[^\x00]*$",
        max_length=255,
        description="A part of the file's name, in upper or lower case.",
        json_schema_extra={"x-valid": "a text of up to 255 characters, without NUL"},
    )
    tag: str | None = Field(
        None,
        pattern=r"^[^\x00]*$",
        max_length=MAX_TAG_LENGTH,
        description="One of the task's tags, whole.",
        json_schema_extra={"x-valid": f"a text of up to {MAX_TAG_LENGTH} characters, without NUL"},
    )


class Strictness(BaseModel):
    """What becomes of names in `metadata` that are no option."""

    strict: bool = Field(
        False, description="Refuse unknown options instead of warning of them.", json_schema_extra=_VALID_BOOL
    )
