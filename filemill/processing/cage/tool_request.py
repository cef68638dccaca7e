"""What the zygote is asked for to execute a tool."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from filemill.processing.bench import Limits
from filemill.processing.cage.tools import Command, Tool
from filemill.processing.cage.workspace import HOME, TEMPORARY

_ENVIRONMENT: Final = {"LANG": "C.UTF-8", "TZ": "UTC", "MALLOC_ARENA_MAX": "2"}
# A tool's user may be unable to pass the directories above its workspace; this leads there all the same.
_WORKSPACE_ENVIRONMENT: Final = {
    "HOME": f"/proc/self/cwd/{HOME}",
    "TMPDIR": f"/proc/self/cwd/{TEMPORARY}",
}


def describe_execution(
    tool: Tool, command: Command, arguments: Sequence[str], *, limits: Limits, has_workspace: bool
) -> Mapping[str, Any]:
    """Return the request; the descriptors that go with it end with the workspace, if there is one."""
    of_workspace = _WORKSPACE_ENVIRONMENT if has_workspace else {}
    return {
        "argv": [*command.argv, *arguments],
        "runs": command.runs,
        "reads": command.reads,
        "uses": command.uses,
        "may_fork": tool.may_fork,
        "may_use_unix_sockets": tool.may_use_unix_sockets,
        "has_workspace": has_workspace,
        "environment": {**_ENVIRONMENT, **of_workspace, **tool.environment},
        "limits": asdict(limits),
    }
