"""Sealed: a smaller file of the same picture in the same format; never a larger one without need."""

import os
from typing import Any, Final

from filemill.processing.bench import SealedCall
from filemill.processing.operations.image.recipe import Recipe
from filemill.processing.operations.image.save_options import Saving, extension_of_format
from filemill.processing.operations.sealed.image.explaining import explained
from filemill.processing.operations.sealed.image.facts import describe
from filemill.processing.operations.sealed.image.fitting import has_few_colours
from filemill.processing.operations.sealed.image.inputs import open_input
from filemill.processing.operations.sealed.image.keeping import choose_metadata
from filemill.processing.operations.sealed.image.picture import Bounds, Picture, refuse_pixels
from filemill.processing.operations.sealed.image.rendering import Job, finish, render
from filemill.processing.operations.sealed.image.saving import encode
from filemill.processing.operations.sealed.image.shaping import size_of_frame

_METADATA: Final = ("exif-data", "xmp-data", "iptc-data", "icc-profile-data", "photoshop-data")
_COPIED_AT_ONCE: Final = 1024 * 1024


def optimize(call: SealedCall) -> dict[str, Any]:
    """Write the smaller file; the source's own bytes where they are the smallest and hold nothing to be dropped.

    Arguments: those of every picture, and `recipe`.
    """
    with explained():
        recipe = Recipe.model_validate(call.arguments["recipe"])
        bounds = Bounds.from_arguments(call.arguments)
        picture = open_input(call, bounds)
        job = Job(picture=picture, recipe=recipe, bounds=bounds)
        refuse_pixels(picture.size, job.pages, bounds.max_pixels)
        written = job.written
        if written is None:
            raise ValueError("to optimise keeps the format")
        call.progress(0.1, "Header read")
        image = finish(render(job), job).copy_memory()
        data = _encode_smallest(image, written, recipe.saving)
        is_kept = len(data) >= call.source_size and has_nothing_to_drop(picture, recipe.saving)
        name = f"{recipe.stem}.{extension_of_format(written)}"
        output = call.create_output(name, f"image/{written}")
        with open(output.fd, "wb", closefd=False) as file:
            if is_kept:
                _copy_source(call, file)
            else:
                file.write(data)
        size = size_of_frame(image)
        output.facts.update(width=size.width, height=size.height)
        if job.pages > 1:
            output.facts["pages"] = job.pages
        count = call.source_size if is_kept else len(data)
        return {
            **describe(picture),
            "source_bytes": call.source_size,
            "bytes": count,
            "saved": round(1 - count / call.source_size, 4),
            "is_unchanged": is_kept,
            "output": {"name": name, "format": written, **output.facts},
        }


def _encode_smallest(image: Any, written: Any, saving: Saving) -> bytes:
    """Encode; a PNG of few colours also with a palette, which loses nothing of them."""
    data = encode(image, written, saving, saving.percent)
    if written == "png" and has_few_colours(image):
        kept, keep = choose_metadata(image, saving)
        palette = bytes(kept.pngsave_buffer(keep=keep, compression=9, palette=True, dither=0, Q=100))
        return min(data, palette, key=len)
    return data


def has_nothing_to_drop(picture: Picture, saving: Saving) -> bool:
    """Tell whether the source's own bytes are what was asked for: upright, and without metadata to be stripped."""
    has_metadata = any(picture.image.get_typeof(name) for name in _METADATA)
    return not picture.has_to_turn and not (saving.strip_metadata and has_metadata)


def _copy_source(call: SealedCall, file: Any) -> None:
    os.lseek(call.source_fd, 0, os.SEEK_SET)
    while piece := os.read(call.source_fd, _COPIED_AT_ONCE):
        file.write(piece)
