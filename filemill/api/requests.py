"""What the endpoints take: one model per request, which is its check and its place in the API's schema.

What belongs to the domain (the task type, the options, the tags, the file) passes through unchecked: the services
check it, and say so in the same words at every door.
"""

from dataclasses import replace
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema

from filemill.api.refusing import refuse
from filemill.files.folders import EVERYTHING, MAX_PATTERN_CHARACTERS
from filemill.processing.operations.steps import MAX_STEPS
from filemill.tasks.drafts import Asked
from filemill.tasks.intake import MAX_INPUTS, MAX_TAG_LENGTH, MAX_TAGS
from filemill.tasks.models import MOST_URGENT
from filemill.tasks.statuses import TaskType

MAX_BULK_PATHS: Final = 100_000
MAX_REASON_CHARACTERS: Final = 500
MAX_TOKEN_DAYS: Final = 3650

RequestModel = TypeVar("RequestModel", bound=BaseModel)


def read_body(model: type[RequestModel], body: object) -> RequestModel:
    """Return a request's body as its model; raises Refused naming every field at fault."""
    try:
        # A form-less, body-less POST is an empty object.
        return model.model_validate({} if body is None else body)
    except ValidationError as error:
        raise refuse(error, model) from None


class Body(BaseModel):
    """A JSON object with these keys and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


_TASK_TYPE: Final = {"type": "string", "enum": TaskType.values, "description": "What kind of file it is."}
_TAGS: Final = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": MAX_TAG_LENGTH},
    "maxItems": MAX_TAGS,
    "default": [],
    "description": "Words of your own to find the task by.",
}
_METADATA: Final = {
    "type": "object",
    "default": {},
    "additionalProperties": True,
    "description": (
        "The options of the operation, and whatever else you want to keep with the task. Names that are no option "
        "come back in `warnings`; with `?strict=true` they are refused."
    ),
}
_OPERATION: Final = {
    "type": "string",
    "description": "The operation to run, by its name in `GET /api/operations/`; without it the task type's own.",
    "examples": ["image.describe"],
}
_OUTPUTS: Final = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": MAX_STEPS,
    "additionalProperties": {"type": "object"},
    "description": (
        "Several outputs of one file, each by a name of yours with its options; the options in `metadata` hold for all "
        "of them. The file is decoded once. With `op` an output is made by another operation."
    ),
    "examples": [{"large": {"resize": [1920, 1080]}, "thumb": {"resize": [200, 200]}}],
}
_STEPS: Final = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_STEPS,
    "items": {
        "type": "object",
        "required": ["op"],
        "properties": {
            "op": {"type": "string", "description": "The operation."},
            "id": {"type": "string", "description": "A name for other steps to use it by; else step1, step2, …"},
            "use": {
                "description": "What it works on: `original`, a step's id, or `id/name` for one output of it; a list "
                "gives further files to operations that take several. Without it, what the step before made.",
                "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
            },
            "keep": {"type": "boolean", "description": "Whether its outputs stay, also when a step works on them."},
        },
        "additionalProperties": True,
    },
    "description": "Operations one after another, each with its options beside `op`.",
    "examples": [[{"op": "video.poster"}, {"op": "image.resize", "width": 200}]],
}
_INPUTS: Final = {
    "type": "array",
    "maxItems": MAX_INPUTS,
    "items": {"type": "string"},
    "description": "Further files, as paths like `file_path`, for operations that take several.",
    "examples": [["logo.png"]],
}
_PRIORITY: Final = {
    "type": "integer",
    "minimum": -MOST_URGENT,
    "maximum": MOST_URGENT,
    "default": 0,
    "description": "Higher ones go first among your own tasks; a step is worth an hour of waiting.",
}
_TIME: Final = {"type": "string", "format": "date-time"}
_RUN_AT: Final = {
    **_TIME,
    "description": "Not begun before this time, such as 2026-01-31T22:00:00Z.",
}
_EXPIRES_AT: Final = {**_TIME, "description": "What was not begun by this time fails as `expired`."}
TaskTypeValue = Annotated[Any, WithJsonSchema(_TASK_TYPE)]
Tags = Annotated[Any, WithJsonSchema(_TAGS)]
Metadata = Annotated[Any, WithJsonSchema(_METADATA)]
OperationName = Annotated[Any, WithJsonSchema(_OPERATION)]
Outputs = Annotated[Any, WithJsonSchema(_OUTPUTS)]
Steps = Annotated[Any, WithJsonSchema(_STEPS)]
Inputs = Annotated[Any, WithJsonSchema(_INPUTS)]

_VALID_TASK_TYPE: Final = f"one of {', '.join(TaskType.values)}"
_PASSED_ON: Final[dict[str, Any]] = {"x-valid": "what the reference says"}


class Work(Body):
    """What to make of a file, whichever way it comes."""

    task_type: TaskTypeValue = Field(json_schema_extra={"x-valid": _VALID_TASK_TYPE})
    metadata: Metadata = Field(None, json_schema_extra=_PASSED_ON)
    operation: OperationName = Field(None, json_schema_extra=_PASSED_ON)
    outputs: Outputs = Field(None, json_schema_extra=_PASSED_ON)
    steps: Steps = Field(None, json_schema_extra=_PASSED_ON)
    inputs: Inputs = Field(None, json_schema_extra=_PASSED_ON)

    @property
    def asked(self) -> Asked:
        """What is to be made, unchecked."""
        return Asked(metadata=self.metadata, operation=self.operation, outputs=self.outputs, steps=self.steps)


class Timed(Work):
    """What to make of a file, and when."""

    priority: Annotated[Any, WithJsonSchema(_PRIORITY)] = Field(None, json_schema_extra=_PASSED_ON)
    run_at: Annotated[Any, WithJsonSchema(_RUN_AT)] = Field(None, json_schema_extra=_PASSED_ON)
    expires_at: Annotated[Any, WithJsonSchema(_EXPIRES_AT)] = Field(None, json_schema_extra=_PASSED_ON)

    @property
    def asked(self) -> Asked:
        """What is to be made and when, unchecked."""
        return replace(super().asked, priority=self.priority, run_at=self.run_at, expires_at=self.expires_at)


class FileUnderRoot(Body):
    """A file that lies under one of the service's roots."""

    file_path: str = Field(
        description="Absolute, or relative to a root.",
        examples=["photo.jpg"],
        json_schema_extra={"x-valid": "a path under one of the service's roots"},
    )


class PlanTask(Work, FileUnderRoot):
    """What would be made of a file that lies under one of the service's roots."""


class CreateTask(Timed, FileUnderRoot):
    """Work on a file that lies under one of the service's roots."""

    tags: Tags = Field(None, json_schema_extra=_PASSED_ON)


class CreateTaskOfUpload(Timed):
    """Work on a file that comes with the request."""

    tags: Tags = Field(None, json_schema_extra=_PASSED_ON)


class BulkCreate(Timed):
    """Work on many files in the same way."""

    file_paths: list[str] | None = Field(
        None,
        min_length=1,
        max_length=MAX_BULK_PATHS,
        description="Paths as in create_task. Either these or `folder`.",
        examples=[["a.jpg", "b.jpg"]],
        json_schema_extra={"x-valid": f"a list of 1 to {MAX_BULK_PATHS} paths"},
    )
    folder: str | None = Field(
        None,
        description="A folder under one of the service's roots: its files, in the order of their paths.",
        examples=["photos/2026"],
        json_schema_extra={"x-valid": "the path of a folder under one of the service's roots"},
    )
    pattern: str = Field(
        EVERYTHING,
        min_length=1,
        max_length=MAX_PATTERN_CHARACTERS,
        pattern=r"^[^\x00]*$",
        description=(
            "Which files of `folder`: `*` and `?` stand for characters of a name, `**` for any folders on the way. "
            "Names that begin with a dot are passed over unless it says the dot."
        ),
        examples=["**/*.jpg"],
        json_schema_extra={"x-valid": f"a text of 1 to {MAX_PATTERN_CHARACTERS} characters, such as **/*.jpg"},
    )
    parallel: bool = Field(
        True,
        description="`false` works on one file after another, in order.",
        json_schema_extra={"x-valid": "true or false"},
    )
    all_or_nothing: bool = Field(
        False,
        description="`true` refuses all of it when one file can't be taken; `errors` then names up to 100 of those.",
        json_schema_extra={"x-valid": "true or false"},
    )
    tags: Tags = Field(None, json_schema_extra=_PASSED_ON)


class CancelTask(Body):
    """Why a task is stopped."""

    reason: str = Field(
        "",
        max_length=MAX_REASON_CHARACTERS,
        description="Kept in the task's events.",
        examples=["wrong file"],
        json_schema_extra={"x-valid": f"a text of up to {MAX_REASON_CHARACTERS} characters"},
    )


class RetryTask(Body):
    """How a task is run again."""

    force: bool = Field(
        False,
        description="Also when it is completed, or was retried as often as allowed.",
        json_schema_extra={"x-valid": "true or false"},
    )


class CreateToken(Body):
    """How long a new token is good for."""

    expires_in_days: int | None = Field(
        None,
        ge=1,
        le=MAX_TOKEN_DAYS,
        description="Left out: as long as the service is set to (FILEMILL_TOKEN_DAYS).",
        examples=[30],
        json_schema_extra={"x-valid": f"a whole number from 1 to {MAX_TOKEN_DAYS}"},
    )
