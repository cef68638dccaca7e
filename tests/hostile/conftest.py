"""A stage, a cage and a way to hand in; and a watch over what no file may do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from filemill.files.sources import Source
from filemill.processing.cage import Cage
from filemill.processing.input_limits import InputLimits
from filemill.tasks import intake
from filemill.tasks.refusals import Refused
from tests.hostile.staging import CanaryServer, Stage
from tests.hostile.trial import Trials


@pytest.fixture(scope="session")
def canary_server() -> Iterator[CanaryServer]:
    server = CanaryServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, canary_server: CanaryServer) -> Stage:
    return Stage(tmp_path_factory.mktemp("stage"), canary_server)


@pytest.fixture(scope="session")
def cage() -> Iterator[Cage]:
    with Cage() as cage:
        cage.zygote()
        cage.tool_zygote()
        yield cage


@pytest.fixture
def inbox(tmp_path: Path, settings: object) -> Path:
    """A root from which files are handed in."""
    directory = tmp_path / "inbox"
    directory.mkdir()
    settings.FILEMILL_ROOTS = [directory]  # type: ignore[attr-defined]
    return directory


@pytest.fixture
def trials(cage: Cage, tmp_path: Path, inbox: Path) -> Trials:
    """Hand in as a client does, and work as a worker does."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Trials(cage, scratch, door=knock_at_intake)


@pytest.fixture
def allow_svg(trials: Trials, settings: object) -> Callable[[], None]:
    """Make the installation one that reads SVG, for the rest of a test."""

    def allow() -> None:
        trials.input_limits = settings.FILEMILL_INPUT_LIMITS = InputLimits(reads_svg=True)  # type: ignore[attr-defined]

    return allow


@pytest.fixture
def svg_is_read(allow_svg: Callable[[], None]) -> None:
    """The installation reads SVG all through a test."""
    allow_svg()


def knock_at_intake(path: Path, task_type: str) -> str | None:
    """Go through the service's own door; give the code of its refusal."""
    try:
        intake.examine(Source.from_path(str(path)), task_type=task_type, field="file_path")
    except Refused as refused:
        return refused.problems[0].code
    return None
