"""`filemill up`: the whole service, from nothing to ready, until it is told to stop."""

import json
import sys
import time

from filemill.launch.banner import FirstUser, write_banner
from filemill.launch.environment import LaunchEnvironment, check_database, check_port, check_settings
from filemill.launch.errors import LaunchError
from filemill.launch.locks import acquire_lock
from filemill.launch.parts import Part, define_parts, define_server, start_python
from filemill.launch.postgres import Postgres
from filemill.launch.readiness import probe_readiness
from filemill.launch.servers import EmbeddedServer
from filemill.launch.supervisor import Supervisor
from filemill.launch.terminal import Terminal
from filemill.launch.valkey import Valkey

SERVER_START_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
"""After how long the person is told what the service still waits for."""

PROBE_INTERVAL_SECONDS = 0.25


class Service:
    """One run of `filemill up`."""

    def __init__(self, environment: LaunchEnvironment, terminal: Terminal) -> None:
        self.environment = environment
        self.terminal = terminal
        self.supervisor = Supervisor(terminal)

    def run(self) -> None:
        """Start everything, stay until a stop signal, stop everything. Raises LaunchError."""
        began_at = time.monotonic()
        environment = self.environment
        environment.home.prepare()
        lock = acquire_lock(environment.home.path / "up.lock")
        if lock is None:
            raise LaunchError(
                f"Filemill already runs on {environment.home.path}; stop that one, or set FILEMILL_HOME to another "
                "directory for a second one.",
                code="already_running",
            )
        check_port(environment)
        check_settings(environment)
        check_database(environment)
        self.supervisor.listen_for_signals()
        try:
            self._start_everything(began_at)
            self.supervisor.run_until(lambda: False)
        except LaunchError as error:
            if error.code != "stopped":
                raise
        finally:
            self.terminal.say("stopping")
            self.supervisor.stop()
            self.terminal.say("stopped")

    def _start_everything(self, began_at: float) -> None:
        self._start_servers()
        self._manage("migrate", "migrate", "--no-input", "--skip-checks", "--verbosity", "1")
        user = self._ensure_first_user()
        for part in define_parts(self.environment):
            self.supervisor.start(part)
        self._wait_until_ready()
        if self.supervisor.is_stopping:
            return
        self.terminal.show(write_banner(self.environment, user, took_seconds=time.monotonic() - began_at))
        self._hand_in_samples()

    def _start_servers(self) -> None:
        servers: list[EmbeddedServer] = []
        if self.environment.embeds_postgres:
            servers.append(Postgres(self.environment.home))
        if self.environment.embeds_broker:
            servers.append(Valkey(self.environment.home))
        parts = [define_server(server) for server in servers]
        for part in parts:
            self.supervisor.start(part)
        for server, part in zip(servers, parts, strict=True):
            self._wait_for_server(server, part)

    def _wait_for_server(self, server: EmbeddedServer, part: Part) -> None:
        deadline = time.monotonic() + SERVER_START_SECONDS
        self.supervisor.run_until(lambda: bool(part.died_at) or time.monotonic() > deadline or server.is_ready())
        if self.supervisor.is_stopping:
            raise LaunchError("Stopped before the service was ready.", code="stopped")
        if part.died_at or time.monotonic() > deadline:
            raise LaunchError(
                f"The embedded {server.name} did not start; the lines above say why, and `filemill doctor` checks "
                "this machine.",
                code=f"{server.name}_did_not_start",
            )
        server.finish_start()

    def _manage(self, name: str, *arguments: str) -> list[str]:
        process = start_python([sys.executable, "manage.py", *arguments], self.environment)
        return self.supervisor.run_step(name, process)

    def _ensure_first_user(self) -> FirstUser:
        lines = self._manage("ensure_first_user", "ensure_first_user", "--json")
        facts = json.loads(lines[-1])
        return FirstUser(username=facts["username"], password=facts["password"])

    def _wait_until_ready(self) -> None:
        patience_ends_at = time.monotonic() + PATIENCE_SECONDS
        next_probe_at = 0.0

        def is_ready() -> bool:
            nonlocal patience_ends_at, next_probe_at
            now = time.monotonic()
            if now < next_probe_at:
                return False
            readiness = probe_readiness(self.environment)
            next_probe_at = time.monotonic() + PROBE_INTERVAL_SECONDS
            if not readiness.is_ready and now > patience_ends_at:
                self.terminal.say(f"still not ready: {readiness.reason}")
                patience_ends_at = now + PATIENCE_SECONDS
            return readiness.is_ready

        self.supervisor.run_until(is_ready)

    def _hand_in_samples(self) -> None:
        """On the first start, give the first user something to see. A failure is told, but the service stays up."""
        marker = self.environment.home.samples_marker
        if not self.environment.wants_samples or marker.exists():
            return
        try:
            for line in self._manage("samples", "process_samples"):
                self.terminal.say(line)
        except LaunchError as error:
            if error.code == "stopped":
                raise
            self.terminal.say(str(error))
            return
        marker.touch()
