"""The stage that hostile files are made on: secrets that nobody may see, and a server that nobody may ask."""

import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import imageio_ffmpeg
from PIL import Image

from filemill.processing.input_limits import InputLimits
from tests.hostile import seeds

Image.MAX_IMAGE_PIXELS = InputLimits().max_pixels  # of its own, Pillow takes fewer for an attack
SECRET: Final = "canary-7f3a9d1c5e8b2640"
"""A word that stands in the canary file alone."""
CANARY_COLOUR: Final = (250, 0, 240)
"""A colour that no good file has."""
_SHOWN_SHARE: Final = 0.25


class CanaryServer:
    """An HTTP server that writes down who asked for what."""

    def __init__(self) -> None:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(SECRET.encode())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named so by the library
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def get_request(self) -> tuple[socket.socket, Any]:
                accepted = super().get_request()
                asked.append("a connection")
                return accepted

        self.asked = asked
        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Stage:
    """See `tests.hostile.hostile.Stage`."""

    def __init__(self, directory: Path, server: CanaryServer) -> None:
        self.canary_url = server.url
        self.asked = server.asked
        self.canary_file = directory / "canary.txt"
        self.canary_picture = directory / "canary.png"
        self.canary_film = directory / "canary.ts"
        self.canary_file.write_text(SECRET)
        Image.new("RGB", (96, 64), CANARY_COLOUR).save(self.canary_picture)
        make = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-nostdin",
            "-v",
            "error",
            "-loop",
            "1",
            "-i",
            str(self.canary_picture),
        ]
        subprocess.run([*make, "-t", "1", "-pix_fmt", "yuv420p", "-c:v", "libx264", str(self.canary_film)], check=True)
        for path in (directory, self.canary_file, self.canary_picture, self.canary_film):
            path.chmod(0o755)  # so that nothing but the cage stands between them and a tool, whoever it runs as

    def seed(self, name: str) -> bytes:
        return seeds.seed(name)


def shows_canary(path: Path) -> bool:
    """Tell whether an output shows anything of the secrets: the word, or a good part of it in the colour."""
    content = path.read_bytes()
    if any(SECRET.encode(encoding) in content for encoding in ("utf-8", "utf-16-le", "utf-16-be")):
        return True
    picture = path
    if path.suffix in (".mp4", ".webm", ".mkv"):
        picture = path.with_suffix(".frame.png")
        take = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-i", str(path), "-frames:v", "1"]
        drawn = subprocess.run([*take, str(picture)], check=False)
        if drawn.returncode != 0 or not picture.exists():
            return False  # sound alone, or a piece of a stream that shows nothing without the others
    elif path.suffix not in (".jpg", ".png", ".webp", ".gif", ".avif"):
        return False
    with Image.open(picture) as opened:
        return _is_coloured(opened)


def _is_coloured(picture: Image.Image) -> bool:
    small = picture.convert("RGB").resize((32, 32))
    pixels = [small.getpixel((x, y)) for x in range(32) for y in range(32)]
    close = sum(all(abs(a - b) < 40 for a, b in zip(pixel, CANARY_COLOUR, strict=True)) for pixel in pixels)  # type: ignore[arg-type]
    return close / len(pixels) >= _SHOWN_SHARE
