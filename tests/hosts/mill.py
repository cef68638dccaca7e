"""One installation on five hosts: web, two workers, database and broker, each in a network namespace of its own."""

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import redis

from filemill.launch.home import DATABASE, Home
from filemill.launch.valkey import Valkey
from tests.chaos.client import TIMEOUT_SECONDS, Client
from tests.chaos.faulty_servers import CrashedPostgres, FaultyServer
from tests.chaos.mill import PASSWORD, SET_UP, USER, Mill, Service
from tests.endtoend.seed import ROOT, wait_until
from tests.hosts.network import SUBNET, Network

WEB, DATABASE_HOST, BROKER = "web", "database", "broker"
WORKERS = ("worker1", "worker2")
HOSTS = (WEB, *WORKERS, DATABASE_HOST, BROKER)
SECRET = "the-hosts-own-password"
POSTGRES_PORT, VALKEY_PORT = 5432, 6379


class PostgresOnHost(CrashedPostgres):
    """A PostgreSQL that other hosts reach by TCP and password; its socket is for the test, past all faults."""

    def __init__(self, home: Home, network: Network) -> None:
        super().__init__(home)
        self._network = network

    def build_argv(self) -> list[str]:
        # Not a setting of the class: the address is this network's.
        listen = ["-c", f"listen_addresses={self._network.addresses[DATABASE_HOST]}", "-p", str(POSTGRES_PORT)]
        return self._network.enter(DATABASE_HOST, [*super().build_argv(), *listen])

    def finish_start(self) -> None:
        super().finish_start()
        with self._connect() as connection:
            connection.execute(f"ALTER ROLE {DATABASE} PASSWORD '{SECRET}'")
            with (self.data / "pg_hba.conf").open("a") as access:
                access.write(f"\nhost all all {SUBNET}.0/24 scram-sha-256\n")
            connection.execute("SELECT pg_reload_conf()")


class ValkeyOnHost(Valkey):
    """A Valkey that other hosts reach by TCP and password."""

    def __init__(self, home: Home, network: Network) -> None:
        super().__init__(home, is_durable=False)
        self._network = network

    def build_argv(self) -> list[str]:
        argv = super().build_argv()
        argv[argv.index("--port") + 1] = str(VALKEY_PORT)
        argv += ["--bind", self._network.addresses[BROKER], "--requirepass", SECRET]
        return self._network.enter(BROKER, argv)

    def connect(self) -> "redis.Redis":
        return redis.Redis(unix_socket_path=str(self.home.valkey_socket), password=SECRET, socket_timeout=10)

    def is_ready(self) -> bool:
        try:
            return bool(self.connect().ping())
        except redis.ConnectionError:
            return False


class SocketClient(Client):
    """A client that reaches the web side by its Unix socket: its own way there is never at fault."""

    def __init__(self, socket: Path) -> None:
        super().__init__("http://localhost", username=USER, password=PASSWORD)
        self._http.close()
        self._http = httpx.Client(
            base_url="http://localhost",
            auth=(USER, PASSWORD),
            timeout=TIMEOUT_SECONDS,
            transport=httpx.HTTPTransport(uds=str(socket)),
        )

    def get(self, path: str) -> httpx.Response:
        return self._http.get(path)

    def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self._http.post(path, json=body)


class HostsMill(Mill):
    """The mill of the fault tests, spread over hosts that share its home as if by NFS."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.client.close()
        self.network = Network(HOSTS)
        logs = self.home.logs
        self._broker = ValkeyOnHost(self.home, self.network)
        self.postgres = FaultyServer(PostgresOnHost(self.home, self.network), logs / "postgres.log")
        self.valkey = FaultyServer(self._broker, logs / "valkey.log")
        self._socket = self.home.run / "web.sock"
        self.client: SocketClient = SocketClient(self._socket)
        self.on_host: dict[str, Service] = {}

    @property
    def broker_url_over_tcp(self) -> str:
        return f"redis://:{SECRET}@{self.network.addresses[BROKER]}:{VALKEY_PORT}/0"

    # --- processes ---
    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()
        done = self.run_on(WEB, [sys.executable, "-c", SET_UP])
        assert done.returncode == 0, done.stderr
        argv = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--uds", str(self._socket)]
        self.web = self._start_on(WEB, [*argv, "--workers", "1", "--no-access-log"])
        self.start_absent_workers()
        wait_until(self._answers, what="the web side answers")

    def environ(self, **variables: str) -> dict[str, str]:
        database = {"DB_HOST": self.network.addresses[DATABASE_HOST], "DB_PORT": str(POSTGRES_PORT)}
        database |= {"DB_NAME": DATABASE, "DB_USER": DATABASE, "DB_PASSWORD": SECRET}
        return super().environ(**database, CELERY_BROKER_URL=self.broker_url_over_tcp, **variables)

    def run_on(self, host: str, argv: list[str]) -> subprocess.CompletedProcess[str]:
        argv = self.network.enter(host, argv)
        return subprocess.run(argv, cwd=ROOT, env=self.environ(), capture_output=True, text=True, check=False)

    def start_absent_workers(self) -> None:
        started = [host for host in WORKERS if host not in self.on_host or not self.on_host[host].is_running()]
        for host in started:
            argv = [sys.executable, "-m", "celery", "-A", "config", "worker", "-l", "info", "--concurrency=2"]
            self.on_host[host] = self._start_on(host, [*argv, "-n", f"celery@{host}"])
        for host in started:
            wait_until(lambda host=host: self._is_ready(self.on_host[host]), what=f"{host} is ready")  # type: ignore[misc]
        self.workers = list(self.on_host.values())

    def _start_on(self, host: str, argv: list[str]) -> Service:
        self._started += 1
        logs = self.home.logs / f"{host}-{self._started}"
        logs.mkdir()
        environ = self.environ(FILEMILL_LOG_DIR=str(logs))
        return Service(self.network.enter(host, argv), environ=environ, log=logs / "output.log")

    def _answers(self) -> bool:
        assert self.web is not None
        assert self.web.is_running(), self.web.read_log()
        try:
            return self.client.get("/health/live").status_code == 200
        except httpx.TransportError:
            return False

    # --- a test begins and ends ---
    def reset(self) -> None:
        self.network.heal()
        self.start_absent_workers()
        wait_until(self._is_whole, what="every host reaches the others again")
        wait_until(self.truncates, what="the tables are emptied")
        self._broker.connect().flushall()
        for directory in (self.home.storage, self.home.work):
            shutil.rmtree(directory, ignore_errors=True)
        self.client.close()
        self.client = SocketClient(self._socket)
        self.struck_at = time.monotonic()

    def _is_whole(self) -> bool:
        return self.client.get("/api/tasks/progress/").status_code == 200

    def delete(self) -> None:
        try:
            super().delete()
        finally:
            self.network.close()

    # --- who does what where ---
    def find_worker(self, task_id: UUID) -> str:
        """Return the host that works on a task."""
        name = str(self.execute("SELECT worker FROM tasks_taskattempt WHERE task_id = %s ORDER BY id", task_id)[-1][0])
        pid = int(name.partition(":")[2].partition("/")[0])
        return next(host for host, service in self.on_host.items() if service.process.pid == pid)

    def count_attempts_of(self, task_id: UUID) -> int:
        return int(self.execute("SELECT count(*) FROM tasks_taskattempt WHERE task_id = %s", task_id)[0][0])


def other_than(host: str) -> str:
    """Return the other worker's host."""
    return WORKERS[1 - WORKERS.index(host)]


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended and was not yet waited for does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
