"""Static files, straight from the packages that bring them: no collectstatic, no thread of the bridge."""

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.storage import FileSystemStorage
from servestatic.asgi import ServeStaticASGI  # type: ignore[import-untyped]  # it brings no py.typed

MAX_AGE_SECONDS = 3600


def static_prefix() -> str:
    """Return the path under which static files lie, with a slash on both sides."""
    return "/" + settings.STATIC_URL.strip("/") + "/"


def serve_static() -> ServeStaticASGI:
    """Return an application that answers what lies under STATIC_URL, 404 for the rest.

    The files are listed once, now; while DEBUG is on they are looked up at each request.
    """
    server = ServeStaticASGI(
        None, autorefresh=settings.DEBUG, max_age=0 if settings.DEBUG else MAX_AGE_SECONDS, allow_all_origins=False
    )
    places: dict[str, str] = {}
    for finder in get_finders():
        for _, storage in finder.list(ignore_patterns=None):
            if isinstance(storage, FileSystemStorage):
                places.setdefault(str(storage.location), static_prefix() + (getattr(storage, "prefix", None) or ""))
    for location, prefix in reversed(places.items()):  # so that the first finder wins, as in collectstatic
        server.add_files(location, prefix)
    return server
