"""Calls of sealed functions: facts, outputs and progress come back, and nothing else does."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.bench import Output
from filemill.processing.cage import SliceBench
from filemill.processing.errors import InputError, LimitError, SystemFault
from tests.integration.cage import sealed_functions as sealed
from tests.integration.cage.conftest import LIMITS, TEXT, OpenBench


def test_a_call_returns_the_facts_of_its_function(bench: SliceBench) -> None:
    facts = bench.call(sealed.measure)
    assert facts["size"] == len(TEXT)
    assert facts["begin"] == TEXT.decode()
    assert facts["pid"] != os.getpid()


def test_arguments_reach_the_function_as_they_are(bench: SliceBench) -> None:
    arguments = {"size": [1920, 1080], "name": "Mühle", "deep": {"null": None, "half": 0.5}}
    assert bench.call(sealed.greet, arguments) == {"arguments": arguments}


def test_an_output_lies_in_scratch_with_its_facts(bench: SliceBench, scratch: Path) -> None:
    bench.call(sealed.shout)
    (output,) = bench.outputs
    assert output == Output(
        name="loud.txt", media_type="text/plain", path=scratch / "loud.txt", facts={"letters": len(TEXT)}
    )
    assert output.path.read_bytes() == TEXT.upper()
    assert output.path.stat().st_mode & 0o777 == 0o600


def test_progress_arrives_scaled_to_its_share(open_bench: OpenBench) -> None:
    told: list[tuple[float, str]] = []
    with open_bench(on_progress=lambda percent, message: told.append((percent, message))) as bench:
        bench.call(sealed.shout, share=(20.0, 60.0))
    assert told == [(40.0, "half"), (60.0, "whole")]


def test_progress_in_a_hurry_is_told_of_its_first_and_last_step_and_of_few_between(open_bench: OpenBench) -> None:
    told: list[str] = []
    with open_bench(on_progress=lambda _percent, message: told.append(message)) as bench:
        bench.call(sealed.hurry)
    assert (told[0], told[-1]) == ("step 1", "step 1000")
    assert len(told) < 100


def test_an_output_can_be_the_source_of_the_next_call(bench: SliceBench) -> None:
    bench.call(sealed.shout)
    assert bench.call(sealed.measure, source=bench.outputs[0])["begin"] == TEXT.decode().upper()


def test_every_call_finds_its_input_at_the_beginning(bench: SliceBench) -> None:
    first = bench.call(sealed.seek_to_end)
    second = bench.call(sealed.measure)
    assert second["pid"] == first["pid"]
    assert second["begin"] == TEXT.decode()


def test_facts_may_be_larger_than_a_packet(bench: SliceBench) -> None:
    assert len(bench.call(sealed.tell_much, {"characters": 3_000_000})["text"]) == 3_000_000


def test_facts_beyond_the_bound_are_a_fault_of_filemill(bench: SliceBench) -> None:
    with pytest.raises(SystemFault) as caught:
        bench.call(sealed.tell_much, {"characters": 5_000_000})
    assert caught.value.code == "internal_error"


def test_a_refusal_travels_with_all_it_says_and_leaves_no_output(bench: SliceBench, scratch: Path) -> None:
    with pytest.raises(InputError) as caught:
        bench.call(sealed.refuse)
    assert (caught.value.code, caught.value.message) == ("corrupt_file", "The file is cut short.")
    assert not caught.value.is_passing
    assert caught.value.evidence["at"] == "12"
    assert bench.outputs == []
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("function", [sealed.stumble, sealed.return_nonsense])
def test_a_mistake_in_a_sealed_function_is_a_fault_of_filemill(bench: SliceBench, function: sealed.Sealed) -> None:
    with pytest.raises(SystemFault) as caught:
        bench.call(function)
    assert caught.value.code == "internal_error"
    assert function.__name__ in str(caught.value.evidence["traceback"]) or "JSON" in str(
        caught.value.evidence["traceback"]
    )


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("../out.txt", "text/plain"),
        ("/tmp/out.txt", "text/plain"),
        (".hidden", "text/plain"),
        ("", "text/plain"),
        ("a" * 201, "text/plain"),
        ("new\nline", "text/plain"),
        ("page.html", "text/html"),
        ("a.svg", "image/svg+xml"),
    ],
)
def test_an_output_of_a_forbidden_name_or_type_is_not_made(
    bench: SliceBench, scratch: Path, name: str, media_type: str
) -> None:
    with pytest.raises(SystemFault) as caught:
        bench.call(sealed.make_output, {"name": name, "media_type": media_type})
    assert "ValueError" in str(caught.value.evidence["traceback"])
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("lacks_blanks", [False, True])
def test_outputs_come_in_the_order_of_their_making(
    bench: SliceBench, monkeypatch: pytest.MonkeyPatch, lacks_blanks: bool
) -> None:
    if lacks_blanks:
        monkeypatch.setattr(os, "O_TMPFILE", -1)  # As where a file system knows no file without a name.
        monkeypatch.setattr(os, "open", refuse_nameless(os.open))
    bench.call(sealed.make_outputs, {"count": 3})
    assert [output.name for output in bench.outputs] == ["0.txt", "1.txt", "2.txt"]


def refuse_nameless(open_file: Callable[..., int]) -> Callable[..., int]:
    def open_or_refuse(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags < 0:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return open_file(path, flags, *more, **named)

    return open_or_refuse


def test_a_thousand_outputs_are_made_and_not_one_more(bench: SliceBench, scratch: Path) -> None:
    bench.call(sealed.make_outputs, {"count": 1000})
    assert len(bench.outputs) == 1000
    with pytest.raises(SystemFault):
        bench.call(sealed.make_output, {"name": "one-more.txt", "media_type": "text/plain"})
    assert len(list(scratch.iterdir())) == 1000


def test_a_discarded_output_is_gone_from_the_list_and_the_disk(bench: SliceBench) -> None:
    output = bench.create_output("poster.jpg", "image/jpeg")
    assert output.path.exists()
    bench.discard(output)
    assert bench.outputs == []
    assert not output.path.exists()


def test_the_usage_tells_memory_and_cpu(bench: SliceBench) -> None:
    bench.call(sealed.measure)
    assert 1024**2 < bench.usage["peak_memory_bytes"] < LIMITS.memory_bytes
    assert 0 < bench.usage["cpu_seconds"] < 5


def test_standard_error_is_kept_to_its_last_lines(bench: SliceBench) -> None:
    bench.call(sealed.chatter)
    with pytest.raises(SystemFault) as caught:
        bench.call(sealed.stumble)
    tail = str(caught.value.evidence["stderr_tail"])
    assert tail.endswith("line 19999\n")
    assert len(tail) <= 8 * 1024


def test_a_function_that_the_zygote_does_not_load_is_refused_by_name(bench: SliceBench) -> None:
    with pytest.raises(ValueError, match=r"os\.path|posixpath"):
        bench.call(os.path.join)  # type: ignore[arg-type]


def test_codecs_work_under_the_seal(bench: SliceBench) -> None:
    names = ["utf-16-le", "utf-16", "utf-32-be", "cp1252", "latin-1", "cp1251", "koi8-r", "shift_jis", "gb18030"]
    assert set(bench.call(sealed.decode, {"names": names})) == set(names)


def test_a_limit_given_with_the_call_replaces_the_bench_s(bench: SliceBench) -> None:
    small = type(LIMITS)(memory_bytes=LIMITS.memory_bytes, output_bytes=64 * 1024, wall_seconds=5.0)
    with pytest.raises(LimitError) as caught:
        bench.call(sealed.write_much, limits=small)
    assert caught.value.code == "output_limit"


def test_two_hundred_calls_leak_no_descriptor(bench: SliceBench) -> None:
    for _ in range(2):  # With the second call what /proc tells of the child is opened, and kept.
        bench.call(sealed.shout)
        bench.discard(bench.outputs[0])
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(200):
        bench.call(sealed.shout)
        bench.discard(bench.outputs[0])
    assert len(os.listdir("/proc/self/fd")) == before
