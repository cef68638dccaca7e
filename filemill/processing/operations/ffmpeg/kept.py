"""What is kept of a film that is encoded in segments: the chain of its segments, and its sound."""

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

from filemill.processing.bench import Bench, Input, Limits, Output, Shelf, Workspace
from filemill.processing.cage import tool_identity
from filemill.processing.errors import LimitError
from filemill.processing.operations.ffmpeg import chains, failures, segmenting
from filemill.processing.operations.ffmpeg.coding import PictureCoding
from filemill.processing.operations.ffmpeg.film import Film
from filemill.processing.operations.ffmpeg.running import FILM_LIMITS
from filemill.processing.operations.ffmpeg.segmenting import Place
from filemill.processing.operations.sealed_name import SealedName

_JOIN_LIMITS: Final = replace(FILM_LIMITS, memory_bytes=512 * 1024**2, cpu_seconds=3600, open_files=512)
_MEASURE_LIMITS: Final = Limits(memory_bytes=512 * 1024**2, cpu_seconds=60, wall_seconds=120.0)
_SOUND_PACKETS_PER_SECOND: Final = 50
_NEXT_SECONDS: Final = 0.001
"""No frame follows another sooner, also where the rate rises right after a segment."""
_PIECE: Final = "application/octet-stream"

join_film = SealedName("video.joining", "join_film")
measure_segment = SealedName("video.joining", "measure_segment")


def describe_work(arguments: Sequence[str], *names: str, overlays: Sequence[Output] = ()) -> str:
    """Describe work of FFmpeg so that whatever changes its outcome changes the description.

    Segments of two builds of an encoder may have other headers, and a film has those of its first segment. A picture
    that is laid over is known by what it holds; the arguments tell of its size only.
    """
    laid = (hashlib.sha256(overlay.path.read_bytes()).hexdigest() for overlay in overlays)
    return json.dumps([tool_identity.identify("ffmpeg"), arguments, *names, *laid])


class Room:
    """How many bytes may be kept: as many as the output may have, since it comes of them.

    What is kept is no output any more, and nobody else counts it.
    """

    def __init__(self) -> None:
        self._taken_bytes = 0
        self._most_bytes = FILM_LIMITS.output_bytes

    def take(self, size_bytes: int) -> None:
        """Count a piece. Raises LimitError `output_limit`."""
        self._taken_bytes += size_bytes
        if self._taken_bytes > self._most_bytes:
            raise LimitError(f"The output grew beyond {self._most_bytes // 1024**2} MiB.", code="output_limit")

    def clear(self) -> None:
        """Count from nothing, as when nothing is kept any more."""
        self._taken_bytes = 0


class KeptChain:
    """The segments of one picture that follow each other from its beginning on; `room` is that of all pictures."""

    def __init__(self, bench: Bench, shelf: Shelf, *, room: Room, picture: int = 0) -> None:
        self._bench = bench
        self._shelf = shelf
        self._room = room
        self._picture = picture
        self._attempt = secrets.token_hex(4)
        self._names = chains.find_chain(shelf.names())

    def __len__(self) -> int:
        return len(self._names)

    def forget(self) -> None:
        """Begin anew: remove all that is kept."""
        self._shelf.clear()
        self._room.clear()
        self._names = []

    def find_place(self, *, share: tuple[float, float]) -> Place:
        """Find from where on there is something to do: right after the last frame that is kept."""
        if not self._names:
            return Place()
        for name in self._names:
            with self._shelf.open(name) as segment:
                self._room.take(segment.size)
        last = self._measure(self._names[-1], share)
        first = self._measure(self._names[0], share) if len(self._names) > 1 else last
        return Place(
            number=len(self._names),
            begin_seconds=last["last_seconds"] + min(last["step_seconds"] / 2, _NEXT_SECONDS),
            first_seconds=first["first_seconds"],
        )

    def _measure(self, name: str, share: tuple[float, float]) -> dict[str, float]:
        with self._shelf.open(name) as segment:
            return self._bench.call(measure_segment, inputs=[segment], share=share, limits=_MEASURE_LIMITS)

    def keep(self, workspace: Workspace, number: int) -> None:
        """Keep a segment that is whole. Only the next in the row is taken: the number came through a tool's pipe."""
        if number != len(self._names):
            return
        continued = chains.attempt_of(self._names[-1]) if self._names else chains.NOBODY
        kept = chains.name_kept(number, self._attempt, continued)
        written = segmenting.name_segment(number, picture=self._picture)
        piece = workspace.copy_out(written, output_name=f"{kept}.nut", media_type=_PIECE)
        self._room.take(piece.path.stat().st_size)
        self._shelf.keep(piece, kept)
        self._bench.discard(piece)
        self._names.append(kept)

    def drop_last_since(self, first: int) -> None:
        """Drop the last segment of a run that failed: FFmpeg lists what it was at as whole, even when it gives up."""
        if len(self._names) > first:
            self._shelf.drop(self._names.pop())

    def join(self, film: Film, name: str, *, sound: Input | None, share: tuple[float, float]) -> tuple[Output, int]:
        """Join the segments, and the sound where there is one, into an output; tell how many frames it has."""
        picture = film.picture
        tag = "hvc1" if isinstance(picture, PictureCoding) and picture.codec == "h265" else ""
        with ExitStack() as opened:
            segments = [opened.enter_context(self._shelf.open(kept)) for kept in self._names]
            told = self._bench.call(
                join_film,
                {
                    "name": name,
                    "media_type": film.media_type,
                    "container": film.container,
                    "has_sound": sound is not None,
                    "codec_tag": tag,
                    "sound_packets": int((film.span.lasting_seconds or 0) * _SOUND_PACKETS_PER_SECOND),
                },
                inputs=[*segments, *([sound] if sound is not None else [])],
                share=share,
                limits=_JOIN_LIMITS,
            )
        return next(output for output in self._bench.outputs if output.name == name), int(told["frames"])


class KeptSound:
    """The sound of a film, encoded in one piece: beside the picture where both begin, otherwise alone."""

    def __init__(
        self,
        bench: Bench,
        film: Film,
        shelf: Shelf,
        *,
        ask: Callable[[], list[str]],
        inputs: Sequence[Output | Input] = (),
    ) -> None:
        self._bench = bench
        self._film = film
        self._shelf = shelf
        self._ask = ask
        self._inputs = inputs

    def begin(self, *, is_taken_up: bool) -> list[Output]:
        """Give the output to write the sound to beside the picture; where the work is taken up, encode it alone."""
        if self._film.sound is None or (is_taken_up and chains.SOUND in self._shelf.names()):
            return []
        output = self._bench.create_output(f"sound.{self._film.container}", self._film.media_type)
        if not is_taken_up:
            return [output]
        ended = self._bench.run_tool("ffmpeg", self._ask(), outputs=[output], inputs=self._inputs, limits=FILM_LIMITS)
        failures.raise_failure(ended)
        self.keep([output])
        return []

    def keep(self, written: list[Output]) -> None:
        """Keep what `begin` gave, now that it is whole."""
        for output in written:
            self._shelf.keep(output, chains.SOUND)
            self._bench.discard(output)

    def open(self, opened: ExitStack) -> Input | None:
        """Open the sound for reading; None for a film without."""
        return opened.enter_context(self._shelf.open(chains.SOUND)) if self._film.sound is not None else None
