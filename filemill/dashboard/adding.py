"""The form that adds a file: what was filled in, what is wrong with it, and the task that comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile

from filemill.dashboard.option_fields import (
    Option,
    Part,
    describe_options,
    list_operations,
    read_options,
    usual_options,
)
from filemill.files.errors import FileRefused
from filemill.files.opened import read_head
from filemill.files.sources import Source
from filemill.files.uploads import Upload, delete_upload, open_upload, receive
from filemill.processing import media
from filemill.processing.operations import Operation
from filemill.tasks import services
from filemill.tasks.drafts import Asked
from filemill.tasks.models import TaskLog
from filemill.tasks.refusals import Problem, Refused
from filemill.tasks.statuses import TaskType

AUTO: Final = "auto"


@dataclass(frozen=True, kw_only=True)
class FilledPart:
    """An input with what stands in it."""

    part: Part
    value: str

    @property
    def id(self) -> str:
        return "option-" + self.part.name.replace(".", "-")


@dataclass(frozen=True, kw_only=True)
class FilledOption:
    """An option with what stands in its inputs and what is wrong with it."""

    option: Option
    parts: list[FilledPart]
    errors: list[str]

    @property
    def id(self) -> str:
        return self.parts[0].id


@dataclass(frozen=True, kw_only=True)
class AddForm:
    """The form as it is shown: empty, or as it came back with problems."""

    values: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[Problem] = ()
    task_type: str = ""
    """Which task type the problems with options are about."""

    @property
    def chosen_type(self) -> str:
        return self.values.get("task_type", AUTO)

    @property
    def file_errors(self) -> list[str]:
        return self._errors("file", "file_path")

    @property
    def type_errors(self) -> list[str]:
        return self._errors("task_type")

    @property
    def other_errors(self) -> list[str]:
        known = {
            "file",
            "file_path",
            "task_type",
            "operation",
            "metadata",
            *(f"metadata.{option.name}" for option in self._asked_options()),
        }
        return [problem.message for problem in self.problems if problem.field not in known]

    @property
    def has_option_errors(self) -> bool:
        return any(problem.field.startswith("metadata.") for problem in self.problems)

    @property
    def operation(self) -> str:
        """The operation that was chosen; empty for the usual one of the file's type."""
        return self.values.get("operation", "")

    @property
    def summary(self) -> str:
        """What the chosen operation makes."""
        chosen = find_operation(self.operation)
        return chosen.summary if chosen else ""

    @property
    def operation_errors(self) -> list[str]:
        """What is wrong with the choice: it does not read such files, or a tool is missing."""
        return self._errors("operation", "metadata")

    @property
    def operations(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The operations to choose from, by the task type that they are made for."""
        return [
            (kind.label, [(found.name, found.summary) for found in list_operations() if found.task_type == kind])
            for kind in TaskType
        ]

    @property
    def task_types(self) -> list[tuple[str, str]]:
        return [(AUTO, "Whatever it is"), *((kind.value, kind.label) for kind in TaskType)]

    @property
    def option_sets(self) -> list[tuple[str, list[FilledOption]]]:
        """The options of the chosen operation, or of every task type; the page shows those that fit the file."""
        chosen = find_operation(self.operation)
        if chosen is not None:
            options = describe_options(chosen, prefix=chosen.name)
            return [(chosen.name, [self._fill(option, is_asked=True) for option in options])]
        return [
            (kind, [self._fill(option, is_asked=kind == self.task_type) for option in options])
            for kind, options in usual_options().items()
        ]

    def _fill(self, option: Option, *, is_asked: bool) -> FilledOption:
        parts = [
            FilledPart(part=part, value="" if part.kind == "password" else self.values.get(part.name, ""))
            for part in option.parts
        ]
        errors = self._errors(f"metadata.{option.name}") if is_asked else []
        return FilledOption(option=option, parts=parts, errors=errors)

    def _asked_options(self) -> list[Option]:
        return asked_options(self.operation, self.task_type)

    def _errors(self, *fields: str) -> list[str]:
        return [problem.message for problem in self.problems if problem.field in fields]


class NotAdded(Exception):
    """Nothing was stored; `form` says why."""

    def __init__(self, form: AddForm) -> None:
        super().__init__("; ".join(problem.message for problem in form.problems))
        self.form = form


def keep(file: "UploadedFile[bytes]") -> Upload:
    """Keep a file that Django has parsed out of a form; raises FileRefused."""
    with receive(file.name or "") as writer:
        for chunk in file.chunks():
            writer.write(chunk)
        return writer.finish()


def add_task(*, user: User, upload: Upload | None, values: Mapping[str, str]) -> TaskLog:
    """Make a task of a file and a filled-in form; raises NotAdded, and then the file is gone again."""
    if upload is None:
        missing = Problem(field="file", code="required", message="Choose a file first.")
        raise NotAdded(AddForm(values=values, problems=[missing]))
    task_type = ""
    try:
        task_type = _decide_type(upload, values.get("task_type", AUTO))
        operation = values.get("operation", "")
        metadata = read_options(asked_options(operation, task_type), values)
        asked = Asked(metadata=metadata, operation=operation or None)
        return services.submit(user=user, task_type=task_type, source=Source.from_upload(upload), asked=asked)
    except (Refused, FileRefused) as refused:
        delete_upload(upload.id)
        raise NotAdded(AddForm(values=values, problems=problems_of(refused), task_type=task_type)) from refused


def find_operation(name: str) -> Operation[Any] | None:
    """Return an operation that the form offers; None for the usual one."""
    return next((operation for operation in list_operations() if operation.name == name), None)


def asked_options(operation: str, task_type: str) -> list[Option]:
    """Return the fields in which the options of a request stand."""
    chosen = find_operation(operation)
    if chosen is not None:
        return describe_options(chosen, prefix=chosen.name)
    return usual_options().get(task_type, [])


def problems_of(refused: Refused | FileRefused) -> list[Problem]:
    """Say a refusal as problems of the form's fields."""
    if isinstance(refused, Refused):
        return refused.problems
    return [Problem(field="file", code=refused.code, message=refused.message)]


def _decide_type(upload: Upload, wanted: str) -> str:
    """Let the content decide unless the person has; of what nothing reads, `submit` says so in its own words."""
    if wanted != AUTO:
        return wanted
    with open_upload(upload.id, name=upload.name) as opened:
        found = media.task_type_of(media.sniff(read_head(opened), upload.name))
    return found or TaskType.DOCUMENT
