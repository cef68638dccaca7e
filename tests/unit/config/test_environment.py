import os
import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment
from config.environment import Environment


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Reader":
    for name in list(os.environ):
        if name.startswith(("FILEMILL_", "DB_", "CELERY")) or name in {"SECRET_KEY", "DEBUG"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("FILEMILL_HOME", str(tmp_path / "home"))
    return Reader(tmp_path / "env", monkeypatch)


class Reader:
    """Reads the environment as completed by a `.env` file with the given lines."""

    def __init__(self, dotenv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dotenv = dotenv
        monkeypatch.setenv("FILEMILL_ENV_FILE", str(dotenv))

    def __call__(self, *lines: str) -> Environment:
        self.dotenv.write_text("\n".join(lines))
        before = dict(os.environ)
        try:
            return environment.read()
        finally:
            os.environ.clear()
            os.environ.update(before)


def test_without_any_setting_the_embedded_servers_are_used(read: Reader, tmp_path: Path) -> None:
    found = read()

    assert found.db_host == ""
    assert found.broker_url.startswith("redis+socket://")
    assert found.cache_url.endswith("?db=2")
    assert found.roots[0] == tmp_path / "home" / "inbox"
    assert found.roots[-1].name == "samples"
    assert found.debug is False


def test_the_nine_names_of_the_seed_lead_to_own_servers(read: Reader) -> None:
    found = read(
        "SECRET_KEY=your-secret-key-here",
        "DEBUG=True",
        "DB_NAME=celery_db",
        "DB_USER=postgres",
        "DB_PASSWORD=password",
        "DB_HOST=localhost",
        "DB_PORT=5432",
        "CELERY_BROKER_URL=redis://localhost:6379/0",
        "CELERY_RESULT_BACKEND=redis://localhost:6379/1",
    )

    assert (found.db_host, found.db_name, found.db_port) == ("localhost", "celery_db", 5432)
    assert found.result_backend == "redis://localhost:6379/1"
    assert found.cache_url == "redis://localhost:6379/2"


def test_a_key_of_its_own_is_made_once_and_closed_to_others(read: Reader, tmp_path: Path) -> None:
    key = read().secret_key

    assert len(key) > 50
    assert read().secret_key == key
    assert stat.S_IMODE((tmp_path / "home" / "secret_key").stat().st_mode) == 0o600


def test_a_placeholder_key_is_refused_unless_debugging(read: Reader) -> None:
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is the placeholder"):
        read("SECRET_KEY=your-secret-key-here")
    assert read("SECRET_KEY=your-secret-key-here", "DEBUG=True").debug


def test_every_wrong_value_is_named_at_once(read: Reader) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        read("DEBUG=perhaps", "DB_PORT=abc", "CELERYD_CONCURRENCY=0")
    for name in ("DEBUG", "DB_PORT", "CELERYD_CONCURRENCY"):
        assert name in str(caught.value)


@pytest.mark.parametrize("broker_url", ["nonsense", "localhost:6379", "/run/redis.sock"])
def test_a_broker_that_is_no_url_is_refused(read: Reader, broker_url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="CELERY_BROKER_URL: Not a URL such as redis://"):
        read(f"CELERY_BROKER_URL={broker_url}")


def test_the_environment_wins_over_the_file(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_NAME", "theirs")
    assert read("DB_NAME=ours").db_name == "theirs"


@pytest.mark.parametrize(
    ("broker_url", "cache_url"),
    [
        ("redis://:secret@mill:6379/0", "redis://:secret@mill:6379/2"),
        ("rediss://mill/3", "rediss://mill/2"),
        ("redis+socket:///run/mill.sock?virtual_host=0", "unix:///run/mill.sock?db=2"),
        ("amqp://mill//", "locmem://"),
    ],
)
def test_the_cache_lies_on_the_brokers_server(broker_url: str, cache_url: str, read: Reader) -> None:
    assert read(f"CELERY_BROKER_URL={broker_url}").cache_url == cache_url


def test_roots_are_separated_by_colons(read: Reader, tmp_path: Path) -> None:
    roots = read(f"FILEMILL_ROOTS={tmp_path / 'a'}:{tmp_path / 'b'}").roots
    assert roots[:-1] == [tmp_path / "a", tmp_path / "b"]
