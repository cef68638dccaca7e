"""A task's page."""

import re
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.test import Client

from filemill.tasks.models import QueuePause, TaskLog
from tests.integration.dashboard.conftest import HTMX, NewTask, complete, fail, picture, start


def open_page(client: Client, task: TaskLog) -> str:
    answer = client.get(f"/tasks/{task.pk}/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_picture_is_shown_with_its_outputs_and_facts(as_alice: Client, new_task: NewTask) -> None:
    task = new_task(metadata={"quality": "high", "resize": [640, 480]})
    complete(task, result={"format": "jpeg", "width": 1600, "height": 1200}, outputs=[picture(width=640, height=480)])
    page = open_page(as_alice, task)
    assert f'<img src="/api/tasks/{task.pk}/outputs/photo.webp?inline=1"' in page
    assert f'href="/api/tasks/{task.pk}/outputs/photo.webp" download' in page
    assert "image/webp · 4.0 KiB · 640 × 480 · " in page
    assert "abababababab</abbr>" in page
    assert "1600 × 1200 px" in page
    assert "640, 480" in page


def test_a_film_is_played_with_its_poster(as_alice: Client, new_task: NewTask) -> None:
    task = new_task(task_type="video")
    film = {"name": "clip.mp4", "media_type": "video/mp4", "size": 9, "sha256": "0" * 64, "duration": 6.0}
    streams = [{"index": 0, "type": "video", "codec": "h264"}, {"index": 1, "type": "audio", "codec": "aac"}]
    complete(task, result={"duration": 6.0, "streams": streams}, outputs=[picture("poster.jpg"), film])
    page = open_page(as_alice, task)
    video = re.search(r"<video [^>]*>", page)
    assert video
    assert f'poster="/api/tasks/{task.pk}/outputs/poster.jpg?inline=1"' in video[0]
    assert f'src="/api/tasks/{task.pk}/outputs/clip.mp4?inline=1"' in video[0]
    assert "<td>aac</td>" in page


def test_a_text_and_a_table_are_previewed(as_alice: Client, new_task: NewTask) -> None:
    text, table = new_task(task_type="document"), new_task(task_type="document")
    complete(text, result={"preview": "Once upon a time"})
    complete(table, result={"preview": [["1", "2"]], "columns": ["a", "b"], "header": True})
    assert "Once upon a time</pre>" in open_page(as_alice, text)
    page = open_page(as_alice, table)
    assert '<th scope="col">b</th>' in page
    assert "<td>2</td>" in page


def test_a_failure_says_what_is_wrong_what_it_means_and_how_to_mend_it(as_alice: Client, new_task: NewTask) -> None:
    task = new_task()
    fail(task, message="The JPEG ends early.")
    page = open_page(as_alice, task)
    assert "The JPEG ends early." in page
    assert "The file is damaged or cut short. <b>Send the whole file again.</b>" in page
    assert "<code>corrupt_file</code>" in page


def test_the_story_tells_of_every_attempt_with_its_evidence(as_alice: Client, new_task: NewTask) -> None:
    task = new_task()
    fail(task)
    page = open_page(as_alice, task)
    words = re.findall(r"<p><b>(\w+)</b> <time", page)
    assert words == ["Created", "Started", "Failed"]
    assert "mill:1/2" in page
    assert "line 1\nline 2</pre>" in page


def test_warnings_name_the_nearest_option(as_alice: Client, new_task: NewTask) -> None:
    task = new_task(
        warnings=[{"code": "unknown_option", "message": "Unknown option 'qualty': did you mean 'quality'?"}]
    )
    assert "did you mean &#x27;quality&#x27;?" in open_page(as_alice, task)


def test_anothers_task_is_not_there_but_staff_may_open_it(as_bob: Client, as_root: Client, new_task: NewTask) -> None:
    task = new_task()
    for address in (f"/tasks/{task.pk}/", f"/tasks/{task.pk}/live/", f"/tasks/{uuid4()}/"):
        assert as_bob.get(address).status_code == 404
    assert "by <b>alice</b>" in open_page(as_root, task)


def ask(client: Client, text: str) -> Any:
    found = re.search(r'id="state"[^>]*hx-get="([^"]*)"', text)
    assert found, "the page asks for nothing"
    return client.get(found[1], headers=HTMX)


def test_while_it_waits_nothing_is_sent_and_while_it_works_the_bar_moves(as_alice: Client, new_task: NewTask) -> None:
    task = new_task()
    page = open_page(as_alice, task)
    assert ask(as_alice, page).status_code == 204
    start(task)
    TaskLog.objects.filter(pk=task.pk).update(progress=55)
    answer = ask(as_alice, page).content.decode()
    assert 'value="55"' in answer
    assert 'id="story"' in answer


def test_when_it_ends_everything_is_brought_and_asking_ends(as_alice: Client, new_task: NewTask) -> None:
    task = new_task()
    page = open_page(as_alice, task)
    complete(task, outputs=[picture()])
    answer = ask(as_alice, page).content.decode()
    for part in ("state", "story", "actions", "work"):
        assert f'id="{part}"' in answer
    assert "photo.webp" in answer
    assert "hx-get" not in answer


def test_a_story_that_has_not_gone_on_is_not_sent_again(as_alice: Client, new_task: NewTask) -> None:
    task = start(new_task())
    page = open_page(as_alice, task)
    answer = ask(as_alice, page).content.decode()
    assert 'id="state"' in answer
    assert 'id="story"' not in answer
    assert 'id="actions"' not in answer


def test_a_page_takes_few_queries_however_long_the_story(
    as_alice: Client, alice: User, new_task: NewTask, django_assert_num_queries: Any
) -> None:
    task = new_task()
    for _ in range(5):
        fail(TaskLog.objects.get(pk=task.pk))
        as_alice.post(f"/tasks/{task.pk}/retry/", {"force": "true"})
    as_alice.get(f"/tasks/{task.pk}/")  # shows the messages, which were a change of the session
    with django_assert_num_queries(5):  # session, user, task, events, attempts
        open_page(as_alice, task)


def test_a_pending_task_says_why_it_waits(as_alice: Client, as_bob: Client, new_task: NewTask) -> None:
    task = new_task()
    asked = re.search(r'id="waiting" hx-get="([^"]*)" hx-trigger="load, every 2s"', open_page(as_alice, task))
    assert asked
    assert "No worker is running" in as_alice.get(asked[1], headers=HTMX).content.decode()
    assert as_bob.get(asked[1], headers=HTMX).status_code == 404

    QueuePause.objects.create(queue="image", paused_by="sven", reason="<night>")
    assert "paused by sven: &lt;night&gt;" in as_alice.get(asked[1], headers=HTMX).content.decode()

    QueuePause.objects.all().delete()
    start(task)
    assert as_alice.get(asked[1], headers=HTMX).status_code == 204
    assert 'id="waiting"' not in open_page(as_alice, task)
