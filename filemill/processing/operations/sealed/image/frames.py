"""Sealed: animated pictures, whose frames libvips holds one below the other."""

from collections.abc import Callable
from typing import Any

import pyvips


def split_frames(image: Any) -> list[Any]:
    """Return the frames of a picture; one that is not animated is its only frame."""
    height = image.get_page_height()
    return [image] if height == image.height else image.pagesplit()


def join_frames(frames: list[Any]) -> Any:
    """Put frames of one size below each other again, with the delays and the loop of the first."""
    if len(frames) == 1:
        return frames[0]
    height = frames[0].height
    joined = pyvips.Image.arrayjoin(frames, across=1).copy()
    joined.set_type(pyvips.GValue.gint_type, "page-height", height)
    return joined


def each_frame(image: Any, change: Callable[[Any], Any]) -> Any:
    """Change every frame for itself."""
    frames = split_frames(image)
    return change(image) if len(frames) == 1 else join_frames([change(frame) for frame in frames])
