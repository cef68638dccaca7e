"""A worker that can't close its cage: it refuses to start, or goes on with a warning, and says so either way."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cage.test_missing_layers import WITHOUT_LANDLOCK, WITHOUT_SECCOMP

ROOT = Path(__file__).parents[3]
CHECK = """
import django, logging
django.setup()
from filemill.tasks.cage_check import refuse_open_cage
from filemill.tasks.cages import start_fork_server
refuse_open_cage(start_fork_server())
print("started")
"""
WORKER = """
from celery.__main__ import main
import sys
sys.argv = ["celery", "-A", "config", "worker", "-l", "info", "--concurrency=1"]
main()
"""


def start(program: str, tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "FILEMILL_CAGE"}
    given = {"FILEMILL_HOME": str(tmp_path), "FILEMILL_LOG_DIR": str(tmp_path), "SECRET_KEY": "of-a-test"}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**environ, "DJANGO_SETTINGS_MODULE": "config.settings", **given, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize("without", [WITHOUT_LANDLOCK, WITHOUT_SECCOMP])
def test_a_worker_refuses_to_start_where_a_layer_is_missing(tmp_path: Path, without: str) -> None:
    done = start(without + WORKER, tmp_path)
    name = "landlock" if without is WITHOUT_LANDLOCK else "seccomp"
    assert done.returncode == 1, done.stdout
    assert f"this machine lacks {name}" in done.stdout
    assert "set FILEMILL_CAGE=auto to work all the same" in done.stdout


def test_told_to_go_on_it_warns_of_what_is_missing_and_of_what_got_through(tmp_path: Path) -> None:
    done = start(WITHOUT_LANDLOCK + CHECK, tmp_path, FILEMILL_CAGE="auto")
    assert done.returncode == 0, done.stdout
    assert "the cage lacks landlock" in done.stdout
    assert "tool: read" in done.stdout
    assert "FILEMILL_CAGE=auto: this worker goes on" in done.stdout
    assert "started" in done.stdout


def test_where_all_holds_it_says_so(tmp_path: Path) -> None:
    done = start(CHECK, tmp_path)
    assert done.returncode == 0, done.stdout
    assert "the cage refused all" in done.stdout


def test_a_cage_that_could_not_be_tried_is_not_taken_for_closed(tmp_path: Path) -> None:
    broken = """
from filemill.processing.cage import selftest
def run(cage):
    raise OSError("no room for a canary")
selftest.run = run
"""
    done = start(broken + CHECK, tmp_path)
    assert done.returncode == 1, done.stdout
    assert "The cage could not be tried: no room for a canary." in done.stdout
    assert "started" not in done.stdout


def test_without_a_fork_server_a_worker_starts_all_the_same_and_says_so(tmp_path: Path) -> None:
    broken = """
import errno, os
from filemill.processing.cage import fork_server
def spawn(*_, **__):
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
fork_server.spawn = spawn
"""
    done = start(broken + CHECK, tmp_path)
    assert done.returncode == 0, done.stdout
    assert "no fork server" in done.stdout
    assert "the cage refused all" in done.stdout
