"""The parts of a running Filemill: how each is started, and how it is stopped."""

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from filemill.launch.environment import PROJECT, LaunchEnvironment
from filemill.launch.processes import spawn
from filemill.launch.servers import EmbeddedServer

WORKER_GRACE_SECONDS = 10.0
"""How long a worker may go on with the files in hand after it was told to stop; they are done again by another."""


@dataclass(kw_only=True)
class Part:
    """One long-running process of the service, and what it went through."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0
    muted: tuple[str, ...] = ()
    """Lines that hold one of these are not shown: true, harmless, and alarming to a stranger."""
    process: subprocess.Popen[bytes] | None = None
    died_at: list[float] = field(default_factory=list)
    restart_at: float | None = None
    """When it is to be started again (monotonic), while it is down."""


def define_parts(environment: LaunchEnvironment) -> list[Part]:
    """Web, worker and beat, in the order in which they are stopped last to first."""
    web = [
        *(sys.executable, "-m", "uvicorn", "config.asgi:application"),
        *("--host", environment.bind, "--port", str(environment.port), "--workers", "1"),
        # A stream that is open at shutdown may not hold it up.
        *("--timeout-graceful-shutdown", "3", "--no-access-log"),
    ]
    celery = [sys.executable, "-m", "celery", "-A", "config"]
    concurrency = environment.variables.get("CELERYD_CONCURRENCY") or "4"
    return [
        _define_python_part("web", web, environment, grace_seconds=6.0),
        _define_python_part(
            "worker",
            [*celery, "worker", "-l", "info", f"--concurrency={concurrency}", "--without-mingle"],
            environment,
            grace_seconds=WORKER_GRACE_SECONDS,
        ),
        _define_python_part("beat", [*celery, "beat", "-l", "info"], environment, grace_seconds=5.0),
    ]


def define_server(server: EmbeddedServer) -> Part:
    """An embedded server as a part."""
    return Part(
        name=server.name,
        start=lambda: server.start(output=subprocess.PIPE),
        stop_signal=server.stop_signal,
        grace_seconds=30.0,
        muted=(
            "FATAL:  the database system is starting up",  # our own question came too early
            "FATAL:  the database system is not yet accepting connections",
            "DETAIL:  Consistent recovery state has not been yet reached",
            "Memory overcommit must be enabled",  # matters to background saves, which are off
        ),
    )


def start_python(argv: list[str], environment: LaunchEnvironment) -> subprocess.Popen[bytes]:
    """Start a Python process of the project, its output piped to us.

    It is killed outright when we are: with the database going down at the same time there is nothing it could finish.
    """
    return spawn(
        argv,
        death_signal=signal.SIGKILL,
        environ=environment.variables,
        directory=PROJECT,
        output=subprocess.PIPE,
    )


def _define_python_part(name: str, argv: list[str], environment: LaunchEnvironment, *, grace_seconds: float) -> Part:
    return Part(name=name, start=lambda: start_python(argv, environment), grace_seconds=grace_seconds)
