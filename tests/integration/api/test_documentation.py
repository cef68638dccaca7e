"""GET /api/docs/, /api/redoc/ and /api/schema/ (contract H1)."""

import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client

from tests.integration.api.conftest import ApiClient


def test_the_schema_is_valid_and_made_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True)
    assert "openapi: 3.1" in capsys.readouterr().out


def test_the_schema_comes_as_yaml_and_as_json_without_credentials(as_nobody: ApiClient) -> None:
    assert as_nobody.get("/api/schema/").content.startswith(b"openapi: 3.1")
    assert as_nobody.get("/api/schema/", {"format": "json"}).json()["info"]["title"] == "Filemill"
    assert as_nobody.get("/api/schema/", Accept="application/json").json()["openapi"].startswith("3.1")


def test_wrong_credentials_do_not_hide_the_schema(as_nobody: ApiClient) -> None:
    assert as_nobody.get("/api/schema/", Authorization="Token nothing").status_code == 200


def test_every_endpoint_says_what_it_answers_to_strangers_and_to_mistakes(as_nobody: ApiClient) -> None:
    paths: dict[str, Any] = as_nobody.get("/api/schema/", {"format": "json"}).json()["paths"]
    for path, operations in paths.items():
        for method, operation in operations.items():
            assert operation["summary"], (method, path)
            assert operation["responses"].keys() >= {"401", "503"}, (method, path)
            if "{" in path:
                assert "404" in operation["responses"], (method, path)
            if method == "post":
                assert operation["responses"].keys() >= {"400", "403", "415"}, (method, path)


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
def test_a_page_of_documentation_asks_this_service_alone(path: str, db: None) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    html = answer.content.decode()
    named = re.findall(r"""(?:src|href|spec-url)=["']([^"']+)""", html)
    assert len(named) >= 3
    assert [address for address in named if not address.startswith(("/", "data:"))] == []
    assert "<style" not in html
    assert "<script>" not in html
    for address in named:
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address


def test_the_start_of_swagger_ui_is_a_script_of_its_own(db: None) -> None:
    answer = Client().get("/api/docs/?script=")
    assert answer["Content-Type"].startswith("application/javascript")
    assert "/api/schema/" in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "loosened"), [("/api/docs/", set()), ("/api/redoc/", {"style-src", "worker-src"})], ids=["docs", "redoc"]
)
def test_no_page_may_run_inline_scripts(path: str, loosened: set[str], db: None) -> None:
    policy = Client().get(path)["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";") if rule.strip())
    assert rules["script-src"] == "'self'"
    assert rules["default-src"] == "'none'"
    assert {name for name, value in rules.items() if "unsafe" in value or "blob:" in value} == loosened
