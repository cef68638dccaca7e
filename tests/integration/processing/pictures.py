"""Pictures made for tests, and how alike two pictures are: all by Pillow, which shares no code with libvips."""

import math
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageStat

from tests.integration.processing.conftest import SAMPLES

PHOTO = SAMPLES / "photo.jpg"
QUADRANTS = ((200, 30, 30), (30, 160, 30), (30, 30, 200), (220, 200, 40))
"""Red, green, blue and yellow: upper left, upper right, lower left, lower right."""


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.load()
        return picture


def photo() -> Image.Image:
    return opened(PHOTO).convert("RGB")


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Return the peak signal-to-noise ratio of two pictures of one size in decibels; above 30 they look the same."""
    assert one.size == other.size, f"{one.size} and {other.size} can't be compared"
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    means = ImageStat.Stat(difference).rms
    error = sum(mean * mean for mean in means) / len(means)
    return math.inf if error == 0 else 10 * math.log10(255 * 255 / error)


def make_quadrants(path: Path, size: tuple[int, int] = (200, 100), mode: str = "RGB") -> Path:
    """Write a picture of four colours, which tells how it was cut and turned."""
    width, height = size
    picture = Image.new("RGB", size)
    draw = ImageDraw.Draw(picture)
    corners = ((0, 0), (width // 2, 0), (0, height // 2), (width // 2, height // 2))
    for (left, top), colour in zip(corners, QUADRANTS, strict=True):
        draw.rectangle([left, top, left + width // 2 - 1, top + height // 2 - 1], fill=colour)
    picture.convert(mode).save(path)
    return path


def name_colour(picture: Image.Image, at: tuple[int, int]) -> str:
    """Say which of the four colours a pixel is nearest to: r, g, b or y, or w for white and k for black."""
    pixel = picture.convert("RGB").getpixel(at)
    assert isinstance(pixel, tuple)
    named = dict(zip("rgbywk", (*QUADRANTS, (255, 255, 255), (0, 0, 0)), strict=True))
    return min(named, key=lambda name: math.dist(named[name], pixel))


def corners(picture: Image.Image) -> str:
    """Name the colours of the four corners: upper left, upper right, lower left, lower right."""
    width, height = picture.size
    inset = 4
    places = ((inset, inset), (width - 1 - inset, inset), (inset, height - 1 - inset))
    return "".join(name_colour(picture, at) for at in (*places, (width - 1 - inset, height - 1 - inset)))
