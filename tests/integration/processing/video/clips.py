"""Small films and sounds, made by FFmpeg for the tests."""

import subprocess
from pathlib import Path

import imageio_ffmpeg

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
FAST = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def run_ffmpeg(*arguments: str) -> None:
    subprocess.run([FFMPEG, "-nostdin", "-loglevel", "error", "-y", *arguments], check=True)


def make_clip(
    path: Path,
    *,
    seconds: float,
    size: str = "160x90",
    rate: str = "25",
    sound: bool = True,
    coding: tuple[str, ...] = FAST,
    picture: str = "testsrc2",
) -> Path:
    """Make a film of a moving test picture, with a tone that rises so that every moment of it sounds different."""
    sources = [
        "-f",
        "lavfi",
        "-i",
        f"{picture}{':' if '=' in picture else '='}size={size}:rate={rate}:duration={seconds}",
    ]
    if sound:
        sources += ["-f", "lavfi", "-i", f"aevalsrc=0.4*sin(2*PI*(300+40*t)*t):sample_rate=44100:duration={seconds}"]
    run_ffmpeg(*sources, *coding, str(path))
    return path


def make_sound(path: Path, *coding: str, seconds: float, volume: float = 0.4, channels: int = 2) -> Path:
    """Make a sound of a rising tone."""
    tone = f"aevalsrc={volume}*sin(2*PI*(300+40*t)*t):sample_rate=44100:duration={seconds}"
    run_ffmpeg("-f", "lavfi", "-i", tone, "-ac", str(channels), *coding, str(path))
    return path


def make_plain_picture(path: Path, colour: str = "red", size: str = "80x60") -> Path:
    """Make a picture of one colour."""
    run_ffmpeg("-f", "lavfi", "-i", f"color=c={colour}:size={size}:duration=1", "-frames:v", "1", str(path))
    return path
