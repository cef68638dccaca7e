"""Where everything that belongs to one installation lies: the directories and sockets of FILEMILL_HOME."""

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from filemill.launch.errors import LaunchError

DATABASE = "filemill"
"""Name of the embedded database, and of its user."""

POSTGRES_SOCKET_NAME = ".s.PGSQL.5432"
VALKEY_SOCKET_NAME = "valkey.sock"

SOCKET_PATH_LIMIT_BYTES = 100
"""The kernel takes 107 bytes for the path of a Unix socket; a few are left for temporary names beside it."""


@dataclass(frozen=True)
class Home:
    """The layout of one FILEMILL_HOME. Making one touches nothing; `prepare()` makes the directories."""

    path: Path
    runtime_directory: Path | None = field(default=None, kw_only=True)
    """A short private directory for sockets, as XDG_RUNTIME_DIR; only used when `path` is too long for sockets."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, default: Path) -> "Home":
        """The home that FILEMILL_HOME names, or `default`; always absolute, without symbolic links."""
        configured = environ.get("FILEMILL_HOME", "")
        runtime = environ.get("XDG_RUNTIME_DIR", "")
        return cls(
            (Path(configured).expanduser() if configured else default).resolve(),
            runtime_directory=Path(runtime) if runtime else None,
        )

    @property
    def postgres(self) -> Path:
        """The data directory of the embedded PostgreSQL."""
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        """The append-only file of the embedded Valkey."""
        return self.path / "valkey"

    @property
    def storage(self) -> Path:
        """Outputs, when they are kept on this machine."""
        return self.path / "storage"

    @property
    def uploads(self) -> Path:
        """Files that clients handed in; never a root for `file_path`."""
        return self.path / "uploads"

    @property
    def inbox(self) -> Path:
        """The default root for `file_path`."""
        return self.path / "inbox"

    @property
    def work(self) -> Path:
        """Scratch directories of running tasks."""
        return self.path / "work"

    @property
    def logs(self) -> Path:
        """Where the logs of `filemill up` lie."""
        return self.path / "logs"

    @property
    def secret_key(self) -> Path:
        """The generated SECRET_KEY of an installation that sets none."""
        return self.path / "secret_key"

    @property
    def first_password(self) -> Path:
        """The generated password of the first user, readable by the owner alone."""
        return self.path / "first_password"

    @property
    def samples_marker(self) -> Path:
        """Exists once the samples were handed in."""
        return self.path / "samples_done"

    @property
    def run(self) -> Path:
        """The directory of the sockets: `path/run`, or a short one elsewhere when that would be too long."""
        inside = self.path / "run"
        # A link, once made, decides: a shell without XDG_RUNTIME_DIR must find the servers that one with it started.
        if inside.is_symlink():
            return inside.readlink()
        if _fits_a_socket(inside):
            return inside
        digest = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        if self.runtime_directory is not None:
            candidate = self.runtime_directory / f"filemill-{digest}"
            if _fits_a_socket(candidate):
                return candidate
        return Path("/tmp") / f"filemill-{os.getuid()}-{digest}"  # noqa: S108 - private: prepare() checks its owner

    @property
    def postgres_socket_dir(self) -> Path:
        """What DB_HOST is for the embedded PostgreSQL."""
        return self.run

    @property
    def valkey_socket(self) -> Path:
        return self.run / VALKEY_SOCKET_NAME

    def broker_url(self, db: int = 0) -> str:
        """The embedded Valkey as Celery names it."""
        return f"redis+socket://{quote(str(self.valkey_socket))}?virtual_host={db}"

    def cache_url(self, db: int = 2) -> str:
        """The embedded Valkey as redis-py and Django's cache name it."""
        return f"unix://{quote(str(self.valkey_socket))}?db={db}"

    def prepare(self) -> None:
        """Make the directories that are missing, the home closed to others.

        Raises LaunchError (`home_unwritable`, `run_directory_not_ours`).
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for directory in (
                self.valkey,
                self.storage,
                self.uploads,
                self.inbox,
                self.work,
                self.logs,
            ):
                directory.mkdir(mode=0o700, exist_ok=True)
            self._prepare_run()
            probe = self.path / ".writable"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise LaunchError(
                f"Filemill can't write to its home {self.path} ({error.strerror}); make it writable for this user, "
                f"or set FILEMILL_HOME to a directory that is.",
                code="home_unwritable",
            ) from error

    def _prepare_run(self) -> None:
        run = self.run
        run.mkdir(mode=0o700, exist_ok=True)
        check_owned(run)
        inside = self.path / "run"
        if run != inside and not inside.is_symlink():
            inside.symlink_to(run)


def check_owned(directory: Path) -> None:
    """Refuse a directory that someone else could have laid out for us (a shared /tmp is open to everybody).

    Raises LaunchError (`run_directory_not_ours`).
    """
    facts = directory.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise LaunchError(
            f"{directory} must be a directory of this user with mode 0700; remove it and start again.",
            code="run_directory_not_ours",
        )


def _fits_a_socket(directory: Path) -> bool:
    longest = directory / max(POSTGRES_SOCKET_NAME, VALKEY_SOCKET_NAME, key=len)
    return len(os.fsencode(longest)) < SOCKET_PATH_LIMIT_BYTES
