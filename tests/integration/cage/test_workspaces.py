"""Workspaces: what is put in, what may be taken out, and that nothing is left."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filemill.processing.bench import Input, Workspace
from filemill.processing.cage import SliceBench, trees
from filemill.processing.errors import InputError, LimitError
from tests.integration.cage.conftest import LIMITS, TEXT, OpenBench


@pytest.fixture
def workspace(bench: SliceBench) -> Iterator[Workspace]:
    with bench.open_workspace() as opened:
        yield opened


def take(workspace: Workspace, name: str) -> bytes:
    output = workspace.take(name, output_name="taken.txt", media_type="text/plain")
    return output.path.read_bytes()


def test_the_input_an_output_and_another_input_can_be_put_in(bench: SliceBench, workspace: Workspace) -> None:
    output = bench.create_output("made.txt", "text/plain")
    output.path.write_text("made before")
    with open(__file__, "rb") as other:
        size = os.fstat(other.fileno()).st_size
        further = Input(name="other.txt", media_type="text/plain", size=size, fd=other.fileno())
        names = [workspace.add(None, "a.txt"), workspace.add(output, "b.txt"), workspace.add(further, "c.txt")]
    workspace.write("d.txt", b"a list")
    assert workspace.names() == [*names, "d.txt"]
    assert (workspace.path / "a.txt").read_bytes() == TEXT
    assert (workspace.path / "b.txt").read_text() == "made before"
    assert workspace.size_of("c.txt") == size
    assert {stat.S_IMODE((workspace.path / name).stat().st_mode) for name in workspace.names()} == {0o444}


def test_what_is_put_in_is_a_copy_that_leaves_the_original_alone(bench: SliceBench, workspace: Workspace) -> None:
    output = bench.create_output("made.txt", "text/plain")
    output.path.write_text("made before")
    workspace.add(output, "b.txt")
    assert output.path.stat().st_nlink == 1
    assert output.path.stat().st_ino != (workspace.path / "b.txt").stat().st_ino


def test_a_file_is_taken_among_the_outputs(bench: SliceBench, workspace: Workspace, scratch: Path) -> None:
    (workspace.path / "deep").mkdir()
    (workspace.path / "deep" / "made.txt").write_text("by a tool")
    (workspace.path / "deep" / "made.txt").chmod(0o777)
    assert workspace.names() == ["deep/made.txt"]
    output = workspace.take("deep/made.txt", output_name="story.txt", media_type="text/plain")
    assert bench.outputs == [output]
    assert (output.path, output.path.read_text()) == (scratch / "story.txt", "by a tool")
    facts = output.path.stat()
    assert (facts.st_uid, stat.S_IMODE(facts.st_mode)) == (os.geteuid(), 0o600)
    assert workspace.names() == []


def link_to_a_secret(place: Path) -> None:
    place.symlink_to("/etc/passwd")


def link_hard(place: Path) -> None:
    place.with_name("first").write_text("two names")
    os.link(place.with_name("first"), place)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, link_to_a_secret, link_hard])
def test_anything_but_a_plain_file_is_refused(
    bench: SliceBench, workspace: Workspace, make: Callable[[Path], None]
) -> None:
    make(workspace.path / "trap")
    with pytest.raises(InputError):
        take(workspace, "trap")
    with pytest.raises(InputError):
        workspace.size_of("trap")
    assert bench.outputs == []


def test_a_file_behind_a_link_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret.txt").write_text("secret")
    (workspace.path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError):
        take(workspace, "link/secret.txt")
    assert workspace.names() == []


def test_a_file_that_is_not_there_is_refused(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="No such file"):
        take(workspace, "never.txt")


@pytest.mark.parametrize("name", ["", ".", "..", "../source.txt", "/etc/passwd", "a//b", "a/../b", "a\0b"])
def test_a_name_that_leads_out_is_a_mistake_of_the_caller(workspace: Workspace, name: str) -> None:
    with pytest.raises(ValueError, match="workspace"):
        take(workspace, name)
    with pytest.raises(ValueError, match="workspace"):
        workspace.write(name, b"")


def test_a_file_beyond_the_limit_is_refused(open_bench: OpenBench) -> None:
    with open_bench(limits=replace(LIMITS, output_bytes=10)) as bench, bench.open_workspace() as workspace:
        (workspace.path / "large").write_bytes(b"x" * 11)
        with pytest.raises(LimitError) as caught:
            take(workspace, "large")
        assert caught.value.code == "output_limit"


def test_what_begins_with_a_dot_is_not_listed(workspace: Workspace) -> None:
    (workspace.path / ".home" / "settings").write_text("of a tool")
    (workspace.path / ".lock").write_text("of a tool")
    assert workspace.names() == []


def test_nothing_is_left_of_a_workspace(bench: SliceBench, scratch: Path) -> None:
    with bench.open_workspace() as workspace:
        make_deep_tree(workspace.path, 3000)
        (workspace.path / "closed").mkdir()
        (workspace.path / "closed" / "file").write_text("left")
        (workspace.path / "closed").chmod(0)
        link_to_a_secret(workspace.path / "link")
        os.mkfifo(workspace.path / "fifo")
        with pytest.raises(InputError):
            workspace.names()
    assert list(scratch.iterdir()) == []
    assert Path("/etc/passwd").exists()


def make_deep_tree(path: Path, depth: int) -> None:
    here = os.open(path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deeper", dir_fd=here)
        below = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def test_more_files_than_anyone_looks_through_are_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "MAXIMUM_ENTRIES", 10)
    for number in range(11):
        (workspace.path / f"{number}.txt").touch()
    with pytest.raises(InputError, match="more than 10 files"):
        workspace.names()


def test_workspaces_leak_no_descriptor(bench: SliceBench) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with bench.open_workspace() as workspace:
            workspace.add(None, "a.txt")
            workspace.size_of("a.txt")
            with pytest.raises(InputError):
                workspace.size_of("b.txt")
    assert len(os.listdir("/proc/self/fd")) == before
