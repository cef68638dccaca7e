"""Tools that are started ahead: a process that has loaded all it needs waits, with a workspace, for one document.

It is used for that one and ends with it, as one that was started for it would: no process ever sees two documents.
"""

import json
import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from filemill.processing.bench import Limits
from filemill.processing.cage import tools
from filemill.processing.cage.children import Children, Zygotes
from filemill.processing.cage.process import ConfinedProcess
from filemill.processing.cage.tool_request import describe_execution
from filemill.processing.cage.workspace import make_directory, remove_directory
from filemill.processing.errors import ProcessingError

logger: Final = logging.getLogger(__name__)


class Waiting:
    """A tool's process that waits in a workspace to be told its arguments, once."""

    def __init__(self, children: Children, tool: tools.Tool, limits: Limits) -> None:
        """Start it. Raises `ProcessingError` or `OSError`."""
        self.tool = tool.name
        self.limits = limits
        self.is_told = False
        command = tools.find_command(tool)
        request = describe_execution(tool, command, tool.waiting_arguments, limits=limits, has_workspace=True)
        with ExitStack() as undo, ExitStack() as theirs:
            place = Path(tempfile.mkdtemp(prefix="filemill-ahead-"))
            undo.callback(shutil.rmtree, place)
            self.path = place / "workspace"
            self.descriptor = make_directory(self.path, uid=children.find_uid())
            undo.callback(remove_directory, self.path, self.descriptor)
            hearing, self._commands = os.pipe()
            undo.callback(os.close, self._commands)
            theirs.callback(os.close, hearing)
            self.lines, telling = os.pipe()
            undo.callback(os.close, self.lines)
            theirs.callback(os.close, telling)
            os.set_blocking(self.lines, False)
            self.process: ConfinedProcess = children.start_tool(request, [hearing, telling, self.descriptor])
            self._opened = undo.pop_all()

    def suits(self, tool: str, limits: Limits) -> bool:
        """Tell whether it can do this work: it has the same limits, and it still lives."""
        return not self.is_told and (self.tool, self.limits) == (tool, limits) and not self.process.has_ended()

    def tell(self, arguments: Sequence[str]) -> None:
        """Tell it what to do, once. When it has died meanwhile, its end says so."""
        self.is_told = True
        line = json.dumps(list(arguments)).encode() + b"\n"
        try:
            os.write(self._commands, line)
        except BrokenPipeError:
            return

    def close(self) -> None:
        """End it, and remove all that it had. Raises `OSError`."""
        self.process.end()
        self._opened.close()


class Ahead:
    """The one process of a cage that waits, if any."""

    def __init__(self, zygotes: Zygotes) -> None:
        self._children = Children(zygotes)
        self._waiting: Waiting | None = None

    def take(self, tool: str, limits: Limits) -> Waiting | None:
        """Hand over the process that waits, if it suits; it is the caller's to close."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.suits(tool, limits):
            waiting.close()
            return None
        return waiting

    def prepare(self, tool: str, limits: Limits) -> None:
        """Start the process for the next document. Where it can't be, the next one is started in the usual way."""
        if self._waiting is not None:
            return
        try:
            self._waiting = Waiting(self._children, tools.TOOLS[tool], limits)
        except (ProcessingError, OSError) as error:
            logger.warning("%s can't be started ahead: %s", tool, error)

    def close(self) -> None:
        """End the process that waits."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.close()
