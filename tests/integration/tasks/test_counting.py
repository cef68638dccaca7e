"""The counts that triggers keep: they equal the rows, whatever happens to these, also in a storm of moves."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection

from filemill.tasks import counting, lifecycle
from filemill.tasks.count_models import TaskCount, TaskCountChange
from filemill.tasks.models import TaskLog
from filemill.tasks.node import Worker
from filemill.tasks.statuses import Status, TaskType
from tests.integration.tasks.conftest import NewTask


def count_rows(user: User) -> dict[Status, int]:
    found = Counter(TaskLog.objects.filter(user=user).values_list("status", flat=True))
    return {status: found[status.value] for status in Status}


@pytest.mark.django_db
def test_every_change_of_a_row_is_counted(new_task: NewTask, alice: User, bob: User, worker: Worker) -> None:
    first, second = new_task(), new_task(task_type="video")
    new_task(user=bob)
    lifecycle.start(first.pk, worker=worker)
    assert counting.count_tasks(user_id=alice.pk) == count_rows(alice)
    counting.fold_counts()
    lifecycle.cancel(first.pk, reason="", by="alice")
    second.delete()
    assert counting.count_tasks(user_id=alice.pk) == count_rows(alice)
    assert counting.summarise()["total"] == 2
    assert counting.count_tasks(user_id=alice.pk, task_type=TaskType.VIDEO)[Status.PENDING] == 0


@pytest.mark.django_db
def test_folding_leaves_the_counts_alone_and_no_changes_behind(new_task: NewTask, alice: User) -> None:
    for _ in range(3):
        new_task()
    before = counting.summarise(user_id=alice.pk)
    assert counting.fold_counts() == 3
    assert counting.summarise(user_id=alice.pk) == before
    assert not TaskCountChange.objects.exists()
    assert TaskCount.objects.get(user_id=alice.pk, status="pending").count == 3


@pytest.mark.django_db
def test_a_heartbeat_changes_no_count(new_task: NewTask) -> None:
    task = new_task()
    counting.fold_counts()
    TaskLog.objects.filter(pk=task.pk).update(progress=50, status=Status.PENDING)
    assert not TaskCountChange.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_after_a_storm_of_moves_the_counts_are_the_rows(new_task: NewTask, alice: User) -> None:
    ids = [new_task().pk for _ in range(12)]

    def storm(seed: int) -> None:
        chance, worker = random.Random(seed), Worker(id=uuid4(), name=f"racer:{seed}/1")
        try:
            for _ in range(60):
                task_id = chance.choice(ids)
                started = lifecycle.start(task_id, worker=worker)
                if started is not None and chance.random() < 0.5:
                    lifecycle.complete(started, result={"outputs": []})
                elif chance.random() < 0.3:
                    lifecycle.cancel(task_id, reason="", by="alice")
                elif (task := TaskLog.objects.get(pk=task_id)).status == Status.COMPLETED:
                    lifecycle.retry(task, by="alice", force=True)
                if chance.random() < 0.2:
                    counting.fold_counts()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as racers:
        list(racers.map(storm, range(4)))
    assert counting.count_tasks(user_id=alice.pk) == count_rows(alice)
    counting.fold_counts()
    assert counting.count_tasks(user_id=alice.pk) == count_rows(alice)
    assert not TaskCountChange.objects.exists()
