"""Django's settings, made from the typed environment of `config.environment`."""

import sys
from datetime import timedelta
from typing import Literal

from config import environment
from config.logs import logging_config

ENVIRONMENT = environment.read()
BASE_DIR = environment.BASE_DIR

# --- Django ---
SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = ["*"] if DEBUG else ENVIRONMENT.allowed_hosts
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.trusted_origins

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_htmx",
    "csp",
    "config",
    "filemill.tasks",
    "filemill.api",
    "filemill.dashboard",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(program=sys.argv[0], directory=ENVIRONMENT.log_dir)

# --- database and cache ---
DATABASES = {
    "default": {
        "ENGINE": "config.database",
        "NAME": ENVIRONMENT.db_name,
        "USER": ENVIRONMENT.db_user,
        "PASSWORD": ENVIRONMENT.db_password,
        "HOST": ENVIRONMENT.db_host or str(ENVIRONMENT.home.postgres_socket_dir),
        "PORT": ENVIRONMENT.db_port if ENVIRONMENT.db_host else "",
        # Requests run on a few persistent threads (see config/door), so each keeps its connection.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # A server that vanished without a word is noticed in half a minute, and not after the system's two hours.
        "OPTIONS": {
            # To plan a move costs PostgreSQL ten times what the move itself does; a prepared one is planned once.
            "server_side_binding": True,
            "prepare_threshold": 3,
            "connect_timeout": 3,
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
            # And the server lets go of a client that vanished, and of the rows it had locked; its own default is hours.
            "options": "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 "
            "-c tcp_user_timeout=10000",
        },
    }
}
# What the web side has instead (see config.asgi): its client is told within five seconds (bar R11), also when the link
# was cut without a word and the thread first finds its connection dead and then can't make another.
IMPATIENT_DATABASE_OPTIONS = {
    "connect_timeout": 2,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 2_000,
}
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
        if ENVIRONMENT.cache_url.startswith("locmem")
        else {"BACKEND": "config.cache.ForgivingRedisCache", "LOCATION": ENVIRONMENT.cache_url}
    )
}

# --- files ---
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "outputs": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": ENVIRONMENT.home.storage, "file_permissions_mode": 0o600},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024**2  # a bulk_create of 100,000 paths
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

FILEMILL_HOME = ENVIRONMENT.home.path
FILEMILL_ROOTS = ENVIRONMENT.roots
FILEMILL_MAX_UPLOAD_BYTES = ENVIRONMENT.max_upload_bytes
FILEMILL_INPUT_LIMITS = ENVIRONMENT.input_limits
FILE_UPLOAD_TEMP_DIR = None
FILE_UPLOAD_PERMISSIONS = 0o600

# --- life cycle ---
FILEMILL_WINDOW = ENVIRONMENT.window
FILEMILL_USER_CONCURRENCY = ENVIRONMENT.user_concurrency
FILEMILL_TYPE_CONCURRENCY = ENVIRONMENT.type_concurrency
FILEMILL_MEMORY_MB = ENVIRONMENT.memory_mb
FILEMILL_LONG_SECONDS = ENVIRONMENT.long_seconds
FILEMILL_LEASE_SECONDS = ENVIRONMENT.lease_seconds
FILEMILL_HEARTBEAT_SECONDS = ENVIRONMENT.heartbeat_seconds
FILEMILL_SWEEP_SECONDS = ENVIRONMENT.sweep_seconds
FILEMILL_STOP_GRACE_SECONDS = ENVIRONMENT.stop_grace_seconds
FILEMILL_RETRY_BASE_SECONDS = ENVIRONMENT.retry_base_seconds
FILEMILL_DEADLINE_HOURS = ENVIRONMENT.deadline_hours
FILEMILL_PROGRESS_DAYS = ENVIRONMENT.progress_days
FILEMILL_EVENT_DAYS = ENVIRONMENT.event_days
FILEMILL_CAGE: Literal["strict", "auto"] = ENVIRONMENT.cage

# --- Celery: the seed's names, as `celery -A config …` reads them ---
CELERY_BROKER_URL = ENVIRONMENT.broker_url
CELERY_RESULT_BACKEND = ENVIRONMENT.result_backend or None
CELERYD_CONCURRENCY = ENVIRONMENT.celery_concurrency
CELERY_WORKER_CONCURRENCY = CELERYD_CONCURRENCY
CELERY_WORKER_PREFETCH_MULTIPLIER = ENVIRONMENT.celery_prefetch_multiplier
CELERY_TASK_ACKS_LATE = ENVIRONMENT.celery_acks_late
CELERY_WORKER_DISABLE_PREFETCH = ENVIRONMENT.celery_disable_prefetch and ENVIRONMENT.broker_url.startswith("redis")
CELERY_TASK_ROUTES = {
    "tasks.file_processing": {"queue": "file_processing"},
    "tasks.bulk_file_processing": {"queue": "bulk_processing"},
    "tasks.chore": {"queue": "file_processing"},
}

# --- the API ---
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "filemill.api.authentication.CachedBasicAuthentication",
        "filemill.api.authentication.HashedTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["filemill.api.json_format.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["filemill.api.json_format.SafeJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "filemill.api.json_format.AlwaysFirstRenderer",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "filemill.api.pagination.NumberedPages",
    "EXCEPTION_HANDLER": "filemill.api.problems.exception_handler",
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "PAGE_SIZE": 20,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Token", "TOKEN_PREFIX": "fm_", "TOKEN_TTL": timedelta(days=ENVIRONMENT.token_days)}
SPECTACULAR_SETTINGS = {
    "TITLE": "Filemill",
    "DESCRIPTION": (
        "Hand in a file and say what to make of it, get a task back at once, and fetch what was made.\n\n"
        "Authenticate with a user's name and password (Basic) or, better, with a token of `POST /api/auth/tokens/` "
        "(`Authorization: Token fm_…`). Times are ISO 8601 in UTC. Errors are RFC 9457 problems: `code` is made for "
        "programs, `detail` for people, and `errors` names every field at fault."
    ),
    "TAGS": [
        {"name": "tasks", "description": "Create tasks, look at them, stop them, run them again."},
        {"name": "outputs", "description": "Fetch what was made."},
        {"name": "story of a task", "description": "What happened to a task, when, and with which evidence."},
        {"name": "queues", "description": "Pause queues and resume them; for staff."},
        {"name": "tokens", "description": "Credentials for programs."},
    ],
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.1",
    "DISABLE_DOCSTRING_DESCRIPTIONS": True,  # they speak to whoever reads the code
    "POSTPROCESSING_HOOKS": ["filemill.api.describing.require_bodies"],
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "displayRequestDuration": True, "filter": True},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- security ---
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "media-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
