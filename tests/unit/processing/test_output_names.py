"""What an output may be called, and that every input's name gives such a name."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filemill.processing.cage.output_files import OutputFiles
from filemill.processing.operations.naming import keep_name, name_file, name_stem


@pytest.mark.parametrize(
    "file_name", ["фото.jpg", "oʻrmon.jpg", "写真.png", "ünï🙂.jpg", "x" * 250 + ".jpg", "я" * 120 + ".jpg"]
)
def test_an_output_may_be_named_after_its_input(tmp_path: Path, file_name: str) -> None:
    assert _create(tmp_path, name_stem(file_name, fallback="image") + ".webp").is_file()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file_name=st.text(max_size=300))
def test_whatever_an_input_is_called_its_output_has_a_name(tmp_path: Path, file_name: str) -> None:
    output = _create(tmp_path, name_stem(file_name, fallback="image") + ".webp")
    assert output.parent == tmp_path
    output.unlink()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "-rf",
        "_a",
        "a/b",
        "../a",
        "a\n.jpg",
        "a\0",
        "a b",
        "\u202egpj.exe",
        "x" * 201,
        "я" * 101,
    ],
)
def test_a_name_that_could_mislead_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="can't be an output's name"):
        OutputFiles(tmp_path).create(name, "image/webp")
    assert list(tmp_path.iterdir()) == []


def _create(scratch: Path, name: str) -> Path:
    output, descriptor = OutputFiles(scratch).create(name, "image/webp")
    os.close(descriptor)
    return output.path


@pytest.mark.parametrize(
    ("file_name", "taken", "expected"),
    [
        ("My report (1).PDF", [], "My-report-1.pdf"),
        ("../../etc/passwd", [], "passwd"),
        ("C:\\temp\\a.b.txt", [], "a.b.txt"),
        ("no.ending here", [], "no"),
        ("...", [], "thing"),
        ("", [], "thing"),
        ("a.txt", ["a.txt", "a-2.txt"], "a-3.txt"),
        ("x.\u202ecod.exe", [], "x.-cod.exe"),
    ],
)
def test_any_name_becomes_one_for_an_output(file_name: str, taken: list[str], expected: str) -> None:
    assert name_file(file_name, fallback="thing", taken=taken) == expected


@pytest.mark.parametrize(
    ("file_name", "taken", "expected"),
    [
        ("Отчёт (1), final.PDF", [], "Отчёт (1), final.PDF"),
        ("نامه\u200cها.txt", [], "نامه\u200cها.txt"),
        ("../../etc/passwd", ["passwd"], "passwd-2"),
        ("C:\\temp\\a.b.txt", [], "a.b.txt"),
        (".profile", [".profile"], ".profile-2"),
        ("a\n\x9b.txt", [], "a.txt"),
        ("x.\u202ecod.exe", [], "x.cod.exe"),
        ("broken\udcff.csv", [], "broken.csv"),
        ("a/", [], "thing"),
        ("", ["thing"], "thing-2"),
        ("a.txt", ["a.txt", "a-2.txt"], "a-3.txt"),
    ],
)
def test_a_kept_name_loses_only_what_would_mislead(file_name: str, taken: list[str], expected: str) -> None:
    assert keep_name(file_name, fallback="thing", taken=taken) == expected
