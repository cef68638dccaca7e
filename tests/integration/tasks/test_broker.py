"""Publishing against a real Valkey that is there, gone, frozen or flushed."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from celery import current_app
from kombu.pools import producers
from redis import Redis

from filemill.launch.home import Home
from filemill.launch.valkey import Valkey
from filemill.tasks import broker
from filemill.tasks.broker import FILE_PROCESSING, Depth, Message

EMPTY = Depth(tasks=0, slices=0, unacknowledged=0)


class OwnBroker:
    """A Valkey of the test's own, which it may stop and freeze."""

    def __init__(self, path: Path) -> None:
        self.home = Home(path)
        self.home.prepare()
        self.server = Valkey(self.home, is_durable=False)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = self.server.start(output=subprocess.DEVNULL)
        self.server.wait_until_ready(self.process)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture
def valkey(monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnBroker]:
    with TemporaryDirectory(prefix="fm") as directory:
        own = OwnBroker(Path(directory))
        own.start()
        connection = current_app.connection_for_write(
            own.home.broker_url(0), transport_options=broker.connection(current_app).transport_options
        )
        monkeypatch.setattr(broker, "connection", lambda _: connection)
        monkeypatch.setattr(broker, "breaker", broker.Breaker())
        yield own
        own.kill()


def own_client(valkey: OwnBroker) -> Redis:
    return Redis(unix_socket_path=str(valkey.home.valkey_socket))


def message() -> Message:
    return Message(name=FILE_PROCESSING, row_id=str(uuid4()), celery_task_id=str(uuid4()))


def test_what_is_sent_lies_in_the_broker(valkey: OwnBroker) -> None:
    assert broker.send([message(), message()]) == 2
    assert broker.depth() == Depth(tasks=2, slices=0, unacknowledged=0)


def test_an_unused_broker_is_empty(valkey: OwnBroker) -> None:
    assert broker.depth() == EMPTY


def test_a_flushed_broker_is_empty_and_takes_messages_again(valkey: OwnBroker) -> None:
    broker.send([message()])
    own_client(valkey).flushall()

    assert broker.depth() == EMPTY
    assert broker.send([message()]) == 1


@pytest.mark.timeout(10)
def test_a_broker_that_is_gone_costs_one_short_wait_and_then_none(valkey: OwnBroker) -> None:
    broker.send([message()])
    valkey.kill()

    assert broker.send([message()]) == 0
    assert broker.breaker.is_open
    assert broker.send([message()]) == 0
    valkey.start()


@pytest.mark.timeout(10)  # with Celery's own settings the sender hangs for more than 40 s
def test_a_frozen_broker_does_not_hang_the_sender(valkey: OwnBroker) -> None:
    broker.send([message()])
    valkey.signal(signal.SIGSTOP)
    try:
        assert broker.send([message()]) == 0
        assert broker.breaker.is_open
    finally:
        valkey.signal(signal.SIGCONT)


def test_a_restarted_broker_takes_messages_again(valkey: OwnBroker) -> None:
    broker.send([message()])
    valkey.kill()
    assert broker.send([message()]) == 0
    valkey.start()
    broker.breaker._open_until = 0.0

    assert broker.send([message()]) == 1
    assert broker.depth() == Depth(tasks=1, slices=0, unacknowledged=0)


def test_a_sender_that_finds_every_connection_busy_gives_up_soon(valkey: OwnBroker) -> None:
    pool = producers[broker.connection(current_app)]
    with ExitStack() as busy:
        for _ in range(pool.limit):
            busy.enter_context(pool.acquire())

        assert broker.send([message()]) == 0


def test_many_messages_take_one_round_trip(valkey: OwnBroker) -> None:
    messages = [broker.Message(name=broker.FILE_PROCESSING, row_id=str(n), celery_task_id=f"m-{n}") for n in range(50)]
    assert broker.send(messages[:1]) == 1  # connects
    with own_client(valkey) as client:
        before = client.info("commandstats").get("cmdstat_lpush", {}).get("calls", 0)
        reads = client.info("stats")["total_reads_processed"]
        assert broker.send(messages) == 50
        assert client.info("commandstats")["cmdstat_lpush"]["calls"] == before + 50
        assert client.info("stats")["total_reads_processed"] - reads < 25
