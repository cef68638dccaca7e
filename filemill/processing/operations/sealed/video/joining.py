"""Sealed: the segments of a film, encoded apart, become one film with its sound, without a seam.

Segments keep the film's own times, so joining is copying packets; only the order in which they are decoded has to be
told anew, since the segments' container does not keep it.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from io import FileIO
from itertools import pairwise
from typing import Any, Final

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from filemill.processing.bench import SealedCall
from filemill.processing.errors import SystemFault
from filemill.processing.operations.sealed.opening import open_descriptor

_DEMUXERS: Final = {"mp4": "mov", "webm": "matroska"}
_INDEX_BYTES_LEAST: Final = 64 * 1024
_INDEX_BYTES_PER_PACKET: Final = 48


def join_film(call: SealedCall) -> dict[str, Any]:
    """Write the output `name` from the inputs: the segments in order, then the sound where `has_sound` says so.

    Arguments: `name`, `media_type`, `container` (mp4 or webm), `has_sound`, `codec_tag` (what the
    codec is called there, or empty), `sound_packets` (about how many). Gives `frames` and `segments`. Raises
    SystemFault `internal_error` when the segments do not follow each other: the film itself is not read, and what was
    just encoded would come out as it did.
    """
    count = len(call.input_fds) - (1 if call.arguments["has_sound"] else 0)
    try:
        return _join_segments(call, count)
    except av.FFmpegError as error:
        message = "The segments of the film can't be joined: one of them is damaged."
        evidence: dict[str, object] = {"ffmpeg": str(error)}
        raise SystemFault(message, code="internal_error", evidence=evidence) from error


def _join_segments(call: SealedCall, count: int) -> dict[str, Any]:
    times = [_read_times(fd) for fd in call.input_fds[:count]]
    _refuse_overlaps(times)
    output = call.create_output(call.arguments["name"], call.arguments["media_type"])
    packets = sum(len(segment) for segment in times)
    with ExitStack() as opened:
        film = opened.enter_context(_open_output(call, output.fd, packets))
        sound = (
            opened.enter_context(_open_input(call.input_fds[-1], _DEMUXERS[call.arguments["container"]]))
            if call.arguments["has_sound"]
            else None
        )
        _join(call, film, times, sound)
    return {"frames": packets, "segments": count}


def measure_segment(call: SealedCall) -> dict[str, Any]:
    """Tell when the first input's first and last frames are shown (`first_seconds`, `last_seconds`), and the least time
    between two of its frames (`step_seconds`)."""
    with _open_input(call.input_fds[0], "nut") as segment:
        base = segment.streams.video[0].time_base or Fraction(1, 90_000)
        shown = sorted(packet.pts for packet in segment.demux(video=0) if packet.size and packet.pts is not None)
    if not shown:
        raise SystemFault("A segment of the film holds no frame.", code="internal_error")
    step = min((later - earlier for earlier, later in pairwise(shown)), default=1)
    return {
        "first_seconds": float(shown[0] * base),
        "last_seconds": float(shown[-1] * base),
        "step_seconds": float(step * base),
        "frames": len(shown),
    }


def _read_times(descriptor: int) -> list[int]:
    with _open_input(descriptor, "nut") as segment:
        return [packet.pts for packet in segment.demux(video=0) if packet.size and packet.pts is not None]


def _refuse_overlaps(times: list[list[int]]) -> None:
    ends = 0
    for number, segment in enumerate(times):
        if not segment or (number and min(segment) <= ends):
            message = f"Segment {number} of the film does not follow the one before it."
            raise SystemFault(message, code="internal_error")
        ends = max(segment)


def _join(call: SealedCall, film: OutputContainer, times: list[list[int]], sound: InputContainer | None) -> None:
    with _open_input(call.input_fds[0], "nut") as first:
        pictures = film.add_stream_from_template(first.streams.video[0], opaque=True)
        base = first.streams.video[0].time_base or Fraction(1, 90_000)
    pictures.time_base = base
    if call.arguments["codec_tag"]:
        pictures.codec_context.codec_tag = call.arguments["codec_tag"]
    heard = _copy_sound(film, sound) if sound else iter(())
    waiting = next(heard, None)
    total = sum(len(segment) for segment in times)
    for number, packet in enumerate(_follow(call, pictures, times, base)):
        while waiting is not None and _at(waiting) <= _at(packet):
            film.mux(waiting)
            waiting = next(heard, None)
        film.mux(packet)
        if number % 1000 == 0:
            call.progress(number / total, "Joining the video")
    for packet in [waiting] if waiting is not None else []:
        film.mux(packet)
    for packet in heard:
        film.mux(packet)


def _follow(call: SealedCall, pictures: VideoStream, times: list[list[int]], base: Fraction) -> Iterator["Packet[Any]"]:
    """Yield the packets of all segments, with the times at which they are decoded."""
    shown = [moment for segment in times for moment in sorted(segment)]
    delay = max(_count_delay(segment) for segment in times)
    step = shown[1] - shown[0] if len(shown) > 1 else 1
    number = 0
    for descriptor in call.input_fds[: len(times)]:
        with _open_input(descriptor, "nut") as segment:
            for packet in segment.demux(video=0):
                if not packet.size or packet.pts is None:
                    continue
                early = number - delay
                packet.dts = shown[early] if early >= 0 else shown[0] + early * step
                packet.time_base = base
                packet.stream = pictures
                number += 1
                yield packet


def _count_delay(segment: list[int]) -> int:
    """Count by how many frames decoding runs ahead of showing, at the most."""
    ranks = {moment: rank for rank, moment in enumerate(sorted(segment))}
    return max(number - ranks[moment] for number, moment in enumerate(segment))


def _copy_sound(film: OutputContainer, sound: InputContainer) -> Iterator["Packet[Any]"]:
    stream = film.add_stream_from_template(sound.streams.audio[0], opaque=True)
    for packet in sound.demux(audio=0):
        if packet.size:
            packet.stream = stream
            yield packet


def _at(packet: "Packet[Any]") -> Fraction:
    base = packet.time_base or Fraction(1)
    return (packet.dts if packet.dts is not None else packet.pts or 0) * base


def _open_input(descriptor: int, demuxer: str) -> InputContainer:
    return av.open(open_descriptor(descriptor), mode="r", format=demuxer)


def _open_output(call: SealedCall, descriptor: int, packets: int) -> OutputContainer:
    options = {}
    if call.arguments["container"] == "mp4":
        sound = call.arguments["sound_packets"]
        options["moov_size"] = str(_INDEX_BYTES_LEAST + _INDEX_BYTES_PER_PACKET * (packets + sound))
    file = FileIO(descriptor, "r+b", closefd=False)
    return av.open(file, mode="w", format=call.arguments["container"], options=options)
