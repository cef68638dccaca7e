"""Keeping the list up to date: only what has changed, and nothing at all when nothing has."""

import re
from html import unescape
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from filemill.tasks import services
from filemill.tasks.models import TaskLog
from tests.integration.dashboard.conftest import HTMX, NewTask, complete, picture, start


def ask(client: Client, page: Any) -> Any:
    """Send the request that a page has announced."""
    found = re.search(r'id="pulse"[^>]*hx-get="([^"]*)"', page.content.decode())
    assert found, "the page asks for nothing"
    return client.get(unescape(found[1]), headers=HTMX)


def pulse_of(page: Any) -> str:
    found = re.search(r'<div id="pulse"[^>]*>', page.content.decode())
    assert found
    return unescape(found[0])


def test_a_page_with_a_waiting_task_asks_often_and_hears_nothing_while_nothing_happens(
    as_alice: Client, new_task: NewTask
) -> None:
    new_task()
    page = as_alice.get("/")
    assert "every 1500ms" in pulse_of(page)
    assert ask(as_alice, page).status_code == 204


def test_a_bar_moves(as_alice: Client, new_task: NewTask) -> None:
    task = start(new_task())
    page = as_alice.get("/")
    TaskLog.objects.filter(pk=task.pk).update(progress=42)
    answer = ask(as_alice, page).content.decode()
    assert f'<li class="row" id="task-{task.pk}" hx-swap-oob="true">' in answer
    assert 'value="42"' in answer


def test_a_task_that_completes_brings_its_thumbnail_the_counts_and_a_word_for_screen_readers(
    as_alice: Client, new_task: NewTask
) -> None:
    task = new_task()
    page = as_alice.get("/")
    complete(task, outputs=[picture()])
    answer = ask(as_alice, page)
    text = answer.content.decode()
    assert "/outputs/photo.webp?inline=1" in text
    assert "Completed <b>1</b>" in text
    assert re.search(r'id="announcer"[^>]*>photo.jpg: Completed', text)


def test_asking_becomes_rare_once_nothing_moves_any_more(as_alice: Client, new_task: NewTask) -> None:
    task = new_task()
    page = as_alice.get("/")
    complete(task)
    answer = ask(as_alice, page)
    assert "every 10s" in pulse_of(answer)
    assert "watch=" not in pulse_of(answer)
    assert ask(as_alice, answer).status_code == 204


def test_only_the_tasks_that_still_move_are_watched_on(as_alice: Client, new_task: NewTask) -> None:
    done, waiting = new_task(), new_task()
    page = as_alice.get("/")
    complete(done)
    pulse = pulse_of(ask(as_alice, page))
    assert f"watch={waiting.pk}.pending" in pulse
    assert str(done.pk) not in pulse


def test_a_new_task_appears_at_the_top(as_alice: Client, new_task: NewTask) -> None:
    empty = as_alice.get("/")
    first = new_task(file_name="first.jpg")
    answer = ask(as_alice, empty)
    assert f'id="task-{first.pk}"' in answer.content.decode()
    second = new_task(file_name="second.jpg")
    text = ask(as_alice, answer).content.decode()
    assert text.index(f'id="task-{second.pk}"') < text.index(f'id="task-{first.pk}"')
    assert "All <b>2</b>" in text


def test_a_new_task_that_the_filters_leave_out_does_not_appear(as_alice: Client, new_task: NewTask) -> None:
    page = as_alice.get("/?search=film")
    new_task(file_name="photo.jpg")
    assert ask(as_alice, page).status_code == 204


def test_an_older_page_does_not_slide_away_under_its_reader(as_alice: Client, new_task: NewTask) -> None:
    tasks = [new_task() for _ in range(30)]
    page = as_alice.get(f"/?before={tasks[10].pk}")
    new_task()
    assert "newest=" not in pulse_of(page)
    assert ask(as_alice, page).status_code == 204


def test_an_older_page_at_rest_asks_for_nothing(as_alice: Client, alice: User, new_task: NewTask) -> None:
    tasks = [new_task() for _ in range(3)]
    for task in tasks:
        services.cancel(task, by=alice)
    assert "hx-get" not in pulse_of(as_alice.get(f"/?before={tasks[2].pk}"))


def test_nobody_hears_of_anothers_tasks(as_bob: Client, new_task: NewTask) -> None:
    task = start(new_task())
    answer = as_bob.get(f"/live/?watch={task.pk}.pending&newest=", headers=HTMX)
    assert answer.status_code == 204


def test_nonsense_is_watched_as_nothing(as_alice: Client) -> None:
    assert as_alice.get("/live/?watch=nonsense&watch=%00.x&watch=", headers=HTMX).status_code == 204
