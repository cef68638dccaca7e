"""Pictures as large as the cameras of phones make them: whole in every format, and honest where memory is short."""

from pathlib import Path

import pytest
import pyvips

from filemill.processing.errors import LimitError
from filemill.processing.operations import OPERATIONS
from tests.integration.processing.conftest import Probe, Work

TRANSFORM = OPERATIONS["image.transform"]
MEGABYTE = 1024**2


def make_large(path: Path, *, side: int = 6000) -> Path:
    """Draw a picture with detail everywhere; how it is written is chosen for speed."""
    noise = pyvips.Image.gaussnoise(side // 4, side // 4, sigma=15, mean=128).cast("uchar")
    drawn = noise.bandjoin([noise.invert(), noise.fliphor()]).resize(4, kernel="nearest").copy(interpretation="srgb")
    drawn.write_to_file(str(path), **({"compression": 0} if path.suffix == ".png" else {"Q": 60, "effort": 0}))
    return path


def test_a_picture_that_is_unpacked_as_a_whole_is_turned(work: Work, tmp_path: Path) -> None:
    done = work(make_large(tmp_path / "large.webp"), rotate=90, format="jpeg")

    assert pyvips.Image.new_from_file(str(done.path("large.jpg"))).width == 6000


@pytest.mark.parametrize(("written", "megabytes"), [("webp", 150), ("webp", 240), ("webp", 300), ("avif", 300)])
def test_an_encoder_without_memory_is_no_corrupt_picture(
    work: Work, tmp_path: Path, written: str, megabytes: int
) -> None:
    picture = make_large(tmp_path / "large.png")

    with pytest.raises(LimitError) as caught:
        work(picture, memory_bytes=megabytes * MEGABYTE, format=written)

    assert caught.value.code == "memory_limit"


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("plain.png", {"resize": [800, 800], "format": "jpeg"}),
        ("turned.png", {"rotate": 90, "format": "jpeg"}),
        ("turned.webp", {"rotate": 90, "format": "jpeg"}),
        ("small.webp", {"resize": [800, 800], "format": "jpeg"}),
        ("packed.png", {"format": "webp"}),
    ],
)
def test_the_memory_that_is_foreseen_is_about_what_is_taken(
    work: Work, probe: Probe, tmp_path: Path, path: str, options: dict[str, object]
) -> None:
    picture = make_large(tmp_path / path, side=4000)
    foreseen = TRANSFORM.plan(probe(picture), TRANSFORM.options.model_validate(options)).cost

    taken = work(picture, **options).peak_memory_bytes

    assert 0.6 * taken < foreseen.memory_bytes < 2.5 * taken


@pytest.mark.parametrize(("side", "percents"), [(800, [100.0]), (2400, [10.0, 100.0])])
def test_that_the_work_has_begun_is_told_where_it_takes_long(
    work: Work, tmp_path: Path, side: int, percents: list[float]
) -> None:
    done = work(make_large(tmp_path / "large.png", side=side), resize=[100, 100])

    assert done.percents == percents
