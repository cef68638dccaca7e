"""Settings as Django's and Celery's guides have them; results are kept in Redis, and connections are not."""

import os

SECRET_KEY = os.environ.get("NAIVE_SECRET_KEY", "only for benchmarks")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "rest_framework.authtoken",
    "benchmarks.peers.naive",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
ROOT_URLCONF = "benchmarks.peers.naive.urls"
WSGI_APPLICATION = "benchmarks.peers.naive.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("NAIVE_DB_NAME", "naive"),
        "USER": os.environ.get("NAIVE_DB_USER", "filemill"),
        "HOST": os.environ.get("NAIVE_DB_HOST", ""),
    }
}

CELERY_BROKER_URL = os.environ.get("NAIVE_BROKER_URL", "")
CELERY_RESULT_BACKEND = os.environ.get("NAIVE_RESULT_BACKEND", "")
CELERY_TASK_TRACK_STARTED = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 20,
}
MEDIA_ROOT = os.environ.get("NAIVE_MEDIA_ROOT", "")
