#!/usr/bin/env python3
"""Makes the two samples that come of nothing but numbers: a mill that turns, and a tune that is plucked."""

import math
import random
import subprocess
import sys
import wave
from array import array
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import imageio_ffmpeg
from PIL import Image, ImageDraw

SAMPLES: Final = Path(__file__).resolve().parent.parent / "samples"

WIDTH, HEIGHT, FRAMES = 240, 180, 12
"""The sails of a mill look the same after a quarter turn, so the frames are of one."""
FINER: Final = 4
SKY, GRASS, WALL, ROOF, SAIL = "#cfe6f5", "#8fb36a", "#f3ede2", "#8a4b32", "#5b4636"

RATE: Final = 44_100
TUNE: Final = ((0, 1), (4, 1), (7, 1), (12, 1), (11, 1), (7, 1), (9, 2), (7, 1), (5, 1), (4, 1), (2, 1), (0, 4))
"""Half tones above middle C, and how many beats each lasts."""
BEAT_SECONDS: Final = 0.375
MIDDLE_C: Final = 261.63


def main() -> int:
    draw_mill(SAMPLES / "mill.gif")
    play_tune(SAMPLES / "tune.mp3")
    return 0


def draw_mill(path: Path) -> None:
    """Write an animation of a quarter turn, which goes on for ever."""
    first, *others = [draw_frame(90 * number / FRAMES) for number in range(FRAMES)]
    first.save(path, save_all=True, append_images=others, duration=80, loop=0, optimize=True)


def draw_frame(degrees: float) -> Image.Image:
    picture = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), SKY)
    draw = ImageDraw.Draw(picture)

    def polygon(*corners: tuple[float, float], fill: str) -> None:
        draw.polygon([(x * FINER, y * FINER) for x, y in corners], fill=fill)

    polygon((0, 150), (WIDTH, 150), (WIDTH, HEIGHT), (0, HEIGHT), fill=GRASS)
    polygon((102, 80), (138, 80), (150, 156), (90, 156), fill=WALL)
    polygon((98, 80), (142, 80), (120, 54), fill=ROOF)
    polygon((112, 132), (128, 132), (128, 156), (112, 156), fill=SAIL)
    for quarter in range(4):
        polygon(
            *(turn(corner, degrees + 90 * quarter) for corner in ((-2, 0), (-2, -66), (12, -66), (2, 0))), fill=SAIL
        )
    return picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).quantize(32)


def turn(corner: tuple[float, float], degrees: float) -> tuple[float, float]:
    """Turn a corner of a sail around the axis."""
    x, y = corner
    angle = math.radians(degrees)
    return 120 + x * math.cos(angle) - y * math.sin(angle), 80 + x * math.sin(angle) + y * math.cos(angle)


def play_tune(path: Path) -> None:
    """Write the tune as an MP3 with a title."""
    beats = sum(length for _, length in TUNE)
    sound = [0.0] * round(beats * BEAT_SECONDS * RATE)
    begin = 0.0
    for tone, length in TUNE:
        start = round(begin * BEAT_SECONDS * RATE)
        for offset, value in enumerate(pluck(MIDDLE_C * 2 ** (tone / 12), length * BEAT_SECONDS)):
            if start + offset < len(sound):
                sound[start + offset] += value
        begin += length
    most = max(abs(value) for value in sound)
    with TemporaryDirectory() as scratch:
        plain = Path(scratch) / "tune.wav"
        with wave.open(str(plain), "wb") as file:
            file.setparams((1, 2, RATE, len(sound), "NONE", ""))
            file.writeframes(array("h", (round(20_000 * value / most) for value in sound)).tobytes())
        coding = ("-c:a", "libmp3lame", "-b:a", "64k", "-bitexact", "-metadata", "title=The mill turns")
        ffmpeg = (imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-loglevel", "error", "-y")
        subprocess.run([*ffmpeg, "-i", str(plain), *coding, str(path)], check=True)


def pluck(frequency: float, seconds: float) -> list[float]:
    """Sound a string as Karplus and Strong do: noise that is smoothed each time that it comes round."""
    chance = random.Random(round(frequency))  # noqa: S311  noise, and no secret
    string = [chance.uniform(-1, 1) for _ in range(round(RATE / frequency))]
    played: list[float] = []
    while len(played) < seconds * RATE:
        played += string
        string = [0.498 * (one + other) for one, other in pairwise([*string, string[0]])]
    fade = RATE // 50
    return [value * min(1.0, (len(played) - number) / fade) for number, value in enumerate(played)]


if __name__ == "__main__":
    sys.exit(main())
