"""Who may see a page: people with a session."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

P = ParamSpec("P")


class SignedInRequest(HttpRequest):
    """A request with a session behind it."""

    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def signed_in(view: View[P]) -> Callable[Concatenate[Any, P], HttpResponseBase]:
    """Send strangers to the login page and back to where they were afterwards.

    A fragment's request is told to leave its page: followed as a plain redirect, the login page would land inside it.
    """

    @wraps(view)
    def guarded(request: Any, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if request.htmx:
            current = urlsplit(request.htmx.current_url or "/")
            origin = current.path + (f"?{current.query}" if current.query else "")
            return HttpResponseClientRedirect(f"{resolve_url('login')}?{urlencode({'next': origin})}")
        return redirect_to_login(request.get_full_path() if request.method == "GET" else resolve_url("tasks"))

    return guarded
