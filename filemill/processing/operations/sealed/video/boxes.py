"""Sealed: the outermost boxes of an MP4 or MOV, walked without a decoder."""

from typing import Final

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.opening import open_as_file

_BOX_HEADER_BYTES: Final = 8
_MAX_BOXES: Final = 10_000


def refuse_cut_boxes(call: SealedCall) -> None:
    """Walk the outermost boxes of an MP4 or MOV: one that ends beyond the file shows that its tail is missing.

    FFmpeg plays such a file as far as it goes and calls that a success.
    """
    file, start = open_as_file(call), 0
    for _ in range(_MAX_BOXES):
        if start >= call.source_size:
            return
        file.seek(start)
        header = file.read(2 * _BOX_HEADER_BYTES) or b""
        if len(header) < _BOX_HEADER_BYTES:
            return
        size = int.from_bytes(header[:4], "big")
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if size < _BOX_HEADER_BYTES:
            return  # 0 means "to the end of the file"; anything else is FFmpeg's to judge
        if header[4:8] in (b"mdat", b"moov") and start + size > call.source_size:
            missing = start + size - call.source_size
            raise InputError(f"The file is cut short: {missing:,} bytes are missing.", code="corrupt_file")
        start += size
