"""What the seed's way of working needs: a checkout with its own `.env`, and servers that somebody else started."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg
import redis

from filemill.launch import postgres, valkey
from filemill.launch.processes import as_server_user, spawn

ROOT = Path(__file__).parent.parent.parent
PASSWORD = secrets.token_hex(8)
MADE_HERE = shutil.ignore_patterns(".git", ".venv", "var", ".env", "__pycache__", ".*_cache", ".hypothesis", "*.log")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool], *, seconds: float = 60.0, what: str) -> None:
    """Wait for a condition; it is asked 20 times a second because nothing announces it."""
    ends_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends_at:
            raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.05)


class TcpServers:
    """A PostgreSQL with a password and a Valkey, both on TCP, as an operator would run them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database_port = free_port()
        self.broker_port = free_port()
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        self._start_postgres()
        argv = [str(valkey.find_binary()), "--port", str(self.broker_port), "--bind", "127.0.0.1", "--save", ""]
        self._running.append(self._spawn([*argv, "--dir", str(self.directory)], signal.SIGKILL))
        wait_until(self._broker_answers, what="Valkey answers")
        wait_until(self._database_answers, what="PostgreSQL answers")
        with psycopg.connect(self._database("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE celery_db")

    def stop(self) -> None:
        for process in self._running:
            process.kill()
            process.wait()

    def _start_postgres(self) -> None:
        binaries = postgres.find_binaries()
        data, password_file = self.directory / "pg", self.directory / "password"
        password_file.write_text(PASSWORD)
        make = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "scram-sha-256", "--no-sync"]
        make += ["--pwfile", str(password_file), "--encoding=UTF8", "--no-locale"]
        subprocess.run(as_server_user(make, death_signal=signal.SIGKILL), check=True, capture_output=True)
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        serve = [str(binaries / "postgres"), "-D", str(data), "-p", str(self.database_port)]
        serve += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._running.append(self._spawn(as_server_user(serve, death_signal=signal.SIGKILL), signal.SIGKILL))

    def _spawn(self, argv: list[str], death_signal: signal.Signals) -> subprocess.Popen[bytes]:
        return spawn(argv, death_signal=death_signal, directory=self.directory, output=subprocess.DEVNULL)

    def _database(self, name: str) -> str:
        return f"host=127.0.0.1 port={self.database_port} user=postgres password={PASSWORD} dbname={name}"

    def _database_answers(self) -> bool:
        try:
            psycopg.connect(self._database("postgres"), connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True

    def _broker_answers(self) -> bool:
        try:
            return bool(redis.Redis(port=self.broker_port, socket_timeout=1).ping())
        except redis.ConnectionError:
            return False


class Checkout:
    """A copy of this repository with a virtual environment made by `pip install -r requirements.txt`."""

    def __init__(self, directory: Path) -> None:
        self.path = directory
        # Not by git: the sources may have come as an archive, to a machine that has none.
        shutil.copytree(ROOT, self.path, ignore=MADE_HERE, dirs_exist_ok=True)

    def install(self) -> None:
        subprocess.run([sys.executable, "-m", "venv", ".venv"], cwd=self.path, check=True, capture_output=True)
        self.run("pip", "install", "--quiet", "-r", "requirements.txt", timeout=600)

    def write_env(self, servers: TcpServers, **changed: str) -> None:
        """Write the nine names of contract S2."""
        names = {
            "SECRET_KEY": "your-secret-key-here",
            "DEBUG": "True",
            "DB_NAME": "celery_db",
            "DB_USER": "postgres",
            "DB_PASSWORD": PASSWORD,
            "DB_HOST": "127.0.0.1",
            "DB_PORT": str(servers.database_port),
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{servers.broker_port}/0",
            "CELERY_RESULT_BACKEND": f"redis://127.0.0.1:{servers.broker_port}/1",
            **changed,
        }
        (self.path / ".env").write_text("".join(f"{name}={value}\n" for name, value in names.items()))

    def run(self, *command: str, timeout: float = 120, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of the virtual environment; its output is part of the failure when it fails."""
        argv = [str(self.path / ".venv" / "bin" / command[0]), *command[1:]]
        done = subprocess.run(
            argv, cwd=self.path, env=self.environ(), text=True, capture_output=True, timeout=timeout, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def start(self, *command: str, log: str) -> subprocess.Popen[bytes]:
        argv = [str(self.path / ".venv" / "bin" / command[0]), *command[1:]]
        with (self.path / log).open("wb") as output:
            return spawn(argv, death_signal=signal.SIGKILL, environ=self.environ(), directory=self.path, output=output)

    def environ(self) -> Mapping[str, str]:
        """What a plain shell has: nothing of Filemill's own."""
        bin_directory = self.path / ".venv" / "bin"
        passed = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "XDG_", "SSL_"))}
        return {
            **passed,
            "PATH": f"{bin_directory}:/usr/bin:/bin",
            "HOME": str(self.path),
            "LANG": "C.UTF-8",
            "DJANGO_SUPERUSER_PASSWORD": "admin-s-password",
        }
