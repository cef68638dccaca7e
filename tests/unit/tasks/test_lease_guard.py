"""A worker process stops by itself what it could not renew, without asking anybody."""

import time
from uuid import uuid4

from filemill.tasks.models import TaskLog
from filemill.tasks.pulse import KillReason, Pulse

LEASE_SECONDS = 3.0


def test_a_run_that_was_not_renewed_for_a_lease_is_killed_and_a_fresh_one_is_left_alone() -> None:
    killed: list[str] = []
    pulse = Pulse()
    stale = pulse.watch(TaskLog(pk=uuid4(), fence=1))
    fresh = pulse.watch(TaskLog(pk=uuid4(), fence=1))
    stale.hand_over(lambda: killed.append("stale"))
    fresh.hand_over(lambda: killed.append("fresh"))
    stale.renewed_at = time.monotonic() - LEASE_SECONDS - 0.1

    pulse._kill_what_is_unsure(LEASE_SECONDS)

    assert killed == ["stale"]
    assert stale.reason is KillReason.LEASE_UNSURE
    assert fresh.reason is None


def test_a_run_is_killed_once_and_keeps_its_first_reason() -> None:
    killed: list[str] = []
    pulse = Pulse()
    watched = pulse.watch(TaskLog(pk=uuid4(), fence=1))
    watched.hand_over(lambda: killed.append("it"))
    pulse._kill(watched, KillReason.NOT_OURS)
    watched.renewed_at = time.monotonic() - LEASE_SECONDS - 0.1

    pulse._kill_what_is_unsure(LEASE_SECONDS)

    assert killed == ["it"]
    assert watched.reason is KillReason.NOT_OURS


def test_a_run_that_is_handed_over_too_late_is_killed_at_once() -> None:
    killed: list[str] = []
    pulse = Pulse()
    watched = pulse.watch(TaskLog(pk=uuid4(), fence=1))
    pulse._kill(watched, KillReason.NOT_OURS)

    watched.hand_over(lambda: killed.append("it"))

    assert killed == ["it"]
