"""The product's settings, with REST framework as its guide has it and addresses of our own."""

from config.settings import *  # noqa: F403  everything but what follows is the same
from config.settings import INSTALLED_APPS as PRODUCT_APPS

INSTALLED_APPS = PRODUCT_APPS
ROOT_URLCONF = "benchmarks.peers.plain.urls"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["knox.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 20,
}
