"""Hostile files by every operation that takes them, a few for each: what one reader survives, another may not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from filemill.processing.media import HEAD_BYTES, sniff
from filemill.processing.operations import DEFAULTS, OPERATIONS
from tests.hostile.corpus import list_all
from tests.hostile.fuzz.mutants import SLOW_TOOLS, list_options
from tests.hostile.hostile import Hostile
from tests.hostile.staging import Stage, shows_canary
from tests.hostile.trial import Trials

FILES: Final = 6
"""For each operation; `make fuzz` has thousands."""
FILES_OF_SLOW_TOOLS: Final = 2
OURS: Final = frozenset(("internal_error", "cage_crashed", "tool_missing", "storage_error", "disk_full"))
"""Codes that blame Filemill or its machine."""
OTHERS: Final = sorted(OPERATIONS.keys() - DEFAULTS.values())

PATIENCE_SECONDS: Final = 150.0
"""A few kilobytes may be a film of four silent hours, and to join those is honest work of most of a minute."""

pytestmark = pytest.mark.timeout(480)


@pytest.fixture(scope="module")
def by_media_type(stage: Stage) -> dict[str, list[Hostile]]:
    """The corpus, by what the door takes each file for."""
    found: dict[str, list[Hostile]] = {}
    for hostile in list_all():
        media_type = sniff(hostile.content(stage)[:HEAD_BYTES], hostile.file_name)
        if media_type is not None and not hostile.name.startswith("names: "):
            found.setdefault(media_type, []).append(hostile)
    return found


def choose(operation: str, by_media_type: dict[str, list[Hostile]]) -> Iterator[Hostile]:
    """Choose files of all the types that an operation takes, each type in turn."""
    taken = [by_media_type[kind] for kind in sorted(OPERATIONS[operation].media_types) if kind in by_media_type]
    start = OTHERS.index(operation)
    taken = [*taken[start % len(taken) :], *taken[: start % len(taken)]]
    is_slow = not SLOW_TOOLS.isdisjoint(OPERATIONS[operation].tools)
    for number in range(FILES_OF_SLOW_TOOLS if is_slow else FILES):
        files = taken[number % len(taken)]
        yield files[(start + 7 * number) % len(files)]


def test_a_picture_longer_than_any_output_is_refused_by_join(trials: Trials, inbox: Path) -> None:
    path = inbox / "long.png"
    Image.new("L", (4, 16_448)).save(path)
    ended = trials.run(path, "image", {"gap": 10}, operation=OPERATIONS["image.join"])
    assert (ended.how, ended.code) == ("failed", "invalid_options"), ended.message


@pytest.mark.usefixtures("svg_is_read")
@pytest.mark.parametrize("operation", OTHERS)
def test_hostile_files_end_as_files_by_every_operation(
    operation: str,
    trials: Trials,
    stage: Stage,
    inbox: Path,
    by_media_type: dict[str, list[Hostile]],
) -> None:
    trials.patience_seconds = PATIENCE_SECONDS
    for number, hostile in enumerate(choose(operation, by_media_type)):
        options = list_options(operation)[number % len(list_options(operation))]
        path = hostile.make(inbox, stage)
        ended = trials.run(path, OPERATIONS[operation].task_type, options, operation=OPERATIONS[operation])
        told = (hostile.name, options, ended.how, ended.code, ended.message, dict(ended.evidence))
        assert ended.how in ("refused", "failed", "completed"), told
        assert ended.code not in OURS, told
        assert ended.left == (), told
        assert [output.name for output in ended.outputs if shows_canary(output.path)] == [], told
        assert stage.asked == [], told
