"""Each limit on input: a file that reaches it is worked on, one that is a step beyond is refused by its own code."""

import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.input_limits import InputLimits
from filemill.processing.operations import OPERATIONS
from tests.hostile import seeds
from tests.hostile.corpus.archives import docx, zip_zeros
from tests.hostile.fuzz.mutants import find_operations, list_options
from tests.hostile.seeds import DOCX
from tests.hostile.trial import Ended, Trials


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file that asks for exactly `asked` of what a limit counts."""

    limit: str
    code: str
    asked: int
    file_name: str
    content: Callable[[], bytes]


def _seed(limit: str, code: str, asked: int, *names: str) -> list[Case]:
    return [
        Case(limit=limit, code=code, asked=asked, file_name=f"a.{name}", content=partial(seeds.seed, name))
        for name in names
    ]


def _nest() -> bytes:
    return json.dumps([[[[[{"a": {"b": [1]}}]]]]]).encode()


def _embed() -> bytes:
    return docx(word__embeddings__a_dot_docx=docx())


FILMS = ("mp4", "mov", "avi", "mkv", "webm")
SOUNDS = ("mp3", "aac", "m4a", "ogg", "flac", "wav")
CASES = [
    *_seed("max_pixels", "too_many_pixels", 96 * 64, "png", "jpeg", "gif", "webp", "bmp", "avif", "heic", *FILMS),
    *_seed("max_pixels", "too_many_pixels", 6 * 96 * 64, "animated.gif", "animated.webp"),
    *_seed("max_frames", "too_many_frames", 6, "animated.gif", "animated.webp"),
    *_seed("max_frames", "too_many_frames", 3, "tiff"),
    *_seed("max_pages", "too_many_pages", 2, "pdf"),
    *_seed("max_streams", "too_many_streams", 2, *FILMS),
    Case(limit="max_nesting", code="too_deeply_nested", asked=8, file_name="a.json", content=_nest),
    Case(limit="max_archive_depth", code="too_deeply_nested", asked=2, file_name="a.docx", content=_embed),
]


def name_of(case: Case) -> str:
    return f"{case.limit} {case.file_name}"


@pytest.fixture
def run(trials: Trials, inbox: Path) -> Iterator[Callable[[Case, int], Ended]]:
    def work(case: Case, allowed: int) -> Ended:
        path = inbox / case.file_name
        path.write_bytes(case.content())
        limited: dict[str, Any] = {case.limit: allowed}
        trials.input_limits = replace(InputLimits(), **limited)
        return trials.run(path, seeds.task_type_of(case.file_name.removeprefix("a.")))

    yield work
    trials.input_limits = InputLimits()


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_limit_lets_through_what_reaches_it_and_nothing_more(case: Case, run: Callable[[Case, int], Ended]) -> None:
    at_the_limit = run(case, case.asked)
    assert (at_the_limit.how, at_the_limit.message) == ("completed", "")

    beyond = run(case, case.asked - 1)
    assert (beyond.how, beyond.code) == ("failed", case.code), beyond.message
    assert f"{case.asked - 1:,}" in beyond.message or f"{case.asked:,}" in beyond.message, beyond.message


def test_a_film_may_last_as_long_as_allowed(run: Callable[[Case, int], Ended]) -> None:
    def make() -> bytes:
        return seeds.film("-c:v", "libx264", ending="mp4", source="testsrc2=size=64x64:rate=10:duration=2")

    case = Case(limit="max_duration_seconds", code="too_long", asked=2, file_name="a.mp4", content=make)
    assert run(case, 2).how == "completed"
    assert (run(case, 1).how, run(case, 1).code) == ("failed", "too_long")


def test_a_file_may_have_as_many_bytes_as_allowed(trials: Trials, inbox: Path, settings: Any) -> None:
    path = inbox / "a.txt"
    path.write_bytes(b"twelve bytes")
    settings.FILEMILL_INPUT_LIMITS = InputLimits(max_bytes=12)
    assert trials.run(path, "document").how == "completed"

    settings.FILEMILL_INPUT_LIMITS = InputLimits(max_bytes=11)
    assert (trials.run(path, "document").how, trials.run(path, "document").code) == ("refused", "too_many_bytes")


def pack_to_the_ratio(ratio: int, *, beyond: int, padding: int) -> bytes:
    """Put a docx together whose parts unpack to what a ratio allows and `beyond` bytes more.

    What lies in it unpacked counts on both sides. A file that is smaller than 64 KiB is measured as one of that size.
    """

    def pack(padding: int, zeros: int) -> bytes:
        unpacked = {**DOCX, "word/media/image1.bin": random.Random(5).randbytes(padding)}
        return zip_zeros({"word/media/image2.bin": zeros}, before=unpacked)

    zeros = 400_000
    for _ in range(20):
        packed = pack(padding, zeros)
        more = ratio * max(len(packed), 64 * 1024) + beyond - count_unpacked(packed)
        if more == 0:
            return packed
        zeros += more
    raise AssertionError(f"no docx of {padding} bytes and {zeros} zeros comes to the ratio {ratio}")


def count_unpacked(packed: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return sum(member.file_size for member in archive.infolist())


@pytest.mark.parametrize("padding", [0, 200_000], ids=["below 64 KiB", "above"])
def test_a_document_may_be_packed_as_tightly_as_allowed(trials: Trials, inbox: Path, padding: int) -> None:
    trials.input_limits = replace(InputLimits(), max_compression_ratio=3)
    ended = {}
    for beyond in (-1, 0, 1):
        path = inbox / f"packed{beyond}.docx"
        path.write_bytes(pack_to_the_ratio(3, beyond=beyond, padding=padding))
        ended[beyond] = trials.run(path, "document")
    trials.input_limits = InputLimits()

    assert [(ended[beyond].how, ended[beyond].message) for beyond in (-1, 0)] == [("completed", "")] * 2
    assert (ended[1].how, ended[1].code) == ("failed", "too_compressed")
    allowed = 3 * max((inbox / "packed1.docx").stat().st_size, 64 * 1024)
    assert f"to {allowed + 1:,} bytes or more; it may have {allowed:,}" in ended[1].message


def _pack_much() -> bytes:
    return zip_zeros({"word/a.xml": 1_000_000})


BEYOND = [
    *_seed("max_pixels", "too_many_pixels", 96 * 64, "png", "heic", "svg", "mp4"),
    *_seed("max_frames", "too_many_frames", 6, "animated.gif"),
    *_seed("max_frames", "too_many_frames", 3, "tiff"),
    *_seed("max_pages", "too_many_pages", 2, "pdf"),
    *_seed("max_streams", "too_many_streams", 2, "mp4", "mkv"),
    *_seed("max_duration_seconds", "too_long", 2, "mp4", *SOUNDS),
    Case(limit="max_nesting", code="too_deeply_nested", asked=8, file_name="a.json", content=_nest),
    Case(limit="max_archive_depth", code="too_deeply_nested", asked=2, file_name="a.docx", content=_embed),
    Case(limit="max_compression_ratio", code="too_compressed", asked=2, file_name="a.docx", content=_pack_much),
]
NOT_PARSED = {("a.json", "document.text")}
"""What an operation passes on as it is, it need not count; nor does one that works on sound count a film's pixels."""


def counts(operation: str, case: Case) -> bool:
    if case.limit == "max_pixels" and operation.startswith("audio."):
        return False
    return (case.file_name, operation) not in NOT_PARSED


@pytest.mark.usefixtures("svg_is_read")
@pytest.mark.parametrize("case", BEYOND, ids=name_of)
def test_no_operation_works_on_what_is_beyond_a_limit(case: Case, trials: Trials, inbox: Path) -> None:
    path = inbox / case.file_name
    path.write_bytes(case.content())
    limited: dict[str, Any] = {case.limit: case.asked - 1}
    trials.input_limits = replace(InputLimits(reads_svg=True), **limited)
    operations = [name for name in find_operations(path.name, case.content()) if counts(name, case)]

    assert operations
    for name in operations:
        operation = OPERATIONS[name]
        ended = trials.run(path, operation.task_type, list_options(name)[0], operation=operation)
        assert (ended.how, ended.code) == ("failed", case.code), (name, ended.code, ended.message)
