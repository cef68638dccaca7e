"""Sending messages to the broker, without ever waiting long for it."""

import logging
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from celery import Celery, current_app
from kombu import Connection, Producer
from kombu.exceptions import BatchPublishError, LimitExceeded, OperationalError  # type: ignore[attr-defined]  # stubs
from kombu.pools import producers
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

FILE_PROCESSING: Final = "tasks.file_processing"
BULK_FILE_PROCESSING: Final = "tasks.bulk_file_processing"
QUEUES: Final = ("file_processing", "bulk_processing")

TIMEOUT_SECONDS = 0.4
PAUSE_SECONDS = 5.0
MESSAGES_PER_ROUND_TRIP = 100
BROKER_ERRORS = (OperationalError, RedisError, OSError, BatchPublishError, LimitExceeded)
"""The last: every connection of the pool is busy, so the broker answers too slowly for all who want to publish."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A hint that a row is ready: the Celery task's name, the row's id and the id that Celery knows it by."""

    name: str
    row_id: str
    celery_task_id: str


class Breaker:
    """Leaves the broker alone for a few seconds after it failed, so that only one request pays for the timeout."""

    def __init__(self) -> None:
        self._open_until = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._open_until

    def trip(self) -> None:
        self._open_until = time.monotonic() + PAUSE_SECONDS


breaker = Breaker()
_connections: dict[int, Connection] = {}


def send(messages: Iterable[Message]) -> int:
    """Publish messages, many in one round trip; return how many the broker surely took before it failed, if it did.

    What was not taken is no loss: its row waits, and the sweeper sends it later.
    """
    if breaker.is_open:
        return 0
    sent = 0
    try:
        with producers[connection(current_app)].acquire(block=True, timeout=TIMEOUT_SECONDS) as producer:
            for part in _parts(messages):
                with producer.batch():
                    for message in part:
                        _publish(producer, message)
                sent += len(part)
    except BROKER_ERRORS as error:
        breaker.trip()
        logger.warning("the broker does not answer (%s): what is due will be sent when it is back", error)
    return sent


def _parts(messages: Iterable[Message]) -> Iterator[list[Message]]:
    remaining = iter(messages)
    while part := list(islice(remaining, MESSAGES_PER_ROUND_TRIP)):
        yield part


def _publish(producer: Producer, message: Message) -> None:
    current_app.send_task(
        message.name, args=[message.row_id], task_id=message.celery_task_id, producer=producer, retry=False
    )


def connection(app: Celery) -> Connection:
    """Return the publishing connection: Celery's broker with timeouts of its own, far shorter than a worker's.

    redis-py retries by itself and so multiplies its timeout; the retry is switched off.
    """
    pid = os.getpid()
    if pid not in _connections:
        _connections.clear()  # a forked child must not share its parent's socket
        options: dict[str, Any] = {
            **app.conf.broker_transport_options,
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            "max_retries": 0,
        }
        _connections[pid] = app.connection_for_write(connect_timeout=TIMEOUT_SECONDS, transport_options=options)
    return _connections[pid]


@dataclass(frozen=True, kw_only=True)
class Depth:
    """How many messages the broker holds: waiting in each queue, and handed out but not acknowledged.

    The last may lie with a worker that is long dead: Redis keeps them until the visibility timeout.
    """

    tasks: int
    slices: int
    unacknowledged: int


def depth() -> Depth | None:
    """Return what the broker holds; None when it can't tell."""
    try:
        with connection(current_app).clone() as link:
            channel = link.default_channel
            tasks, slices = (_waiting(channel, queue) for queue in QUEUES)
            return Depth(tasks=tasks, slices=slices, unacknowledged=_unacknowledged(channel))
    except BROKER_ERRORS as error:
        breaker.trip()
        logger.warning("the broker's depth can't be read: %s", error)
        return None


def _waiting(channel: Any, queue: str) -> int:
    try:
        return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except channel.connection.client.channel_errors:
        return 0  # a queue that the broker does not know, as after a flush, holds nothing


def _unacknowledged(channel: Any) -> int:
    if not hasattr(channel, "unacked_key"):
        return 0
    return int(channel.client.hlen(channel.unacked_key))
