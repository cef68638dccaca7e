"""The service's settings with a small site of views that show what the door does."""

from config.settings import *  # noqa: F403
from config.settings import REST_FRAMEWORK

ROOT_URLCONF = "tests.integration.door.site_urls"
REST_FRAMEWORK = {
    **REST_FRAMEWORK,
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.BasicAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PAGINATION_CLASS": None,
    "EXCEPTION_HANDLER": "rest_framework.views.exception_handler",
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024**2
FILEMILL_MAX_UPLOAD_BYTES = 8 * 1024**2
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # as the tests make them
