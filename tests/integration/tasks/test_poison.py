"""Content that killed the cage is known again, in whichever task it comes."""

from pathlib import Path

import pytest

from filemill.files.opened import OpenedFile
from filemill.files.roots import open_beneath
from filemill.processing.errors import InputError
from filemill.tasks import poison
from filemill.tasks.models import CageDeath, TaskLog
from filemill.tasks.retries import POISON_DEATHS
from tests.integration.tasks.conftest import NewTask

pytestmark = pytest.mark.django_db


@pytest.fixture
def killer(tmp_path: Path) -> OpenedFile:
    (tmp_path / "killer.jpg").write_bytes(b"\xff\xd8 kills")
    return open_beneath("killer.jpg", roots=[tmp_path])


def remember(task: TaskLog, killer: OpenedFile, *, times: int) -> None:
    for _ in range(times):
        poison.remember_death(task, killer)


def refuse_known(task: TaskLog, opened: OpenedFile) -> None:
    poison.refuse_known(task, opened, poison.list_suspects([task]))


def test_content_that_never_killed_passes(new_task: NewTask, killer: OpenedFile) -> None:
    refuse_known(new_task(), killer)


def test_content_that_killed_less_often_passes(new_task: NewTask, killer: OpenedFile) -> None:
    remember(new_task(), killer, times=POISON_DEATHS - 1)
    refuse_known(new_task(), killer)


def test_content_that_killed_three_times_in_other_tasks_is_poison(new_task: NewTask, killer: OpenedFile) -> None:
    for _ in range(POISON_DEATHS):
        remember(new_task(), killer, times=1)

    with pytest.raises(InputError) as caught:
        refuse_known(new_task(), killer)
    assert caught.value.code == "poison"
    assert caught.value.evidence == {"deaths_of_this_content": 3}


def test_other_content_of_the_same_size_passes(new_task: NewTask, killer: OpenedFile, tmp_path: Path) -> None:
    remember(new_task(), killer, times=POISON_DEATHS)
    (tmp_path / "good.jpg").write_bytes(b"\xff\xd8 heals")

    with open_beneath("good.jpg", roots=[tmp_path]) as good:
        assert good.size == killer.size
        refuse_known(new_task(), good)


def test_nothing_is_read_of_a_file_whose_size_never_killed(
    new_task: NewTask, killer: OpenedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poison, "content_hash", lambda _: pytest.fail("the file was read"))

    refuse_known(new_task(file_size=killer.size), killer)


def test_a_file_that_has_changed_its_size_since_is_looked_at_all_the_same(
    new_task: NewTask, killer: OpenedFile
) -> None:
    remember(new_task(), killer, times=POISON_DEATHS)

    with pytest.raises(InputError):
        refuse_known(new_task(file_size=killer.size + 1), killer)


def test_a_person_may_try_again(new_task: NewTask, killer: OpenedFile) -> None:
    remember(new_task(), killer, times=POISON_DEATHS)
    refuse_known(new_task(generation=2), killer)


def test_deaths_under_another_version_do_not_count(new_task: NewTask, killer: OpenedFile) -> None:
    remember(new_task(), killer, times=POISON_DEATHS)
    CageDeath.objects.update(version="0.0.1")
    refuse_known(new_task(), killer)
