"""Errors, the same everywhere: RFC 9457 problems, and never a 500 for what a client sends."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError
from django.test import Client

from filemill.api import task_list
from filemill.api.problems import exception_handler
from filemill.tasks.models import TaskLog
from tests.integration.api.conftest import ApiClient


@pytest.mark.parametrize("error", [OperationalError("the connection is lost"), InterfaceError("closed")])
def test_a_database_that_is_down_is_a_503_that_says_when_to_come_back(
    as_alice: ApiClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(task_list, "read_query", fail)
    answer = as_alice.get("/api/tasks/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer.json()["code"] == "database_unavailable"
    assert str(error) not in answer.json()["detail"]


def test_what_nobody_expected_is_a_500_and_a_problem(
    as_alice: ApiClient, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(task_list, "read_query", fail)
    as_alice._client.raise_request_exception = False
    answer = as_alice.get("/api/tasks/")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert "a bug" not in answer.content.decode()
    assert exception_handler(LookupError("a bug"), {}) is None


def test_a_method_that_an_address_does_not_take_is_a_405(as_alice: ApiClient) -> None:
    answer = as_alice.send("DELETE", "/api/tasks/progress/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize("path", ["/api/", "/api/nothing/", "/api/tasks/x/y/z", "/api/tasks/%00/", "/api/%FF"])
def test_an_address_that_is_none_is_a_404(as_alice: ApiClient, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = as_alice.send(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_forgotten_slash_leads_on_and_keeps_the_method(as_alice: ApiClient) -> None:
    answer = as_alice.post("/api/tasks/create_task?strict=1", {})
    assert (answer.status_code, answer["Location"]) == (308, "/api/tasks/create_task/?strict=1")


def test_a_session_cookie_with_a_nul_is_no_error_of_the_service(db: None) -> None:
    # As a header: a Python with the latest security fixes refuses to put such a cookie into a jar.
    answer = Client().get("/api/tasks/", headers={"cookie": 'sessionid="abcdefgh\\000ijkl"'})
    assert answer.status_code in {400, 401}


def test_any_accept_header_is_answered_in_json(as_alice: ApiClient) -> None:
    answer = as_alice.get("/api/tasks/", Accept="text/html")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


def test_a_lone_surrogate_comes_back_as_it_was_sent(as_alice: ApiClient) -> None:
    answer = as_alice.post("/api/tasks/create_task/", {"\ud800": 1})
    assert "\ud800" in [error["field"] for error in answer.json()["errors"]]


def test_staff_change_nothing_by_looking(as_sven: ApiClient, completed: TaskLog, alice: User) -> None:
    assert as_sven.get(f"/api/tasks/{completed.pk}/").status_code == 200
    completed.refresh_from_db()
    assert completed.user == alice
