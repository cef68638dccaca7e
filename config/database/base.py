"""The backend itself; Django looks for it under this name."""

import select
import time
from typing import Final

from django.db.backends.postgresql import base

TRUSTED_SECONDS: Final = 1.0
"""For so long a connection that answered needs not answer again, as long as nothing came over it since."""


class DatabaseWrapper(base.DatabaseWrapper):
    """Asks a kept connection no more than once a second whether it lives.

    Django asks it at the begin of each request by a statement of its own, a sixth of all the time that creating a task
    took. A server that went away closes its end, which shows without a round trip; pools of connections do the same.
    """

    _answered_at = float("-inf")

    def is_usable(self) -> bool:
        """Tell whether the connection can be used; after an error, or when anything came over it, it is asked."""
        is_trusted = time.monotonic() - self._answered_at < TRUSTED_SECONDS
        if is_trusted and not self.errors_occurred and self._is_quiet():
            return True
        if not super().is_usable():
            return False
        self._answered_at = time.monotonic()
        return True

    def _is_quiet(self) -> bool:
        """Tell whether nothing has arrived that nobody read: neither the server's goodbye nor its end."""
        if self.connection is None or self.connection.closed:
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0)
