"""A Redis cache that costs speed when it is down, and nothing else."""

import logging
import time
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.25
PAUSE_SECONDS = 5.0


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache with short timeouts; after an error it is left alone for a few seconds.

    redis-py retries on its own and multiplies its timeouts with that (a half-open link took 27 s to fail at a timeout
    of 2 s), so retries are off.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            "retry": Retry(NoBackoff(), 0),
        }
        super().__init__(server, {**params, "OPTIONS": {**options, **params.get("OPTIONS", {})}})
        self._paused_until = 0.0

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._forgiving("get", default, key, default, version)

    def set(self, key: str, value: Any, timeout: Any = 300, version: int | None = None) -> None:
        self._forgiving("set", None, key, value, timeout, version)

    def set_many(self, data: dict[str, Any], timeout: Any = 300, version: int | None = None) -> list[str]:
        """Set several keys in one round trip; return those that were not set."""
        return list(self._forgiving("set_many", list(data), data, timeout, version))

    def delete(self, key: str, version: int | None = None) -> bool:
        """Delete a key, also during a pause: what is not deleted would be believed later."""
        self._paused_until = 0.0
        return bool(self._forgiving("delete", False, key, version))

    def ping(self) -> None:
        """Raise RedisError when the server does not answer; for the health check, which must see the truth."""
        client: Redis = self._cache.get_client(None)
        client.ping()

    def _forgiving(self, operation: str, otherwise: Any, *arguments: Any) -> Any:
        if time.monotonic() < self._paused_until:
            return otherwise
        try:
            return getattr(super(), operation)(*arguments)
        except (RedisError, OSError) as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            logger.warning("cache is down (%s): going on without it for %.0f s", error, PAUSE_SECONDS)
            return otherwise
