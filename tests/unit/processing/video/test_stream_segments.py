"""Where a stream is cut for its checkpoints, and where key frames lie when the work is taken up."""

import pytest

from filemill.processing.operations.ffmpeg.coding import PictureCoding
from filemill.processing.operations.ffmpeg.segmenting import Place
from filemill.processing.operations.ffmpeg.spans import Span
from filemill.processing.operations.ffmpeg.stream_segments import ask_for_stream_segments, plan_stream_cuts
from filemill.processing.operations.ffmpeg.streaming import HLS, Rendition, Stream
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.sizing import Layout, Size
from filemill.processing.operations.video.stream_options import StreamOptions
from filemill.processing.operations.video.stream_plan import plan_stream


def stream_lasting(seconds: float | None, segment_seconds: float = 6.0) -> Stream:
    size = Size(640, 360)
    coding = PictureCoding(codec="h264", crf=None, bits_per_second=800_000)
    rendition = Rendition(name="360p", layout=Layout(size, size), coding=coding)
    span = Span(end_seconds=seconds)
    return Stream(renditions=(rendition,), sound=None, segment_seconds=segment_seconds, is_single_file=False, span=span)


@pytest.mark.parametrize(
    ("lasting", "segment", "work", "every"),
    [
        (600.0, 6.0, 600.0, 6.0),  # 5 s of work are less than a segment of the stream
        (3600.0, 6.0, 1000.0, 18.0),
        (3600.0, 2.5, 3600.0, 20.0),  # never more than two hundred
        (3600.0, 6.0, 20.0, 120.0),
        (43_200.0, 6.0, 43_200.0, 216.0),
        (3600.0, 6.0, 11.0, None),  # sooner made anew than put together
        (43_200.0, 1.0, 43_200.0, None),  # more key frames than an argument can name
        (8.0, 6.0, 60.0, None),
        (None, 6.0, 60.0, None),
    ],
)
def test_a_stream_is_cut_where_its_own_segments_begin(
    lasting: float | None, segment: float, work: float, every: float | None
) -> None:
    cuts = plan_stream_cuts(stream_lasting(lasting, segment), work)
    assert (cuts and cuts.every_seconds) == every


def test_key_frames_go_on_in_step_with_the_first_frame() -> None:
    stream = stream_lasting(30.0)
    cuts = plan_stream_cuts(stream, 300.0)
    assert cuts is not None
    place = Place(number=2, begin_seconds=12.18, first_seconds=0.2)
    asked = ask_for_stream_segments("video/mp4", stream, cuts, HLS, [place], with_sound=False)
    keys = [float(key) for key in asked[asked.index("-force_key_frames") + 1].split(",")][:4]
    assert keys == pytest.approx([12.2, 18.2, 24.2, 30.2], abs=3e-6)
    assert all(key < moment for key, moment in zip(keys, [12.2, 18.2, 24.2, 30.2], strict=True))


def test_segments_last_what_ffmpeg_is_told() -> None:
    facts = Facts(media_type="video/mp4", width=640, height=360, duration=60.0, fps=25.0)
    stream = plan_stream(facts, StreamOptions(segment_duration=8.3416667), "ts")
    assert stream.segment_seconds == 8.342


def test_key_frames_go_on_where_a_film_lasts_longer_than_it_says() -> None:
    stream = stream_lasting(30.0)
    cuts = plan_stream_cuts(stream, 300.0)
    assert cuts is not None
    place = Place(number=2, begin_seconds=12.0)
    asked = ask_for_stream_segments("video/mp4", stream, cuts, HLS, [place], with_sound=False)
    keys = asked[asked.index("-force_key_frames") + 1]
    assert float(keys.split(",")[-1]) > 600.0


def test_the_moments_of_the_longest_stream_fit_into_one_argument() -> None:
    stream = stream_lasting(43_200.0, 5.41)
    cuts = plan_stream_cuts(stream, 43_200.0)
    assert cuts is not None
    place = Place(number=1, begin_seconds=5.4)
    asked = ask_for_stream_segments("video/mp4", stream, cuts, HLS, [place], with_sound=False)
    assert max(len(word) for word in asked) < 128 * 1024
