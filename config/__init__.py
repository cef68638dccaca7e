"""The Django project: settings, URLs, Celery and the doors to the outside. It may import anything; nothing imports it.

Celery's application is imported here so that every process that loads Django (web, shell, commands) publishes to the
configured broker instead of Celery's built-in default.
"""

from config.celery import app as celery_app

__all__ = ["celery_app"]
