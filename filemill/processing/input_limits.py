"""How much a file may ask for, whatever it is: beyond these a small file can take a machine down (a bomb)."""

from dataclasses import dataclass
from typing import Final

LEAST_SAMPLE_RATE: Final = 100
"""Hertz. Instruments that listen to the earth or to a heart keep fewer samples; what is for ears has 8,000 or more.
Below it a few kilobytes last for hours."""


@dataclass(frozen=True, kw_only=True)
class InputLimits:
    """What an input may be at the most; each is a setting, and breaking it has an error code of its own.

    A sealed function is told those that concern it with its arguments, and looks at what a header claims before it
    decodes anything.
    """

    max_bytes: int = 20 * 1024**3
    """Size of one file: `too_many_bytes`."""
    max_pixels: int = 100_000_000
    """Of all frames of a picture together, of one frame of a film, or of one drawn page: `too_many_pixels`."""
    max_frames: int = 2_000
    """Frames of an animated picture, or pages of a TIFF: `too_many_frames`."""
    max_pages: int = 20_000
    """Pages of a document: `too_many_pages`."""
    max_duration_seconds: int = 12 * 3600
    """Length of a film or a sound: `too_long`."""
    max_streams: int = 64
    """Streams in one container: `too_many_streams`."""
    max_nesting: int = 1_000
    """Depth of what lies within another, as in JSON and HTML: `too_deeply_nested`."""
    max_archive_depth: int = 3
    """Archives within archives, as a chart's table within a document; the document is the first: `too_deeply_nested`.
    A chart's table may hold a picture that is an archive; no more is needed."""
    max_compression_ratio: int = 200
    """Bytes unpacked for each byte packed, in archives and office documents: `too_compressed`."""
    reads_svg: bool = False
    """Whether SVG is read, which is a program for drawing rather than a picture."""
