"""Static files, straight from the packages that bring them: no collectstatic, and no Django on the way.

servestatic's Django middleware is asynchronous only: in a synchronous chain it would add an event loop and two hops
to every request. So its servers stand before Django instead.
"""

from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import FileSystemStorage
from servestatic import ServeStatic, ServeStaticASGI  # type: ignore[import-untyped]  # it brings no py.typed

MAX_AGE_SECONDS = 3600


def static_prefix() -> str:
    """Return the path under which static files lie, with a slash on both sides."""
    return "/" + settings.STATIC_URL.strip("/") + "/"


def serve_static() -> ServeStaticASGI:
    """Return an ASGI application that answers what lies under STATIC_URL, 404 for the rest.

    The files are listed once, now; while DEBUG is on they are looked up at each request.
    """
    return _add_packages(ServeStaticASGI(None, **_options()))


def serve_static_before(application: Any) -> ServeStatic:
    """Return a WSGI application that answers what lies under STATIC_URL and leaves the rest to `application`."""
    return _add_packages(ServeStatic(application, **_options()))


def _options() -> dict[str, Any]:
    return {
        "autorefresh": settings.DEBUG,
        "max_age": 0 if settings.DEBUG else MAX_AGE_SECONDS,
        "allow_all_origins": False,
    }


def _add_packages(server: Any) -> Any:
    places: dict[str, str] = {}
    for finder in get_finders():
        for _, storage in finder.list(ignore_patterns=None):
            if isinstance(storage, FileSystemStorage):
                places.setdefault(str(storage.location), static_prefix() + (getattr(storage, "prefix", None) or ""))
    for location, prefix in reversed(places.items()):  # so that the first finder wins, as in collectstatic
        server.add_files(location, prefix)
    return server
