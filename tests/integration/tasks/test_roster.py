"""Which workers are there: the dead of this machine are struck out, the living and those elsewhere stay."""

import os
import socket
import subprocess
import sys
from uuid import uuid4

import pytest

from filemill.tasks import roster
from filemill.tasks.models import WorkerNode
from filemill.tasks.node import node

pytestmark = pytest.mark.django_db(transaction=True)

HERE = socket.gethostname()


def add(name: str) -> None:
    WorkerNode.objects.create(id=uuid4(), name=name)


def names() -> list[str]:
    return sorted(WorkerNode.objects.values_list("name", flat=True))


def pid_of_the_dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_the_dead_of_this_machine_are_struck_out() -> None:
    living, elsewhere = f"{HERE}:{os.getpid()}", "elsewhere:1"
    for name in (f"{HERE}:{pid_of_the_dead()}", living, elsewhere):
        add(name)

    roster.strike_out_dead()
    assert names() == sorted([living, elsewhere])


def test_a_worker_that_stops_signs_off_alone() -> None:
    WorkerNode.objects.create(id=node.id, name="ours:1")
    add("other:2")

    roster.sign_off()
    assert names() == ["other:2"]
