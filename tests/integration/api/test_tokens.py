"""GET, POST /api/auth/tokens/ and DELETE /api/auth/tokens/{id}/."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from knox.models import AuthToken

from tests.integration.api.conftest import ApiClient, basic

URL = "/api/auth/tokens/"


@pytest.fixture
def with_password(as_nobody: ApiClient, alice: User) -> ApiClient:
    """Alice, with her password instead of a token."""
    as_nobody.headers = basic("alice", "alice-s-password")
    return as_nobody


def test_a_new_token_is_shown_and_works(with_password: ApiClient, as_nobody: ApiClient) -> None:
    answer = with_password.post(URL)
    assert answer.status_code == 201
    body = answer.json()
    assert body["token"].startswith(body["id"])
    assert body["created"].endswith("Z")
    assert as_nobody.get("/api/tasks/", Authorization=f"Token {body['token']}").status_code == 200


def test_a_token_is_never_shown_again(with_password: ApiClient) -> None:
    created = with_password.post(URL).json()
    listed = with_password.get(URL).json()
    assert listed["results"] == [{"id": created["id"], "created": created["created"], "expiry": created["expiry"]}]
    assert AuthToken.objects.get().digest not in str(listed)


def test_a_token_expires_when_it_is_told_to(with_password: ApiClient) -> None:
    expiry = datetime.fromisoformat(with_password.post(URL, {"expires_in_days": 3}).json()["expiry"])
    assert abs(expiry - timezone.now() - timedelta(days=3)) < timedelta(minutes=1)


def test_a_token_expires_after_the_services_own_time_otherwise(with_password: ApiClient) -> None:
    expiry = datetime.fromisoformat(with_password.post(URL, {"expires_in_days": None}).json()["expiry"])
    assert abs(expiry - timezone.now() - timedelta(days=365)) < timedelta(minutes=1)


@pytest.mark.parametrize("days", [0, -1, 3651, 10**30, "3", 1.5, True, [], {}])
def test_a_time_that_can_not_be_is_refused(with_password: ApiClient, days: object) -> None:
    answer = with_password.post(URL, {"expires_in_days": days})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "expires_in_days"


def test_an_unknown_key_is_refused_by_its_name(with_password: ApiClient) -> None:
    assert with_password.post(URL, {"name": "x"}).json()["errors"][0]["field"] == "name"


def test_creating_one_clears_away_what_has_expired(with_password: ApiClient, alice: User) -> None:
    AuthToken.objects.create(user=alice, expiry=timedelta(seconds=-1))
    created = with_password.post(URL).json()
    assert [token["id"] for token in with_password.get(URL).json()["results"]] == [created["id"]]


def test_a_revoked_token_is_worthless_at_once(with_password: ApiClient, as_nobody: ApiClient) -> None:
    created = with_password.post(URL).json()
    assert with_password.send("DELETE", f"{URL}{created['id']}/").status_code == 204
    headers = {"Authorization": f"Token {created['token']}"}
    assert ApiClient(None).get("/api/tasks/", **headers).status_code == 401


def test_a_list_holds_ones_own_tokens_only(as_alice: ApiClient, as_bob: ApiClient) -> None:
    [of_alice] = as_alice.get(URL).json()["results"]
    [of_bob] = as_bob.get(URL).json()["results"]
    assert of_alice != of_bob


@pytest.mark.parametrize("token_id", ["nothing", "fm_000000000000", "%00", "%F0%9F", "a" * 300])
def test_what_is_no_token_of_ones_own_can_not_be_revoked(as_alice: ApiClient, token_id: str) -> None:
    answer: Any = as_alice.send("DELETE", f"{URL}{token_id}/")
    assert answer.status_code == 404


def test_somebody_elses_token_can_not_be_revoked(as_alice: ApiClient, as_sven: ApiClient) -> None:
    token = AuthToken.objects.get(user=as_alice.user)
    assert as_sven.send("DELETE", f"{URL}{token.token_key}/").status_code == 404
    assert as_alice.get(URL).status_code == 200
