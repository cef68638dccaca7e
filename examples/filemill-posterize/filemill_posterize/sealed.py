"""Sealed: painting a poster with libvips. Runs in the cage, which loads this module before it locks itself."""

from typing import Any

import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError


def paint(call: SealedCall) -> dict[str, Any]:
    """Round every colour; arguments: `levels`, `max_pixels`, `stem`."""
    levels = call.arguments["levels"]
    try:
        source = pyvips.Source.new_from_descriptor(call.source_fd)
        image = pyvips.Image.new_from_source(source, "", access="sequential", fail_on="error")
        if image.width * image.height > call.arguments["max_pixels"]:
            message = f"The picture has {image.width} x {image.height} pixels, which is too many."
            raise InputError(message, code="too_many_pixels")
        step = 255 / (levels - 1)
        poster = ((image.colourspace("srgb") / step).rint() * step).cast("uchar")
        call.progress(0.1, "Header read")
        output = call.create_output(f"{call.arguments['stem']}.png", "image/png")
        poster.pngsave_target(pyvips.Target.new_to_descriptor(output.fd), keep="none")
    except pyvips.Error as error:
        raise InputError("The picture is damaged or cut short.", code="corrupt_file") from error
    output.facts.update(width=image.width, height=image.height)
    call.progress(1.0, "Poster painted")
    return {"levels": levels, "width": image.width, "height": image.height}
