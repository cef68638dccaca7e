"""The list of tasks: whose, which, in what order, in how many queries."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django.test import Client

from filemill.tasks import services
from filemill.tasks.models import TaskLog
from tests.integration.dashboard.conftest import NewTask, complete, fail, picture, start


def names(page: Any) -> list[str]:
    return re.findall(r'class="row-name"[^>]*>([^<]*)<', page.content.decode())


def follow(client: Client, page: Any, rel: str) -> Any:
    found = re.search(rf'rel="{rel}" href="([^"]*)"', page.content.decode())
    assert found, f"the page has no link {rel}"
    return client.get(found[1].replace("&amp;", "&"))


def test_an_empty_list_tells_what_to_do(as_alice: Client) -> None:
    assert "Nothing to grind yet" in as_alice.get("/").content.decode()


def test_it_shows_ones_own_tasks_newest_first(as_alice: Client, bob: User, new_task: NewTask) -> None:
    new_task(file_name="first.jpg")
    new_task(file_name="second.jpg")
    new_task(file_name="bob.jpg", user=bob)
    assert names(as_alice.get("/")) == ["second.jpg", "first.jpg"]


def test_even_staff_see_only_their_own_in_the_list(as_root: Client, new_task: NewTask) -> None:
    new_task()
    assert names(as_root.get("/")) == []


def test_it_narrows_by_status_and_by_a_part_of_the_name(as_alice: Client, new_task: NewTask) -> None:
    fail(new_task(file_name="Broken Photo.jpg"))
    fail(new_task(file_name="broken film.mp4"))
    new_task(file_name="photo 2.jpg")
    assert names(as_alice.get("/?status=failed&search=photo")) == ["Broken Photo.jpg"]
    assert "No task matches" in as_alice.get("/?search=nothing-like-it").content.decode()


@pytest.mark.parametrize("query", ["status=nonsense", "before=nonsense", "after=nonsense", "search=%00", "before=%00"])
def test_nonsense_in_the_address_is_no_filter(as_alice: Client, new_task: NewTask, query: str) -> None:
    new_task()
    assert names(as_alice.get(f"/?{query}")) == ["photo.jpg"]


def test_the_counts_stand_at_the_top_and_lead_to_their_status(as_alice: Client, new_task: NewTask) -> None:
    new_task()
    fail(new_task())
    page = as_alice.get("/").content.decode()
    assert re.search(r'href="/\?status=failed">Failed <b>1</b>', page)
    assert "All <b>2</b>" in page


def test_one_pages_through_all_tasks_there_and_back(as_alice: Client, new_task: NewTask) -> None:
    for number in range(60):
        new_task(file_name=f"{number}.jpg")
    expected = [f"{number}.jpg" for number in reversed(range(60))]
    first = as_alice.get("/")
    second = follow(as_alice, first, "next")
    third = follow(as_alice, second, "next")
    assert names(first) + names(second) + names(third) == expected
    assert 'rel="next"' not in third.content.decode()
    assert names(follow(as_alice, third, "prev")) == names(second)
    assert names(follow(as_alice, second, "prev")) == names(first)
    assert 'rel="prev"' not in first.content.decode()


def test_every_state_has_its_word_and_what_matters_about_it(as_alice: Client, new_task: NewTask) -> None:
    new_task()
    start(new_task())
    complete(new_task(), outputs=[picture()])
    fail(new_task())
    services.cancel(new_task(), by=User.objects.get(username="alice"))
    page = as_alice.get("/").content.decode()
    for status in ("Pending", "Processing", "Completed", "Failed", "Cancelled"):
        assert f">{status}</span>" in page
    assert "waits for a worker" in page
    assert re.search(r"<progress [^>]*aria-label=\"Progress of photo.jpg\"", page)
    assert "1 file in" in page
    assert "The file is damaged or cut short." in page


def test_a_completed_picture_has_a_thumbnail_and_a_heavy_one_has_none(as_alice: Client, new_task: NewTask) -> None:
    light, heavy = new_task(), new_task()
    complete(light, outputs=[picture("a b#.webp")])
    complete(heavy, outputs=[picture(size=50_000_000)])
    page = as_alice.get("/").content.decode()
    assert f'src="/api/tasks/{light.pk}/outputs/a%20b%23.webp?inline=1"' in page
    assert f"/api/tasks/{heavy.pk}/outputs" not in page


def test_a_full_page_takes_as_many_queries_as_a_short_one(
    as_alice: Client, new_task: NewTask, django_assert_num_queries: Any
) -> None:
    for _ in range(20):
        complete(new_task(), outputs=[picture()])
    with django_assert_num_queries(4):  # session, user, rows, counts
        as_alice.get("/")


def test_a_row_says_what_its_task_waits_for(as_alice: Client, new_task: NewTask) -> None:
    mine = TaskLog.objects.filter(pk=new_task().pk)

    mine.update(run_after=Now())
    assert "waits for its time" in as_alice.get("/").content.decode()

    mine.update(needed_bytes=2**30)
    assert "waits for capacity" in as_alice.get("/").content.decode()
