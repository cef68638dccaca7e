"""What an output is, in a few words, by readers that did not write it: Pillow, PyAV, poppler, the standard library."""

import csv
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import av
from PIL import Image

from tests.integration.processing.pdf_readers import read_facts


def tell(path: Path, *password: str) -> str:
    """Open all of an output, by its ending, and say what it is; `password` is an option of poppler's and its value."""
    return _tell_pdf(path, *password) if path.suffix == ".pdf" else _READERS[path.suffix](path)


def measure_seconds(path: Path) -> float:
    """Say how long a film or sound lasts."""
    with av.open(str(path)) as container:
        return (container.duration or 0) / av.time_base


def _tell_picture(path: Path) -> str:
    with Image.open(path) as picture:
        frames = getattr(picture, "n_frames", 1)
        for number in range(frames):
            picture.seek(number)
            picture.load()
        told = f"{picture.format} {picture.width}x{picture.height}"
        return f"grey {told}" if picture.mode == "L" else told + (f" of {frames} frames" if frames > 1 else "")


def _tell_media(path: Path) -> str:
    with av.open(str(path)) as container:
        told = []
        for stream in container.streams:
            if isinstance(stream, av.VideoStream):
                told.append(f"{stream.codec_context.codec.canonical_name} {stream.width}x{stream.height}")
            if isinstance(stream, av.AudioStream):
                context = stream.codec_context
                told.append(f"{context.codec.canonical_name} {context.channels}x{context.sample_rate}")
        for packet in container.demux():
            packet.decode()
    return ", ".join(told)


def _tell_pdf(path: Path, *password: str) -> str:
    facts = read_facts(path, "-f", "1", "-l", "99", *password)
    told = f"PDF of {facts['Pages']}"
    turns = [value for name, value in facts.items() if re.fullmatch(r"Page +\d+ rot", name)]
    if set(turns) != {"0"}:
        told += f", turned {' '.join(turns)}"
    if facts["Encrypted"].startswith("yes"):
        told += f", encrypted {' '.join(re.findall(r'(?:print|copy):no', facts['Encrypted']))}".rstrip()
    return told


def _tell_json(path: Path) -> str:
    read = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(read, list):
        return f"JSON of {len(read)}"
    counted = next(name for name in ("rows", "pages", "data") if name in read)
    return f"JSON of {len(read[counted])} {counted}"


def _tell_xml(path: Path) -> str:
    return f"XML of {ET.parse(path).getroot().tag.rpartition('}')[2]}"


def _tell_rows(path: Path) -> str:
    with path.open(newline="") as file:
        return f"CSV of {len(list(csv.DictReader(file)))} rows"


def _tell_open_document(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.read("mimetype").decode()


def _tell_playlist(path: Path) -> str:
    return f"playlist of {', '.join(re.findall(r'RESOLUTION=([0-9x]+)', path.read_text()))}"


def _tell_manifest(path: Path) -> str:
    sides = re.findall(r'<Representation [^>]*width="(\d+)" height="(\d+)"', path.read_text())
    return f"manifest of {', '.join('x'.join(pair) for pair in sides)}"


def _tell_cues(path: Path) -> str:
    return f"{path.read_text().count(' --> ')} cues"


def _tell_words(path: Path) -> str:
    return f"{len(path.read_text(encoding='utf-8').split())} words"


_READERS: Final[Mapping[str, Callable[[Path], str]]] = {
    **dict.fromkeys((".jpg", ".png", ".webp", ".avif", ".gif"), _tell_picture),
    **dict.fromkeys((".mp4", ".webm", ".mp3", ".m4a", ".ogg", ".wav", ".flac"), _tell_media),
    **dict.fromkeys((".txt", ".md"), _tell_words),
    ".json": _tell_json,
    ".csv": _tell_rows,
    ".xml": _tell_xml,
    ".odt": _tell_open_document,
    ".m3u8": _tell_playlist,
    ".mpd": _tell_manifest,
    ".vtt": _tell_cues,
}
