"""Each hostile file comes to an end that was foreseen, and nothing else happens."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from filemill.processing.operations import OPERATIONS
from tests.hostile import seeds
from tests.hostile.corpus import list_all
from tests.hostile.hostile import Hostile
from tests.hostile.staging import Stage, shows_canary
from tests.hostile.trial import Ended, Trials

CORPUS = list_all()


def name_of(hostile: Hostile) -> str:
    return hostile.name.encode("ascii", "replace").decode()


@pytest.mark.parametrize("hostile", CORPUS, ids=name_of)
def test_a_hostile_file_ends_as_it_must_and_harms_nothing(
    hostile: Hostile, trials: Trials, stage: Stage, inbox: Path, allow_svg: Callable[[], None]
) -> None:
    if hostile.reads_svg:
        allow_svg()
    operation = OPERATIONS[hostile.operation] if hostile.operation else None
    ended = trials.run(hostile.make(inbox, stage), hostile.task_type, hostile.options, operation=operation)

    assert hostile.outcome.allows(ended.how, ended.code), (ended.how, ended.code, ended.message, dict(ended.evidence))
    assert ended.seconds < hostile.within_seconds
    assert ended.left == ()
    assert [output.name for output in ended.outputs if shows_canary(output.path)] == []
    assert stage.asked == []
    assert is_a_neighbour_served(trials, inbox)


def is_a_neighbour_served(trials: Trials, inbox: Path) -> bool:
    path = inbox / "neighbour.txt"
    path.write_bytes(seeds.seed("txt"))
    return trials.run(path, "document").how == "completed"


@pytest.mark.usefixtures("svg_is_read")
@pytest.mark.parametrize("name", seeds.NAMES)
def test_the_good_file_behind_each_spoilt_one_is_good(name: str, trials: Trials, inbox: Path) -> None:
    path = inbox / f"good.{name}"
    path.write_bytes(seeds.seed(name))
    ended: Ended = trials.run(path, seeds.task_type_of(name), operation=OPERATIONS[seeds.operation_of(name)])

    assert (ended.how, ended.message) == ("completed", "")
    assert ended.outputs or ended.result


def test_names_of_255_bytes_are_as_long_as_a_file_system_takes() -> None:
    lengths = {hostile.name: len(os.fsencode(hostile.file_name)) for hostile in CORPUS if "255 bytes" in hostile.name}

    assert set(lengths.values()) == {255}, lengths
    assert len(lengths) == 2


def test_every_hostile_file_has_a_name_of_its_own() -> None:
    names = [hostile.name for hostile in CORPUS]

    assert sorted(set(names)) == sorted(names)


def test_an_output_is_called_after_its_file_by_letters_that_every_system_can_keep(
    trials: Trials, stage: Stage, inbox: Path
) -> None:
    for hostile in (hostile for hostile in CORPUS if hostile.name.startswith("names: ")):
        for output in trials.run(hostile.make(inbox, stage), hostile.task_type).outputs:
            stem, _, ending = output.name.rpartition(".")
            assert ending == "jpg"
            assert all(character.isalnum() or character in "_-." for character in stem), output.name
            assert not stem.startswith((".", "-"))
            assert len(os.fsencode(output.name)) <= 200
