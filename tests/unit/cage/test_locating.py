"""Finding tools: what goes wrong for a moment is not kept for the life of the process."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.cage import tools
from filemill.processing.errors import SystemFault


def refuse_to_run(*_: object, **__: object) -> Any:
    raise BlockingIOError(11, "Resource temporarily unavailable")


@pytest.fixture(autouse=True)
def forget_files() -> None:
    tools.list_files.cache_clear()


def test_ffmpeg_is_found_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", refuse_to_run)
    located = tools.TOOLS["ffmpeg"].locate()
    assert located is not None
    assert Path(located[0]).is_file()


def test_an_administrator_may_name_another_ffmpeg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "ffmpeg"
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(other))
    assert tools.TOOLS["ffmpeg"].locate() == (str(other),)


@pytest.mark.parametrize("how", ["killed", "not started"])
def test_a_look_at_a_programs_libraries_that_broke_off_passes_and_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    killed = subprocess.CompletedProcess(["ldd"], -9, stdout="", stderr="")
    program = Path("/bin/sh")
    with monkeypatch.context() as broken:
        broken.setattr(subprocess, "run", refuse_to_run if how == "not started" else lambda *_, **__: killed)
        with pytest.raises(SystemFault) as caught:
            tools.list_files(program)
    assert (caught.value.code, caught.value.is_passing) == ("internal_error", True)
    assert any("libc.so" in path.name for path in tools.list_files(program))
