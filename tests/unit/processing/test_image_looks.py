"""What pictures look like, in numbers, and where several of them lie: the pure parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from filemill.processing.operations.image.joining import Arrangement, Direction, arrange
from filemill.processing.operations.image.srcset import choose_widths
from filemill.processing.operations.sealed.image.blurhash import encode_blurhash
from filemill.processing.operations.sealed.image.perceptual_hash import hash_of
from filemill.processing.operations.sizing import Size
from tests.integration.processing.pictures import photo

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def test_a_blurhash_is_the_one_that_others_make() -> None:
    """The hash of these pixels by the package `blurhash` 1.1.5, which shares no code with ours."""
    pixels = bytes(value for y in range(16) for x in range(24) for value in (x * 10, y * 15, x * y % 256))
    assert encode_blurhash(pixels, 24, 16) == "LoF=?I2kwubcqJWHjwe-gGfmfNfm"


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 90)])
def test_the_blurhash_of_one_colour_names_it(colour: tuple[int, int, int]) -> None:
    text = encode_blurhash(bytes(colour) * 64, 8, 8)
    value = 0
    for digit in text[2:6]:
        value = value * 83 + DIGITS.index(digit)
    assert (value >> 16, value >> 8 & 255, value & 255) == colour


def _bits_apart(one: Image.Image, other: Image.Image) -> int:
    hashes = [
        int(hash_of(picture.convert("L").resize((32, 32), Image.Resampling.BOX).tobytes()), 16)
        for picture in (one, other)
    ]
    return (hashes[0] ^ hashes[1]).bit_count()


def test_a_perceptual_hash_knows_a_picture_again_and_tells_others_apart() -> None:
    picture = photo()
    assert _bits_apart(picture, picture.resize((200, 133))) <= 4
    assert _bits_apart(picture, picture.point(lambda value: min(255, value * 1.2))) <= 8
    assert _bits_apart(picture, picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) >= 16
    assert _bits_apart(picture, Image.linear_gradient("L")) >= 16


SIZES = st.lists(st.builds(Size, st.integers(1, 3000), st.integers(1, 3000)), min_size=2, max_size=12)


@given(
    sizes=SIZES,
    direction=st.sampled_from(["horizontal", "vertical", "grid"]),
    gap=st.integers(0, 20),
    columns=st.none() | st.integers(1, 5),
)
def test_joined_pictures_lie_beside_each_other_and_fill_the_canvas(
    sizes: list[Size], direction: Direction, gap: int, columns: int | None
) -> None:
    found = arrange(sizes, Arrangement(direction=direction, gap=gap, columns=columns))
    assert len(found.places) == len(sizes)
    for number, one in enumerate(found.places):
        assert one.left + one.width <= found.canvas.width
        assert one.top + one.height <= found.canvas.height
        for other in found.places[:number]:
            beside = one.left >= other.left + other.width + gap or other.left >= one.left + one.width + gap
            below = one.top >= other.top + other.height + gap or other.top >= one.top + one.height + gap
            assert beside or below
    if direction == "horizontal":
        assert {place.height for place in found.places} == {min(size.height for size in sizes)}


@pytest.mark.parametrize(
    ("widths", "own", "chosen"),
    [
        ([320, 640, 1280], 2000, [320, 640, 1280]),
        ([320, 640, 1280], 800, [320, 640, 800]),
        ([640, 320, 320], 640, [320, 640]),
        ([320], 100, [100]),
    ],
)
def test_no_width_is_larger_than_the_picture(widths: list[int], own: int, chosen: list[int]) -> None:
    assert choose_widths(widths, own) == chosen
