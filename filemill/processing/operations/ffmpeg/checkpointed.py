"""A long film, encoded so that the next attempt can take up where a dead worker left off.

One FFmpeg writes segments; each goes to the task's checkpoints as soon as it is whole. What an attempt finds there it
does not encode again. At the end the segments are joined with the sound, which is encoded in one piece.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from filemill.processing.bench import Bench, Checkpoints, Limits, Output, Shelf, ToolExit, Workspace
from filemill.processing.errors import ProcessingError
from filemill.processing.operations.ffmpeg import chains, failures, segmenting
from filemill.processing.operations.ffmpeg.coding import PictureCoding
from filemill.processing.operations.ffmpeg.film import Film
from filemill.processing.operations.ffmpeg.progress import Clock
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS, tell_share
from filemill.processing.operations.ffmpeg.segmenting import Cuts
from filemill.processing.operations.sealed_name import SealedName

_JOIN_LIMITS: Final = replace(FILM_LIMITS, memory_bytes=512 * 1024**2, cpu_seconds=3600, open_files=512)
_MEASURE_LIMITS: Final = Limits(memory_bytes=512 * 1024**2, cpu_seconds=60, wall_seconds=120.0)
_JOINED_SHARE: Final = 0.04
_SOUND_PACKETS_PER_SECOND: Final = 50
_PIECE: Final = "application/octet-stream"

join_film = SealedName("video.joining", "join_film")
measure_segment = SealedName("video.joining", "measure_segment")


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
    found = chains.find_chain(shelf.names())
    try:
        return work.make(found, name)
    except ProcessingError:
        if not found or not work.is_kept_work_in_doubt:
            raise
    shelf.clear()
    bench.note(resumed_in_vain=len(found))
    return work.make([], name)


def _describe(bench: Bench, film: Film, cuts: Cuts, overlays: Sequence[Output]) -> str:
    """Describe the work so that whatever changes its outcome changes the description."""
    asked = segmenting.ask_for_segments(
        bench.media_type, film, cuts, number=0, begin_seconds=0.0, with_sound=film.sound is not None
    )
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
        self._shelf = shelf
        self._fps = float(film.fps) if film.fps else fps
        self._share = share
        self._overlays = overlays
        self._attempt = secrets.token_hex(4)
        self._chain: list[str] = []
        self.is_kept_work_in_doubt = False
        """Whether what went wrong may lie in what was kept, and not in the film."""

    def make(self, found: list[str], name: str) -> tuple[Output, ToolExit]:
        self._chain = list(found)
        begin_seconds = self._find_begin()
        with_sound = self._film.sound is not None and not found
        if self._film.sound is not None and found and chains.SOUND not in self._shelf.names():
            self._encode_sound()
        with self._bench.open_workspace() as workspace:
            ended = self._encode(workspace, begin_seconds, with_sound=with_sound)
        return self._join(name), ended

    def _find_begin(self) -> float:
        """Find the moment from which there is something to do: half a frame after the last one that is kept."""
        if not self._chain:
            return 0.0
        self.is_kept_work_in_doubt = True
        with self._shelf.open(self._chain[-1]) as last:
            measured = self._bench.call(
                measure_segment, inputs=[last], share=self._share_of(0.0, 0.0), limits=_MEASURE_LIMITS
            )
        self.is_kept_work_in_doubt = False
        begin_seconds = float(measured["last_seconds"]) + float(measured["step_seconds"]) / 2
        self._bench.note(resumed_after_segments=len(self._chain), resumed_at_seconds=round(begin_seconds, 3))
        return begin_seconds

    def _encode(self, workspace: Workspace, begin_seconds: float, *, with_sound: bool) -> ToolExit:
        sound = (
            [self._bench.create_output(f"sound.{self._film.container}", self._film.media_type)] if with_sound else []
        )
        first = len(self._chain)
        try:
            ended = self._run(workspace, begin_seconds, sound)
            failures.raise_failure(ended)
        except ProcessingError:
            self._drop_last_since(first)
            raise
        for output in sound:
            self._shelf.keep(output, chains.SOUND)
            self._bench.discard(output)
        return ended

    def _run(self, workspace: Workspace, begin_seconds: float, sound: list[Output]) -> ToolExit:
        tell = tell_share(self._bench, self._share_of(0.0, 1.0 - _JOINED_SHARE), "Encoding the video")
        clock = Clock(self._film.span.lasting_seconds, tell, from_seconds=begin_seconds, fps=self._fps)

        def read_line(line: str) -> None:
            number = segmenting.read_listed(line.strip())
            if number is None:
                clock.read_line(line)
            else:
                self._keep(workspace, number)

        return self._bench.run_tool(
            "ffmpeg",
            segmenting.ask_for_segments(
                self._bench.media_type,
                self._film,
                self._cuts,
                number=len(self._chain),
                begin_seconds=begin_seconds,
                with_sound=bool(sound),
            ),
            outputs=sound,
            inputs=self._overlays,
            workspace=workspace,
            on_line=read_line,
            limits=FILM_LIMITS,
        )

    def _keep(self, workspace: Workspace, number: int) -> None:
        """Keep a segment that is whole. Only the next in the row is taken: the number came through a tool's pipe."""
        if number != len(self._chain):
            return
        continued = chains.attempt_of(self._chain[-1]) if self._chain else chains.NOBODY
        kept = chains.name_kept(number, self._attempt, continued)
        piece = workspace.copy_out(segmenting.name_segment(number), output_name=f"{kept}.nut", media_type=_PIECE)
        self._shelf.keep(piece, kept)
        self._bench.discard(piece)
        self._chain.append(kept)

    def _drop_last_since(self, first: int) -> None:
        """Drop the last segment of a run that failed: FFmpeg lists what it was at as whole, even when it gives up."""
        if len(self._chain) > first:
            self._shelf.drop(self._chain.pop())

    def _encode_sound(self) -> None:
        output = self._bench.create_output(f"sound.{self._film.container}", self._film.media_type)
        asked = segmenting.ask_for_sound(self._bench.media_type, self._film)
        failures.raise_failure(self._bench.run_tool("ffmpeg", asked, outputs=[output], limits=FILM_LIMITS))
        self._shelf.keep(output, chains.SOUND)
        self._bench.discard(output)

    def _join(self, name: str) -> Output:
        picture, film = self._film.picture, self._film
        tag = "hvc1" if isinstance(picture, PictureCoding) and picture.codec == "h265" else ""
        names = [*self._chain, *([chains.SOUND] if film.sound is not None else [])]
        self.is_kept_work_in_doubt = True
        with ExitStack() as opened:
            self._bench.call(
                join_film,
                {
                    "name": name,
                    "media_type": film.media_type,
                    "container": film.container,
                    "has_sound": film.sound is not None,
                    "codec_tag": tag,
                    "sound_packets": int((film.span.lasting_seconds or 0) * _SOUND_PACKETS_PER_SECOND),
                },
                inputs=[opened.enter_context(self._shelf.open(kept)) for kept in names],
                share=self._share_of(1.0 - _JOINED_SHARE, 1.0),
                limits=_JOIN_LIMITS,
            )
        return next(output for output in self._bench.outputs if output.name == name)

    def _share_of(self, begin: float, end: float) -> tuple[float, float]:
        low, high = self._share
        return low + (high - low) * begin, low + (high - low) * end
