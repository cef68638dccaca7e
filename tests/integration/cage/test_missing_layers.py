"""Kernels that lack a layer: the same cage, in a process whose own filter takes Landlock or seccomp away."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.cage import Cage

ROOT = Path(__file__).parents[3]
WITHOUT_LANDLOCK = """
import errno
from filemill.processing.cage import kernel, seccomp
kernel.forbid_new_privileges()
rule = seccomp.Rule(call="landlock_create_ruleset", action=seccomp.refuse(errno.ENOSYS))
seccomp.install((rule,), default=seccomp.ALLOW)
"""
WITHOUT_SECCOMP = """
import errno
from filemill.processing.cage import kernel, seccomp
kernel.forbid_new_privileges()
set_seccomp = seccomp.Argument(index=0, values=(kernel.PR_SET_SECCOMP,))
rule = seccomp.Rule(
    call="prctl", action=seccomp.refuse(errno.EINVAL), argument=set_seccomp, otherwise=seccomp.ALLOW
)
seccomp.install((rule,), default=seccomp.ALLOW)
"""
WITHOUT_NAMESPACES = """
import errno
from filemill.processing.cage import kernel, seccomp
kernel.forbid_new_privileges()
seccomp.install((seccomp.Rule(call="unshare", action=seccomp.refuse(errno.EPERM)),), default=seccomp.ALLOW)
"""
TRY = """
import json
from filemill.processing.cage import Cage, selftest
from filemill.processing.errors import SystemFault
try:
    with Cage(mode=MODE, libraries=(), packages=()) as cage:
        told = {
            "missing": cage.layers().missing(),
            "escaped": [f"{found.who}: {found.attempt}" for found in selftest.run(cage) if not found.is_refused],
        }
except SystemFault as error:
    told = {"refused": error.message}
print(json.dumps(told))
"""


def try_cage(without: str, mode: str) -> dict[str, Any]:
    program = f"{without}\nMODE = {mode!r}\n{TRY}"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize(("without", "name"), [(WITHOUT_LANDLOCK, "landlock"), (WITHOUT_SECCOMP, "seccomp")])
def test_a_strict_cage_stays_shut_and_names_the_layer(without: str, name: str) -> None:
    told = try_cage(without, "strict")
    assert f"lacks {name}: this kernel does not offer it" in told["refused"]


def test_without_landlock_the_canaries_of_tools_get_through_and_it_is_told(cage: Cage) -> None:
    told = try_cage(WITHOUT_LANDLOCK, "auto")
    assert set(told["missing"]) - set(cage.layers().missing()) == {"landlock"}
    assert {"tool: read a file", "tool with a workspace: read a file", "tool: execute"} & set(told["escaped"])
    assert not any(escaped.startswith("sealed child") for escaped in told["escaped"])


def test_without_seccomp_what_it_alone_refuses_gets_through_and_it_is_told(cage: Cage) -> None:
    told = try_cage(WITHOUT_SECCOMP, "auto")
    assert set(told["missing"]) - set(cage.layers().missing()) == {"seccomp"}
    assert {"sealed child: open a UDP socket", "tool: open a UDP socket"} <= set(told["escaped"])
    assert "tool: read a file" not in told["escaped"]
    assert "tool: connect to a port" not in told["escaped"]


def test_without_namespaces_a_strict_cage_opens_and_holds_all_the_same() -> None:
    told = try_cage(WITHOUT_NAMESPACES, "strict")
    assert "it may not be used here" in told["missing"]["namespaces"]
    assert told["escaped"] == []
