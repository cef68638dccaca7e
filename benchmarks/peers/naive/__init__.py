"""A usual project of Django, REST framework, Celery and Pillow, as a competent team would write it."""

from benchmarks.peers.naive.celery import app as celery_app

__all__ = ["celery_app"]
