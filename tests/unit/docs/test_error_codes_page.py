"""docs/reference/error-codes.md says every code that a client can meet, and no other."""

import ast
import re
from collections.abc import Iterator

from rest_framework import exceptions

from filemill.processing.error_codes import ERROR_CODES
from tests.unit.docs.reading import find_calls, first_cells, parse_modules, read_page, text_of

PAGE = read_page("docs/reference/error-codes.md")
OF_TASKS, _, OF_REQUESTS = PAGE.partition("## Codes of refused requests")
DOORS = ("config/door", "filemill/api", "filemill/dashboard", "filemill/files", "filemill/tasks")
CHECKS = ("filemill/processing/operations/checking.py",)
RAISED_IN_THE_WORKER = {"ProcessingError", "InputError", "OptionsError", "SourceError", "LimitError", "SystemFault"}
REST_ERRORS = (
    exceptions.ParseError,
    exceptions.NotAuthenticated,
    exceptions.AuthenticationFailed,
    exceptions.PermissionDenied,
    exceptions.NotFound,
    exceptions.MethodNotAllowed,
    exceptions.UnsupportedMediaType,
)
"""What REST framework raises by itself here: nothing is throttled, and every answer is acceptable."""


def find_refusal_codes() -> Iterator[str]:
    for call in find_calls(*DOORS, *CHECKS):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        if name not in RAISED_IN_THE_WORKER:
            yield from (code for keyword in call.keywords if keyword.arg == "code" if (code := text_of(keyword.value)))


def find_texts(*places: str) -> set[str]:
    return {
        text
        for tree in parse_modules(*places)
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and (text := text_of(node))
    }


def find_task_codes() -> Iterator[str]:
    for call in find_calls("filemill"):
        for keyword in call.keywords:
            is_raised = isinstance(call.func, ast.Name) and call.func.id in RAISED_IN_THE_WORKER
            if keyword.arg == "error_code" or (keyword.arg == "code" and is_raised):
                yield from (code for code in [text_of(keyword.value)] if code)


def test_every_code_of_a_refusal_is_described() -> None:
    rest = {error.default_code for error in REST_ERRORS}
    described = set(first_cells(OF_REQUESTS))

    assert sorted((set(find_refusal_codes()) | rest) - described) == []


def test_every_refusal_that_is_described_can_happen() -> None:
    rest = {error.default_code for error in REST_ERRORS}

    assert sorted(set(first_cells(OF_REQUESTS)) - find_texts(*DOORS, *CHECKS) - rest) == []


def test_every_code_of_a_failed_task_or_attempt_is_described() -> None:
    described = set(first_cells(OF_TASKS))

    assert described == set(ERROR_CODES)


def test_every_code_that_the_worker_gives_is_on_the_list() -> None:
    assert sorted(set(find_task_codes()) - set(ERROR_CODES)) == []


def test_a_code_is_described_once() -> None:
    for part in (OF_TASKS, OF_REQUESTS):
        codes = re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE)

        assert len(codes) == len(set(codes))
