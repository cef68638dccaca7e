"""Sealed: plain samples become a drawn wave, or its peaks as JSON."""

import json
import os
from array import array
from io import FileIO
from typing import Any, Final

import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError

_SAMPLE_BYTES: Final = 2
_LOUDEST: Final = 32_768
_BLOCK_SAMPLES: Final = 1_000_000

Peaks = list[tuple[int, int]]


def draw_waveform(call: SealedCall) -> dict[str, Any]:
    """Write the output `name` from the samples (16 bits, one channel) of the first further input.

    Arguments: `name`, `media_type`, `format` (png, json), `rate` of the samples, for PNG `width`, `height`, `color`,
    `background` (#rrggbb, or None), for JSON `points`, `bits`. Gives `points` and `peak` (0 to 1).
    """
    wanted = call.arguments["width"] if call.arguments["format"] == "png" else call.arguments["points"]
    total = call.input_sizes[0] // _SAMPLE_BYTES
    if not total:
        raise InputError("The file is damaged: no sound in it can be decoded.", code="corrupt_file")
    peaks = _find_peaks(call, total, min(wanted, total))
    content = _draw(call, peaks) if call.arguments["format"] == "png" else _write(call, peaks, total)
    output = call.create_output(call.arguments["name"], call.arguments["media_type"])
    with FileIO(output.fd, "wb", closefd=False) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) or 0 :]
    if call.arguments["format"] == "png":
        output.facts.update(width=call.arguments["width"], height=call.arguments["height"])
    loudest = max(max(-low, high) for low, high in peaks)
    return {"points": len(peaks), "peak": round(loudest / _LOUDEST, 4)}


def _find_peaks(call: SealedCall, total: int, count: int) -> Peaks:
    peaks = []
    for number in range(count):
        begin, end = total * number // count, total * (number + 1) // count
        peaks.append(_find_peak(call.input_fds[0], begin, end))
        if number % 100 == 0:
            call.progress(number / count, "Finding the peaks")
    return peaks


def _find_peak(descriptor: int, begin: int, end: int) -> tuple[int, int]:
    low, high = _LOUDEST, -_LOUDEST
    for start in range(begin, end, _BLOCK_SAMPLES):
        count = min(_BLOCK_SAMPLES, end - start)
        samples = array("h", os.pread(descriptor, count * _SAMPLE_BYTES, start * _SAMPLE_BYTES))
        lowest, highest = min(samples, default=0), max(samples, default=0)
        low, high = min(low, lowest), max(high, highest)
    return low, high


def _draw(call: SealedCall, peaks: Peaks) -> bytes:
    """Draw column by column, lying down, and turn the picture upright: so every column is three runs of bytes."""
    width, height = call.arguments["width"], call.arguments["height"]
    columns = (peaks[column * len(peaks) // width] for column in range(width))
    lying = b"".join(_draw_column(low, high, height) for low, high in columns)
    mask = pyvips.Image.new_from_memory(lying, height, width, 1, "uchar").rot90().fliphor()
    colour = _read_colour(call.arguments["color"])
    wave = (mask.new_from_image(colour).cast("uchar")).bandjoin(mask).copy(interpretation="srgb")
    if call.arguments["background"] is not None:
        wave = wave.flatten(background=_read_colour(call.arguments["background"]))
    return bytes(wave.pngsave_buffer())


def _draw_column(low: int, high: int, height: int) -> bytes:
    middle = height / 2
    top = round(middle - high / _LOUDEST * middle)
    bottom = round(middle - low / _LOUDEST * middle)
    top = max(0, min(height - 1, top))
    bottom = max(top + 1, min(height, bottom))
    return bytes(top) + b"\xff" * (bottom - top) + bytes(height - bottom)


def _read_colour(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _write(call: SealedCall, peaks: Peaks, total: int) -> bytes:
    shift = 16 - call.arguments["bits"]
    told = {
        "version": 2,
        "channels": 1,
        "sample_rate": call.arguments["rate"],
        "samples_per_pixel": max(1, round(total / len(peaks))),
        "bits": call.arguments["bits"],
        "length": len(peaks),
        "data": [value >> shift for peak in peaks for value in peak],
    }
    return json.dumps(told, separators=(",", ":")).encode()
