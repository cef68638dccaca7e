"""Whether the service lives and is ready, without authentication, and bounded in time whatever is frozen."""

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from kombu import Connection
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.door.asgi_types import Send
from config.door.replies import send_whole
from filemill.tasks.models import WorkerNode

PING_TIMEOUT_SECONDS: Final = 1.0
CHECK_TIMEOUT_SECONDS: Final = 2.0
"""After this long an answer is given, with or without the slowest check."""
WORKER_SEEN_SECONDS: Final = 30

_HEADERS: Final = {"Content-Type": "application/json", "Cache-Control": "no-store"}


class Check:
    """One question about the service, asked on a thread of its own.

    A check that hangs (a frozen server behind a Unix socket knows no timeout) is not asked again until it comes back,
    so that probes never pile up threads.
    """

    def __init__(self, name: str, question: Callable[[], str]) -> None:
        self.name = name
        self._question = question
        self._lock = threading.Lock()
        self._under_way: Future[str] | None = None

    def begin(self) -> "Future[str]":
        """Ask, or join the asking that is under way."""
        with self._lock:
            if self._under_way is None or self._under_way.done():
                self._under_way = Future()
                threading.Thread(
                    target=self._ask, args=(self._under_way,), name=f"health-{self.name}", daemon=True
                ).start()
            return self._under_way

    def _ask(self, answer: "Future[str]") -> None:
        try:
            answer.set_result(self._question())
        except Exception as error:  # noqa: BLE001  whatever it is, it is the answer
            answer.set_exception(error)
        finally:
            connection.close()


def check_readiness(checks: "list[Check] | None" = None) -> tuple[bool, dict[str, Any]]:
    """Ask all checks at once; return whether all are well, and the answer's body. Takes CHECK_TIMEOUT at most."""
    until = time.monotonic() + CHECK_TIMEOUT_SECONDS
    asked = [(check.name, check.begin()) for check in (CHECKS if checks is None else checks)]
    results = {name: _result_of(answer, until) for name, answer in asked}
    return _report(results)


def _report(results: dict[str, dict[str, str]]) -> tuple[bool, dict[str, Any]]:
    is_ready = all(result["status"] == "ok" for result in results.values())
    return is_ready, {"status": "ok" if is_ready else "unavailable", "checks": results}


def _result_of(answer: "Future[str]", until: float) -> dict[str, str]:
    try:
        return {"status": "ok", "detail": answer.result(timeout=max(0.0, until - time.monotonic()))}
    except TimeoutError:
        return {"status": "unavailable", "detail": f"no answer within {CHECK_TIMEOUT_SECONDS:.0f} s"}
    except Exception as error:  # noqa: BLE001  told to whoever asks, by its kind alone: messages may hold addresses
        return {"status": "unavailable", "detail": type(error).__name__}


def _check_database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "answers"


def _check_broker() -> str:
    url = settings.CELERY_BROKER_URL
    if url.startswith("redis"):
        _ping_redis(url)
    else:
        with Connection(url, connect_timeout=PING_TIMEOUT_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    return "answers"


def _ping_redis(url: str) -> None:
    if url.startswith("redis+socket://"):
        url = "unix://" + url.removeprefix("redis+socket://").partition("?")[0]
    # redis-py retries by itself and multiplies its timeouts with that, unless told not to.
    client = Redis.from_url(
        url,
        socket_timeout=PING_TIMEOUT_SECONDS,
        socket_connect_timeout=PING_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    try:
        client.ping()
    finally:
        client.close()


def _check_cache() -> str:
    ping = getattr(caches["default"], "ping", None)
    if ping is None:
        return "in memory"
    ping()
    return "answers"


def _check_storage() -> str:
    storage = storages["outputs"]
    name = storage.save(f"health-{uuid.uuid4()}", ContentFile(b"ok"))
    storage.delete(name)
    return "can be written to"


def _check_workers() -> str:
    seen = WorkerNode.objects.filter(seen_at__gte=Now() - timedelta(seconds=WORKER_SEEN_SECONDS)).count()
    if seen == 0:
        raise NoWorker
    return f"{seen} at work"


class NoWorker(Exception):
    """No worker has reported itself lately."""


CHECKS: Final = [
    Check("database", _check_database),
    Check("broker", _check_broker),
    Check("cache", _check_cache),
    Check("storage", _check_storage),
    Check("workers", _check_workers),
]


@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """Say that the process serves."""
    return HttpResponse(_encode({"status": "ok"}), headers=_HEADERS)


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """Say whether everything that a task needs is there; 503 when something is not."""
    is_ready, body = check_readiness()
    return HttpResponse(_encode(body), status=200 if is_ready else 503, headers=_HEADERS)


async def answer_live(send: Send) -> None:
    """Answer as `live` does, without Django's threads, which may all be waiting for a frozen database."""
    await _send(send, 200, {"status": "ok"})


async def answer_ready(send: Send) -> None:
    """Answer as `ready` does, without Django's threads."""
    asked = [(check.name, check.begin()) for check in CHECKS]
    waiting = [asyncio.wrap_future(answer) for _, answer in asked]
    for waiter in waiting:
        waiter.add_done_callback(_take_exception)
    await asyncio.wait(waiting, timeout=CHECK_TIMEOUT_SECONDS)
    is_ready, body = _report({name: _result_of(answer, 0.0) for name, answer in asked})
    await _send(send, 200 if is_ready else 503, body)


def _take_exception(waiter: "asyncio.Future[str]") -> None:
    """Look at a failure that `_result_of` reports from the original, so that asyncio does not log it as forgotten."""
    if not waiter.cancelled():
        waiter.exception()


async def _send(send: Send, status: int, body: dict[str, Any]) -> None:
    encoded = _encode(body)
    headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
    await send_whole(send, status, [*headers, (b"content-length", str(len(encoded)).encode())], encoded)


def _encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
