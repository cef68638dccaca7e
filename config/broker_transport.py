"""How we reach the broker: kombu's Redis transport, three traits of it mended, and a steady pace of reconnecting."""

import logging
from queue import Empty
from typing import Any, Final

from celery.app.amqp import AMQP
from kombu import Connection, transport
from kombu.transport import redis
from redis.exceptions import ResponseError

logger = logging.getLogger(__name__)

SCHEMES: Final = ("redis", "rediss")
LONGEST_PAUSE_SECONDS: Final = 5.0
"""Between two tries to reconnect. Celery's own pauses grow to 30 s; so long would a worker idle by a healthy broker."""
_BODY_ENCODINGS: Final = (None, "base64")


class Channel(redis.Channel):
    """A channel that puts nothing back and lives through what it can't read.

    kombu puts unacknowledged messages back when a channel is closed. In kombu 5.7.0 that raises while Celery closes a
    lost connection under a task with late acknowledgement, and the worker ends; where it succeeds, a task that still
    runs is sent a second time. Here lost work comes back by its lease and nothing has to be put back.
    """

    do_restore = False

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        """Acknowledge, unless the connection that brought the message is gone: then kombu raises and the worker ends.

        Such a message stays in Redis until its visibility timeout; when it comes again it finds nothing to claim.
        """
        if not self.closed:
            super().basic_ack(delivery_tag, multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Reject, unless the connection that brought the message is gone."""
        if not self.closed:
            super().basic_reject(delivery_tag, requeue)

    def _brpop_read(self, **options: Any) -> Any:
        """Read one message; bytes that are no JSON would end the worker, and every worker after it."""
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # missing in the stubs
        except ValueError as error:
            logger.error("a message that is no JSON was dropped: %s", error)
            raise Empty from error


class Transport(redis.Transport):
    """The transport of that channel.

    A server that refuses a command, as one that became a replica does, counts as a lost connection: the worker tries
    again until it is served. For kombu that is an error that nothing mends, and the worker ends.
    """

    Channel = Channel
    connection_errors = (*redis.Transport.connection_errors, ResponseError)

    def _deliver(self, message: Any, queue: str | None) -> None:
        if not is_message(message):
            logger.error("a message of another form than Celery's was dropped from %s", queue)
            return
        super()._deliver(message, queue)


class SteadyConnection(Connection):
    """A connection that keeps trying at a pace."""

    def ensure_connection(self, *args: Any, **kwargs: Any) -> "SteadyConnection":
        pace = {"interval_start": 1.0, "interval_step": 1.0, "interval_max": LONGEST_PAUSE_SECONDS}
        super().ensure_connection(*args, **{**pace, **kwargs})
        return self


class SteadyAMQP(AMQP):
    """Celery's factory of connections, making those."""

    Connection = SteadyConnection


def is_message(given: Any) -> bool:
    """Whether a decoded value has what kombu takes for granted in a message."""
    if not isinstance(given, dict) or not isinstance(given.get("body"), str | None):
        return False
    properties = given.get("properties")
    if not isinstance(properties, dict) or not isinstance(properties.get("delivery_info"), dict):
        return False
    return isinstance(properties.get("delivery_tag"), str) and properties.get("body_encoding") in _BODY_ENCODINGS


def install() -> None:
    """Let every connection of this process to a Redis use this transport."""
    for scheme in SCHEMES:
        transport.TRANSPORT_ALIASES[scheme] = "config.broker_transport:Transport"
