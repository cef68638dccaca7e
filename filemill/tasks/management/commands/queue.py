"""`manage.py queue pause NAME`, `queue resume NAME` and `queue list`: the queues from a shell."""

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from filemill.tasks import queues


class Command(BaseCommand):
    help = "Pauses and resumes queues: nothing is sent or begun out of a paused one, tasks go on being created."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="say which queues are paused")
        for name, told in (("pause", "let nothing out of a queue"), ("resume", "let it go on")):
            action = actions.add_parser(name, help=told)
            action.add_argument("queue", choices=queues.QUEUES)
            if name == "pause":
                action.add_argument("--reason", default="", help="shown to those whose tasks wait")

    def handle(self, *_: Any, **given: Any) -> None:
        """Do what was asked and say how the queues stand."""
        if given["action"] == "pause":
            queues.pause(given["queue"], by=getpass.getuser(), reason=given["reason"][:500])
        elif given["action"] == "resume":
            queues.resume(given["queue"])
        found = queues.pauses()
        for name in queues.QUEUES:
            pause = found.get(name)
            told = f"paused by {pause.paused_by} since {pause.since:%Y-%m-%d %H:%M:%S} UTC" if pause else "running"
            why = f": {pause.reason}" if pause and pause.reason else ""
            self.stdout.write(f"{name:12} {told}{why}")
