"""The whole service, of a test's own: servers that can be struck, a web process, workers, and a client."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from filemill.faultpoints import VARIABLE
from filemill.launch.home import Home
from filemill.launch.processes import spawn
from tests.chaos.client import Client
from tests.chaos.faulty_servers import CrashedPostgres, CrashedValkey, FaultyServer, connect_valkey
from tests.chaos.mode import SETTINGS
from tests.chaos.rows import Rows
from tests.endtoend.seed import ROOT, free_port, wait_until

PACE = {
    "FILEMILL_LEASE_SECONDS": "3",
    "FILEMILL_HEARTBEAT_SECONDS": "0.5",
    "FILEMILL_SWEEP_SECONDS": "0.5",
    "FILEMILL_RETRY_BASE_SECONDS": "0.2",
    "FILEMILL_STOP_GRACE_SECONDS": "0.5",
}
"""Everything that waits, shortened; the bound of recovery is lease + sweep, whatever they are."""
SHIPPED_PACE = dict.fromkeys(PACE, "")
"""Variables of a process that is to wait as long as one that nobody has set anything for."""

USER, OTHER_USER, PASSWORD = "chaos", "order", "chaos-s-password"
SET_UP = f"""
import django; django.setup()
from django.core.management import call_command
from django.contrib.auth.models import User
call_command("migrate", verbosity=0)
for name in ("{USER}", "{OTHER_USER}"):
    User.objects.create_user(name, password="{PASSWORD}")
"""
TERMINAL = "('completed', 'failed', 'cancelled')"


class Service:
    """A process of the service with a log of its own."""

    def __init__(
        self, argv: list[str], *, environ: dict[str, str], log: Path, variables: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        self.variables = dict(variables or {})
        with log.open("wb") as output:
            self.process: subprocess.Popen[bytes] = spawn(
                argv, death_signal=signal.SIGKILL, environ=environ, directory=ROOT, output=output
            )

    def read_log(self) -> str:
        return self.log.read_text(errors="replace")

    def is_running(self) -> bool:
        return self.process.poll() is None

    def signal_all(self, number: signal.Signals) -> None:
        """Signal the process and all its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End all of it at once, as the loss of its machine would."""
        self.signal_all(signal.SIGKILL)
        self.process.wait(30)

    def was_struck(self, place: str = "") -> bool:
        return f"{VARIABLE} strikes at {place}" in self.read_log()

    def wait_until_struck(self, place: str = "", *, seconds: float = 30.0) -> None:
        wait_until(lambda: self.was_struck(place), seconds=seconds, what=f"the fault strikes at {place}")

    def list_children(self) -> list[int]:
        """Return the ids of the direct children."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in text.split()]


class Mill(Rows):
    """Everything of one installation; `reset` makes it fit for the next test."""

    def __init__(self, directory: Path) -> None:
        super().__init__(Home(directory))
        self.home.prepare()
        logs = self.home.logs
        self.postgres = FaultyServer(CrashedPostgres(self.home), logs / "postgres.log")
        self._valkey = CrashedValkey(self.home)
        self.valkey = FaultyServer(self._valkey, logs / "valkey.log")
        self.workers: list[Service] = []
        self.web: Service | None = None
        self.port = free_port()
        self._web_is_plain = True
        self._armed: set[int] = set()
        self._started = 0
        self.client = Client(self.url, username=USER, password=PASSWORD)
        self.struck_at = time.monotonic()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def broker_url_over_tcp(self) -> str:
        return f"redis://127.0.0.1:{self._valkey.port}/0"

    # --- processes ---
    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()
        done = subprocess.run(
            [sys.executable, "-c", SET_UP], cwd=ROOT, env=self.environ(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        self.start_web()

    def environ(self, **variables: str) -> dict[str, str]:
        home = {"FILEMILL_HOME": str(self.home.path), "FILEMILL_LOG_DIR": str(self.home.logs)}
        environ = {**os.environ, **PACE, **SETTINGS, **home, "PYTHONUNBUFFERED": "1", **variables}
        return {name: value for name, value in environ.items() if value or name not in SHIPPED_PACE}

    def start_web(self, *, fault: str = "", variables: Mapping[str, str] | None = None) -> Service:
        """Start the web side anew, ended or not."""
        variables = _with_fault(variables, fault)
        if self.web is not None and self.web.is_running():
            self.web.kill()
        argv = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1"]
        argv += ["--port", str(self.port), "--workers", "1", "--no-access-log"]
        self.web = web = self._start(argv, "web", variables)
        self._web_is_plain = not variables
        wait_until(lambda: self._web_answers(web), what="the web side answers")
        return web

    def start_worker(
        self, *, concurrency: int = 2, fault: str = "", variables: Mapping[str, str] | None = None
    ) -> Service:
        """Start a worker and wait until it is ready."""
        worker = self.launch_worker(concurrency=concurrency, variables=_with_fault(variables, fault))
        wait_until(lambda: self._is_ready(worker), what="the worker is ready")
        return worker

    def start_workers(
        self, count: int, *, concurrency: int = 2, variables: Mapping[str, str] | None = None
    ) -> list[Service]:
        """Start several workers side by side, and wait until all are ready."""
        workers = [self.launch_worker(concurrency=concurrency, variables=variables) for _ in range(count)]
        for worker in workers:
            wait_until(lambda worker=worker: self._is_ready(worker), what="the worker is ready")  # type: ignore[misc]
        return workers

    def launch_worker(self, *, concurrency: int = 2, variables: Mapping[str, str] | None = None) -> Service:
        """Start a worker without waiting for it."""
        argv = [sys.executable, "-m", "celery", "-A", "config", "worker", "-l", "info", f"--concurrency={concurrency}"]
        worker = self._start([*argv, "--without-mingle"], "worker", variables or {})
        self.workers.append(worker)
        if variables or concurrency != 2:
            self._armed.add(worker.process.pid)
        return worker

    def dismiss_workers(self) -> None:
        """Kill all workers, so that the next one is the only one."""
        for worker in self.workers:
            worker.kill()
        self.workers = []

    def need_worker(self) -> Service:
        """Return a plain worker that is running, started if need be."""
        plain = [worker for worker in self.workers if self._is_plain(worker) and worker.is_running()]
        return plain[0] if plain else self.start_worker()

    def _is_plain(self, worker: Service) -> bool:
        return worker.process.pid not in self._armed and not worker.variables

    def need_one_worker(self, variables: Mapping[str, str]) -> Service:
        """Return the only worker, with these variables and no fault: the one that runs when it is the right one."""
        if len(self.workers) == 1 and self.workers[0].is_running() and self.workers[0].variables == variables:
            return self.workers[0]
        self.dismiss_workers()
        worker = self.start_worker(variables=variables)
        self._armed.discard(worker.process.pid)
        return worker

    def _start(self, argv: list[str], name: str, variables: Mapping[str, str]) -> Service:
        self._started += 1
        log = self.home.logs / f"{name}{self._started}.log"
        return Service(argv, environ=self.environ(**variables), log=log, variables=variables)

    def _web_answers(self, web: Service) -> bool:
        assert web.is_running(), web.read_log()
        try:
            return httpx.get(f"{self.url}/health/live").status_code == 200
        except httpx.TransportError:
            return False

    @staticmethod
    def _is_ready(worker: Service) -> bool:
        assert worker.is_running(), f"the worker died at its start:\n{worker.read_log()}"
        return " ready." in worker.read_log()

    # --- a test begins and ends ---
    def reset(self) -> None:
        """Bring everything back up, and forget all tasks."""
        for server in (self.postgres, self.valkey):
            if server.is_running():
                server.thaw()
            else:
                server.start()
        for worker in self.workers:
            if worker.is_running() and worker.process.pid in self._armed:
                worker.kill()
        self.workers = [worker for worker in self.workers if worker.is_running()]
        if self.web is None or not self.web.is_running() or not self._web_is_plain:
            self.start_web()
        self.forget_tasks()

    def forget_tasks(self) -> None:
        """Leave no trace of what was done until now."""
        self.wait_until(self.truncates, what="the tables are emptied")
        connect_valkey(self.home).flushall()
        for directory in (self.home.storage, self.home.work):
            shutil.rmtree(directory, ignore_errors=True)
        self.client.close()
        self.client = Client(self.url, username=USER, password=PASSWORD)
        self.struck_at = time.monotonic()

    def delete(self) -> None:
        self.client.close()
        for worker in self.workers:
            worker.kill()
        if self.web is not None:
            self.web.kill()
        for server in (self.postgres, self.valkey):
            if server.is_running():
                server.thaw()
                server.end(signal.SIGKILL)
        shutil.rmtree(self.home.path, ignore_errors=True)

    def wait_until_ended(self, *, seconds: float) -> None:
        """Wait until every task is terminal; show those that are not when it takes too long."""
        ends_at = time.monotonic() + seconds
        with self.connect() as connection:
            left = "SELECT id, status, attempt, published_at, lease_until, run_after, lane FROM tasks_tasklog "
            left += f"WHERE status NOT IN {TERMINAL} LIMIT 5"
            while unended := connection.execute(left).fetchall():
                assert time.monotonic() < ends_at, f"not ended after {seconds:.0f} s: {unended}\n{self.tail_logs()}"
                time.sleep(0.05)

    def wait_until(self, holds: Callable[[], bool], *, seconds: float = 60.0, what: str) -> None:
        """Wait for a condition; when it takes too long, show what the processes logged."""
        try:
            wait_until(holds, seconds=seconds, what=what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail_logs()}") from None

    def tail_logs(self) -> str:
        services = [*self.workers, *([self.web] if self.web else [])]
        return "\n".join(f"--- {service.log.name}\n{service.read_log()[-20000:]}" for service in services)

    def strike(self) -> None:
        """Say that the fault has struck: recovery is timed from here."""
        self.struck_at = time.monotonic()


def _with_fault(variables: Mapping[str, str] | None, fault: str) -> Mapping[str, str]:
    return {**(variables or {}), **({VARIABLE: fault} if fault else {})}
