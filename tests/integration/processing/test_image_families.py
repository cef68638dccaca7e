"""The image operations that do one thing each, and several copies from one decode, through the real cage."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from filemill.processing.bench import Output
from filemill.processing.cage import Cage
from filemill.processing.errors import InputError
from filemill.processing.operations import OPERATIONS
from filemill.processing.operations.checking import check
from filemill.processing.operations.running import run_steps
from filemill.processing.operations.steps import Step
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import cut, make_animation
from tests.integration.processing.pictures import PHOTO, corners, make_quadrants, opened, photo, psnr

Together = Callable[..., tuple[dict[str, Any], dict[str, Output]]]


@pytest.mark.parametrize(
    ("name", "options", "file_name", "size"),
    [
        ("resize", {}, "photo.jpg", (600, 400)),
        ("resize", {"width": 90}, "photo.jpg", (90, 60)),
        ("crop", {}, "photo.jpg", (400, 400)),
        ("crop", {"crop": {"aspect": "16:9"}}, "photo.jpg", (600, 338)),
        ("crop", {"crop": {"aspect": "1:2", "gravity": "smart"}}, "photo.jpg", (200, 400)),
        ("rotate", {}, "photo.jpg", (600, 400)),
        ("rotate", {"rotate": 270}, "photo.jpg", (400, 600)),
        ("trim", {}, "photo.jpg", None),
        ("adjust", {}, "photo.jpg", (600, 400)),
        ("watermark", {}, "photo.jpg", (600, 400)),
        ("convert", {}, "photo.webp", (600, 400)),
        ("convert", {"format": "png"}, "photo.png", (600, 400)),
    ],
)
def test_each_family_does_its_one_thing(
    work: Work, name: str, options: dict[str, object], file_name: str, size: tuple[int, int] | None
) -> None:
    done = work(PHOTO, operation=f"image.{name}", **options)
    copy = opened(done.path(file_name))
    assert size is None or copy.size == size
    assert done.result["output"]["name"] == file_name
    assert dict(copy.getexif()) == {}


def test_families_look_as_pillow_makes_them(work: Work, tmp_path: Path) -> None:
    def made(name: str, **options: object) -> Image.Image:
        return opened(work(PHOTO, operation=f"image.{name}", format="png", **options).path("photo.png"))

    assert psnr(made("crop"), photo().crop((100, 0, 500, 400))) > 45
    assert psnr(made("resize", width=300), photo().resize((300, 200), Image.Resampling.LANCZOS)) > 35
    assert psnr(made("rotate", flip="vertical"), ImageOps.flip(photo())) > 45
    assert psnr(made("adjust", brightness=0.5), photo().point(lambda value: value * 0.5)) > 40


def test_a_watermark_without_a_word_is_the_files_name(work: Work, tmp_path: Path) -> None:
    for name in ("i.png", "a-much-longer-name.png"):
        Image.new("RGB", (300, 300), (0, 0, 0)).save(tmp_path / name)
    short, long = (
        opened(work(tmp_path / name, operation="image.watermark").path(name)).getbbox()
        for name in ("i.png", "a-much-longer-name.png")
    )
    assert short is not None
    assert long is not None
    assert long[2:] == (300, 300)
    assert (long[2] - long[0]) > 4 * (short[2] - short[0])


@pytest.fixture
def together(cage: Cage, tmp_path: Path) -> Together:
    """Ask for several named copies of one file, as `outputs` of a request does."""

    def run(path: Path, wishes: Mapping[str, Mapping[str, object]]) -> tuple[dict[str, Any], dict[str, Output]]:
        operation = OPERATIONS["image.transform"]
        steps = []
        for name, wish in wishes.items():
            checked = check(operation, wish)
            assert checked.options is not None, checked.problems
            steps.append(Step(id=name, operation=operation, options=checked.options))
        scratch = tmp_path / f"together-{len(list(tmp_path.glob('together-*')))}"
        scratch.mkdir()
        source_fd = os.open(path, os.O_RDONLY)
        try:
            with (
                cage.open_slice() as files,
                files.open_bench(
                    source_fd=source_fd,
                    media_type=f"image/{'jpeg' if path.suffix == '.jpg' else path.suffix[1:]}",
                    file_name=path.name,
                    scratch=scratch,
                    limits=operation.limits,
                ) as bench,
            ):
                result = run_steps(bench, steps)
                return result["steps"], {str(output.facts["step"]): output for output in bench.outputs}
        finally:
            os.close(source_fd)

    return run


def test_several_copies_from_one_decode_are_each_what_one_run_gives(
    together: Together, work: Work, tmp_path: Path
) -> None:
    large = tmp_path / "large.jpg"
    photo().resize((2400, 1600), Image.Resampling.LANCZOS).save(large, quality=95)
    wishes: dict[str, dict[str, object]] = {
        "full": {"resize": [1100, 1100]},
        "card": {"width": 400, "height": 400, "fit": "cover", "gravity": "smart", "format": "webp"},
        "thumb": {"width": 90, "format": "png"},
        "turned": {"rotate": 90, "width": 300},
        "upside": {"auto_orient": False, "width": 200},
    }
    results, outputs = together(large, wishes)
    assert list(results) == list(wishes) == list(outputs)
    for name, wish in wishes.items():
        alone = work(large, **wish)
        copy, wanted = opened(outputs[name].path), opened(next(iter(alone.outputs.values())).path)
        assert copy.size == wanted.size
        assert psnr(copy, wanted) > 33, name
        assert results[name]["output"]["name"] == outputs[name].name
        assert outputs[name].name.startswith(f"large-{name}.")
        assert outputs[name].path.parent.name != outputs["full" if name != "full" else "card"].path.parent.name


def test_several_copies_of_an_animation_stay_animated_where_they_can(together: Together, tmp_path: Path) -> None:
    _, outputs = together(
        make_animation(tmp_path / "disc.gif"),
        {"moving": {"width": 80}, "still": {"format": "png"}, "web": {"format": "webp"}},
    )
    frames = {}
    for name, output in outputs.items():
        with Image.open(output.path) as copy:
            frames[name] = getattr(copy, "n_frames", 1)
    assert frames == {"moving": 6, "still": 1, "web": 6}


def test_crops_and_sideways_pictures_share_a_decode_too(together: Together, tmp_path: Path) -> None:
    upright = opened(make_quadrants(tmp_path / "upright.png", (800, 400)))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "taken.jpg", exif=exif, quality=95)
    _, outputs = together(
        tmp_path / "taken.jpg",
        {
            "left": {"crop": {"x1": 0, "y1": 0, "x2": "50%", "y2": "100%"}},
            "whole": {"width": 100},
            "small": {"width": 50},
        },
    )
    assert corners(opened(outputs["left"].path)) == "rrbb"
    assert corners(opened(outputs["whole"].path)) == "rgby"
    assert opened(outputs["small"].path).size == (50, 25)


def test_one_damaged_file_fails_all_copies_of_it(together: Together, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        together(cut(PHOTO, tmp_path / "cut.jpg"), {"one": {"width": 100}, "two": {"width": 50}})
    assert caught.value.code == "corrupt_file"
