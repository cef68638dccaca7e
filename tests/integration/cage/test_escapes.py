"""What a hostile tool tries, with a workspace and without: a Python program that may fork stands for it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.bench import Limits
from filemill.processing.cage import SliceBench
from filemill.processing.cage.families import leads_session, list_children, list_descendants
from filemill.processing.cage.tools import TOOLS, Tool
from filemill.processing.errors import Cancelled, InputError, LimitError
from tests.integration.cage.conftest import LIMITS
from tests.integration.cage.test_killing import is_running, kill_after, wait_until

ESCAPER = Tool(
    name="escaper",
    locate=lambda: (os.path.realpath(sys.executable), "-I", "-B", "-c"),
    list_reads=lambda: (sysconfig.get_path("stdlib"), "/usr/lib", "/lib"),
    uses_devices=True,
    may_fork=True,
    may_use_unix_sockets=True,
)
TRY = """
import json, os, signal, socket, sys
def attempt(act):
    try:
        act()
    except OSError as error:
        return error.strerror
    return "allowed"
"""
TOOL_LIMITS = replace(LIMITS, wall_seconds=20.0, processes=16)


@pytest.fixture(autouse=True)
def escaper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOOLS, "escaper", ESCAPER)


@pytest.fixture
def secret() -> Iterator[Path]:
    """A file that every user may read and write: only the cage can refuse it."""
    place = Path("/var/tmp", f"filemill-secret-{os.getpid()}")
    place.write_text("secret")
    place.chmod(0o666)
    yield place
    place.unlink()


def run(bench: SliceBench, program: str, *, limits: Limits = TOOL_LIMITS, **more: Any) -> Any:
    """Run a program in a workspace, and return what it printed as JSON in its last line."""
    ended = bench.run_tool("escaper", [TRY + program], limits=limits, **more)
    assert ended.returncode == 0, ended.stderr_tail
    return json.loads(ended.stderr_tail.strip().splitlines()[-1])


REFUSED = ("Permission denied", "Operation not permitted")


@pytest.mark.parametrize("has_workspace", [True, False])
@pytest.mark.parametrize(
    "act",
    [
        "open('/etc/passwd')",
        "open(SECRET)",
        "open(SECRET, 'w')",
        "open(SECRET + '-more', 'w')",
        "os.unlink(SECRET)",
        "os.truncate(SECRET, 0)",
        "os.chown(SECRET, os.getuid(), os.getgid())",
        "os.setxattr(SECRET, 'user.mark', b'1')",
        "os.listdir('/')",
        "open('/proc/1/environ')",
        "open('/proc/self/maps')",
        "os.open('/proc/self/fd/3', os.O_RDWR)",
        "os.execv('/bin/true', ['true'])",
        "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
        "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
        "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).connect(SECRET + '.socket')",
        "socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).bind(SECRET + '.mine')",
        "os.kill(WORKER, signal.SIGCONT)",
        "os.kill(os.getppid(), signal.SIGCONT)",
        "os.setsid()",
        "os.setpgid(0, 0)",
        "os.mkfifo('fifo')",
        "os.mknod('device', 0o20600, os.makedev(1, 5))",
        "os.chroot('.')",
        "os.setuid(0)",
        "os.unshare(0x10000000) if hasattr(os, 'unshare') else os.setgid(0)",
    ],
)
def test_what_leads_out_is_refused(bench: SliceBench, secret: Path, act: str, has_workspace: bool) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(f"{secret}.socket")
        try:
            Path(f"{secret}.socket").chmod(0o777)
            listening.listen()
            program = f"SECRET, WORKER = {str(secret)!r}, {os.getpid()}\nprint(json.dumps(attempt(lambda: {act})))"
            with bench.open_workspace() as workspace:
                answer = run(bench, program, workspace=workspace if has_workspace else None)
        finally:
            os.unlink(f"{secret}.socket")
    assert answer in REFUSED
    assert secret.read_text() == "secret"


def test_a_change_of_mode_is_pretended_and_not_made(bench: SliceBench, secret: Path) -> None:
    assert run(bench, f"print(json.dumps(attempt(lambda: os.chmod({str(secret)!r}, 0))))") == "allowed"
    assert secret.stat().st_mode & 0o777 == 0o666


def test_a_workspace_can_be_worked_in(bench: SliceBench) -> None:
    program = """
os.mkdir("deep")
open("deep/made.txt", "w").write("made")
os.rename("deep/made.txt", "moved.txt")
os.symlink("/etc/passwd", "link")
open(os.path.expanduser("~/setting"), "w").write("kept")
import tempfile
tempfile.TemporaryFile().write(b"x")
left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listening.bind("socket")
listening.listen()
print(json.dumps(sorted(os.listdir("."))))
"""
    with bench.open_workspace() as workspace:
        workspace.add(None, "a.txt")
        answer = run(bench, program, workspace=workspace)
        assert answer == [".home", ".tmp", "a.txt", "deep", "link", "moved.txt", "socket"]
        assert workspace.names() == ["a.txt", "moved.txt"]
        with pytest.raises(InputError):
            workspace.take("link", output_name="link.txt", media_type="text/plain")
        with pytest.raises(InputError):
            workspace.take("socket", output_name="socket.txt", media_type="text/plain")
        assert workspace.take("moved.txt", output_name="a.txt", media_type="text/plain").path.read_text() == "made"


def test_one_workspace_is_closed_to_a_tool_in_another(bench: SliceBench) -> None:
    with bench.open_workspace() as first, bench.open_workspace() as second:
        first.add(None, "a.txt")
        program = f"print(json.dumps(attempt(lambda: open({str(first.path / 'a.txt')!r}))))"
        assert run(bench, program, workspace=second) in REFUSED


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("[open(f'{n}', 'wb').write(bytes(1 << 20)) for n in range(100)]; signal.pause()", "output_limit"),
        ("[open(f'{n}', 'wb').write(bytes(1 << 20)) for n in range(10)]", "output_limit"),
        ("[os.fork() for _ in iter(int, 1)]", "process_limit"),
        ("[os.fork() or signal.pause() for _ in range(20)]; signal.pause()", "process_limit"),
        ("while True:\n    if os.fork(): signal.pause()", "process_limit"),
        ("os.fork(); os.fork(); x = bytearray(150 << 20); signal.pause()", "memory_limit"),
        ("os.fork(); os.fork(); os.fork()\nwhile True: pass", "time_limit"),
    ],
)
def test_a_tool_that_breaks_a_limit_with_all_its_family_is_ended(bench: SliceBench, program: str, code: str) -> None:
    limits = replace(TOOL_LIMITS, cpu_seconds=4)
    with bench.open_workspace() as workspace, pytest.raises(LimitError) as caught:
        bench.run_tool("escaper", [TRY + program], limits=limits, workspace=workspace)
    assert caught.value.code == code
    assert_nothing_is_left(bench)


def test_a_file_beyond_the_limit_is_never_made(bench: SliceBench) -> None:
    with bench.open_workspace() as workspace:
        program = "huge = open('huge', 'wb')\nprint(json.dumps(attempt(lambda: huge.truncate(1 << 40))))"
        assert run(bench, program, workspace=workspace) == "File too large"


LEAVE_CHILDREN = """
for _ in range(3):
    if os.fork() == 0:
        attempt(os.setsid)
        attempt(lambda: os.setpgid(0, 0))
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.fork() == 0:
            signal.pause()
        signal.pause()
os.write(4, b"begun\\n")
"""


def list_relatives(bench: SliceBench) -> list[int]:
    """Return the children of the zygote but its spare one: whatever a tool has left behind would have become one."""
    zygote = bench._place.children._zygotes.of_tools()
    return [pid for pid in list_children(zygote.pid) if not leads_session(pid)]


def assert_nothing_is_left(bench: SliceBench) -> None:
    """A spare child is forked just now, and is no relative as soon as it leads its session; what is left would stay."""
    wait_until(lambda: list_relatives(bench) == [])


def test_children_that_are_left_behind_are_dead_after_the_tool_s_end(bench: SliceBench) -> None:
    with bench.open_workspace() as workspace:
        assert bench.run_tool("escaper", [TRY + LEAVE_CHILDREN], workspace=workspace).returncode == 0
    assert_nothing_is_left(bench)


def test_children_that_are_left_behind_are_dead_after_a_kill(bench: SliceBench) -> None:
    begun = threading.Event()
    thread, moments = kill_after(bench, begun)
    with pytest.raises(Cancelled):
        bench.run_tool("escaper", [TRY + LEAVE_CHILDREN + "signal.pause()"], on_line=lambda _line: begun.set())
    thread.join()
    assert time.monotonic() - moments[0] < 1.0
    assert_nothing_is_left(bench)


OWNER = """
import os, sys
from pathlib import Path
from filemill.processing.bench import Limits
from filemill.processing.cage import Cage
from filemill.processing.cage.tools import TOOLS
from tests.integration.cage.test_escapes import ESCAPER, LEAVE_CHILDREN, TRY

TOOLS["escaper"] = ESCAPER
cage = Cage(libraries=(), packages=())
source = os.open(__import__("tests").__file__, os.O_RDONLY)
with cage.open_slice() as work, work.open_bench(
    source_fd=source, media_type="text/plain", file_name="a", scratch=Path(sys.argv[1]), limits=Limits()
) as bench:
    tell = lambda _line: print(cage.tool_zygote().pid, flush=True)
    bench.run_tool("escaper", [TRY + LEAVE_CHILDREN + "signal.pause()"], on_line=tell)
"""


def start_owner(scratch: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OWNER, str(scratch)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def find_family(owner: subprocess.Popen[str]) -> tuple[int, list[int]]:
    """Return the zygote of tools and all that runs below it, once the tool has started its own."""
    assert owner.stdout is not None
    zygote = int(owner.stdout.readline())
    # The tool has six; it leads a session itself, as do the zygote and its spare child.
    wait_until(lambda: sum(not leads_session(pid) for pid in list_descendants(zygote)) >= 6)
    return zygote, list_descendants(zygote)


@pytest.mark.parametrize("victim", ["worker", "zygote"])
def test_children_of_a_tool_die_with_the_worker_and_with_the_zygote(tmp_path: Path, victim: str) -> None:
    with start_owner(tmp_path) as owner:
        zygote, family = find_family(owner)
        os.kill(owner.pid if victim == "worker" else zygote, signal.SIGKILL)
        owner.communicate(timeout=20)
    wait_until(lambda: not any(is_running(pid) for pid in family))


def test_a_zygote_that_is_told_its_workers_end_twice_still_ends_all(tmp_path: Path) -> None:
    """The socket's end and the signal come within a millisecond, in either order; here the signal comes a lot."""
    with start_owner(tmp_path) as owner:
        zygote, family = find_family(owner)
        handle = os.pidfd_open(zygote)
        os.kill(owner.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):  # It ended since it was looked at.
            while is_running(zygote):
                signal.pidfd_send_signal(handle, signal.SIGTERM)
        os.close(handle)
        owner.communicate(timeout=20)
    wait_until(lambda: not any(is_running(pid) for pid in family))
