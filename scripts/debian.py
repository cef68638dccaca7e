"""Installing Debian's packages, where this user may."""

from __future__ import annotations

import os
import shutil
import subprocess


def install_packages(names: list[str]) -> bool:
    """Install packages as root or by passwordless sudo; False where that is not allowed or did not work."""
    prefix = find_privilege()
    if prefix is None:
        return False
    install = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *names]
    # A fresh container has no lists yet; where they are there, the first try saves the time of fetching them.
    return run_quietly(install) or (run_quietly([*prefix, "apt-get", "update", "-qq"]) and run_quietly(install))


def find_privilege() -> list[str] | None:
    """The words before `apt-get` that make it work, or None when nothing does."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and run_quietly(["sudo", "-n", "true"]):
        return ["sudo", "-n"]
    return None


def run_quietly(argv: list[str]) -> bool:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        argv, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0
