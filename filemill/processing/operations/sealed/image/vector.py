"""Sealed: SVG, where the installation allows it: librsvg draws it, without files, hosts or fonts to reach for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pyvips

from filemill.processing.errors import InputError

_LOADER: Final = "VipsForeignLoadSvg"


def refuse_svg_unless(allowed: bool) -> None:
    if not allowed:
        raise InputError(
            "SVG is not read on this installation: the setting FILEMILL_SVG=on allows it. Or send it as PNG.",
            code="unsupported_format",
        )


@contextmanager
def svg_allowed() -> Iterator[None]:
    """Let libvips's loader for SVG work, which is otherwise blocked."""
    pyvips.operation_block_set(_LOADER, False)
    try:
        yield
    finally:
        pyvips.operation_block_set(_LOADER, True)
