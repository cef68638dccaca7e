"""The renditions of a stream encoded in segments: where they are cut, and the arguments that go on from kept ones.

A segment that is kept begins where one of the stream begins, so key frames lie where they would in one go.
"""

from collections.abc import Sequence
from math import floor
from typing import Final

from filemill.processing.operations.ffmpeg.coding import PictureCoding, choose_encoder
from filemill.processing.operations.ffmpeg.film import DROP_METADATA
from filemill.processing.operations.ffmpeg.filters import Overlay, chain, chain_under, lay_out
from filemill.processing.operations.ffmpeg.progress import ASK_FOR_PROGRESS
from filemill.processing.operations.ffmpeg.reading import GLOBALLY
from filemill.processing.operations.ffmpeg.segmenting import (
    Cuts,
    Place,
    ask_for_sound_beside,
    cut_at_multiples,
    find_worthwhile,
    force_keys,
    read_from,
    take_from,
    take_part,
    write_segments,
)
from filemill.processing.operations.ffmpeg.streaming import (
    Packing,
    Stream,
    encode_rate,
    force_keys_at_segments,
    read_overlays,
    shape,
)

_MOST_KEYS: Final = 8000
"""Where the work is taken up, the moments of key frames are named one by one, and an argument has 128 KiB at most."""
_SPARE_KEYS: Final = 500
"""A film may last longer than it says."""


def plan_stream_cuts(stream: Stream, work_seconds: float) -> Cuts | None:
    """Decide whether a stream is worth cutting, and where; None when it is made in one go."""
    if stream.is_copied:
        return None
    seconds = find_worthwhile(stream.span, work_seconds)
    lasting = stream.span.lasting_seconds or 0.0
    if seconds is None or lasting / stream.segment_seconds > _MOST_KEYS:
        return None
    return cut_at_multiples(stream.span, seconds, of_seconds=stream.segment_seconds)


def ask_for_stream_segments(
    media_type: str, stream: Stream, cuts: Cuts, packing: Packing, places: Sequence[Place], *, with_sound: bool
) -> list[str]:
    """Arguments that encode each rendition from its place on into segments in the working directory.

    The sound goes to descriptor 5; pictures that are laid over come after it.
    """
    earliest = min(places, key=lambda place: place.begin_seconds)
    return [
        *GLOBALLY,
        *read_from(media_type, stream.span, earliest.begin_seconds),
        *read_overlays(stream, descriptor=6 if with_sound else 5),
        *ASK_FOR_PROGRESS,
        *(word for number, place in enumerate(places) for word in _encode(stream, cuts, packing, number, place)),
        *(ask_for_sound_beside(stream.as_film(stream.renditions[0])) if with_sound else ()),
    ]


def _encode(stream: Stream, cuts: Cuts, packing: Packing, number: int, place: Place) -> list[str]:
    """Each rendition has filters of its own: FFmpeg fails where some ends of one graph have frames and others none."""
    rendition = stream.renditions[number]
    if not isinstance(rendition.coding, PictureCoding):
        raise TypeError("only pictures that are encoded are cut into segments")
    scaled = lay_out(rendition.layout, "yuv420p", fps=stream.fps)
    steps = [*take_part(stream.span, place), *scaled, *take_from(place)]
    keys = force_keys_at_segments(stream) if not place.number else force_keys(_find_keys(stream, place))
    return [
        *_lead(steps, rendition.overlay, number, last=shape(stream, packing)),
        *("-fps_mode", "vfr", "-an", "-sn", "-dn", *DROP_METADATA),
        *choose_encoder(rendition.coding, encode_rate(rendition.coding, "v")),
        *keys,
        # Cuts count from the first frame that is shown, as the stream's own segments do.
        *write_segments(
            cuts, number=place.number, begin_seconds=place.begin_seconds - place.first_seconds, picture=number
        ),
    ]


def _lead(steps: list[str], overlay: Overlay | None, number: int, *, last: list[str]) -> list[str]:
    if overlay is None:
        return ["-map", "0:V:0", *chain([*steps, *last])]
    result = f"v{number}"
    return [*chain_under(steps, overlay, picture=1 + number, result=result, last=last), "-map", f"[{result}]"]


def _find_keys(stream: Stream, place: Place) -> list[float]:
    """The moments after a place at which segments of the stream begin.

    FFmpeg compares frames with them to the last fraction, and they are told in microseconds: a hair too early does no
    harm, but rounded up a moment would miss the frame that lies there.
    """
    step, lasting = stream.segment_seconds, stream.span.lasting_seconds or 0.0
    number = int((place.begin_seconds - place.first_seconds) / step) + 1
    exact = (place.first_seconds + step * later for later in range(number, int(lasting / step) + _SPARE_KEYS))
    return [(floor(moment * 1e6) - 1) / 1e6 for moment in exact]
