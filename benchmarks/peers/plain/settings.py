"""The product's settings, with REST framework as its guide has it and addresses of our own."""

from config.settings import *  # noqa: F403  everything but what follows is the same
from config.settings import DATABASES as PRODUCT_DATABASES
from config.settings import INSTALLED_APPS as PRODUCT_APPS

INSTALLED_APPS = PRODUCT_APPS
# The same server, by Django's own backend as it is: what prepares statements and trusts connections is the product's.
_OPTIONS = PRODUCT_DATABASES["default"]["OPTIONS"]
DATABASES = {
    "default": {
        **PRODUCT_DATABASES["default"],
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": {"connect_timeout": _OPTIONS["connect_timeout"]},  # type: ignore[index]  # a dict of dicts
    }
}
ROOT_URLCONF = "benchmarks.peers.plain.urls"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["knox.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 20,
}
