"""The doctor's checks, in the order of its table."""

import os
import platform
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from filemill.launch import postgres, valkey
from filemill.launch.environment import LaunchEnvironment, check_port, check_settings
from filemill.launch.errors import LaunchError
from filemill.launch.findings import Check, Finding, fine, hint, missing
from filemill.launch.locks import acquire_lock
from filemill.processing.cage import Cage, selftest, tool_states, tools
from filemill.processing.errors import SystemFault
from filemill.processing.machine import find_memory_bytes

GIB = 1024**3
OLDEST_PYTHON = (3, 11)
OPTIONAL_TOOLS = (
    ("LibreOffice", "soffice", "document.convert and office documents' text need it", ("writer", "calc", "impress")),
    ("Tesseract", "tesseract", "OCR needs it", ("eng", "osd")),
    ("OCRmyPDF", "ocrmypdf", "document.ocr needs it", ()),
)
"""Subject, tool, what is refused without it, and the parts that everyone who has it wants."""
LIBRARIES = ("django", "celery", "psycopg", "redis", "uvicorn", "pyvips", "pypdfium2", "av", "imageio-ffmpeg")
NEEDED_OPEN_FILES = 1024
NEEDED_SHARED_BYTES = 64 * 1024**2
NEEDED_DISK_BYTES = GIB
GOOD_DISK_BYTES = 10 * GIB
GOOD_MEMORY_BYTES = 2 * GIB
INSTALL_AGAIN = "install the dependencies again: make setup, or pip install -r requirements.txt"


def check_python(_: LaunchEnvironment) -> Iterator[Finding]:
    facts = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield missing("Python", facts, "install Python 3.11 or newer, delete .venv and run make setup")
    else:
        yield fine("Python", facts)


def check_platform(_: LaunchEnvironment) -> Iterator[Finding]:
    facts = f"{platform.system()} {platform.release()} {platform.machine()}, {os.cpu_count()} processors"
    if platform.system() != "Linux":
        yield missing("Platform", facts, "run Filemill on Linux (or in a Linux container): its cage needs that kernel")
    else:
        yield fine("Platform", facts)


def check_user(_: LaunchEnvironment) -> Iterator[Finding]:
    if os.geteuid() == 0:
        yield hint("User", "root", "run Filemill as an ordinary user; nothing in it needs root")
    else:
        yield fine("User", f"uid {os.geteuid()}")


def check_libraries(_: LaunchEnvironment) -> Iterator[Finding]:
    found, absent = [], []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            absent.append(name)
    if absent:
        yield missing("Libraries", f"not installed: {', '.join(absent)}", INSTALL_AGAIN)
    else:
        yield fine("Libraries", ", ".join(found))


def check_libvips(_: LaunchEnvironment) -> Iterator[Finding]:
    yield _probe_library(
        "libvips", "import pyvips; print('.'.join(str(pyvips.version(part)) for part in range(3)))", "images"
    )


def check_pdfium(_: LaunchEnvironment) -> Iterator[Finding]:
    yield _probe_library("PDFium", "import pypdfium2; print(pypdfium2.PDFIUM_INFO)", "PDF files")


def check_ffmpeg(_: LaunchEnvironment) -> Iterator[Finding]:
    yield _probe_library(
        "FFmpeg",
        "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_version(), imageio_ffmpeg.get_ffmpeg_exe())",
        "videos",
    )


def check_optional_tools(_: LaunchEnvironment) -> Iterator[Finding]:
    """Look for the tools that some operations need; without them those are refused, and all else works."""
    for subject, tool, use, wanted in OPTIONAL_TOOLS:
        state = tool_states.describe(tool)
        lacking = [f"{tool}:{part}" for part in wanted if part not in state.parts]
        if state.path is None:
            yield hint(subject, f"not installed; {use}", state.installing)
        elif lacking:
            facts = f"{state.version or state.path} without {', '.join(need.partition(':')[2] for need in lacking)}"
            yield hint(subject, facts, tools.explain_installing(lacking))
        else:
            parts = f" with {', '.join(state.parts)}" if state.parts else ""
            yield fine(subject, f"{state.version or 'installed'}{parts}")


def check_postgres(environment: LaunchEnvironment) -> Iterator[Finding]:
    if not environment.embeds_postgres:
        yield fine("PostgreSQL", f"yours, at {environment.variables['DB_HOST']}")
        return
    try:
        binaries = postgres.find_binaries()
        yield fine("PostgreSQL", f"{postgres.read_program_major(binaries)} embedded, from {binaries}")
    except (LaunchError, OSError, subprocess.CalledProcessError) as error:
        yield missing("PostgreSQL", str(error), INSTALL_AGAIN)


def check_valkey(environment: LaunchEnvironment) -> Iterator[Finding]:
    if not environment.embeds_broker:
        yield fine("Broker", "yours, by CELERY_BROKER_URL")
        return
    try:
        binary = valkey.find_binary()
        yield fine("Valkey", f"{'.'.join(map(str, valkey.read_version(binary)))} embedded, from {binary}")
    except (LaunchError, OSError) as error:
        yield missing("Valkey", str(error), INSTALL_AGAIN)


def check_cage(environment: LaunchEnvironment) -> Iterator[Finding]:
    """Start a cage, as a worker does, and ask it what holds."""
    try:
        with Cage() as cage:
            layers = cage.layers()
            escaped = [str(finding) for finding in selftest.run(cage) if not finding.is_refused]
    except (SystemFault, OSError) as error:
        yield missing("Cage", f"does not start: {error}", "run on Linux 5.13 or newer, in a container without a filter")
        return
    if escaped:
        yield missing("Cage: self-test", f"what got through: {'; '.join(escaped)}", "see the layers that are missing")
    else:
        yield fine("Cage: self-test", "every canary was refused")
    lacking = layers.missing()
    for name, layer in layers.as_dict().items():
        if name not in lacking:
            yield fine(f"Cage: {name}", layer["detail"])
        elif environment.variables.get("FILEMILL_CAGE") != "auto" and name in ("landlock", "seccomp"):
            yield missing(f"Cage: {name}", layer["detail"], "mend that, or allow a weaker cage with FILEMILL_CAGE=auto")
        else:
            yield hint(
                f"Cage: {name}",
                layer["detail"],
                "the other layers hold all the same; docs/explanation/cage.md says what this one adds",
            )


def check_settings_values(environment: LaunchEnvironment) -> Iterator[Finding]:
    try:
        check_settings(environment)
    except LaunchError as error:
        yield missing("Settings", str(error), "mend the value in the environment or in .env")
    else:
        yield fine("Settings", "every value can be used")


def check_home(environment: LaunchEnvironment) -> Iterator[Finding]:
    home = environment.home
    try:
        home.prepare()
    except LaunchError as error:
        yield missing("Home", str(error), "mend its permissions, or set FILEMILL_HOME")
        return
    mode = home.path.stat().st_mode & 0o777
    if mode & 0o077:
        yield hint("Home", f"{home.path} (mode {mode:o})", f"close it to others: chmod 700 {home.path}")
    else:
        yield fine("Home", f"{home.path} (mode {mode:o})")


def check_roots(environment: LaunchEnvironment) -> Iterator[Finding]:
    text = environment.variables.get("FILEMILL_ROOTS", "")
    for root in [Path(part) for part in text.split(":") if part] or [environment.home.inbox]:
        if not root.is_dir():
            yield missing("Root", f"{root} is no directory", "make it, or change FILEMILL_ROOTS")
        elif not os.access(root, os.R_OK | os.X_OK):
            yield missing("Root", f"{root} can't be read", "let this user read it, or change FILEMILL_ROOTS")
        else:
            yield fine("Root", str(root))


def check_disk(environment: LaunchEnvironment) -> Iterator[Finding]:
    free = shutil.disk_usage(_find_existing(environment.home.path)).free
    facts = f"{free / GIB:.1f} GiB free for {environment.home.path}"
    if free < NEEDED_DISK_BYTES:
        yield missing("Disk", facts, "free at least 1 GiB there, or set FILEMILL_HOME to a larger disk")
    elif free < GOOD_DISK_BYTES:
        yield hint("Disk", facts, "videos need room: 10 GiB are a good start")
    else:
        yield fine("Disk", facts)


def check_memory(_: LaunchEnvironment) -> Iterator[Finding]:
    total = find_memory_bytes()
    facts = f"{total / GIB:.1f} GiB"
    if total < GOOD_MEMORY_BYTES:
        yield hint("Memory", facts, "with less than 2 GiB set CELERYD_CONCURRENCY=1")
    else:
        yield fine("Memory", facts)


def check_shared_memory(environment: LaunchEnvironment) -> Iterator[Finding]:
    place = Path("/dev/shm")  # noqa: S108 - measured, not written to
    if not environment.embeds_postgres:
        return
    total = shutil.disk_usage(place).total if place.is_dir() else 0
    facts = f"{total / GIB:.2f} GiB at {place}"
    if total < NEEDED_SHARED_BYTES:
        yield missing("Shared memory", facts, "PostgreSQL needs more; for a container: --shm-size=128m")
    else:
        yield fine("Shared memory", facts)


def check_open_files(_: LaunchEnvironment) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < NEEDED_OPEN_FILES:
        yield missing("Open files", f"{soft} (at most {hard})", f"raise the limit: ulimit -n {NEEDED_OPEN_FILES}")
    else:
        yield fine("Open files", f"{soft}")


def check_port_is_free(environment: LaunchEnvironment) -> Iterator[Finding]:
    subject = f"Port {environment.port}"
    try:
        check_port(environment)
    except LaunchError as error:
        if _is_running(environment):
            yield fine(subject, "in use; Filemill is running")
        else:
            yield missing(subject, str(error), f"stop the other program, or set PORT={environment.port + 1}")
    else:
        yield fine(subject, f"free on {environment.bind}")


def _is_running(environment: LaunchEnvironment) -> bool:
    """Whether a `filemill up` holds this home; it need not be the one that holds the port."""
    if not environment.home.path.is_dir():
        return False
    lock = acquire_lock(environment.home.path / "up.lock")
    if lock is None:
        return True
    os.close(lock)
    return False


def _probe_library(subject: str, code: str, use: str) -> Finding:
    """Load a native library in a process of its own: one that is broken may end the process instead of raising."""
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return fine(subject, done.stdout.strip())
    reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return missing(subject, f"does not load ({use}): {reason}", INSTALL_AGAIN)


def _find_existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


CHECKS: tuple[Check, ...] = (
    check_python,
    check_platform,
    check_user,
    check_libraries,
    check_libvips,
    check_pdfium,
    check_ffmpeg,
    check_optional_tools,
    check_postgres,
    check_valkey,
    check_cage,
    check_settings_values,
    check_home,
    check_roots,
    check_disk,
    check_memory,
    check_shared_memory,
    check_open_files,
    check_port_is_free,
)
