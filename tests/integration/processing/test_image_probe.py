"""Probing pictures: what a header tells, at no cost."""

from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from filemill.processing.errors import InputError
from tests.integration.processing.conftest import Probe
from tests.integration.processing.inputs import cut, make_animation, make_bomb
from tests.integration.processing.pictures import PHOTO, photo


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "gif", "bmp", "tiff", "heic"])
def test_the_size_of_every_format_is_told(probe: Probe, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"picture.{name}"
    if name == "heic":
        pillow_heif.from_pillow(photo()).save(path)
    else:
        photo().save(path)
    facts = probe(path)
    assert (facts.width, facts.height, facts.frames, facts.pages) == (600, 400, None, None)
    assert facts.size == path.stat().st_size
    assert facts.more["format"] == name


def test_frames_orientation_and_transparency_are_told(probe: Probe, tmp_path: Path) -> None:
    assert probe(make_animation(tmp_path / "disc.gif")).frames == 6
    exif = Image.Exif()
    exif[0x0112] = 6
    photo().save(tmp_path / "sideways.jpg", exif=exif)
    sideways = probe(tmp_path / "sideways.jpg")
    assert (sideways.width, sideways.height) == (400, 600)
    Image.new("RGBA", (5, 5)).save(tmp_path / "clear.png")
    assert probe(tmp_path / "clear.png").more["has_alpha"] is True
    assert probe(PHOTO).more["has_alpha"] is False


def test_what_is_no_picture_is_refused_and_a_bomb_does_not_go_off(probe: Probe, tmp_path: Path) -> None:
    assert probe(make_bomb(tmp_path / "bomb.png")).width == 60_000
    with pytest.raises(InputError) as caught:
        probe(cut(PHOTO, tmp_path / "cut.jpg", fraction=0.001))
    assert caught.value.code == "corrupt_file"
