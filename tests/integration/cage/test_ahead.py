"""LibreOffice started ahead: it waits for one document, sees that one alone, and is gone with it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filemill.processing.bench import Limits, Output
from filemill.processing.cage import Cage, SliceBench
from filemill.processing.errors import LimitError
from tests.integration.cage.test_killing import is_running, wait_until
from tests.integration.cage.test_workspace_tools import SENTENCE, TOOL_LIMITS, read_pdf, write_docx


@pytest.fixture
def ahead_cage() -> Iterator[Cage]:
    """A cage of the test's own: nothing waits in it yet."""
    with Cage(libraries=(), packages=()) as opened:
        yield opened


@pytest.fixture
def document_fd(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(write_docx(tmp_path / "a.docx"), os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def convert(cage: Cage, document_fd: int, scratch: Path, *, limits: Limits = TOOL_LIMITS) -> tuple[Output, SliceBench]:
    """Convert the document in a slice of its own, as a task does."""
    scratch.mkdir(exist_ok=True)
    with (
        cage.open_slice() as work,
        work.open_bench(
            source_fd=document_fd, media_type="text/plain", file_name="a", scratch=scratch, limits=limits
        ) as bench,
        bench.open_workspace(tool="soffice") as workspace,
    ):
        name = workspace.add(None, "a.docx")
        ended = bench.run_tool("soffice", [name, "made.pdf", "pdf"], workspace=workspace)
        assert ended.returncode == 0, ended.stderr_tail
        return workspace.take("made.pdf", output_name="made.pdf", media_type="application/pdf"), bench


def find_waiting_pid(cage: Cage) -> int:
    waiting = cage._ahead._waiting
    assert waiting is not None
    return waiting.process.pid


def test_the_second_document_finds_a_process_that_waits_and_uses_it_up(
    ahead_cage: Cage, document_fd: int, tmp_path: Path
) -> None:
    assert ahead_cage._ahead._waiting is None
    convert(ahead_cage, document_fd, tmp_path / "first")
    used = find_waiting_pid(ahead_cage)
    output, bench = convert(ahead_cage, document_fd, tmp_path / "second")
    assert SENTENCE in read_pdf(output.path)
    assert bench.usage["exit_code"] == 0
    assert not is_running(used)
    assert find_waiting_pid(ahead_cage) != used


def test_nothing_of_a_process_that_waited_is_left(ahead_cage: Cage, document_fd: int, tmp_path: Path) -> None:
    convert(ahead_cage, document_fd, tmp_path / "first")
    waiting = ahead_cage._ahead._waiting
    assert waiting is not None
    assert waiting.path.is_dir()
    before = len(os.listdir("/proc/self/fd"))
    convert(ahead_cage, document_fd, tmp_path / "second")
    assert not waiting.path.parent.exists()
    assert len(os.listdir("/proc/self/fd")) == before
    last = find_waiting_pid(ahead_cage)
    ahead_cage.close()
    wait_until(lambda: not is_running(last))


def test_other_limits_get_a_process_of_their_own(ahead_cage: Cage, document_fd: int, tmp_path: Path) -> None:
    convert(ahead_cage, document_fd, tmp_path / "first")
    used = find_waiting_pid(ahead_cage)
    output, _ = convert(ahead_cage, document_fd, tmp_path / "second", limits=replace(TOOL_LIMITS, wall_seconds=50.0))
    assert SENTENCE in read_pdf(output.path)
    assert not is_running(used)


def test_a_process_that_waited_is_held_to_the_limits_of_its_document(
    ahead_cage: Cage, document_fd: int, tmp_path: Path
) -> None:
    short = replace(TOOL_LIMITS, wall_seconds=0.02)
    for name in ("first", "second"):
        with pytest.raises(LimitError) as caught:
            convert(ahead_cage, document_fd, tmp_path / name, limits=short)
        assert caught.value.code == "time_limit"


def test_a_process_that_died_while_it_waited_is_replaced(ahead_cage: Cage, document_fd: int, tmp_path: Path) -> None:
    convert(ahead_cage, document_fd, tmp_path / "first")
    waiting = ahead_cage._ahead._waiting
    assert waiting is not None
    waiting.process.kill()
    wait_until(waiting.process.has_ended)
    output, _ = convert(ahead_cage, document_fd, tmp_path / "second")
    assert SENTENCE in read_pdf(output.path)


def test_a_second_run_in_the_same_workspace_is_a_process_of_its_own(
    ahead_cage: Cage, document_fd: int, tmp_path: Path
) -> None:
    convert(ahead_cage, document_fd, tmp_path / "first")
    (tmp_path / "second").mkdir()
    with (
        ahead_cage.open_slice() as work,
        work.open_bench(
            source_fd=document_fd,
            media_type="text/plain",
            file_name="a",
            scratch=tmp_path / "second",
            limits=TOOL_LIMITS,
        ) as bench,
        bench.open_workspace(tool="soffice") as workspace,
    ):
        name = workspace.add(None, "a.docx")
        for target in ("made.pdf", "made.odt"):
            kind = target.rpartition(".")[2]
            ended = bench.run_tool("soffice", [name, target, kind], workspace=workspace)
            assert ended.returncode == 0, ended.stderr_tail
        assert workspace.names() == [name, "made.odt", "made.pdf"]
