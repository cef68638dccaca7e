"""The environment and `.env`, read once into typed values; anything wrong is refused with a sentence."""

import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError, validate

from filemill.launch.home import Home
from filemill.processing.input_limits import InputLimits

BASE_DIR = Path(__file__).resolve().parent.parent
SAMPLES = BASE_DIR / "samples"
PLACEHOLDER_KEYS = frozenset({"your-secret-key-here", "change-me", "changeme", "secret"})


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Every setting that an operator can make, with its type; see docs/reference/settings.md."""

    secret_key: str
    debug: bool
    allowed_hosts: list[str]
    trusted_origins: list[str]
    home: Home
    roots: list[Path]
    log_dir: Path
    db_name: str
    db_user: str
    db_password: str
    db_host: str
    db_port: int
    broker_url: str
    result_backend: str
    cache_url: str
    celery_concurrency: int
    celery_prefetch_multiplier: int
    celery_acks_late: bool
    celery_disable_prefetch: bool
    window: int
    user_concurrency: int
    type_concurrency: dict[str, int]
    memory_mb: int
    long_seconds: int
    lease_seconds: float
    heartbeat_seconds: float
    sweep_seconds: float
    stop_grace_seconds: float
    retry_base_seconds: float
    deadline_hours: int
    max_upload_bytes: int
    input_limits: InputLimits
    progress_days: int
    event_days: int
    token_days: int
    cage: Literal["strict", "auto"]


def read(*, dotenv: Path | None = None) -> Environment:
    """Read the environment, completed by `dotenv`; raise ImproperlyConfigured naming every wrong value at once."""
    env = Env(eager=False)
    dotenv = dotenv or Path(os.environ.get("FILEMILL_ENV_FILE") or BASE_DIR / ".env")
    if dotenv.is_file():
        env.read_env(str(dotenv), recurse=False)
    home = Home(Path(env.str("FILEMILL_HOME", "") or BASE_DIR / "var").resolve())
    values = _values(env, home)
    try:
        env.seal()
    except EnvValidationError as error:
        raise ImproperlyConfigured(_sentence(error)) from None
    return Environment(**values)  # type: ignore[arg-type]  # environs returns untyped values until it is sealed


def _values(env: Env, home: Home) -> dict[str, object]:
    positive = validate.Range(min=1)
    debug = env.bool("DEBUG", False)
    url = validate.Regexp(r"([a-z][a-z0-9+]*://.*)?$", error="Not a URL such as redis://localhost:6379/0.")
    broker_url = env.str("CELERY_BROKER_URL", "", validate=url)
    return {
        "debug": debug,
        "secret_key": _secret_key(env.str("SECRET_KEY", ""), debug=bool(debug), home=home),
        "allowed_hosts": env.list("FILEMILL_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"]),
        "trusted_origins": env.list("FILEMILL_TRUSTED_ORIGINS", []),
        "home": home,
        "roots": _roots(env.str("FILEMILL_ROOTS", ""), home),
        "log_dir": Path(env.str("FILEMILL_LOG_DIR", "") or "."),
        "db_name": env.str("DB_NAME", "") or "filemill",
        "db_user": env.str("DB_USER", "") or "filemill",
        "db_password": env.str("DB_PASSWORD", ""),
        "db_host": env.str("DB_HOST", ""),
        "db_port": env.int("DB_PORT", 5432, validate=validate.Range(min=1, max=65535)),
        "broker_url": broker_url or home.broker_url(0),
        "result_backend": env.str("CELERY_RESULT_BACKEND", ""),
        "cache_url": env.str("FILEMILL_CACHE_URL", "") or _cache_url(str(broker_url), home),
        "celery_concurrency": env.int("CELERYD_CONCURRENCY", 4, validate=positive),
        "celery_prefetch_multiplier": env.int("CELERY_WORKER_PREFETCH_MULTIPLIER", 4, validate=positive),
        "celery_acks_late": env.bool("CELERY_TASK_ACKS_LATE", False),
        "celery_disable_prefetch": env.bool("FILEMILL_DISABLE_PREFETCH", True),
        **_shares(env),
        "lease_seconds": env.float("FILEMILL_LEASE_SECONDS", 60.0, validate=positive),
        "heartbeat_seconds": env.float("FILEMILL_HEARTBEAT_SECONDS", 15.0, validate=validate.Range(min=0.1)),
        "sweep_seconds": env.float("FILEMILL_SWEEP_SECONDS", 10.0, validate=validate.Range(min=0.1)),
        "stop_grace_seconds": env.float("FILEMILL_STOP_GRACE_SECONDS", 4.0, validate=validate.Range(min=0.0)),
        "retry_base_seconds": env.float("FILEMILL_RETRY_BASE_SECONDS", 5.0, validate=validate.Range(min=0.0)),
        "deadline_hours": env.int("FILEMILL_DEADLINE_HOURS", 24 * 7, validate=positive),
        "max_upload_bytes": env.int("FILEMILL_MAX_UPLOAD_BYTES", 5 * 1024**3, validate=positive),
        "input_limits": _input_limits(env),
        "progress_days": env.int("FILEMILL_PROGRESS_DAYS", 90, validate=validate.Range(min=0)),
        "event_days": env.int("FILEMILL_EVENT_DAYS", 0, validate=validate.Range(min=0)),
        "token_days": env.int("FILEMILL_TOKEN_DAYS", 365, validate=positive),
        "cage": env.str("FILEMILL_CAGE", "strict", validate=validate.OneOf(["strict", "auto"])),
    }


def _shares(env: Env) -> dict[str, object]:
    """Read how much of the workers and of a machine goes to whom."""
    not_negative = validate.Range(min=0)
    return {
        "window": env.int("FILEMILL_WINDOW", 16, validate=validate.Range(min=1)),
        "user_concurrency": env.int("FILEMILL_USER_CONCURRENCY", 0, validate=not_negative),
        "type_concurrency": _type_concurrency(env),
        "memory_mb": env.int("FILEMILL_MEMORY_MB", 0, validate=not_negative),
        "long_seconds": env.int("FILEMILL_LONG_SECONDS", 60, validate=not_negative),
    }


def _type_concurrency(env: Env) -> dict[str, int]:
    """Read how many tasks of a type may run at once, as in `video=1,document=2`; types left out have no limit."""
    form = validate.Regexp(
        r"((image|video|document)=[1-9][0-9]{0,5}(,(?=.)|$))*$",
        error="Not a list such as video=1,document=2 of the types image, video and document.",
    )
    text = env.str("FILEMILL_TYPE_CONCURRENCY", "", validate=form) or ""
    given = [part.partition("=") for part in text.split(",") if part]
    return {name: int(most) for name, _, most in given if most.isdecimal()}


def _input_limits(env: Env) -> InputLimits:
    """Read what a file may ask for at the most; what is wrong is told when `env` is sealed."""
    positive = validate.Range(min=1)
    given = {
        "max_bytes": env.int("FILEMILL_MAX_BYTES", 20 * 1024**3, validate=positive),
        "max_pixels": env.int("FILEMILL_MAX_PIXELS", 100_000_000, validate=positive),
        "max_frames": env.int("FILEMILL_MAX_FRAMES", 2000, validate=positive),
        "max_pages": env.int("FILEMILL_MAX_PAGES", 20_000, validate=positive),
        "max_duration_seconds": env.int("FILEMILL_MAX_DURATION_SECONDS", 12 * 3600, validate=positive),
        "max_streams": env.int("FILEMILL_MAX_STREAMS", 64, validate=positive),
        "max_nesting": env.int("FILEMILL_MAX_NESTING", 1000, validate=validate.Range(min=1, max=10_000)),
        "max_archive_depth": env.int("FILEMILL_MAX_ARCHIVE_DEPTH", 3, validate=validate.Range(min=1, max=10)),
        "max_compression_ratio": env.int("FILEMILL_MAX_COMPRESSION_RATIO", 200, validate=positive),
    }
    return InputLimits(**given, reads_svg=env.bool("FILEMILL_SVG", False))


def _sentence(error: EnvValidationError) -> str:
    found = cast("dict[str, list[str]]", error.error_messages)
    wrong = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in found.items())
    return f"The environment or .env holds values that can't be used. {wrong}"


def _roots(text: str, home: Home) -> list[Path]:
    named = [Path(part).resolve() for part in text.split(":") if part] or [home.inbox]
    return [*named, SAMPLES]


def _cache_url(broker_url: str, home: Home) -> str:
    """The broker's server, database 2; a broker that is no Redis gets a cache in each process's memory."""
    if not broker_url:
        return home.cache_url(2)
    if broker_url.startswith("redis+socket://"):
        return "unix://" + broker_url.removeprefix("redis+socket://").split("?")[0] + "?db=2"
    if broker_url.startswith(("redis://", "rediss://")):
        scheme, _, rest = broker_url.partition("://")
        return f"{scheme}://{rest.split('?')[0].split('/')[0]}/2"
    return "locmem://"


def _secret_key(given: str, *, debug: bool, home: Home) -> str:
    if given in PLACEHOLDER_KEYS and not debug:
        raise ImproperlyConfigured(
            f"SECRET_KEY is the placeholder {given!r} while DEBUG is off: set a random one, or leave it out and "
            "Filemill keeps one of its own in FILEMILL_HOME."
        )
    return given or _kept_secret_key(home)


def _kept_secret_key(home: Home) -> str:
    """Return the key kept in the home, making it on first use.

    Two processes may start at once: the key is written whole beside its place and linked into it, so that the first
    one wins and the other reads the winner's.
    """
    place = home.secret_key
    if not place.is_file():
        try:
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, draft = tempfile.mkstemp(dir=place.parent)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(50))
            try:
                os.link(draft, place)
            except FileExistsError:
                pass  # another process was first, and its key is the one to use
            finally:
                os.unlink(draft)
        except OSError as error:
            raise ImproperlyConfigured(
                f"SECRET_KEY is not set and none can be kept in {place.parent} ({error.strerror}): set SECRET_KEY, or "
                "set FILEMILL_HOME to a directory that can be written to."
            ) from error
    return place.read_text().strip()
