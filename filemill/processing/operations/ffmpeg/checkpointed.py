"""A long film, encoded so that the next attempt can take up where a dead worker left off.

One FFmpeg writes segments; each goes to the task's checkpoints as soon as it is whole. What an attempt finds there it
does not encode again. At the end the segments are joined with the sound, which is encoded in one piece.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from filemill.processing.bench import Bench, Checkpoints, Input, Output, Shelf, ToolExit, Workspace
from filemill.processing.errors import ProcessingError
from filemill.processing.operations.ffmpeg import failures, segmenting
from filemill.processing.operations.ffmpeg.film import Film
from filemill.processing.operations.ffmpeg.kept import KeptChain, KeptSound, Room, describe_work
from filemill.processing.operations.ffmpeg.progress import Clock
from filemill.processing.operations.ffmpeg.resuming import make_or_begin_anew
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS, tell_share
from filemill.processing.operations.ffmpeg.segmenting import Cuts, Place

_JOINED_SHARE: Final = 0.04


class AskForSegments(Protocol):
    """Gives the arguments that encode a film from a place on; with the sound at descriptor 5, or without."""

    def __call__(self, place: Place, *, with_sound: bool) -> list[str]: ...


@dataclass(frozen=True, kw_only=True)
class SegmentedFilm:
    """A film to be made in segments: what FFmpeg is asked for, and what it reads beside the task's own file."""

    film: Film
    fps: float | None
    ask: AskForSegments
    ask_for_sound: Callable[[], list[str]]
    inputs: Sequence[Output | Input] = ()


@dataclass(frozen=True, kw_only=True)
class MadeFilm:
    """The film, how FFmpeg ended, how many frames there are, and whether other attempts made the first of them."""

    output: Output
    ended: ToolExit
    frames: int
    is_resumed: bool


def make_film_in_segments(
    bench: Bench,
    film: Film,
    cuts: Cuts,
    name: str,
    *,
    fps: float | None,
    share: tuple[float, float],
    checkpoints: Checkpoints,
    overlays: Sequence[Output] = (),
) -> tuple[Output, ToolExit]:
    """Make a film of the task's own file from what is kept of it and what is still to be encoded."""
    asked = SegmentedFilm(
        film=film,
        fps=float(film.fps) if film.fps else fps,
        ask=partial(segmenting.ask_for_segments, bench.media_type, film, cuts),
        ask_for_sound=partial(segmenting.ask_for_sound, bench.media_type, film),
        inputs=overlays,
    )
    shelf = checkpoints.open(describe(asked, overlays=overlays))
    made = make_segmented(bench, asked, name, shelf=shelf, share=share)
    return made.output, made.ended


def describe(asked: SegmentedFilm, *, overlays: Sequence[Output] = ()) -> str:
    """Describe a film by what FFmpeg is asked for from its beginning on."""
    return describe_work(asked.ask(Place(), with_sound=asked.film.sound is not None), overlays=overlays)


def make_segmented(
    bench: Bench, asked: SegmentedFilm, name: str, *, shelf: Shelf, share: tuple[float, float]
) -> MadeFilm:
    """Make a film from what is kept on a shelf and what is still to be encoded."""
    work = _SegmentedWork(bench, asked, shelf, share=share)
    return make_or_begin_anew(
        bench, lambda: work.make(name), [work.chain], is_in_doubt=lambda: work.is_kept_work_in_doubt
    )


class _SegmentedWork:
    def __init__(self, bench: Bench, asked: SegmentedFilm, shelf: Shelf, *, share: tuple[float, float]) -> None:
        self._bench = bench
        self._asked = asked
        self._share = share
        self._sound = KeptSound(bench, asked.film, shelf, ask=asked.ask_for_sound, inputs=asked.inputs)
        self.chain = KeptChain(bench, shelf, room=Room())
        self.is_kept_work_in_doubt = False
        """Whether what went wrong may lie in what was kept, and not in the film."""

    def make(self, name: str) -> MadeFilm:
        place = self._find_place()
        sound = self._sound.begin(is_taken_up=place.number > 0)
        with self._bench.open_workspace() as workspace:
            ended = self._encode(workspace, place, sound)
        output, frames = self._join(name)
        return MadeFilm(output=output, ended=ended, frames=frames, is_resumed=place.number > 0)

    def _find_place(self) -> Place:
        self.is_kept_work_in_doubt = True
        place = self.chain.find_place(share=self._share_of(0.0, 0.0))
        self.is_kept_work_in_doubt = False
        if place.number:
            self._bench.note(resumed_after_segments=place.number, resumed_at_seconds=round(place.begin_seconds, 3))
        return place

    def _encode(self, workspace: Workspace, place: Place, sound: list[Output]) -> ToolExit:
        try:
            ended = self._run(workspace, place, sound)
            ended = failures.forgive_nothing_left(ended) if place.number else ended
            failures.raise_failure(ended)
        except ProcessingError:
            self.chain.drop_last_since(place.number)
            raise
        if not len(self.chain):
            raise failures.explain_nothing_encoded()
        self._sound.keep(sound)
        return ended

    def _run(self, workspace: Workspace, place: Place, sound: list[Output]) -> ToolExit:
        tell = tell_share(self._bench, self._share_of(0.0, 1.0 - _JOINED_SHARE), "Encoding the video")
        lasting = self._asked.film.span.lasting_seconds
        clock = Clock(lasting, tell, from_seconds=place.begin_seconds, fps=self._asked.fps)

        def read_line(line: str) -> None:
            listed = segmenting.read_listed(line.strip())
            if listed is None:
                clock.read_line(line)
            else:
                self.chain.keep(workspace, listed[1])

        return self._bench.run_tool(
            "ffmpeg",
            self._asked.ask(place, with_sound=bool(sound)),
            outputs=sound,
            inputs=self._asked.inputs,
            workspace=workspace,
            on_line=read_line,
            limits=FILM_LIMITS,
        )

    def _join(self, name: str) -> tuple[Output, int]:
        self.is_kept_work_in_doubt = True
        with ExitStack() as opened:
            sound = self._sound.open(opened)
            share = self._share_of(1.0 - _JOINED_SHARE, 1.0)
            return self.chain.join(self._asked.film, name, sound=sound, share=share)

    def _share_of(self, begin: float, end: float) -> tuple[float, float]:
        low, high = self._share
        return low + (high - low) * begin, low + (high - low) * end
