"""A real browser before the whole service, as `filemill up` starts it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from tests.endtoend.launched import Launched

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MILLISECONDS = 30_000


@pytest.fixture(scope="package")
def service() -> Iterator[Launched]:
    launched = Launched(FILEMILL_SAMPLES="off")
    try:
        launched.start_until_ready()
        yield launched
        launched.stop()
    finally:
        launched.delete()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    # Chromium's own sandbox does not start for root; what it opens here is only ours.
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console complained about: a broken policy, a failed script, a missing file."""
    return []


@pytest.fixture
def page(browser: Browser, service: Launched, complaints: list[str]) -> Iterator[Page]:
    """A window before the login."""

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.text} ({message.location})")

    context = browser.new_context(base_url=service.url)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def desk(page: Page, service: Launched) -> Page:
    """A window on the list of tasks."""
    log_in(page, service)
    return page


def log_in(page: Page, service: Launched) -> None:
    name, password = service.auth
    page.goto("/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Tasks").wait_for()
