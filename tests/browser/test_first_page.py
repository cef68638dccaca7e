"""A person with a browser: logs in, adds a file, watches it finish, opens the output."""

import re
import subprocess
from pathlib import Path

import imageio_ffmpeg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PATIENCE_MILLISECONDS, log_in
from tests.endtoend.launched import Launched

pytestmark = [pytest.mark.needs_chromium, pytest.mark.timeout(180)]

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture
def finished(service: Launched) -> str:
    """The name of a file whose task is there whatever ran before."""
    inbox = service.home / "inbox"
    (inbox / "words.txt").write_text("words\n")
    asked = {"file_path": str(inbox / "words.txt"), "task_type": "document"}
    assert service.ask("POST", "/api/tasks/create_task/", json=asked).status_code == 201
    return "words.txt"


def add(page: Page, file: Path) -> None:
    page.get_by_label("Choose a file").set_input_files(file)
    send(page)


def send(page: Page) -> None:
    page.get_by_role("button", name="Add file").click()


def expect_taken(page: Page) -> None:
    """The form is empty again, and with the same answer the list has grown."""
    expect(page.locator("#file-name")).to_be_empty(timeout=PATIENCE_MILLISECONDS)


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name, exact=True)).first


def expect_status(place: Locator, status: str) -> None:
    expect(place.get_by_text(status, exact=True)).to_be_visible(timeout=PATIENCE_MILLISECONDS)


def test_a_picture_is_added_finishes_before_ones_eyes_and_is_opened(desk: Page, complaints: list[str]) -> None:
    add(desk, SAMPLES / "photo.jpg")
    expect_taken(desk)
    expect_status(row(desk, "photo.jpg"), "Completed")
    expect(row(desk, "photo.jpg").locator("img")).to_be_visible()
    desk.get_by_role("link", name="photo.jpg").first.click()
    picture = desk.get_by_role("img", name="photo.jpg")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 100
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Download photo.jpg").click()
    assert download.value.path().read_bytes()[:3] == b"\xff\xd8\xff"
    assert complaints == []


def test_options_are_offered_for_the_chosen_file_and_applied(desk: Page, complaints: list[str]) -> None:
    desk.get_by_label("Choose a file").set_input_files(SAMPLES / "photo.jpg")
    desk.get_by_text("Options all optional").click()
    expect(desk.get_by_text("For images")).to_be_visible()
    expect(desk.get_by_text("For videos")).to_be_hidden()
    desk.get_by_label("Format").filter(visible=True).select_option("webp")
    desk.get_by_label("Resize: width").filter(visible=True).fill("120")
    send(desk)
    expect_taken(desk)
    newest = desk.get_by_role("listitem").filter(has=desk.locator(".row-name")).first
    expect_status(newest, "Completed")
    newest.get_by_role("link").click()
    expect(desk.get_by_text(re.compile(r"image/webp · .* · 120 × \d+"))).to_be_visible()
    assert complaints == []


def test_a_wrong_option_is_told_beside_its_field_and_the_chosen_file_stays(desk: Page) -> None:
    desk.get_by_label("Choose a file").set_input_files(SAMPLES / "photo.jpg")
    desk.get_by_text("Options all optional").click()
    desk.get_by_label("Quality").filter(visible=True).fill("best")
    send(desk)
    expect(desk.get_by_role("alert").filter(has_text="must be low, medium, high or a whole number")).to_be_visible()
    quality = desk.get_by_label("Quality").filter(visible=True)
    expect(quality).to_have_attribute("aria-invalid", "true")
    quality.fill("90")
    send(desk)
    expect_taken(desk)
    expect_status(row(desk, "photo.jpg"), "Completed")


def test_a_film_shows_its_progress_and_then_plays(desk: Page, tmp_path: Path, complaints: list[str]) -> None:
    film = make_film(tmp_path / "film.mp4", seconds=20)
    desk.get_by_label("Choose a file").set_input_files(film)
    desk.get_by_text("Options all optional").click()
    desk.get_by_label("Format").filter(visible=True).select_option("mp4")
    send(desk)
    bar = desk.get_by_role("progressbar", name="Progress of film.mp4")
    expect(bar).to_be_visible()
    desk.wait_for_function(
        "() => { const bar = document.querySelector('.row progress'); return bar && bar.value > 0 && bar.value < 100 }"
    )
    desk.get_by_role("link", name="film.mp4").first.click()
    expect_status(desk.locator("#state"), "Completed")
    video = desk.locator("video")
    expect(video).to_be_visible()
    video.evaluate("video => { video.muted = true; video.currentTime = 15; return video.play() }")
    desk.wait_for_function("() => document.querySelector('video').currentTime > 15.2")
    assert complaints == []


def test_a_running_task_is_cancelled_and_retried_from_its_page(desk: Page, tmp_path: Path) -> None:
    desk.get_by_label("Choose a file").set_input_files(make_film(tmp_path / "long.mp4", seconds=120))
    desk.get_by_text("Options all optional").click()
    desk.get_by_label("Format").filter(visible=True).select_option("webm")
    send(desk)
    desk.get_by_role("link", name="long.mp4").click()
    expect_status(desk.locator("#state"), "Processing")
    desk.get_by_label("Reason for cancelling").fill("too long")
    desk.get_by_role("button", name="Cancel task").click()
    expect_status(desk.locator("#state"), "Cancelled")
    expect(desk.get_by_text("Cancelled by admin: too long")).to_be_visible()
    desk.get_by_role("button", name="Retry").click()
    expect_status(desk.locator("#state"), "Processing")
    desk.get_by_role("button", name="Cancel task").click()
    expect_status(desk.locator("#state"), "Cancelled")


def test_a_file_that_nothing_reads_is_refused_in_words(desk: Page, tmp_path: Path) -> None:
    odd = tmp_path / "odd.bin"
    odd.write_bytes(bytes(range(8)))
    add(desk, odd)
    expect(desk.get_by_role("alert").filter(has_text="of a format that Filemill does not read")).to_be_visible()


def test_a_file_beyond_what_a_request_may_hold_is_taken_in_raw(desk: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.txt"
    large.write_text("one line of many\n" * 2_500_000)
    assert large.stat().st_size > 32 * 1024**2
    add(desk, large)
    expect_status(row(desk, "large.txt"), "Completed")


def test_a_task_made_elsewhere_appears_by_itself(desk: Page, service: Launched) -> None:
    inbox = service.home / "inbox"
    (inbox / "elsewhere.csv").write_text("a,b\n1,2\n")
    answer = service.ask(
        "POST", "/api/tasks/create_task/", json={"file_path": str(inbox / "elsewhere.csv"), "task_type": "document"}
    )
    assert answer.status_code == 201
    expect_status(row(desk, "elsewhere.csv"), "Completed")


def test_it_all_works_without_a_script(browser: Browser, service: Launched) -> None:
    context = browser.new_context(base_url=service.url, java_script_enabled=False)
    page = context.new_page()
    log_in(page, service)
    add(page, SAMPLES / "story.txt")
    page.wait_for_url("**/")
    page.get_by_role("link", name="story.txt").first.click()
    expect(page.get_by_role("heading", name="story.txt")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_nothing_runs_over_the_edge(finished: str, desk: Page, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 800})
    for link in (None, desk.locator(".row-name").first):
        if link is not None:
            link.click()
            desk.locator("#story").wait_for()
        assert desk.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_a_task_is_opened_with_the_keyboard_alone(finished: str, desk: Page) -> None:
    first = desk.locator(".row-name").first
    for _ in range(40):
        desk.keyboard.press("Tab")
        if first.evaluate("link => link === document.activeElement"):
            break
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name=finished, level=1)).to_be_visible()


def test_the_admin_works_under_the_policy(finished: str, desk: Page, complaints: list[str]) -> None:
    desk.goto("/admin/tasks/tasklog/")
    expect(desk.get_by_role("heading", name="Select task to view")).to_be_visible()
    desk.locator("#result_list tbody th a").first.click()
    expect(desk.get_by_text("Events and progress")).to_be_visible()
    assert complaints == []


def make_film(path: Path, *, seconds: int) -> Path:
    """Make a film that takes a while to encode."""
    source = f"testsrc2=size=640x360:rate=30:duration={seconds}"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*argv, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path
