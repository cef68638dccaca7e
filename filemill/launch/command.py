"""The `filemill` command: `up` starts the service, `doctor` examines the machine."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from filemill.launch import doctor
from filemill.launch.environment import read_environment
from filemill.launch.errors import LaunchError
from filemill.launch.processes import end_with_parent
from filemill.launch.service import Service
from filemill.launch.terminal import Terminal

EXIT_REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code: 0 done, 1 something is missing (doctor), 2 refused with a sentence."""
    parser = _build_parser()
    chosen = parser.parse_args(arguments)
    try:
        environment = read_environment(os.environ, directory=Path.cwd())
        if chosen.command == "doctor":
            return doctor.run(environment, sys.stdout)
        if chosen.end_with_parent:
            end_with_parent()
        Service(environment, Terminal()).run()
    except LaunchError as error:
        sys.stderr.write(f"filemill: {error}\n")
        return EXIT_REFUSED
    except KeyboardInterrupt:
        return 130
    return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="filemill", description="Files in, processed files out.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    up = commands.add_parser(
        "up",
        help="start the whole service and stay in the foreground",
        description="Start the whole service: database, queue, web, worker and beat. PORT, FILEMILL_BIND and "
        "FILEMILL_HOME (also in .env) say where; Ctrl-C stops it.",
    )
    up.add_argument(
        "--end-with-parent",
        action="store_true",
        help="stop cleanly when the process that started this one is gone, as `make run` wants it",
    )
    commands.add_parser(
        "doctor",
        help="say what this installation has, lacks and how to mend it",
        description="Examine the machine and the installation. Exit code 1 when something needed is missing.",
    )
    return parser
