"""Films cut, marked, joined and encoded as asked, read back by PyAV."""

from pathlib import Path

import av
import pytest
from PIL import Image

from filemill.processing.errors import InputError, OptionsError
from tests.integration.processing.video.clips import FAST as FAST_CODING
from tests.integration.processing.video.clips import make_clip, run_ffmpeg
from tests.integration.processing.video.conftest import Make
from tests.integration.processing.video.reading import read_back, read_frame

FAST = {"poster": False, "encoder_preset": "ultrafast"}


@pytest.mark.parametrize(
    ("options", "codecs", "size"),
    [
        ({"preset": "web/mp4/240p"}, ("h264", "aac"), (160, 90)),
        ({"video_codec": "h265", "width": 80}, ("hevc", "aac"), (80, 44)),
        ({"format": "mp4", "video_codec": "av1", "audio_codec": "opus"}, ("av1", "opus"), (160, 90)),
        ({"format": "mp4", "video_codec": "vp9", "audio_codec": "mp3"}, ("vp9", "mp3"), (160, 90)),
        ({"preset": "web/webm/240p", "height": 60, "fit": "cover", "width": 60}, ("vp9", "opus"), (60, 60)),
        ({"resize": {"width": 100, "height": 100, "fit": "pad"}}, ("h264", "aac"), (100, 100)),
        ({"resize": [100, 200], "fit": "force"}, ("h264", "aac"), (100, 200)),
        ({"width": 200, "height": 200, "fit": "fill-down"}, ("h264", "aac"), (90, 90)),
        ({"width": 64, "height": 64, "fit": "fill-down"}, ("h264", "aac"), (64, 64)),
        ({"preset": "web/mp4/240p", "fit": "fillcrop"}, ("h264", "aac"), (426, 240)),
        ({"preset": "web/webm-av1/240p", "mute": True}, ("av1", None), (160, 90)),
        ({"video_codec": "copy", "audio_codec": "copy"}, ("h264", "aac"), (160, 90)),
        ({"video_codec": "copy", "audio_codec": "opus", "format": "mp4"}, ("h264", "opus"), (160, 90)),
    ],
)
def test_a_film_is_encoded_as_asked(
    make: Make, clip: Path, options: dict[str, object], codecs: tuple[str, str | None], size: tuple[int, int]
) -> None:
    preset = {} if options.get("video_codec") == "copy" else {"encoder_preset": "ultrafast"}
    made = make("video.transcode", clip, poster=False, **preset, **options)
    [output] = made.outputs.values()
    read = read_back(output.path)
    assert (read.video_codec, read.audio_codec) == codecs
    assert (read.width, read.height) == size
    assert read.frames == 100
    assert read.duration == pytest.approx(4.0, abs=0.1)
    [planned] = made.planned.outputs
    assert (planned.facts.media_type, planned.facts.width, planned.facts.height) == (output.media_type, *size)
    assert (planned.facts.more["video_codec"], planned.facts.more.get("audio_codec")) == codecs


def test_a_part_at_another_rate(make: Make, clip: Path) -> None:
    made = make("video.transcode", clip, start="25%", end=3.5, fps=10, **FAST)
    read = read_back(made.path("clip.mp4"))
    assert (read.frames, read.fps) == (25, 10.0)
    assert read.duration == pytest.approx(2.5, abs=0.1)
    assert read.samples / 44100 == pytest.approx(2.5, abs=0.1)


@pytest.mark.parametrize(
    ("coding", "limit"), [({"video_bitrate": "100k"}, 100_000), ({"crf": 10, "video_bitrate": "150k"}, 150_000)]
)
def test_a_bit_rate_is_kept_to(make: Make, tmp_path: Path, coding: dict[str, object], limit: int) -> None:
    film = make_clip(tmp_path / "noisy.mp4", seconds=6, sound=False, size="320x180")
    made = make("video.transcode", film, **coding, **FAST)
    bits = made.path("noisy.mp4").stat().st_size * 8 - 64 * 1024 * 8
    assert bits / 6 < limit * 1.6


def test_a_compliant_film_is_copied_and_another_is_not(make: Make, clip: Path) -> None:
    asked = {"format": "mp4", "resize": [320, 320], "skip_if_compliant": True, **FAST}
    copied = make("video.transcode", clip, **asked)
    assert copied.result["output"]["is_copy"] is True
    assert read_frame(copied.path("clip.mp4"), 50) == read_frame(clip, 50)
    encoded = make("video.transcode", clip, **{**asked, "resize": [80, 80]})
    assert "is_copy" not in encoded.result["output"]
    assert read_back(encoded.path("clip.mp4")).width == 80


def test_the_film_comes_before_its_poster(make: Make, clip: Path) -> None:
    made = make("video.transcode", clip, format="mp4", encoder_preset="ultrafast")
    assert list(made.outputs) == ["clip.mp4", "poster.jpg"]
    assert [planned.name for planned in made.planned.outputs] == ["*.mp4", "poster.jpg"]


def test_a_cut_begins_with_the_very_frame(make: Make, clip: Path) -> None:
    made = make("video.cut", clip, start=1.2, end=2.4, crf=1, encoder_preset="ultrafast")
    assert (made.result["start"], made.result["end"], made.result["is_copy"]) == (1.2, 2.4, False)
    assert read_back(made.path("clip.mp4")).frames == 30
    first, original = read_frame(made.path("clip.mp4"), 0), read_frame(clip, 30)
    assert sum(abs(one - other) for one, other in zip(first, original, strict=True)) / len(first) < 4


@pytest.mark.parametrize("wanted", ["mp4", "webm"])
def test_the_sound_of_a_film_takes_the_bits_asked_for(make: Make, tmp_path: Path, wanted: str) -> None:
    film = tmp_path / "noise.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=10")
    # Noise can't be written with fewer bits than there are, as a tone can.
    sound = ("-f", "lavfi", "-i", "anoisesrc=color=pink:sample_rate=44100:duration=10", "-c:a", "aac", "-b:a", "256k")
    run_ffmpeg(*picture, *sound, *FAST_CODING, str(film))
    kept = {
        bits: count_sound_bits(
            make("video.transcode", film, format=wanted, audio_bitrate=bits, **FAST).path(f"noise.{wanted}")
        )
        for bits in ("48k", 160_000)
    }
    assert kept == {"48k": pytest.approx(48_000, rel=0.15), 160_000: pytest.approx(160_000, rel=0.15)}


def count_sound_bits(path: Path) -> float:
    """Add up the sound's packets, in bits for each second."""
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        seconds = sum(float((packet.duration or 0) * packet.time_base) for packet in packets)
        return 8 * sum(packet.size for packet in packets) / seconds


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.webm", "film.mov", "film.avi"])
def test_a_cut_that_is_not_precise_is_a_copy_in_its_own_container(make: Make, tmp_path: Path, name: str) -> None:
    coding = ("-c:v", "libvpx", "-deadline", "realtime", "-g", "10") if name.endswith("webm") else ("-g", "10")
    film = make_clip(tmp_path / name, seconds=4, coding=coding)
    made = make("video.cut", film, start=2, precise=False)
    assert made.result["is_copy"] is True
    [output] = made.outputs.values()
    assert output.name == name
    assert 49 <= read_back(output.path).frames <= 62
    with pytest.raises(OptionsError, match="so crf, width can't be had"):
        make("video.cut", film, start=2, precise=False, crf=20, width=10)


@pytest.mark.parametrize(
    ("options", "box"),
    [
        ({"scale": 0.25, "x_offset": 0, "y_offset": 0}, (120, 60, 160, 90)),
        ({"scale": 0.25, "position": "top-left", "x_offset": 8, "y_offset": 4}, (8, 4, 48, 34)),
        ({"scale": 0.25, "position": "center"}, (60, 30, 100, 60)),
        ({"scale": 0.25, "position": "northwest", "offset": [8, 4]}, (8, 4, 48, 34)),
        ({"scale": 0.25, "position": "southeast", "offset": [8, 4]}, (112, 56, 152, 86)),
        ({"scale": 0.25, "position": "bottom right", "offset": [8, 4], "x_offset": 2}, (118, 56, 158, 86)),
        ({"scale": 0.25, "position": "centre", "offset": [-10, 5]}, (50, 35, 90, 65)),
        ({"scale": 0.25, "position": "north"}, (60, 16, 100, 46)),
        ({"scale": 0.25, "position": "left", "y_offset": 0}, (16, 30, 56, 60)),
    ],
)
def test_a_watermark_lies_where_it_was_put(
    make: Make, tmp_path: Path, picture: Path, options: dict[str, object], box: tuple[int, int, int, int]
) -> None:
    film = make_clip(tmp_path / "blue.mp4", seconds=1, sound=False, picture="color=c=blue")
    made = make("video.watermark", film, inputs=[picture], encoder_preset="ultrafast", crf=1, **options)
    left, top, right, bottom = box
    frame = Image.frombytes("RGB", (160, 90), read_frame(made.path("blue.mp4"), 10))
    inside = frame.crop((left + 3, top + 3, right - 3, bottom - 3)).resize((1, 1)).getpixel((0, 0))
    assert inside == pytest.approx((254, 0, 0), abs=12)
    marked = sum(red > 128 for red in frame.getchannel("R").tobytes())
    assert marked == pytest.approx((right - left) * (bottom - top), rel=0.12)
    assert made.result["watermark"] == {"left": left, "top": top, "width": right - left, "height": bottom - top}


def test_a_watermark_is_weak_and_shown_for_a_while(make: Make, tmp_path: Path, picture: Path) -> None:
    film = make_clip(tmp_path / "black.mp4", seconds=2, sound=False, picture="color=c=black")
    asked = {"opacity": 0.5, "scale": 1, "show_from": 0.5, "show_until": 1.5, "encoder_preset": "ultrafast"}
    made = make("video.watermark", film, inputs=[picture], **asked)
    reds = []
    for number in (5, 25, 45):
        frame = Image.frombytes("RGB", (160, 90), read_frame(made.path("black.mp4"), number))
        reds.append(frame.getpixel((80, 45))[0])  # type: ignore[index]
    assert reds == pytest.approx([0, 127, 0], abs=16)


def test_a_watermark_needs_a_picture_that_is_one(make: Make, clip: Path, picture: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionsError, match="name it in inputs"):
        make("video.watermark", clip)
    with pytest.raises(OptionsError, match="name it in inputs"):
        make("video.transcode", clip, watermark=True)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 200)
    with pytest.raises(InputError, match="watermark") as caught:
        make("video.watermark", clip, inputs=[broken])
    assert caught.value.code == "corrupt_file"
    with pytest.raises(OptionsError, match="can't be copy"):
        make("video.watermark", clip, inputs=[broken], video_codec="copy")
    with pytest.raises(OptionsError, match="can't be copy"):
        make("video.transcode", clip, inputs=[picture], video_codec="copy", watermark=True)


def test_films_of_every_shape_follow_each_other(make: Make, clip: Path, silent_clip: Path, tmp_path: Path) -> None:
    tall = tmp_path / "tall.webm"
    source = ("-f", "lavfi", "-i", "color=c=red:size=90x160:rate=10:duration=1.5")
    run_ffmpeg(*source, "-f", "lavfi", "-i", "sine=duration=1.5", "-c:v", "libvpx", "-deadline", "realtime", str(tall))
    made = make("video.concat", clip, inputs=[silent_clip, tall], encoder_preset="ultrafast")
    read = read_back(made.path("clip.mp4"))
    assert (read.width, read.height, read.fps) == (160, 90, 25.0)
    assert read.frames == pytest.approx(100 + 50 + 38, abs=2)
    assert read.samples / (read.sample_rate or 1) == pytest.approx(7.5, abs=0.15)
    assert read.times == sorted(read.times)
    last = Image.frombytes("RGB", (160, 90), read_frame(made.path("clip.mp4"), read.frames - 3))
    assert last.getpixel((80, 45)) == pytest.approx((254, 0, 0), abs=12)
    assert last.getpixel((10, 45)) == pytest.approx((0, 0, 0), abs=12)
    assert [part["width"] for part in made.result["parts"]] == [160, 160, 90]


def test_films_can_be_cut_to_the_frame_and_silenced(make: Make, clip: Path, tmp_path: Path) -> None:
    square = make_clip(tmp_path / "square.mp4", seconds=1, size="96x96", sound=False, picture="color=c=red")
    asked = {"format": "webm", "width": 64, "height": 36, "fit": "cover", "mute": True, "encoder_preset": "ultrafast"}
    read = read_back(make("video.concat", clip, inputs=[square], **asked).path("clip.webm"))
    assert (read.width, read.height, read.audio_codec, read.frames) == (64, 36, None, 125)


def test_a_damaged_part_spoils_the_whole(make: Make, clip: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:-20_000])
    with pytest.raises(InputError) as caught:
        make("video.concat", clip, inputs=[cut])
    assert caught.value.code == "corrupt_file"
    with pytest.raises(OptionsError, match="no codec can be copy"):
        make("video.concat", clip, inputs=[clip], video_codec="copy")
