"""The user behind a request."""

from django.contrib.auth.models import User
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request


def user_of(request: Request) -> User:
    """Return the authenticated user; raises NotAuthenticated where a view forgot to ask for one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
