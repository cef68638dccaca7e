"""What the doctor says, and its exit code."""

import io
import os
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from filemill.launch import checks, doctor
from filemill.launch.environment import read_environment
from filemill.launch.findings import Finding, Verdict, fine, hint, missing
from filemill.launch.locks import acquire_lock
from filemill.processing.cage import tools


def test_every_finding_that_is_not_fine_is_followed_by_its_mending() -> None:
    table = doctor.format_table([fine("Python", "3.11"), hint("User", "root", "use another")])

    assert table.splitlines()[:3] == [
        "ok       Python  3.11",
        "hint     User    root",
        "                 → use another",
    ]


@pytest.mark.parametrize(
    ("finding", "code"), [(fine("A", "b"), 0), (hint("A", "b", "c"), 0), (missing("A", "b", "c"), 1)]
)
def test_only_what_is_missing_makes_the_exit_code_one(
    finding: Finding, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", (lambda _: [finding],))

    assert doctor.run(read_environment({}, directory=tmp_path), io.StringIO()) == code


def test_this_very_machine_is_examined_without_a_missing_sentence(tmp_path: Path) -> None:
    environment = read_environment({"FILEMILL_HOME": "home", "PATH": "/usr/bin"}, directory=tmp_path)

    findings = doctor.examine(environment)

    assert len(findings) > 15
    assert [finding for finding in findings if finding.verdict is not Verdict.FINE and not finding.mend] == []


def test_an_optional_tool_that_lacks_something_is_a_hint_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment = read_environment({}, directory=tmp_path)
    whole = {found.subject: found for found in checks.check_optional_tools(environment)}
    assert whole["Tesseract"].verdict is Verdict.FINE
    assert "eng, osd, rus, uzb, uzb_cyrl" in whole["Tesseract"].facts
    assert whole["LibreOffice"].facts.endswith("with calc, impress, writer")

    tesseract = replace(tools.TOOLS["tesseract"], list_parts=lambda: frozenset(("osd", "rus")))
    soffice = replace(tools.TOOLS["soffice"], locate=lambda: None)
    monkeypatch.setattr(tools, "TOOLS", {**tools.TOOLS, "tesseract": tesseract, "soffice": soffice})
    found = {found.subject: found for found in checks.check_optional_tools(environment)}
    assert found["Tesseract"].mend == "apt-get install tesseract-ocr-eng"
    assert "document.convert" in found["LibreOffice"].facts
    assert "libreoffice-calc-nogui" in found["LibreOffice"].mend


def test_a_service_on_another_port_does_not_make_this_port_its_own(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        environment = read_environment({"FILEMILL_HOME": str(tmp_path), "PORT": str(port)}, directory=tmp_path)
        lock = acquire_lock(tmp_path / "up.lock")
        assert lock is not None
        assert [found.facts for found in checks.check_port_is_free(environment)] == ["in use; Filemill is running"]

    assert [found.facts for found in checks.check_port_is_free(environment)] == ["free on 127.0.0.1"]
    os.close(lock)
