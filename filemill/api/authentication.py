"""Who asks: a user's name and password, a token, or the session of the dashboard."""

import hashlib
import hmac
import time
from collections import OrderedDict
from functools import cache
from threading import Lock
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model
from django.db.models.functions import Now
from django.http import HttpRequest
from django.middleware.csrf import CsrfViewMiddleware
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

REMEMBERED_SECONDS: Final = 60.0
REMEMBERED_PAIRS: Final = 1024
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class CheckedPairs:
    """The pairs of name and password that were right a moment ago, in this process's memory.

    A pair is kept as an HMAC that also covers the stored hash, so that a changed password is forgotten at once and the
    memory of the process holds nothing that can be used.
    """

    def __init__(self, *, seconds: float = REMEMBERED_SECONDS, limit: int = REMEMBERED_PAIRS) -> None:
        self._seconds = seconds
        self._limit = limit
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = Lock()

    def holds(self, user: AbstractUser, password: str) -> bool:
        """Whether this pair was right less than a minute ago."""
        key = _digest(user, password)
        with self._lock:
            until = self._until.get(key)
            if until is None:
                return False
            if until < time.monotonic():
                del self._until[key]
                return False
            self._until.move_to_end(key)
            return True

    def add(self, user: AbstractUser, password: str) -> None:
        with self._lock:
            self._until[_digest(user, password)] = time.monotonic() + self._seconds
            while len(self._until) > self._limit:
                self._until.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._until.clear()


def _digest(user: AbstractUser, password: str) -> bytes:
    parts = [user.get_username(), password, user.password]
    text = b"".join(len(part).to_bytes(8, "big") + part.encode("utf-8", "surrogatepass") for part in parts)
    return hmac.digest(settings.SECRET_KEY.encode(), text, hashlib.sha256)


checked_pairs: Final = CheckedPairs()


class OriginCheck(CsrfViewMiddleware):
    """Django's own idea of which origins are ours: this host's, and those of CSRF_TRUSTED_ORIGINS."""

    def is_ours(self, request: HttpRequest) -> bool:
        if "HTTP_ORIGIN" in request.META:
            return bool(self._origin_verified(request))  # type: ignore[attr-defined]  # the stubs lack it
        return request.META.get("HTTP_SEC_FETCH_SITE") != "cross-site"


_origin_check: Final = OriginCheck(lambda _request: None)  # type: ignore[arg-type]  # it only checks


class CachedBasicAuthentication(BasicAuthentication):
    """Basic authentication that hashes a password once a minute instead of once a request.

    A hash costs a fifth of a second of a core, on purpose; see docs/decisions/0050.
    """

    www_authenticate_realm = "Filemill"

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """Return the user; raises PermissionDenied for another site's page that rides on a browser's memory."""
        found = super().authenticate(request)
        if found is not None and request.method not in SAFE_METHODS and not _origin_check.is_ours(request._request):  # noqa: SLF001
            # Browsers send Basic credentials again by themselves, so a foreign page could act with them.
            raise PermissionDenied(
                "This request comes from a page of another site; send it from this one, or use a token.",
                code="foreign_origin",
            )
        return found

    def authenticate_credentials(
        self, userid: str, password: str, request: HttpRequest | None = None
    ) -> tuple[AbstractUser, None]:
        user = None if "\0" in userid else get_user_model().objects.filter(username=userid).first()
        if user is not None and user.is_active and checked_pairs.holds(user, password):
            return user, None
        # Also for a name that nobody has: the backend then hashes as long as for one that somebody has.
        checked = authenticate(request=request, username=userid.replace("\0", ""), password=password)
        if checked is None or user is None or checked.pk != user.pk or not user.is_active:
            raise AuthenticationFailed("The user name or the password is wrong.")
        checked_pairs.add(checked, password)
        return checked, None

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002  DRF's signature
        return f'Basic realm="{self.www_authenticate_realm}", charset="UTF-8", Token realm="Filemill"'


class HashedTokenAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox is untyped
    """`Authorization: Token …`; the table holds the token's hash alone."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """Return the user and the token; raises AuthenticationFailed for one that is unknown, expired or disabled.

        One look-up by the hash: knox's own reads, and tidies up, all tokens of the user in every request.
        """
        found = _find_token(hash_token(token.decode("utf-8", "replace")))
        if found is None:
            raise AuthenticationFailed("The token is wrong, has expired or was revoked.")
        return self.validate_user(found)  # type: ignore[no-any-return]  # knox is untyped


def _find_token(digest: str) -> AuthToken | None:
    """Return a token that has not expired, with its user."""
    with connection.cursor() as cursor:
        cursor.execute(_write_search(), [digest])
        row = cursor.fetchone()
    if row is None:
        return None
    columns = _columns_of(AuthToken)
    token = AuthToken.from_db(DEFAULT_DB_ALIAS, columns, row[: len(columns)])
    token.user = get_user_model().from_db(DEFAULT_DB_ALIAS, _columns_of(get_user_model()), row[len(columns) :])
    return token


@cache
def _write_search() -> str:
    """Compose the search once: the ORM does so for each request, which took two fifths of the time to create a task."""
    query = AuthToken.objects.select_related("user").filter(digest="").exclude(expiry__lte=Now()).query
    statement, _ = query.sql_with_params()
    return str(statement)


@cache
def _columns_of(model: type[Model]) -> list[str]:
    """Return a model's columns in the order in which a search that selects it returns them."""
    return [field.attname for field in model._meta.concrete_fields]  # noqa: SLF001  Django's public model API
