"""What `filemill up` is told by the environment and `.env`, checked before anything is started."""

import ipaddress
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from dotenv import dotenv_values

from filemill.launch.errors import LaunchError
from filemill.launch.home import Home

PROJECT = Path(__file__).resolve().parent.parent.parent
"""The directory that holds `config`, `filemill` and `samples`."""

DEFAULT_PORT = 8000
DEFAULT_BIND = "127.0.0.1"
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - translated, not bound to


@dataclass(frozen=True, kw_only=True)
class LaunchEnvironment:
    """The choices of one `filemill up`."""

    home: Home
    port: int
    bind: str
    embeds_postgres: bool
    embeds_broker: bool
    wants_samples: bool
    variables: dict[str, str] = field(repr=False)
    """The environment of every part: ours, completed by `.env`, relative paths made absolute."""

    @property
    def address(self) -> str:
        """The host part of the URL at which this machine reaches the service."""
        host = EVERY_ADDRESS.get(self.bind, self.bind)
        return f"[{host}]" if ":" in host else host

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.port}/"


def read_environment(environ: Mapping[str, str], *, directory: Path) -> LaunchEnvironment:
    """Read the choices from `environ`, completed by the `.env` of `directory`, which never overrides.

    Raises LaunchError (`wrong_value`).
    """
    variables = {**_read_dotenv(environ, directory), **environ}
    home = _find_home(variables, directory)
    variables["FILEMILL_HOME"] = str(home.path)
    # The parts run in the project's directory, but the person thinks in the one where the command was typed.
    variables["FILEMILL_LOG_DIR"] = str(_log_directory(variables.get("FILEMILL_LOG_DIR", ""), directory, home))
    if roots := variables.get("FILEMILL_ROOTS"):
        variables["FILEMILL_ROOTS"] = ":".join(str(directory / root) for root in roots.split(":") if root)
    variables.setdefault("PYTHONUNBUFFERED", "1")
    bind = variables.get("FILEMILL_BIND", "") or DEFAULT_BIND
    if is_loopback(bind):
        # Nobody but this machine's own users can send a file: better a weaker cage, and a warning, than no start.
        variables.setdefault("FILEMILL_CAGE", "auto")
    return LaunchEnvironment(
        home=home,
        port=_read_port(variables.get("PORT", "")),
        bind=bind,
        embeds_postgres=not variables.get("DB_HOST"),
        embeds_broker=not variables.get("CELERY_BROKER_URL"),
        wants_samples=_read_switch(variables, "FILEMILL_SAMPLES"),
        variables=variables,
    )


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reached from this machine alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_port(environment: LaunchEnvironment) -> None:
    """Refuse a port that another program listens on. Raises LaunchError (`port_in_use`, `cannot_bind`)."""
    host = environment.bind
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server does, so that connections of the last run that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, environment.port))
        except OSError as error:
            if error.errno == 98:
                raise LaunchError(
                    f"Port {environment.port} on {host} is in use by another program; stop that one, or choose "
                    f"another port: PORT={environment.port + 1} filemill up",
                    code="port_in_use",
                ) from error
            raise LaunchError(
                f"Filemill can't listen on {host} port {environment.port} ({error.strerror}); set FILEMILL_BIND to an "
                f"address of this machine and PORT to a port from 1024 on.",
                code="cannot_bind",
            ) from error


def check_settings(environment: LaunchEnvironment) -> None:
    """Let the settings judge their own values before any server starts. Raises LaunchError (`wrong_value`).

    In a process of its own: the launcher stays free of Django, and of what reading settings may leave behind.
    """
    done = subprocess.run(
        [sys.executable, "-c", "from config import environment; environment.read()"],
        cwd=PROJECT,
        env=environment.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LaunchError(find_sentence(done.stderr), code="wrong_value")


def check_database(environment: LaunchEnvironment) -> None:
    """Refuse a PostgreSQL of the operator's own that can't be reached. Raises LaunchError (`no_database`)."""
    if environment.embeds_postgres:
        return
    variables = environment.variables
    host, port = variables["DB_HOST"], variables.get("DB_PORT") or "5432"
    try:
        psycopg.connect(
            host=host,
            port=port,
            user=variables.get("DB_USER") or "filemill",
            password=variables.get("DB_PASSWORD", ""),
            dbname=variables.get("DB_NAME") or "filemill",
            connect_timeout=5,
        ).close()
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise LaunchError(
            f"The PostgreSQL at {host} port {port} can't be used ({reason}); start it, or mend DB_HOST, DB_PORT, "
            "DB_NAME, DB_USER and DB_PASSWORD.",
            code="no_database",
        ) from error


def find_sentence(traceback: str) -> str:
    """What a person needs of a traceback: the sentence of its ImproperlyConfigured, else its last line."""
    lines = [line for line in traceback.strip().splitlines() if line.strip()] or ["no reason was given"]
    for line in reversed(lines):
        name, found, sentence = line.partition("ImproperlyConfigured: ")
        if found and not name.strip(" .abcdefghijklmnopqrstuvwxyz"):
            return sentence
    return f"The settings can't be read: {lines[-1]}"


def _read_dotenv(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    path = Path(environ.get("FILEMILL_ENV_FILE") or directory / ".env")
    if not path.is_file():
        return {}
    try:
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise LaunchError(f"{path} can't be read ({error}); mend or remove it.", code="wrong_value") from error


def _find_home(variables: Mapping[str, str], directory: Path) -> Home:
    configured = variables.get("FILEMILL_HOME", "")
    if configured:
        variables = {**variables, "FILEMILL_HOME": str(directory / Path(configured).expanduser())}
    return Home.from_environment(variables, default=PROJECT / "var")


def _log_directory(configured: str, directory: Path, home: Home) -> Path:
    if configured:
        return directory / Path(configured).expanduser()
    return directory if os.access(directory, os.W_OK) else home.logs


def _read_port(text: str) -> int:
    if not text:
        return DEFAULT_PORT
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise LaunchError(f"PORT is {text!r}; it must be a number from 1 to 65535, as PORT=8000.", code="wrong_value")


def _read_switch(variables: Mapping[str, str], name: str) -> bool:
    value = variables.get(name, "").lower()
    if value in ("", "on", "1", "true", "yes"):
        return True
    if value in ("off", "0", "false", "no"):
        return False
    raise LaunchError(f"{name} is {variables[name]!r}; it must be on or off.", code="wrong_value")
