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
from filemill.processing.cage import Cage, Layer, Layers, selftest, tools


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


class WeakCage(Cage):
    """A cage on a machine that lacks two layers."""

    def layers(self) -> Layers:
        absent = Layer(is_active=False, detail="this kernel has none")
        return replace(super().layers(), landlock=absent, namespaces=absent)


def test_each_layer_of_the_cage_has_a_line_of_its_own(tmp_path: Path) -> None:
    found = {found.subject: found for found in checks.check_cage(read_environment({}, directory=tmp_path))}

    with Cage() as cage:
        layers = cage.layers()
    assert list(found) == ["Cage: self-test", *(f"Cage: {name}" for name in layers.as_dict())]
    assert found["Cage: self-test"].facts == "every canary was refused"
    for name, layer in layers.as_dict().items():
        told = found[f"Cage: {name}"]
        assert (told.facts, told.verdict is Verdict.FINE) == (layer["detail"], layer["is_active"])


@pytest.mark.parametrize(("mode", "verdict"), [("strict", Verdict.MISSING), ("auto", Verdict.COULD_BE_BETTER)])
def test_a_layer_that_is_not_there_is_missing_unless_a_weaker_cage_is_allowed(
    mode: str, verdict: Verdict, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checks, "Cage", WeakCage)
    environment = read_environment({"FILEMILL_CAGE": mode}, directory=tmp_path)
    found = {found.subject: found for found in checks.check_cage(environment)}

    landlock, namespaces = found["Cage: landlock"], found["Cage: namespaces"]
    assert (landlock.verdict, landlock.facts) == (verdict, "this kernel has none")
    assert ("FILEMILL_CAGE=auto" in landlock.mend) == (verdict is Verdict.MISSING)
    assert (namespaces.verdict, namespaces.facts) == (Verdict.COULD_BE_BETTER, "this kernel has none")
    assert "docs/explanation/cage.md" in namespaces.mend


def test_what_gets_out_of_the_cage_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    escaped = selftest.Finding(who="a tool", attempt="read /etc/passwd", is_refused=False, answer="it did")
    monkeypatch.setattr(selftest, "run", lambda _cage: [escaped])
    told = next(iter(checks.check_cage(read_environment({}, directory=tmp_path))))

    assert (told.subject, told.verdict) == ("Cage: self-test", Verdict.MISSING)
    assert str(escaped) in told.facts


def test_a_cage_that_does_not_start_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(_cage: Cage) -> Cage:
        raise OSError("no memory for it")

    monkeypatch.setattr(Cage, "__enter__", fail)
    (told,) = checks.check_cage(read_environment({}, directory=tmp_path))

    assert (told.subject, told.verdict) == ("Cage", Verdict.MISSING)
    assert told.facts == "does not start: no memory for it"


def test_a_service_on_another_port_does_not_make_this_port_its_own(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        port = occupied.getsockname()[1]
        environment = read_environment({"FILEMILL_HOME": str(tmp_path), "PORT": str(port)}, directory=tmp_path)
        lock = acquire_lock(tmp_path / "up.lock")
        assert lock is not None
        assert [found.facts for found in checks.check_port_is_free(environment)] == ["in use; Filemill is running"]

    assert [found.facts for found in checks.check_port_is_free(environment)] == ["free on 127.0.0.1"]
    os.close(lock)
