"""Pictures of films: posters, thumbnails, sheets and previews, opened again by Pillow."""

import re
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from filemill.processing.errors import InputError, OptionsError
from tests.integration.processing.video.clips import make_clip, run_ffmpeg
from tests.integration.processing.video.conftest import Make


@pytest.fixture(scope="module")
def rainbow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds that are red, green and blue for two seconds each."""
    path = tmp_path_factory.mktemp("rainbow") / "rainbow.mp4"
    colours = [f"color=c={name}:size=160x90:rate=10:duration=2[{name}]" for name in ("red", "lime", "blue")]
    graph = ";".join([*colours, "[red][lime][blue]concat=n=3[out]"])
    run_ffmpeg("-filter_complex", graph, "-map", "[out]", "-c:v", "libx264", "-preset", "ultrafast", str(path))
    return path


def colour_of(picture: Image.Image) -> str:
    means = dict(zip(("red", "lime", "blue"), ImageStat.Stat(picture.convert("RGB")).mean, strict=True))
    return max(means, key=lambda name: means[name])


@pytest.mark.parametrize(("at", "colour"), [(0, "red"), (3.0, "lime"), ("90%", "blue"), (99, "blue"), ("100%", "blue")])
def test_a_poster_is_of_the_moment_asked_for(make: Make, rainbow: Path, at: float | str, colour: str) -> None:
    made = make("video.poster", rainbow, at=at)
    with Image.open(made.path("poster.jpg")) as poster:
        assert (poster.format, poster.size) == ("JPEG", (160, 90))
        if colour != "blue" or at == "90%":
            assert colour_of(poster) == colour
    assert made.result["output"]["width"] == 160


@pytest.mark.parametrize(
    ("options", "kind", "size"),
    [
        ({"format": "png", "width": 81, "height": 45, "fit": "fill"}, "PNG", (81, 45)),
        ({"format": "webp", "width": 80}, "WEBP", (80, 44)),
        ({"width": 60, "height": 60, "fit": "cover", "quality": 40}, "JPEG", (60, 60)),
        ({"width": 60, "height": 60, "fit": "pad"}, "JPEG", (60, 60)),
        ({"width": 4000}, "JPEG", (160, 90)),
    ],
)
def test_a_poster_has_the_format_and_size_asked_for(
    make: Make, rainbow: Path, options: dict[str, object], kind: str, size: tuple[int, int]
) -> None:
    made = make("video.poster", rainbow, **options)
    [output] = made.outputs.values()
    with Image.open(output.path) as poster:
        assert (poster.format, poster.size) == (kind, size)
    [planned] = made.planned.outputs
    assert (planned.facts.width, planned.facts.height, planned.name) == (*size, output.name)


def test_three_thumbnails_lie_at_quarters(make: Make, rainbow: Path) -> None:
    made = make("video.thumbnails", rainbow, count=3)
    moments = [thumbnail["at"] for thumbnail in made.result["thumbnails"]]
    assert moments == pytest.approx([1.5, 3.0, 4.5], abs=0.05)
    assert list(made.outputs) == ["thumbnail-1.jpg", "thumbnail-2.jpg", "thumbnail-3.jpg"]
    assert len(made.planned.outputs) == 3
    colours = []
    for output in made.outputs.values():
        with Image.open(output.path) as picture:
            colours.append(colour_of(picture))
    assert colours == ["red", "lime", "blue"]


def test_thumbnails_at_offsets_keep_their_order(make: Make, rainbow: Path) -> None:
    made = make("video.thumbnails", rainbow, offsets=["90%", 0, 2.5], format="png", width=40)
    colours = []
    for output in made.outputs.values():
        with Image.open(output.path) as picture:
            assert (picture.format, picture.size[0]) == ("PNG", 40)
            colours.append(colour_of(picture))
    assert colours == ["blue", "red", "lime"]
    assert made.percents == sorted(made.percents)


def test_a_sheet_and_its_cues_agree(make: Make, rainbow: Path) -> None:
    made = make("video.sprite", rainbow, interval=1, columns=4, width=80)
    assert list(made.outputs) == ["sprite.jpg", "sprite.vtt"]
    assert (made.result["count"], made.result["frame"]) == (6, {"width": 80, "height": 44})
    cues = made.path("sprite.vtt").read_text()
    found = re.findall(r"(\d\d):(\d\d):(\d\d\.\d{3}) --> \S+\nsprite\.jpg#xywh=(\d+),(\d+),(\d+),(\d+)", cues)
    assert cues.startswith("WEBVTT\n\n")
    assert [float(second) for _, _, second, *_ in found] == [0, 1, 2, 3, 4, 5]
    with Image.open(made.path("sprite.jpg")) as sheet:
        assert sheet.size == (320, 88)
        places = [tuple(int(number) for number in cue[3:]) for cue in found]
        tiles = [sheet.crop((left, top, left + width, top + height)) for left, top, width, height in places]
        assert [colour_of(tile) for tile in tiles] == ["red", "red", "lime", "lime", "blue", "blue"]
    assert made.planned.outputs[0].facts.width == 320


def test_a_sheet_of_few_frames_is_as_wide_as_they_are(make: Make, rainbow: Path) -> None:
    made = make("video.sprite", rainbow, count=3, columns=5, width=80)
    with Image.open(made.path("sprite.jpg")) as sheet:
        assert sheet.size == (240, 44)
    assert (made.result["sheet"]["width"], made.planned.outputs[0].facts.width) == (240, 240)


def test_a_sheet_of_more_frames_than_it_can_hold_is_refused(make: Make, rainbow: Path) -> None:
    with pytest.raises(OptionsError, match="a side may have"):
        make("video.sprite", rainbow, count=200, columns=50, width=1000, fit="fill", height=100)


@pytest.mark.parametrize(("kind", "name"), [("GIF", "clip.gif"), ("WEBP", "clip.webp")])
def test_a_preview_moves(make: Make, clip: Path, kind: str, name: str) -> None:
    made = make("video.preview", clip, format=kind.lower(), start=1, duration=2, fps=5, width=80)
    with Image.open(made.path(name)) as preview:
        assert (preview.format, preview.size, preview.n_frames) == (kind, (80, 44), 10)  # type: ignore[attr-defined]
        assert preview.info["loop"] == 0
        shown = []
        for frame in (0, 9):
            preview.seek(frame)
            shown.append(preview.convert("RGB").tobytes())
    assert shown[0] != shown[1]
    assert made.planned.outputs[0].facts.frames == 10


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_preview_is_of_the_part_asked_for(make: Make, rainbow: Path, kind: str) -> None:
    made = make("video.preview", rainbow, format=kind, start=1, duration=2, fps=5)
    with Image.open(made.path(f"rainbow.{kind}")) as preview:
        colours = []
        for frame in (0, preview.n_frames - 1):  # type: ignore[attr-defined]  # WebP leaves out frames that repeat
            preview.seek(frame)
            colours.append(colour_of(preview))
    assert colours == ["red", "lime"]


def test_a_preview_of_a_short_film_is_all_of_it(make: Make, tmp_path: Path) -> None:
    short = make_clip(tmp_path / "short.mp4", seconds=1, sound=False)
    made = make("video.preview", short, start=0, duration=10)
    with Image.open(made.path("short.webp")) as preview:
        assert preview.n_frames == 10  # type: ignore[attr-defined]


def test_a_preview_too_large_to_hold_is_refused(make: Make, rainbow: Path) -> None:
    with pytest.raises(OptionsError, match="pixels in all its frames"):
        make("video.preview", rainbow, start=0, duration=6, fps=50, width=4000, height=4000, fit="fill")


def test_a_preview_of_a_part_without_a_frame_is_corrupt(make: Make, tmp_path: Path) -> None:
    path = make_clip(tmp_path / "spoilt.mkv", seconds=1, sound=False)
    content = bytearray(path.read_bytes())
    content[2000:-200] = b"\xa7" * (len(content) - 2200)
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        make("video.preview", path)
    assert caught.value.code == "corrupt_file"


@pytest.mark.parametrize("operation", ["video.poster", "video.thumbnails", "video.sprite", "video.preview"])
def test_a_film_cut_short_is_corrupt(make: Make, clip: Path, tmp_path: Path, operation: str) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(clip.read_bytes()[:20_000])
    with pytest.raises(InputError) as caught:
        make(operation, path)
    assert caught.value.code == "corrupt_file"


def test_facts_alone_need_no_tool(make: Make, rainbow: Path) -> None:
    made = make("video.describe", rainbow)
    facts = {name: made.result[name] for name in ("container", "width", "height", "fps", "video_codec", "audio_codec")}
    assert facts == {
        "container": "mp4",
        "width": 160,
        "height": 90,
        "fps": 10.0,
        "video_codec": "h264",
        "audio_codec": None,
    }
    assert made.result["duration"] == pytest.approx(6.0, abs=0.1)
    assert made.outputs == {}
