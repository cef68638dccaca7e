"""`filemill up` as a person starts it: a process of its own, on a home and a port of its own."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent.parent
NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
READY_SECONDS = 90.0
STOP_SECONDS = 40.0


def list_users() -> list[str]:
    """As whom the service can be started here; root can also try it as an ordinary user, if that one reaches us."""
    if os.geteuid() != 0:
        return ["me"]
    reachable = subprocess.run([*AS_NOBODY, sys.executable, "-c", "import filemill"], cwd="/", check=False)
    return ["me", "nobody"] if reachable.returncode == 0 else ["me"]


class Launched:
    """One home, and the runs of `filemill up` on it, one after another."""

    def __init__(self, *, user: str = "me", **variables: str) -> None:
        self.user = user
        self.directory = Path(tempfile.mkdtemp(prefix="filemill-up-"))
        self.home = self.directory / "home"
        if user == "nobody":
            shutil.chown(self.directory, NOBODY, NOBODY)
        self.port = find_free_port()
        self.log = self.directory / "log"
        self.variables = variables
        self.leaves_port_to_dotenv = False
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def auth(self) -> tuple[str, str]:
        return ("admin", (self.home / "first_password").read_text().strip())

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def start(self) -> None:
        """Start a run without waiting for anything."""
        argv = [sys.executable, "-m", "filemill", "up"]
        environ = {"PATH": os.environ["PATH"], "FILEMILL_HOME": str(self.home)}
        if not self.leaves_port_to_dotenv:
            environ["PORT"] = str(self.port)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*AS_NOBODY, *argv] if self.user == "nobody" else argv,
                cwd=self.directory,
                env=environ | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def start_until_ready(self) -> float:
        """Start a run, wait until it says it is ready, and return the seconds that took."""
        began_at = time.monotonic()
        banners = self.output.count("Filemill is ready")
        self.start()
        assert self.process is not None
        while self.output.count("Filemill is ready") == banners:
            assert self.process.poll() is None, f"filemill up ended:\n{self.output}"
            assert time.monotonic() < began_at + READY_SECONDS, f"not ready in time:\n{self.output}"
            time.sleep(0.05)
        return time.monotonic() - began_at

    def run_refused(self) -> tuple[int, str]:
        """Start a run that is going to be refused; its exit code and what it said."""
        before = len(self.output)
        self.start()
        assert self.process is not None
        return self.process.wait(STOP_SECONDS), self.output[before:]

    def stop(self) -> int:
        """End the run as systemd would; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End the run without any warning."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def list_processes(self) -> dict[int, str]:
        """Every living process that has to do with this home, by its command line."""
        return dict(self._find_processes())

    def wait_for_no_process(self, *, timeout_seconds: float = 15.0) -> None:
        deadline = time.monotonic() + timeout_seconds
        while left := self.list_processes():
            assert time.monotonic() < deadline, f"still there: {left}"
            time.sleep(0.05)

    def find_part(self, *words: str) -> int:
        """The process id of the part whose command line holds these words, started by the supervisor itself."""
        assert self.process is not None
        for pid, command in self._find_processes():
            if all(word in command for word in words) and read_parent(pid) == self.process.pid:
                return pid
        raise AssertionError(f"no part with {words}: {self.list_processes()}")

    def ask(self, method: str, path: str, **arguments: object) -> httpx.Response:
        """One request as the first user."""
        return httpx.request(method, f"{self.url}{path}", auth=self.auth, timeout=30.0, **arguments)  # type: ignore[arg-type]  # passed on

    def delete(self) -> None:
        """Leave nothing, however the test ended."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.wait_for_no_process()
        self.delete_files()

    def delete_files(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)

    def _find_processes(self) -> Iterator[tuple[int, str]]:
        needle = os.fsencode(self.home)
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal() or int(entry.name) == os.getpid():
                continue
            try:
                command, environ = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:
                continue  # it ended meanwhile, or is not ours to see
            if needle in command or needle in environ:
                yield int(entry.name), command.replace(b"\0", b" ").decode(errors="replace")


def read_parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
