"""Films, through the real cage and the real FFmpeg."""

from pathlib import Path

import pytest
from PIL import Image

from filemill.processing.errors import InputError
from tests.integration.processing.conftest import SAMPLES, Work
from tests.integration.processing.inputs import cut, make_film

CLIP = SAMPLES / "clip.mp4"
SMALL = ("-t", "1", "-vf", "scale=160:90")


def test_a_film_without_options_gives_its_facts_and_a_poster(work: Work) -> None:
    done = work(CLIP)
    facts = {name: done.result[name] for name in ("container", "width", "height", "fps", "video_codec", "audio_codec")}
    assert facts == {
        "container": "mp4",
        "width": 1280,
        "height": 720,
        "fps": 25.0,
        "video_codec": "h264",
        "audio_codec": "aac",
    }
    assert done.result["duration"] == pytest.approx(5.31, abs=0.05)
    assert [stream["type"] for stream in done.result["streams"]] == ["video", "audio"]
    assert list(done.outputs) == ["poster.jpg"]
    with Image.open(done.path("poster.jpg")) as poster:
        assert (poster.format, poster.size) == ("JPEG", (1280, 720))


def test_a_film_becomes_an_mp4_whose_index_stands_before_its_frames(work: Work) -> None:
    done = work(CLIP, format="mp4", resize=[320, 320], quality="low")
    film = done.outputs["clip.mp4"]
    assert (film.facts["width"], film.facts["height"], film.facts["audio_codec"]) == (320, 180, "aac")
    content = film.path.read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert done.percents == sorted(done.percents)
    assert any(15 < percent < 95 for percent in done.percents)


def test_a_film_becomes_a_webm(work: Work, tmp_path: Path) -> None:
    done = work(make_film(tmp_path / "short.mp4", *SMALL), format="webm")
    facts = done.outputs["short.webm"].facts
    assert (facts["video_codec"], facts["audio_codec"]) == ("vp9", "opus")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.avi", ("-c:v", "mpeg4", "-c:a", "mp3", "-ac", "2")),
        ("a.mov", ("-c:v", "mjpeg", "-c:a", "pcm_s16le")),
        ("a.mkv", ("-c:v", "libx264", "-c:a", "flac")),
        ("a.webm", ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis", "-ac", "2")),
    ],
)
def test_every_container_promised_is_read(work: Work, tmp_path: Path, name: str, arguments: tuple[str, ...]) -> None:
    done = work(make_film(tmp_path / name, *SMALL, *arguments), format="mp4")
    assert f"a.{done.result['container']}" == name
    assert done.outputs["a.mp4"].facts["video_codec"] == "h264"


def test_a_silent_film_of_odd_sides_is_encoded(work: Work, tmp_path: Path) -> None:
    odd = make_film(tmp_path / "odd.mkv", "-t", "1", "-an", "-vf", "scale=161:91,setsar=1", "-c:v", "ffv1")
    done = work(odd, quality=40)
    assert (done.result["width"], done.result["height"], done.result["audio_codec"]) == (161, 91, None)
    facts = done.outputs["odd.mp4"].facts
    assert (facts["width"], facts["height"], facts["audio_codec"]) == (160, 90, None)


def test_a_film_taken_upright_stays_upright(work: Work, tmp_path: Path) -> None:
    level = make_film(tmp_path / "level.mp4", *SMALL, "-an")
    turned = make_film(tmp_path / "turned.mp4", "-c", "copy", before=("-display_rotation", "90"), source=level)
    done = work(turned, format="mp4")
    assert (done.result["width"], done.result["height"]) == (90, 160)
    facts = done.outputs["turned.mp4"].facts
    assert (facts["width"], facts["height"]) == (90, 160)
    with Image.open(done.path("poster.jpg")) as poster:
        assert poster.size == (90, 160)


def test_a_film_of_one_frame_has_a_poster_and_a_copy(work: Work, tmp_path: Path) -> None:
    still = make_film(tmp_path / "still.mp4", "-frames:v", "1", "-an", "-vf", "scale=160:90")
    done = work(still, format="mp4", poster={"at": "100%"})
    assert set(done.outputs) == {"poster.jpg", "still.mp4"}


@pytest.mark.parametrize("fraction", [0.1, 0.6, 0.95])
def test_an_mp4_cut_short_is_refused_as_corrupt(work: Work, tmp_path: Path, fraction: float) -> None:
    with pytest.raises(InputError, match="cut short") as caught:
        work(cut(CLIP, tmp_path / "cut.mp4", fraction))
    assert caught.value.code == "corrupt_file"


def test_a_matroska_cut_short_is_refused_when_it_is_encoded(work: Work, tmp_path: Path) -> None:
    whole = make_film(tmp_path / "whole.mkv", "-c", "copy")
    with pytest.raises(InputError, match=r"only .* seconds can be decoded") as caught:
        work(cut(whole, tmp_path / "cut.mkv", 0.4), resize=[160, 90])
    assert caught.value.code == "corrupt_file"


def test_a_fringe_codec_and_a_file_of_sound_alone_are_refused_by_name(work: Work, tmp_path: Path) -> None:
    fringe = make_film(tmp_path / "fringe.mkv", *SMALL, "-an", "-c:v", "magicyuv")
    with pytest.raises(InputError, match="magicyuv") as caught:
        work(fringe)
    assert caught.value.code == "unsupported_format"
    with pytest.raises(InputError, match="no moving picture"):
        work(make_film(tmp_path / "sound.mp4", "-vn", "-c:a", "copy"))
