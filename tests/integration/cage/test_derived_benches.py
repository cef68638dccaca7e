"""Derived benches and further inputs: pipelines of steps, and work on several files."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from filemill.processing.bench import Input
from filemill.processing.cage import SliceBench
from filemill.processing.errors import Cancelled
from tests.integration.cage import sealed_functions as sealed
from tests.integration.cage.conftest import LIMITS, TEXT, OpenBench


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Input]:
    path = tmp_path / "second.txt"
    path.write_text("and turns")
    descriptor = os.open(path, os.O_RDONLY)
    yield Input(name="second.txt", media_type="text/plain", size=9, fd=descriptor)
    os.close(descriptor)


def test_a_bench_knows_the_other_inputs_of_its_task(open_bench: OpenBench, second: Input) -> None:
    with open_bench(inputs=[second]) as bench:
        assert list(bench.inputs) == [second]
        assert list(bench.derive(None).inputs) == [second]


def test_a_sealed_function_reads_further_inputs_from_their_beginning(bench: SliceBench, second: Input) -> None:
    os.lseek(second.fd, 5, os.SEEK_SET)
    made = bench.create_output("made.txt", "text/plain")
    made.path.write_text("made before")
    facts = bench.call(sealed.join, inputs=[second, made])
    assert facts == {"texts": [TEXT.decode(), "and turns", "made before"], "sizes": [len(TEXT), 9, 11]}


def test_a_tool_finds_further_inputs_after_its_outputs(bench: SliceBench, second: Input) -> None:
    output = bench.create_output("copy.txt", "text/plain")
    copy = [*("-nostdin", "-v", "error", "-f", "data", "-fd", "6", "-i", "fd:", "-map", "0", "-c", "copy")]
    ended = bench.run_tool("ffmpeg", [*copy, "-f", "data", "-fd", "5", "fd:"], outputs=[output], inputs=[second])
    assert (ended.returncode, ended.stderr_tail) == (0, "")
    assert output.path.read_text() == "and turns"


def test_an_output_becomes_the_input_of_a_derived_bench(bench: SliceBench) -> None:
    bench.call(sealed.shout)
    (loud,) = bench.outputs
    derived = bench.derive(loud)
    assert (derived.media_type, derived.file_name, derived.source_size) == ("text/plain", "loud.txt", len(TEXT))
    assert derived.call(sealed.measure)["begin"] == TEXT.decode().upper()
    derived.create_output("more.txt", "text/plain")
    assert [output.name for output in bench.outputs] == ["loud.txt", "more.txt"]
    assert derived.usage == bench.usage


def test_the_same_input_can_be_derived_under_another_name(bench: SliceBench) -> None:
    derived = bench.derive(None, file_name="other.txt")
    assert (derived.file_name, bench.file_name) == ("other.txt", "source.txt")
    assert derived.call(sealed.measure)["begin"] == TEXT.decode()


def test_a_derived_bench_has_limits_of_its_own(bench: SliceBench) -> None:
    derived = bench.derive(None, limits=replace(LIMITS, processes=1))
    assert derived.call(sealed.measure)["size"] == len(TEXT)


def test_progress_of_a_derived_bench_covers_its_share(open_bench: OpenBench) -> None:
    told: list[float] = []
    with open_bench(on_progress=lambda percent, _message: told.append(percent)) as bench:
        half = bench.derive(None, share=(50.0, 100.0))
        half.progress(50)
        half.derive(None, share=(0.0, 50.0)).call(sealed.shout, share=(0.0, 100.0))
    assert told == [75.0, 62.5, 75.0]


def test_a_kill_reaches_derived_benches(bench: SliceBench) -> None:
    derived = bench.derive(None)
    bench.kill()
    with pytest.raises(Cancelled):
        derived.call(sealed.measure)


def test_benches_derived_from_one_may_call_their_outputs_alike(bench: SliceBench) -> None:
    first, second = bench.derive(None), bench.derive(None)
    one, two = (each.create_output("made.txt", "text/plain") for each in (first, second))
    one.path.write_text("one")
    two.path.write_text("two")
    assert ([*first.outputs], [*second.outputs], bench.outputs) == ([one], [two], [one, two])
    bench.discard(one)
    assert ([*first.outputs], bench.outputs) == ([], [two])


def test_a_derived_bench_takes_outputs_and_its_own_input_as_further_inputs(bench: SliceBench) -> None:
    made = bench.create_output("made.txt", "text/plain")
    made.path.write_text("made before")
    derived = bench.derive(made, inputs=[None, made])
    assert [given.name for given in derived.inputs] == ["source.txt", "made.txt"]
    texts = derived.call(sealed.join, inputs=derived.inputs)["texts"]
    assert texts == ["made before", TEXT.decode(), "made before"]


def test_a_derived_bench_that_kept_nothing_leaves_no_directory(open_bench: OpenBench) -> None:
    with open_bench() as bench:
        inner = bench.derive(None).derive(None)
        inner.discard(inner.create_output("dropped.txt", "text/plain"))
        kept = bench.derive(None).create_output("kept.txt", "text/plain")
        scratch = kept.path.parent.parent
    assert [entry.name for entry in scratch.iterdir()] == [kept.path.parent.name]
