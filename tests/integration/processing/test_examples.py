"""The examples of every operation do what they show, on the sample that they are shown with."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from filemill.processing.operations import OPERATIONS
from filemill.processing.operations.declaration import Example
from tests.integration.processing.conftest import SAMPLES, Finished, Work
from tests.integration.processing.telling import measure_seconds, tell

pytestmark = pytest.mark.timeout(180)

STREAMS: Final = ("video.hls", "video.dash")
"""Of what these make only the first output is told: it names all others."""
PROMISED: Final[Mapping[str, Mapping[str, str]]] = {
    "audio.concat-1": {"tune.mp3": "mp3 1x44100"},
    "audio.concat-2": {"tune.flac": "flac 1x44100"},
    "audio.encode-1": {"tune.mp3": "mp3 1x44100"},
    "audio.encode-2": {"tune.ogg": "opus 1x48000"},
    "audio.encode-3": {"tune.flac": "flac 1x44100"},
    "audio.extract-1": {"clip.m4a": "aac 6x48000"},
    "audio.extract-2": {"clip.mp3": "mp3 2x48000"},
    "audio.extract-3": {"clip.wav": "pcm_s16le 1x16000"},
    "audio.normalize-1": {"tune.mp3": "mp3 1x44100"},
    "audio.normalize-2": {"tune.wav": "pcm_s16le 1x44100"},
    "audio.waveform-1": {"tune.png": "PNG 1800x280"},
    "audio.waveform-2": {"tune.json": "JSON of 1000 data"},
    "audio.waveform-3": {"tune.png": "PNG 600x80"},
    "document.attach-1": {"mill-attached.pdf": "PDF of 3"},
    "document.attach-2": {"mill-attached.pdf": "PDF of 3"},
    "document.attachments-1": {"invoice.xml": "XML of invoice"},
    "document.attachments-2": {"invoice.xml": "XML of invoice"},
    "document.compress-1": {"mill-compressed.pdf": "PDF of 3"},
    "document.compress-2": {"mill-compressed.pdf": "PDF of 3"},
    "document.convert-1": {"report.pdf": "PDF of 2"},
    "document.convert-2": {"report.pdf": "PDF of 1"},
    "document.convert-3": {"report.odt": "application/vnd.oasis.opendocument.text"},
    "document.decrypt-1": {"restricted-decrypted.pdf": "PDF of 1"},
    "document.decrypt-2": {"restricted-decrypted.pdf": "PDF of 1"},
    "document.encrypt-1": {"mill-encrypted.pdf": "PDF of 3, encrypted"},
    "document.encrypt-2": {"mill-encrypted.pdf": "PDF of 3, encrypted print:no copy:no"},
    "document.extract_pages-1": {"mill-pages.pdf": "PDF of 2"},
    "document.extract_pages-2": {"mill-pages.pdf": "PDF of 3"},
    "document.extract_pages-3": {"mill-pages.pdf": "PDF of 2"},
    "document.linearize-1": {"mill-linearized.pdf": "PDF of 3"},
    "document.merge-1": {"mill-merged.pdf": "PDF of 6"},
    "document.merge-2": {"mill-merged.pdf": "PDF of 6"},
    "document.metadata-2": {"mill-metadata.pdf": "PDF of 3"},
    "document.metadata-3": {"mill-metadata.pdf": "PDF of 3"},
    "document.ocr-1": {"scan-ocr.pdf": "PDF of 1"},
    "document.ocr-2": {"scan-ocr.pdf": "PDF of 1"},
    "document.read-1": {"page-1.jpg": "JPEG 910x1287", "text.txt": "609 words"},
    "document.read-2": {"page-1.jpg": "JPEG 1654x2339"},
    "document.render-1": {"mill-page-1.webp": "WEBP 400x566"},
    "document.render-2": {
        "mill-page-1.png": "PNG 2481x3508",
        "mill-page-2.png": "PNG 2481x3508",
        "mill-page-3.png": "PNG 2481x3508",
    },
    "document.rotate-1": {"mill-rotated.pdf": "PDF of 3, turned 180 180 180"},
    "document.rotate-2": {"mill-rotated.pdf": "PDF of 3, turned 0 270 0"},
    "document.split-1": {"mill-page-1.pdf": "PDF of 1", "mill-page-2.pdf": "PDF of 1", "mill-page-3.pdf": "PDF of 1"},
    "document.split-2": {"mill-pages-1-2.pdf": "PDF of 2", "mill-page-3.pdf": "PDF of 1"},
    "document.split-3": {"mill-page-1.pdf": "PDF of 1", "mill-pages-2-3.pdf": "PDF of 2"},
    "document.table-1": {"harvest.json": "JSON of 240"},
    "document.table-2": {"harvest.json": "JSON of 50 rows"},
    "document.table-3": {"harvest.csv": "CSV of 240 rows"},
    "document.text-1": {"mill.txt": "609 words"},
    "document.text-2": {"mill.md": "439 words"},
    "document.text-3": {"mill.txt": "609 words"},
    "document.text-4": {"mill.json": "JSON of 3 pages"},
    "document.watermark-1": {"mill-watermarked.pdf": "PDF of 3"},
    "document.watermark-2": {"mill-watermarked.pdf": "PDF of 3"},
    "image.adjust-1": {"photo.jpg": "grey JPEG 600x400"},
    "image.adjust-2": {"photo.jpg": "JPEG 600x400"},
    "image.adjust-3": {"photo.jpg": "JPEG 600x400"},
    "image.convert-1": {"photo.avif": "AVIF 600x400"},
    "image.convert-2": {"photo.jpg": "JPEG 600x400"},
    "image.convert-3": {"photo.png": "PNG 600x400"},
    "image.crop-1": {"photo.jpg": "JPEG 300x200"},
    "image.crop-2": {"photo.jpg": "JPEG 600x338"},
    "image.crop-3": {"photo.jpg": "JPEG 300x200"},
    "image.frames-1": {f"mill-frame-{number:02d}.png": "PNG 240x180" for number in range(1, 13)},
    "image.frames-2": {"mill-frame-01.jpg": "JPEG 240x180"},
    "image.frames-3": {
        "mill-frame-01.webp": "WEBP 240x180",
        "mill-frame-06.webp": "WEBP 240x180",
        "mill-frame-11.webp": "WEBP 240x180",
    },
    "image.join-1": {"photo-joined.jpg": "JPEG 1210x400"},
    "image.join-2": {"photo-joined.jpg": "JPEG 608x200"},
    "image.ocr-1": {"sign.txt": "9 words"},
    "image.ocr-2": {"sign.json": "JSON of 1 pages"},
    "image.optimize-1": {"photo.jpg": "JPEG 600x400"},
    "image.optimize-2": {"photo.jpg": "JPEG 600x400"},
    "image.optimize-3": {"sign.png": "PNG 640x200"},
    "image.resize-1": {"photo.jpg": "JPEG 600x400"},
    "image.resize-2": {"photo.jpg": "JPEG 300x300"},
    "image.resize-3": {"photo.jpg": "JPEG 600x600"},
    "image.rotate-1": {"photo.jpg": "JPEG 400x600"},
    "image.rotate-2": {"photo.jpg": "JPEG 623x436"},
    "image.rotate-3": {"photo.jpg": "JPEG 600x400"},
    "image.srcset-1": {
        "photo-240w.webp": "WEBP 240x160",
        "photo-480w.webp": "WEBP 480x320",
        "photo-600w.webp": "WEBP 600x400",
    },
    "image.srcset-2": {"photo-200w.jpg": "JPEG 200x200", "photo-400w.jpg": "JPEG 400x400"},
    "image.transform-1": {"photo.jpg": "JPEG 600x400"},
    "image.transform-2": {"photo.webp": "WEBP 400x400"},
    "image.transform-3": {"photo.jpg": "JPEG 600x400"},
    "image.transform-4": {"photo.avif": "AVIF 600x400"},
    "image.trim-1": {"photo.jpg": "JPEG 600x400"},
    "image.trim-2": {"photo.jpg": "JPEG 600x400"},
    "image.watermark-1": {"photo.jpg": "JPEG 600x400"},
    "image.watermark-2": {"photo.jpg": "JPEG 600x400"},
    "video.concat-1": {"clip.mp4": "h264 1280x720, aac 2x48000"},
    "video.concat-2": {"clip.webm": "vp9 1280x720, opus 2x48000"},
    "video.cut-1": {"clip.mp4": "h264 1280x720, aac 2x48000"},
    "video.cut-2": {"clip.mp4": "h264 1280x720, aac 6x48000"},
    "video.dash-1": {"manifest.mpd": "manifest of 426x240"},
    "video.dash-2": {"manifest.mpd": "manifest of 1280x720, 852x480, 640x360"},
    "video.dash-3": {"manifest.mpd": "manifest of 426x240"},
    "video.hls-1": {"master.m3u8": "playlist of 426x240"},
    "video.hls-2": {"master.m3u8": "playlist of 1280x720, 852x480, 640x360"},
    "video.hls-3": {"master.m3u8": "playlist of 1280x720, 640x360"},
    "video.hls-4": {"master.m3u8": "playlist of 360x360"},
    "video.hls-5": {"master.m3u8": "playlist of 1280x720"},
    "video.poster-1": {"poster.jpg": "JPEG 1280x720"},
    "video.poster-2": {"poster.webp": "WEBP 640x360"},
    "video.preview-1": {"clip.webp": "WEBP 320x180 of 30 frames"},
    "video.preview-2": {"clip.gif": "GIF 320x180 of 16 frames"},
    "video.sprite-1": {"sprite.jpg": "JPEG 960x90", "sprite.vtt": "6 cues"},
    "video.sprite-2": {"sprite.jpg": "JPEG 720x134", "sprite.vtt": "3 cues"},
    "video.thumbnails-1": {f"thumbnail-{number}.jpg": "JPEG 640x360" for number in range(1, 9)},
    "video.thumbnails-2": {f"thumbnail-{number}.jpg": "JPEG 640x360" for number in range(1, 4)},
    "video.thumbnails-3": {f"thumbnail-{number}.png": "PNG 640x360" for number in range(1, 4)},
    "video.thumbnails-4": {f"thumbnail-{number}.jpg": "JPEG 160x160" for number in range(1, 5)},
    "video.transcode-1": {"clip.mp4": "h264 1280x720, aac 2x48000", "poster.jpg": "JPEG 1280x720"},
    "video.transcode-2": {"clip.webm": "vp9 852x480"},
    "video.transcode-3": {"clip.mp4": "hevc 1280x720, aac 2x48000", "poster.jpg": "JPEG 1280x720"},
    "video.transcode-4": {"clip.mp4": "h264 1280x720, aac 6x48000", "poster.jpg": "JPEG 1280x720"},
    "video.watermark-1": {"clip.mp4": "h264 1280x720, aac 2x48000"},
    "video.watermark-2": {"clip.mp4": "h264 1280x720, aac 2x48000"},
}
"""What each example makes of its sample; one without a line makes no file."""
SECONDS: Final[Mapping[str, float]] = {
    "audio.concat-1": 12.0,
    "audio.concat-2": 12.0,
    "audio.encode-1": 6.0,
    "audio.encode-2": 6.0,
    "audio.encode-3": 0.6,
    "audio.extract-1": 5.3,
    "audio.extract-2": 5.3,
    "audio.extract-3": 3.0,
    "audio.normalize-1": 6.0,
    "audio.normalize-2": 6.0,
    "video.concat-1": 10.6,
    "video.concat-2": 10.6,
    "video.cut-1": 2.5,
    "video.cut-2": 2.65,
    "video.transcode-1": 5.3,
    "video.transcode-2": 5.3,
    "video.transcode-3": 0.3,
    "video.transcode-4": 5.3,
    "video.watermark-1": 5.3,
    "video.watermark-2": 5.3,
}
FACTS: Final[Mapping[str, Mapping[str, object]]] = {
    "audio.describe-1": {"audio_codec": "mp3", "sample_rate": 44100, "channels": 1},
    "document.attachments-3": {"pages": 1, "is_repaired": False},
    "document.describe-1": {"pages": 3, "pages_with_text": 3},
    "document.metadata-1": {"pages": 3, "is_changed": False},
    "document.read-3": {"rows": 240},
    "image.describe-1": {"width": 600, "height": 400, "format": "jpeg"},
    "video.describe-1": {"width": 1280, "height": 720, "video_codec": "h264", "audio_codec": "aac"},
}
"""What those tell that make no file."""
SMALLER: Final = ("document.compress", "image.optimize")


def list_examples() -> list[Any]:
    return [
        pytest.param(name, example, f"{name}-{number}", id=f"{name}-{number}")
        for name, operation in sorted(OPERATIONS.items())
        for number, example in enumerate(operation.examples, start=1)
    ]


@pytest.mark.parametrize(("name", "example", "title"), list_examples())
def test_an_example_makes_what_it_promises(work: Work, name: str, example: Example, title: str) -> None:
    done = run_example(work, name, example)
    password = ("-upw", example.options["user_password"]) if "user_password" in example.options else ()
    made = list(done.outputs)[: 1 if name in STREAMS else None]

    assert {each: tell(done.path(each), *password) for each in made} == PROMISED.get(title, {})
    told = FACTS.get(title, {})
    assert {fact: done.result[fact] for fact in told} == told
    assert done.outputs or told
    if title in SECONDS:
        assert measure_seconds(done.path(made[0])) == pytest.approx(SECONDS[title], abs=0.1)
    assert len(done.result.get("dominant_colors", ())) == example.options.get("colors", 0)
    refuse_large(name, example, done)


def run_example(work: Work, name: str, example: Example) -> Finished:
    operation = OPERATIONS[name]
    assert sample_of(name, example) in operation.samples
    further = operation.samples[1:] if operation.inputs else ()
    inputs = [SAMPLES / each for each in further]
    return work(SAMPLES / sample_of(name, example), operation=name, inputs=inputs, **example.options)


def sample_of(name: str, example: Example) -> str:
    return example.sample or OPERATIONS[name].samples[0]


def refuse_large(name: str, example: Example, done: Finished) -> None:
    """Hold the outputs to the bytes that an example allows, and to their source where it is to become smaller."""
    most = example.options.get("max_bytes")
    if name in SMALLER:
        most = (SAMPLES / sample_of(name, example)).stat().st_size - 1
    for output in done.outputs.values():
        assert most is None or output.path.stat().st_size <= most


def test_every_promise_is_of_an_example() -> None:
    titles = {str(parameter.id) for parameter in list_examples()}

    assert {*PROMISED, *SECONDS, *FACTS} == titles
