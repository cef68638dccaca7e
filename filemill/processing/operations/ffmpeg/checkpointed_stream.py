"""A long film in several renditions, encoded so that the next attempt can take up where a dead worker left off.

One FFmpeg writes the segments of all renditions; each rendition keeps a chain of its own, and goes on after the last of
it. At the end each chain is joined, and the stream is packed from them and the sound without encoding anything.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from filemill.processing.bench import Bench, Checkpoints, Input, Output, Shelf, ToolExit, Workspace
from filemill.processing.errors import ProcessingError
from filemill.processing.operations.ffmpeg import failures, segmenting
from filemill.processing.operations.ffmpeg.kept import KeptChain, KeptSound, Room, describe_work
from filemill.processing.operations.ffmpeg.progress import Clock
from filemill.processing.operations.ffmpeg.resuming import make_or_begin_anew
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS, tell_share
from filemill.processing.operations.ffmpeg.segmenting import Cuts, Place
from filemill.processing.operations.ffmpeg.stream_segments import ask_for_stream_segments
from filemill.processing.operations.ffmpeg.streaming import Packing, Rendition, Stream, ask_to_pack

_ENCODED_SHARE: Final = 0.92
_JOINED_SHARE: Final = 0.96
_JOINED: Final = "joined"

Pack = Callable[[list[str], Sequence[Input]], list[Output]]
"""Runs FFmpeg with arguments and inputs, and takes what it wrote."""


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One rendition, and what is kept of it."""

    rendition: Rendition
    shelf: Shelf
    chain: KeptChain


def make_stream_in_segments(
    bench: Bench,
    stream: Stream,
    cuts: Cuts,
    packing: Packing,
    *,
    fps: float | None,
    share: tuple[float, float],
    checkpoints: Checkpoints,
    pack: Pack,
    overlays: Sequence[Output] = (),
) -> tuple[list[Output], ToolExit]:
    """Make the stream from what is kept of it and what is still to be encoded."""
    first = [Place() for _ in stream.renditions]
    asked = ask_for_stream_segments(bench.media_type, stream, cuts, packing, first, with_sound=stream.sound is not None)
    rows, room = [], Room()
    for number, rendition in enumerate(stream.renditions):
        shelf = checkpoints.open(describe_work(asked, rendition.name, overlays=overlays))
        rows.append(_Row(rendition=rendition, shelf=shelf, chain=KeptChain(bench, shelf, room=room, picture=number)))
    work = _StreamWork(bench, stream, cuts, packing, rows, fps=fps, share=share, pack=pack, overlays=overlays)
    chains = [row.chain for row in rows]
    return make_or_begin_anew(bench, work.make, chains, is_in_doubt=lambda: work.is_kept_work_in_doubt)


class _StreamWork:
    def __init__(
        self,
        bench: Bench,
        stream: Stream,
        cuts: Cuts,
        packing: Packing,
        rows: Sequence[_Row],
        *,
        fps: float | None,
        share: tuple[float, float],
        pack: Pack,
        overlays: Sequence[Output],
    ) -> None:
        self._bench = bench
        self._stream = stream
        self._cuts = cuts
        self._packing = packing
        self._rows = rows
        self._fps = float(stream.fps) if stream.fps else fps
        self._share = share
        self._pack_into = pack
        self._overlays = overlays
        film = stream.as_film(rows[0].rendition)
        ask = partial(segmenting.ask_for_sound, bench.media_type, film)
        self._sound = KeptSound(bench, film, rows[0].shelf, ask=ask)
        self.is_kept_work_in_doubt = False
        """Whether what went wrong may lie in what was kept, and not in the film."""

    def make(self) -> tuple[list[Output], ToolExit]:
        places = self._find_places()
        sound = self._sound.begin(is_taken_up=any(place.number for place in places))
        with self._bench.open_workspace() as workspace:
            ended = self._encode(workspace, places, sound)
        self.is_kept_work_in_doubt = True
        self._join()
        return self._pack(), ended

    def _find_places(self) -> list[Place]:
        self.is_kept_work_in_doubt = True
        places = [row.chain.find_place(share=self._share_of(0.0, 0.0)) for row in self._rows]
        self.is_kept_work_in_doubt = False
        if any(place.number for place in places):
            earliest = min(places, key=lambda place: place.begin_seconds)
            self._bench.note(
                resumed_after_segments=sum(place.number for place in places),
                resumed_at_seconds=round(earliest.begin_seconds, 3),
            )
        return places

    def _encode(self, workspace: Workspace, places: Sequence[Place], sound: list[Output]) -> ToolExit:
        try:
            ended = self._run(workspace, places, sound)
            failures.raise_failure(ended)
        except ProcessingError:
            for row, place in zip(self._rows, places, strict=True):
                row.chain.drop_last_since(place.number)
            raise
        self._sound.keep(sound)
        if not all(len(row.chain) for row in self._rows):
            raise failures.explain_nothing_encoded()
        return ended

    def _run(self, workspace: Workspace, places: Sequence[Place], sound: list[Output]) -> ToolExit:
        tell = tell_share(self._bench, self._share_of(0.0, _ENCODED_SHARE), "Encoding the video")
        clock = Clock(self._stream.span.lasting_seconds, tell, from_seconds=places[0].begin_seconds, fps=self._fps)

        def read_line(line: str) -> None:
            listed = segmenting.read_listed(line.strip())
            if listed is None:
                clock.read_line(line)
            elif listed[0] < len(self._rows):
                self._rows[listed[0]].chain.keep(workspace, listed[1])

        return self._bench.run_tool(
            "ffmpeg",
            ask_for_stream_segments(
                self._bench.media_type, self._stream, self._cuts, self._packing, places, with_sound=bool(sound)
            ),
            outputs=sound,
            inputs=self._overlays,
            workspace=workspace,
            on_line=read_line,
            limits=FILM_LIMITS,
        )

    def _join(self) -> None:
        """Join each rendition into a file; it lies on its shelf, since what is in scratch counts as made."""
        step = (_JOINED_SHARE - _ENCODED_SHARE) / len(self._rows)
        for number, row in enumerate(self._rows):
            share = self._share_of(_ENCODED_SHARE + step * number, _ENCODED_SHARE + step * (number + 1))
            film = self._stream.as_film(row.rendition)
            output, _ = row.chain.join(film, f"joined.{film.container}", sound=None, share=share)
            row.shelf.keep(output, _JOINED)
            self._bench.discard(output)

    def _pack(self) -> list[Output]:
        with ExitStack() as opened:
            inputs = [opened.enter_context(row.shelf.open(_JOINED)) for row in self._rows]
            sound = self._sound.open(opened)
            asked = ask_to_pack(self._stream, self._packing)
            return self._pack_into(asked, [*inputs, *([sound] if sound is not None else [])])

    def _share_of(self, begin: float, end: float) -> tuple[float, float]:
        low, high = self._share
        return low + (high - low) * begin, low + (high - low) * end
