"""The form that adds a file: what was filled in, what is wrong with it, and the task that comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile

from filemill.dashboard.option_fields import Option, Part, all_options, read_options
from filemill.files.errors import FileRefused
from filemill.files.opened import read_head
from filemill.files.sources import Source
from filemill.files.uploads import Upload, delete_upload, open_upload, receive
from filemill.processing import media
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
        known = {"file", "file_path", "task_type", *(f"metadata.{option.name}" for option in self._asked_options())}
        return [problem.message for problem in self.problems if problem.field not in known]

    @property
    def has_option_errors(self) -> bool:
        return any(problem.field.startswith("metadata.") for problem in self.problems)

    @property
    def task_types(self) -> list[tuple[str, str]]:
        return [(AUTO, "Whatever it is"), *((kind.value, kind.label) for kind in TaskType)]

    @property
    def option_sets(self) -> list[tuple[str, list[FilledOption]]]:
        """The options of every task type; the page shows those that fit the file."""
        return [(kind, [self._fill(kind, option) for option in options]) for kind, options in all_options().items()]

    def _fill(self, kind: str, option: Option) -> FilledOption:
        parts = [FilledPart(part=part, value=self.values.get(part.name, "")) for part in option.parts]
        errors = self._errors(f"metadata.{option.name}") if kind == self.task_type else []
        return FilledOption(option=option, parts=parts, errors=errors)

    def _asked_options(self) -> list[Option]:
        return all_options().get(self.task_type, [])

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
        metadata: dict[str, Any] = read_options(task_type, values) if task_type in TaskType.values else {}
        asked = Asked(metadata=metadata)
        return services.submit(user=user, task_type=task_type, source=Source.from_upload(upload), asked=asked)
    except (Refused, FileRefused) as refused:
        delete_upload(upload.id)
        raise NotAdded(AddForm(values=values, problems=problems_of(refused), task_type=task_type)) from refused


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
