"""What keeps a stranger's words from becoming the page's own."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.integration.dashboard.conftest import NewTask, complete, fail, picture

EVIL = "<img src=x onerror=alert(1)>\"'&{{7*7}}"


class Markup(HTMLParser):
    """What a browser makes of a page: its tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture
def pages(as_alice: Client, new_task: NewTask) -> list[str]:
    """Every kind of page, full of evil words."""
    task, broken = new_task(file_name=EVIL, metadata={EVIL: EVIL}, tags=[EVIL]), new_task(file_name=EVIL)
    result = {EVIL: EVIL, "preview": EVIL, "columns": [EVIL], "streams": [{EVIL: EVIL}]}
    complete(task, result=result, outputs=[picture(EVIL)])
    fail(broken, message=EVIL)
    addresses = ["/", f"/?search={EVIL}", f"/tasks/{task.pk}/", f"/tasks/{broken.pk}/", "/live/?newest="]
    return [as_alice.get(address).content.decode() for address in [*addresses, "/nowhere/<b>"]]


def test_no_word_of_a_stranger_becomes_markup(pages: list[str]) -> None:
    for page in pages:
        assert EVIL not in page
        assert not [attributes for _, attributes in Markup(page).tags if attributes.get("src") == "x"]


def test_no_page_has_a_script_or_a_style_within_itself(pages: list[str], db: None) -> None:
    for page in [*pages, Client().get("/login/").content.decode()]:
        for tag, attributes in Markup(page).tags:
            assert tag != "style"
            assert tag != "script" or attributes["src"]
            assert not [name for name in attributes if name == "style" or name.startswith(("on", "hx-on"))]


@pytest.mark.parametrize("address", ["/", "/login/", "/admin/login/", "/nowhere/"])
def test_every_page_carries_the_strict_policy(as_alice: Client, address: str) -> None:
    policy = as_alice.get(address, follow=True)["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_nothing_comes_from_another_place(pages: list[str]) -> None:
    for page in pages:
        for _, attributes in Markup(page).tags:
            for name in ("src", "href", "action", "poster", "hx-get", "hx-post"):
                address = attributes.get(name) or "/"
                assert address.startswith(("/", "#")), address
                assert not address.startswith("//")


def test_pages_of_a_person_are_not_kept_by_browsers_or_proxies(as_alice: Client, new_task: NewTask) -> None:
    for address in ("/", f"/tasks/{new_task().pk}/"):
        assert "no-store" in as_alice.get(address)["Cache-Control"]


@pytest.mark.parametrize(
    ("address", "status", "words"), [("/nowhere/", 404, "There is nothing here"), ("/add/", 405, "")]
)
def test_errors_have_pages_in_plain_words(as_alice: Client, address: str, status: int, words: str) -> None:
    answer = as_alice.get(address)
    assert answer.status_code == status
    assert words in answer.content.decode()


def test_a_failure_of_ours_has_a_page_too(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault for the test")

    monkeypatch.setattr("filemill.dashboard.views.tasks.read_page", stumble)
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Filemill stumbled" in answer.content.decode()
    assert "a fault for the test" not in answer.content.decode()
