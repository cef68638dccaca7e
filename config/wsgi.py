"""WSGI entry, for `manage.py runserver` and servers that speak nothing else; the product serves `config.asgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_wsgi_application()

from config.door.static import serve_static_before  # noqa: E402  Django's settings come first

application = serve_static_before(django_application)
