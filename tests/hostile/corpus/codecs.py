"""Films of codecs that few use and few have looked at: none of them is decoded."""

from collections.abc import Iterator
from typing import Final

from tests.hostile.hostile import Hostile, Stage, failed
from tests.hostile.seeds import film

_FRINGE: Final = {
    "magicyuv.avi": ("-c:v", "magicyuv", "-pix_fmt", "yuv420p"),
    "magicyuv.mkv": ("-c:v", "magicyuv", "-pix_fmt", "gbrp"),
    "jpeg2000.mov": ("-c:v", "jpeg2000"),
    "jpeg2000.mkv": ("-c:v", "jpeg2000"),
    "huffyuv.avi": ("-c:v", "huffyuv", "-pix_fmt", "yuv422p"),
    "ffvhuff.mkv": ("-c:v", "ffvhuff"),
    "utvideo.avi": ("-c:v", "utvideo"),
    "cinepak.avi": ("-c:v", "cinepak", "-pix_fmt", "rgb24"),
    "qtrle.mov": ("-c:v", "qtrle", "-pix_fmt", "rgb24"),
    "png.mov": ("-c:v", "png", "-pix_fmt", "rgb24"),
    "tiff.mov": ("-c:v", "tiff", "-pix_fmt", "rgb24"),
    "zlib.avi": ("-c:v", "zlib", "-pix_fmt", "bgr24"),
    "zmbv.avi": ("-c:v", "zmbv", "-pix_fmt", "bgr0"),
    "snow.avi": ("-c:v", "snow", "-strict", "-2"),
    "dvvideo.mov": ("-c:v", "dvvideo", "-s", "720x576", "-r", "25"),
    "roq.avi": ("-c:v", "msvideo1", "-pix_fmt", "rgb555le"),
    "targa.mov": ("-c:v", "targa", "-pix_fmt", "bgr24"),
    "svq1.mov": ("-c:v", "svq1", "-pix_fmt", "yuv410p"),
    "asv1.avi": ("-c:v", "asv1"),
    "gif.mkv": ("-c:v", "gif", "-pix_fmt", "rgb8"),
}


def list_files() -> Iterator[Hostile]:
    for name, arguments in _FRINGE.items():
        codec, _, ending = name.partition(".")

        def content(_stage: Stage, arguments: tuple[str, ...] = arguments, ending: str = ending) -> bytes:
            return film(*arguments, ending=ending, source="testsrc2=size=96x64:rate=10:duration=0.3")

        for options in ({}, {"format": "mp4"}) if codec == "magicyuv" else ({},):
            yield Hostile(
                name=f"codecs: {codec} in {ending}{', to be encoded' if options else ''}",
                file_name=name,
                task_type="video",
                outcome=failed("unsupported_format"),
                content=content,
                options=options,
            )
