"""Swagger UI and ReDoc in a real browser, under the page's own policy and without the internet (contract H1)."""

import pytest
from playwright.sync_api import Page

pytestmark = [pytest.mark.needs_chromium, pytest.mark.timeout(120)]

BADGE = "https://cdn.redoc.ly/redoc/logo-mini.svg"
"""A picture that ReDoc's bundle names; the policy does not fetch it, and the page hides its place."""


def test_swagger_ui_shows_an_endpoint_and_tries_it(page: Page, complaints: list[str]) -> None:
    page.goto("/api/docs/")
    page.get_by_role("button", name="POST /api/tasks/create_task/ Create a task").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.get_by_text("Authentication credentials were not provided.").first.wait_for()
    assert [complaint for complaint in complaints if "401" not in complaint] == []


def test_redoc_shows_the_endpoints_and_finds_one(page: Page, complaints: list[str]) -> None:
    page.goto("/api/redoc/")
    page.get_by_role("heading", name="List your tokens").wait_for()
    page.get_by_placeholder("Search...").fill("retry")
    page.get_by_role("search").get_by_text("Retry a task").first.wait_for()
    assert [complaint for complaint in complaints if BADGE not in complaint] == []


@pytest.mark.parametrize(("path", "shown"), [("/api/docs/", "span.opblock-summary-path"), ("/api/redoc/", "h2")])
def test_the_pages_fetch_nothing_from_elsewhere(page: Page, path: str, shown: str) -> None:
    fetched: list[str] = []
    page.on("response", lambda response: fetched.append(response.url))
    page.goto(path)
    page.locator(shown).first.wait_for()
    home = page.url.removesuffix(path)
    assert fetched
    assert [url for url in fetched if not url.startswith((home, "data:", "blob:"))] == []
