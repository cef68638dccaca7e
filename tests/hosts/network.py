"""Hosts of a test's own on this machine: network namespaces, and links between them that can be spoilt."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from filemill.launch.processes import spawn
from tests.hosts.switch import PERFECT, Quality

SWITCH = Path(__file__).parent / "switch.py"
SUBNET = "10.77.0"
"""Nobody outside can see or be reached by it: the namespaces have no way out."""

CUT = Quality(is_cut=True)


class NoNetwork(Exception):
    """Network namespaces or TUN devices are not allowed here; the text is the system's."""


class Network:
    """Some hosts by name, each with an address; `enter` says how to run a program on one of them.

    Nothing of it has a name in the system, and all of it dies with this process, however that ends.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self.addresses = {host: f"{SUBNET}.{number}" for number, host in enumerate(hosts, start=1)}
        orders, self._orders = os.pipe()
        answers, answered = os.pipe()
        argv = [*_as_owner(), sys.executable, "-I", str(SWITCH), str(orders), str(answered), *self.addresses.values()]
        self._process = spawn(argv, death_signal=signal.SIGKILL, output=subprocess.PIPE, pass_fds=[orders, answered])
        os.close(orders)
        os.close(answered)
        self._answers = os.fdopen(answers)
        line = self._answers.readline()
        if not line:
            said = self._process.communicate()[0].decode(errors="replace").strip()
            self.close()
            raise NoNetwork(said.rpartition("\n")[2])
        self._namespaces: dict[str, int] = json.loads(line)

    @property
    def pid(self) -> int:
        return self._process.pid

    def enter(self, host: str, argv: Sequence[str]) -> list[str]:
        """Return the words that run `argv` on a host; it dies with whoever starts it by `spawn`."""
        process = Path(f"/proc/{self.pid}")
        words = ["nsenter", f"--net={process}/fd/{self._namespaces[self.addresses[host]]}"]
        if os.geteuid() != 0:
            words += [f"--user={process}/ns/user", "--preserve-credentials"]
        # The kernel forgets the death signal when a process enters another user namespace.
        return [*words, "setpriv", "--pdeathsig", "KILL", *argv]

    def set_link(self, one: str, other: str, quality: Quality) -> None:
        """Change the link between two hosts; it is so when this returns."""
        between = [self.addresses[one], self.addresses[other]]
        os.write(self._orders, json.dumps({"between": between, **asdict(quality)}).encode() + b"\n")
        answer = self._answers.readline()
        assert answer, "the switch has ended"

    def isolate(self, host: str, quality: Quality = CUT) -> None:
        """Change all links of a host."""
        for other in self.addresses:
            if other != host:
                self.set_link(host, other, quality)

    def spoil(self, quality: Quality) -> None:
        """Change every link."""
        for one, other in itertools.combinations(self.addresses, 2):
            self.set_link(one, other, quality)

    def heal(self) -> None:
        self.spoil(PERFECT)

    def close(self) -> None:
        os.close(self._orders)
        self._answers.close()
        self._process.kill()
        self._process.communicate()


def _as_owner() -> list[str]:
    """How an ordinary user gets namespaces: as the owner of a user namespace, where those are allowed."""
    return [] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--keep-caps"]


def why_not() -> str:
    """Return why there can be no hosts here; nothing when there can."""
    absent = [program for program in ("nsenter", "unshare", "setpriv") if shutil.which(program) is None]
    if absent:
        return f"{', '.join(absent)} of the package util-linux not found"
    try:
        network = Network(["probe"])
    except NoNetwork as error:
        return f"no network namespaces or TUN devices here ({error})"
    try:
        done = subprocess.run(network.enter("probe", ["true"]), capture_output=True, text=True, check=False)
    finally:
        network.close()
    return "" if done.returncode == 0 else f"a namespace can't be entered: {done.stderr.strip()}"
