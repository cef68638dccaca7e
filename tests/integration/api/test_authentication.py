"""Who may ask: Basic, tokens, sessions (the contract's paragraph above the table)."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from filemill.api import authentication
from filemill.api.authentication import CheckedPairs
from tests.integration.api.conftest import ApiClient, basic

URL = "/api/tasks/"
ENDPOINTS = [
    ("GET", "/api/tasks/"),
    ("POST", "/api/tasks/create_task/"),
    ("POST", "/api/tasks/bulk_create/"),
    ("GET", "/api/tasks/progress/"),
    ("GET", "/api/tasks/01890000-0000-7000-8000-000000000000/"),
    ("POST", "/api/tasks/01890000-0000-7000-8000-000000000000/cancel/"),
    ("POST", "/api/tasks/01890000-0000-7000-8000-000000000000/retry/"),
    ("GET", "/api/tasks/01890000-0000-7000-8000-000000000000/events/"),
    ("GET", "/api/tasks/01890000-0000-7000-8000-000000000000/attempts/"),
    ("GET", "/api/tasks/01890000-0000-7000-8000-000000000000/progress_history/"),
    ("GET", "/api/tasks/01890000-0000-7000-8000-000000000000/outputs/"),
    ("GET", "/api/tasks/01890000-0000-7000-8000-000000000000/outputs/photo.jpg"),
    ("GET", "/api/auth/tokens/"),
    ("POST", "/api/auth/tokens/"),
    ("DELETE", "/api/auth/tokens/fm_0123456789ab/"),
    ("GET", "/api/nothing/"),
]


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every password that is hashed."""
    noted: list[str] = []
    verify = hashers.verify_password

    def note(password: str, *arguments: Any, **keywords: Any) -> Any:
        noted.append(password)
        return verify(password, *arguments, **keywords)

    monkeypatch.setattr(hashers, "verify_password", note)
    return noted


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_without_credentials_every_endpoint_answers_401(as_nobody: ApiClient, method: str, path: str) -> None:
    answer = as_nobody.send(method, path)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith('Basic realm="Filemill"')
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"


def test_a_name_and_its_password_open_the_door(as_nobody: ApiClient, alice: User) -> None:
    assert as_nobody.get(URL, **basic("alice", "alice-s-password")).status_code == 200


def test_a_password_is_hashed_once_for_many_requests(as_nobody: ApiClient, alice: User, hashes: list[str]) -> None:
    for _ in range(5):
        assert as_nobody.get(URL, **basic("alice", "alice-s-password")).status_code == 200
    assert hashes == ["alice-s-password"]


def test_a_wrong_password_is_refused_also_after_the_right_one(as_nobody: ApiClient, alice: User) -> None:
    as_nobody.get(URL, **basic("alice", "alice-s-password"))
    assert as_nobody.get(URL, **basic("alice", "wrong")).status_code == 401


def test_a_changed_password_is_forgotten_at_once(as_nobody: ApiClient, alice: User) -> None:
    as_nobody.get(URL, **basic("alice", "alice-s-password"))
    alice.set_password("another-password")
    alice.save()
    assert as_nobody.get(URL, **basic("alice", "alice-s-password")).status_code == 401
    assert as_nobody.get(URL, **basic("alice", "another-password")).status_code == 200


def test_a_disabled_user_is_refused_at_once(as_nobody: ApiClient, alice: User) -> None:
    as_nobody.get(URL, **basic("alice", "alice-s-password"))
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert as_nobody.get(URL, **basic("alice", "alice-s-password")).status_code == 401


def test_an_unknown_name_is_answered_like_a_wrong_password(as_nobody: ApiClient, alice: User) -> None:
    unknown = as_nobody.get(URL, **basic("mallory", "x"))
    wrong = as_nobody.get(URL, **basic("alice", "x"))
    assert (unknown.status_code, unknown.json()) == (wrong.status_code, wrong.json()) == (401, wrong.json())


def test_a_pair_is_remembered_for_its_time_and_within_its_number(alice: User) -> None:
    pairs = CheckedPairs(seconds=0.05, limit=2)
    pairs.add(alice, "one")
    assert pairs.holds(alice, "one")
    ends_at = time.monotonic() + 5
    while pairs.holds(alice, "one"):
        assert time.monotonic() < ends_at
    lasting = CheckedPairs(limit=2)
    for password in ("one", "two", "three"):
        lasting.add(alice, password)
    assert [lasting.holds(alice, password) for password in ("one", "two", "three")] == [False, True, True]


@pytest.mark.parametrize(
    "credentials", ["Basic", "Basic !!!", "Basic YQ==", "Basic AAA6AA==", "Basic a b", "Basic //86//8="]
)
def test_nonsense_for_credentials_is_a_401(as_nobody: ApiClient, credentials: str) -> None:
    assert as_nobody.get(URL, Authorization=credentials).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://testserver"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_page_of_another_site_can_not_ride_on_a_remembered_password(
    as_nobody: ApiClient, alice: User, headers: dict[str, str], status: int
) -> None:
    answer = as_nobody.post("/api/auth/tokens/", {}, **basic("alice", "alice-s-password"), **headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "foreign_origin"


def test_a_trusted_origin_may_ask(as_nobody: ApiClient, alice: User, settings: Any) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://friend.example"]
    for name in ("csrf_trusted_origins_hosts", "allowed_origins_exact", "allowed_origin_subdomains"):
        authentication._origin_check.__dict__.pop(name, None)
    headers = {"Origin": "https://friend.example", **basic("alice", "alice-s-password")}
    assert as_nobody.post("/api/auth/tokens/", {}, **headers).status_code == 201
    for name in ("csrf_trusted_origins_hosts", "allowed_origins_exact", "allowed_origin_subdomains"):
        authentication._origin_check.__dict__.pop(name, None)


def test_a_foreign_page_may_use_a_token_because_browsers_never_add_one(as_alice: ApiClient) -> None:
    assert as_alice.post("/api/auth/tokens/", {}, Origin="https://app.example").status_code == 201


def test_a_token_opens_the_door(as_alice: ApiClient) -> None:
    assert as_alice.get(URL).status_code == 200


@pytest.mark.parametrize("credentials", ["Token", "Token a b", "Token nothing", "Token fm_ÿ", "Bearer x", "Token \x01"])
def test_a_token_that_is_none_is_a_401(as_nobody: ApiClient, credentials: str) -> None:
    assert as_nobody.get(URL, Authorization=credentials.encode().decode("latin-1")).status_code == 401


def test_an_expired_token_is_a_401(as_alice: ApiClient) -> None:
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert as_alice.get(URL).status_code == 401


def test_a_token_of_a_disabled_user_is_a_401(as_alice: ApiClient, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert as_alice.get(URL).status_code == 401


def test_the_table_holds_no_token_that_could_be_used(as_alice: ApiClient, as_nobody: ApiClient) -> None:
    [kept] = AuthToken.objects.all()
    for value in (kept.digest, kept.token_key):
        assert as_nobody.get(URL, Authorization=f"Token {value}").status_code == 401


def test_a_session_reads_and_writes_only_with_its_csrf_token(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.get(URL).status_code == 200
    answer = client.post("/api/auth/tokens/", {}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
