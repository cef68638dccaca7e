"""How long a WAV says it was, and which lengths say nothing."""

import struct
from pathlib import Path

import pytest

from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.video.chunks import refuse_cut_samples
from tests.unit.processing.sealed_double import SealedCallDouble


def _look_at(tmp_path: Path, *, length: int, long_length: int | None = None) -> None:
    long = b"" if long_length is None else b"ds64" + struct.pack("<IQQQI", 28, 0, long_length, 0, 0)
    path = tmp_path / "sound.wav"
    path.write_bytes(b"RIFF\xff\xff\xff\xffWAVE" + long + b"data" + struct.pack("<I", length) + bytes(2000))
    call = SealedCallDouble(path, tmp_path, {})
    try:
        refuse_cut_samples(call)
    finally:
        call.close()


@pytest.mark.parametrize("length", [4000, 0x7FFE_FFFF, 0x8000_0100, 3_000_000_000, 0xFFFE_FFFF])
def test_samples_that_are_missing_are_missed(tmp_path: Path, length: int) -> None:
    with pytest.raises(InputError, match="cut short"):
        _look_at(tmp_path, length=length)


@pytest.mark.parametrize("length", [0, 2000, 0x7FFF_0000, 0x7FFF_F000, 0x8000_0000, 0xFFFF_FFDB, 0xFFFF_FFFF])
def test_what_came_through_a_pipe_says_nothing(tmp_path: Path, length: int) -> None:
    _look_at(tmp_path, length=length)


def test_a_long_length_counts_where_it_is_one(tmp_path: Path) -> None:
    for none in (0, 2**63, 2**64 - 1):
        _look_at(tmp_path, length=0xFFFF_FFFF, long_length=none)
    for missing in (4000, 2**63 - 1):
        with pytest.raises(InputError, match="cut short"):
            _look_at(tmp_path, length=0xFFFF_FFFF, long_length=missing)
