"""A page that is drawn for ever takes the time of one page, not of a document of thousands; a drawing takes its own."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from filemill.processing.operations import OPERATIONS
from tests.hostile.corpus.drawings import endless_drawing
from tests.hostile.corpus.pdfs import tile_page
from tests.hostile.trial import Trials


@pytest.mark.parametrize("name", ["document.read", "document.render"])
def test_a_page_that_is_drawn_for_ever_ends_by_the_time_of_one_page(name: str, trials: Trials, inbox: Path) -> None:
    path = inbox / "endless.pdf"
    path.write_bytes(tile_page(b"0.00001"))
    operation = OPERATIONS[name]
    assert operation.limits.silent_cpu_seconds is not None
    hurried = replace(operation, limits=replace(operation.limits, silent_cpu_seconds=0.5))

    began = time.process_time()
    ended = trials.run(path, "document", operation=hurried)
    assert (ended.how, ended.code, ended.left) == ("failed", "time_limit", ())
    assert 0.5 <= float(ended.evidence["cpu_seconds"]) < 3.0
    assert time.process_time() - began < 1.0  # the worker itself only waits


@pytest.mark.usefixtures("svg_is_read")
def test_a_drawing_that_is_drawn_for_ever_ends_by_its_time(trials: Trials, inbox: Path) -> None:
    path = inbox / "endless.svg"
    path.write_bytes(endless_drawing(3000))
    operation = OPERATIONS["image.transform"]
    hurried = replace(operation, limits=replace(operation.limits, cpu_seconds=1))

    ended = trials.run(path, "image", operation=hurried)
    assert (ended.how, ended.code, ended.left) == ("failed", "time_limit", ())
