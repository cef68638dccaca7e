"""Two builds of a tool are told apart, and the same one is known again wherever it lies."""

from pathlib import Path

import pytest

from filemill.processing.cage.tool_identity import identify


def test_a_build_of_a_tool_is_known_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for number, content in enumerate([b"one", b"one", b"two", b"three"]):
        program = tmp_path / str(number) / "ffmpeg"
        program.parent.mkdir()
        program.write_bytes(content)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
        told.append(identify("ffmpeg"))
    assert told[0] == told[1]
    assert len(set(told)) == 3


def test_a_tool_that_is_missing_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert identify("tesseract") == "none"
