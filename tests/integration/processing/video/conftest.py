"""Operations on films and sound, run through the real cage and the real FFmpeg."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from filemill.processing.bench import Checkpoints, Input, Output
from filemill.processing.cage import Cage
from filemill.processing.input_limits import InputLimits
from filemill.processing.media import HEAD_BYTES, sniff
from filemill.processing.operations import OPERATIONS
from filemill.processing.operations.checking import check
from filemill.processing.operations.ffmpeg import segmenting
from filemill.processing.operations.planning import Planned
from filemill.processing.operations.video.probing import probe
from tests.integration.processing.video.clips import make_clip, make_plain_picture, make_sound
from tests.integration.processing.video.dying import Store


@dataclass(kw_only=True)
class Made:
    """What an operation gave: its result, its outputs, what it told on the way, and what its plan foresaw."""

    result: dict[str, Any]
    outputs: dict[str, Output]
    planned: Planned
    percents: list[float] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    usage: dict[str, Any] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        return self.outputs[name].path


Make = Callable[..., Made]


def gather(made: Made, directory: Path) -> Path:
    """Put the outputs side by side, as they are published."""
    directory.mkdir()
    for name, output in made.outputs.items():
        (directory / name).symlink_to(output.path)
    return directory


def sniff_file(path: Path) -> str:
    with path.open("rb") as file:
        media_type = sniff(file.read(HEAD_BYTES), path.name)
    assert media_type is not None, f"{path.name} is of no type that Filemill reads"
    return media_type


@pytest.fixture(scope="session")
def cage() -> Iterator[Cage]:
    with Cage() as cage:
        yield cage


@pytest.fixture
def make(cage: Cage, tmp_path: Path) -> Make:
    """Run an operation as a worker does: `make("video.cut", path, inputs=[…], **options)`."""

    def run(
        operation: str,
        path: Path,
        *,
        inputs: Sequence[Path] = (),
        checkpoints: Checkpoints | None = None,
        input_limits: InputLimits | None = None,
        **options: object,
    ) -> Made:
        asked = OPERATIONS[operation]
        media_type = sniff_file(path)
        assert media_type in asked.media_types, f"{operation} does not take {media_type}"
        checked = check(asked, options)
        assert not checked.problems, checked.problems
        kept = asked.options.model_validate(checked.options.model_dump(mode="json", exclude_unset=True))  # type: ignore[union-attr]
        scratch = tmp_path / f"scratch-{len(list(tmp_path.glob('scratch-*')))}"
        scratch.mkdir()
        percents: list[float] = []
        messages: list[str] = []

        def tell(percent: float, message: str) -> None:
            percents.append(percent)
            messages.append(message)

        with ExitStack() as opened:
            files = opened.enter_context(cage.open_slice())
            bench = opened.enter_context(
                files.open_bench(
                    source_fd=_open(opened, path),
                    media_type=media_type,
                    file_name=path.name,
                    scratch=scratch,
                    limits=asked.limits,
                    input_limits=input_limits,
                    inputs=[_open_input(opened, further) for further in inputs],
                    checkpoints=checkpoints,
                    on_progress=tell,
                )
            )
            planned = asked.plan(probe(bench), kept)
            percents.clear()
            result = asked.run(bench, kept)
            outputs = {output.name: output for output in bench.outputs}
            return Made(
                result=result,
                outputs=outputs,
                planned=planned,
                percents=percents,
                messages=messages,
                usage=bench.usage,
            )

    return run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Checkpoints in a directory of the test's own."""
    return Store(tmp_path / "checkpoints")


def _open(opened: ExitStack, path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY)
    opened.callback(os.close, descriptor)
    return descriptor


def _open_input(opened: ExitStack, path: Path) -> Input:
    descriptor = _open(opened, path)
    return Input(name=path.name, media_type=sniff_file(path), size=path.stat().st_size, fd=descriptor)


@pytest.fixture
def short_films_are_worth_cutting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a checkpoint be as short as it may be: two seconds, or one segment of a stream."""
    monkeypatch.setattr(segmenting, "_WORTH_SECONDS", 0.0)
    monkeypatch.setattr(segmenting, "_WORK_SECONDS", 0.0)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a moving test picture at 25 frames per second, with a tone."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", seconds=4)


@pytest.fixture(scope="session")
def silent_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds without sound."""
    return make_clip(tmp_path_factory.mktemp("clips") / "silent.mp4", seconds=2, sound=False)


@pytest.fixture(scope="session")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a tone in stereo, as WAV."""
    return make_sound(tmp_path_factory.mktemp("clips") / "tone.wav", seconds=3)


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A red picture of 80 x 60 pixels."""
    return make_plain_picture(tmp_path_factory.mktemp("pictures") / "red.png")
