"""A long film, encoded so that the next attempt can take up where a dead worker left off.

One FFmpeg writes segments; each goes to the task's checkpoints as soon as it is whole. What an attempt finds there it
does not encode again. At the end the segments are joined with the sound, which is encoded in one piece.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from filemill.processing.bench import Bench, Checkpoints, Output, Shelf, ToolExit, Workspace
from filemill.processing.errors import ProcessingError
from filemill.processing.operations.ffmpeg import failures, segmenting
from filemill.processing.operations.ffmpeg.film import Film
from filemill.processing.operations.ffmpeg.kept import KeptChain, KeptSound
from filemill.processing.operations.ffmpeg.progress import Clock
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS, tell_share
from filemill.processing.operations.ffmpeg.segmenting import Cuts, Place

_JOINED_SHARE: Final = 0.04


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
    """Make the film from what is kept of it and what is still to be encoded."""
    shelf = checkpoints.open(_describe(bench, film, cuts, overlays))
    work = _SegmentedWork(bench, film, cuts, shelf, fps=fps, share=share, overlays=overlays)
    found = len(work.chain)
    try:
        return work.make(name)
    except ProcessingError:
        if not found or not work.is_kept_work_in_doubt:
            raise
    work.chain.forget()
    bench.note(resumed_in_vain=found)
    return work.make(name)


def _describe(bench: Bench, film: Film, cuts: Cuts, overlays: Sequence[Output]) -> str:
    """Describe the work so that whatever changes its outcome changes the description."""
    asked = segmenting.ask_for_segments(bench.media_type, film, cuts, Place(), with_sound=film.sound is not None)
    laid = [hashlib.sha256(overlay.path.read_bytes()).hexdigest() for overlay in overlays]
    return json.dumps([asked, laid])


class _SegmentedWork:
    def __init__(
        self,
        bench: Bench,
        film: Film,
        cuts: Cuts,
        shelf: Shelf,
        *,
        fps: float | None,
        share: tuple[float, float],
        overlays: Sequence[Output],
    ) -> None:
        self._bench = bench
        self._film = film
        self._cuts = cuts
        self._fps = float(film.fps) if film.fps else fps
        self._share = share
        self._overlays = overlays
        self._sound = KeptSound(bench, film, shelf)
        self.chain = KeptChain(bench, shelf)
        self.is_kept_work_in_doubt = False
        """Whether what went wrong may lie in what was kept, and not in the film."""

    def make(self, name: str) -> tuple[Output, ToolExit]:
        place = self._find_place()
        sound = self._sound.begin(is_taken_up=place.number > 0)
        with self._bench.open_workspace() as workspace:
            ended = self._encode(workspace, place, sound)
        return self._join(name), ended

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
            failures.raise_failure(ended)
        except ProcessingError:
            self.chain.drop_last_since(place.number)
            raise
        self._sound.keep(sound)
        return ended

    def _run(self, workspace: Workspace, place: Place, sound: list[Output]) -> ToolExit:
        tell = tell_share(self._bench, self._share_of(0.0, 1.0 - _JOINED_SHARE), "Encoding the video")
        clock = Clock(self._film.span.lasting_seconds, tell, from_seconds=place.begin_seconds, fps=self._fps)

        def read_line(line: str) -> None:
            listed = segmenting.read_listed(line.strip())
            if listed is None:
                clock.read_line(line)
            else:
                self.chain.keep(workspace, listed[1])

        return self._bench.run_tool(
            "ffmpeg",
            segmenting.ask_for_segments(self._bench.media_type, self._film, self._cuts, place, with_sound=bool(sound)),
            outputs=sound,
            inputs=self._overlays,
            workspace=workspace,
            on_line=read_line,
            limits=FILM_LIMITS,
        )

    def _join(self, name: str) -> Output:
        self.is_kept_work_in_doubt = True
        with ExitStack() as opened:
            sound = self._sound.open(opened)
            return self.chain.join(self._film, name, sound=sound, share=self._share_of(1.0 - _JOINED_SHARE, 1.0))

    def _share_of(self, begin: float, end: float) -> tuple[float, float]:
        low, high = self._share
        return low + (high - low) * begin, low + (high - low) * end
