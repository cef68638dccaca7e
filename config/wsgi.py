"""WSGI entry, for `manage.py runserver` and servers that speak nothing else; the product serves `config.asgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
