"""The files that benchmarks work on: made once from the samples, and kept in a cache outside of the repository.

The photos are cut from the samples' pictures, at random places, enlarged, and given detail and grain until a byte holds
about as many pixels as in a camera's JPEG: how much there is to decode is what counts here, not what is to be seen.
"""

import itertools
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pyvips

SAMPLES: Final = Path(__file__).parent.parent / "samples"
VERSION: Final = 1
"""Raise it when what is made changes."""
LARGE: Final = ((4000, 3000), (4032, 3024), (3000, 4000), (4240, 2832))
MIDDLE: Final = ((2048, 1365), (2000, 1500), (1920, 1440), (1365, 2048))
SMALL: Final = ((640, 480),)
PDF_PAGES: Final = 1000
NOISE_SIDE: Final = 512


def find_place() -> Path:
    """Return the root of everything that is made."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / f"filemill-benchmarks-{VERSION}"


def make_photos(count: int = 200) -> list[Path]:
    """Photos, half of 12 megapixels and half of 2 to 3, mixed; each picture comes several times."""
    large = make_pictures("large", count=20, sizes=LARGE, quality=92, grain=2.6)
    middle = make_pictures("middle", count=20, sizes=MIDDLE, quality=88, grain=2.4)
    pairs = zip(itertools.cycle(large), itertools.cycle(middle), strict=False)
    return list(itertools.islice(itertools.chain.from_iterable(pairs), count))


def make_small_pictures(count: int = 1500) -> list[Path]:
    """Small pictures; each comes several times."""
    made = make_pictures("small", count=40, sizes=SMALL, quality=85, grain=2.5)
    return list(itertools.islice(itertools.cycle(made), count))


def make_pictures(
    name: str, *, count: int, sizes: tuple[tuple[int, int], ...], quality: int, grain: float
) -> list[Path]:
    """Make pictures of these sizes, or find them made."""

    def fill(directory: Path) -> None:
        original = pyvips.Image.new_from_file(str(SAMPLES / "photo.jpg")).copy_memory()
        noise = _make_noise(grain)
        for number in range(count):
            chance = random.Random(f"{name} {number}")  # noqa: S311  the same pictures each time
            picture = _invent(chance, original, noise, size=sizes[number % len(sizes)])
            picture.jpegsave(str(directory / f"{name}-{number:03}.jpg"), Q=quality, keep="none")

    return sorted(make_once(name, fill).iterdir())


def _make_noise(grain: float) -> Any:
    """A square of detail and grain, large enough that it does not repeat where the eye or a decoder would notice."""
    fine = pyvips.Image.gaussnoise(NOISE_SIDE, NOISE_SIDE, sigma=grain, mean=0, seed=1)
    coarse = pyvips.Image.gaussnoise(NOISE_SIDE // 2, NOISE_SIDE // 2, sigma=2 * grain, mean=0, seed=2).resize(2)
    return (fine + coarse.embed(0, 0, NOISE_SIDE, NOISE_SIDE, extend="mirror")).cast("short").copy_memory()


def _invent(chance: random.Random, original: Any, noise: Any, *, size: tuple[int, int]) -> Any:
    """Cut a part out of a photograph and make a picture of that size from it."""
    width, height = size
    factor = min(original.width / width, original.height / height) * chance.uniform(0.5, 0.95)
    part_width, part_height = max(1, int(width * factor)), max(1, int(height * factor))
    left = chance.randrange(original.width - part_width + 1)
    top = chance.randrange(original.height - part_height + 1)
    part = original.crop(left, top, part_width, part_height)
    enlarged = part.thumbnail_image(width, height=height, size="force")
    across, down = (-(-side // NOISE_SIDE) + 1 for side in size)
    grain = noise.replicate(across, down).crop(chance.randrange(NOISE_SIDE), chance.randrange(NOISE_SIDE), *size)
    return (enlarged + grain).cast("uchar").copy(interpretation="srgb")


def make_pdf() -> Path:
    """A PDF of a thousand pages: the sample's, again and again."""

    def fill(directory: Path) -> None:
        import pikepdf  # noqa: PLC0415  only this needs it

        with pikepdf.open(SAMPLES / "mill.pdf") as sample, pikepdf.new() as made:
            for number in range(PDF_PAGES):
                made.pages.append(sample.pages[number % len(sample.pages)])
            made.save(directory / "pages.pdf")

    return make_once("pdf", fill) / "pages.pdf"


def make_word_document() -> Path:
    """The sample's word document, beneath the root."""
    return make_once("word", lambda directory: shutil.copy(SAMPLES / "report.docx", directory)) / "report.docx"


def make_once(name: str, fill: Callable[[Path], object]) -> Path:
    """Return a directory that was filled whole, filling it the first time."""
    directory = find_place() / name
    if not directory.exists():
        unfinished = directory.with_name(f".{name}.{os.getpid()}")
        unfinished.mkdir(parents=True)
        fill(unfinished)
        unfinished.rename(directory)
    return directory
