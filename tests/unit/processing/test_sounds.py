"""Sound is told by its signature, or by two frames that follow each other."""

from pathlib import Path

import pytest

from filemill.processing.media import HEAD_BYTES, sniff, task_type_of
from tests.integration.processing.video.clips import make_sound

MP3 = b"\xff\xfb\x90\x00" + bytes(413)  # MPEG 1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes
MP2 = b"\xff\xfd\xa4\x00" + bytes(572)  # MPEG 1, layer II, 192 kbit/s, 48 kHz: 576 bytes
ADTS = bytes([0xFF, 0xF1, 0x50, 0x80, 0x0C, 0x9F, 0xFC]) + bytes(93)  # 100 bytes


def tag(size: int, *, body: bytes | None = None, flags: int = 0) -> bytes:
    length = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00" + bytes([flags]) + length + (bytes(size) if body is None else body)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (MP3 * 2, "audio/mpeg"),
        (MP2 * 2, "audio/mpeg"),
        (tag(300) + MP3 * 2, "audio/mpeg"),
        (tag(20, flags=0x10) + bytes(10) + MP3 * 2, "audio/mpeg"),
        (tag(20) + tag(30) + MP3 * 2, "audio/mpeg"),
        (tag(20) + bytes(50) + MP3 * 2, "audio/mpeg"),
        (tag(2_000_000, body=b"\xff\xd8" * 40_000), "audio/mpeg"),
        (ADTS * 2, "audio/aac"),
        (tag(40) + ADTS * 2, "audio/aac"),
        (b"fLaC\0\0\0\x22", "audio/flac"),
        (tag(40) + b"fLaC\0\0\0\x22", "audio/flac"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"RF64\xff\xff\xff\xffWAVEds64", "audio/wav"),
        (b"OggS" + bytes(24) + b"OpusHead", "audio/ogg"),
        (b"OggS" + bytes(25) + b"\x01vorbis", "audio/ogg"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0", "audio/mp4"),
    ],
)
def test_sound_is_told_by_its_beginning(head: bytes, expected: str) -> None:
    assert sniff(head) == expected
    assert task_type_of(expected) == "video"


@pytest.mark.parametrize(
    "head",
    [
        MP3,  # one frame alone is no evidence
        MP3 + ADTS,
        MP3 + MP2,
        ADTS + MP3,
        b"\xff\xfb\xf0\x00" + bytes(413) + MP3,  # a bit rate that is none
        b"\xff\xfb\x9c\x00" + bytes(413) + MP3,  # a sample rate that is none
        b"\xff\xff\x90\x00" + bytes(413) + MP3,  # layer I
        b"OggS" + bytes(24) + b"\x80theora" + bytes(30) + b"\x01vorbis",
        b"OggS" + bytes(24) + b"Speex   ",
        b"RIFF\x24\0\0\0CDDAfmt ",
        b"ID3\x09\x00\x00\0\0\0\x0a" + bytes(10) + b"x\0",
    ],
)
def test_what_only_looks_like_sound_is_none(head: bytes) -> None:
    kind = sniff(head)
    assert kind is None or not kind.startswith("audio/")


@pytest.mark.parametrize("text", ["ID3 tags are explained here.", "OggS", "RIFF", "fLa", "ÿûÿû"])
def test_a_text_that_begins_like_sound_is_a_text(text: str) -> None:
    assert sniff(text.encode(), "note.txt") == "text/plain"


@pytest.mark.parametrize(
    ("name", "coding", "expected"),
    [
        ("a.mp3", (), "audio/mpeg"),
        ("b.mp3", ("-id3v2_version", "0", "-write_xing", "0", "-b:a", "64k", "-ar", "22050"), "audio/mpeg"),
        ("a.mp2", ("-c:a", "mp2", "-f", "mp2"), "audio/mpeg"),
        ("a.m4a", (), "audio/mp4"),
        ("a.aac", (), "audio/aac"),
        ("a.ogg", ("-c:a", "libvorbis"), "audio/ogg"),
        ("a.opus", ("-c:a", "libopus"), "audio/ogg"),
        ("a.wav", (), "audio/wav"),
        ("a.flac", (), "audio/flac"),
    ],
)
def test_real_encoders_write_what_is_told(tmp_path: Path, name: str, coding: tuple[str, ...], expected: str) -> None:
    path = make_sound(tmp_path / name, *coding, seconds=0.5)
    assert sniff(path.read_bytes()[:HEAD_BYTES], "no-ending") == expected
