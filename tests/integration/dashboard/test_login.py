"""Logging in and out."""

from django.contrib.auth.models import User
from django.test import Client


def test_a_stranger_is_sent_to_the_login_and_back(alice: User) -> None:
    client = Client()
    first = client.get("/?status=failed")
    assert first.status_code == 302
    assert first["Location"] == "/login/?next=/%3Fstatus%3Dfailed"
    second = client.post(
        first["Location"], {"username": "alice", "password": "alice-s-password", "next": "/?status=failed"}
    )
    assert second["Location"] == "/?status=failed"


def test_a_wrong_password_is_told_without_saying_which_of_the_two_was_wrong(alice: User) -> None:
    for name in ("alice", "nobody"):
        page = Client().post("/login/", {"username": name, "password": "wrong"})
        assert page.status_code == 200
        assert "do not go together" in page.content.decode()


def test_the_login_does_not_lead_to_another_site(alice: User) -> None:
    answer = Client().post(
        "/login/", {"username": "alice", "password": "alice-s-password", "next": "https://evil.example/"}
    )
    assert answer["Location"] == "/"


def test_logging_out_takes_a_post(as_alice: Client) -> None:
    assert as_alice.get("/logout/").status_code == 405
    assert as_alice.post("/logout/")["Location"] == "/login/"
    assert as_alice.get("/").status_code == 302


def test_a_fragment_asked_for_after_the_session_ended_leads_the_whole_page_to_the_login(db: None) -> None:
    answer = Client().get(
        "/live/?newest=", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/?status=failed"}
    )
    assert answer["HX-Redirect"] == "/login/?next=%2F%3Fstatus%3Dfailed"
    assert answer.content == b""
