"""Sealed: the pictures that a call is given: the one that it is about, and further ones."""

from filemill.processing.bench import SealedCall
from filemill.processing.operations.image.recipe import Recipe
from filemill.processing.operations.sealed.image.picture import Bounds, Picture, Source, open_picture, refuse_pixels


def open_input(call: SealedCall, bounds: Bounds, *, auto_orient: bool = True) -> Picture:
    """Open the picture that a call is about; its argument `media_type` says what it is."""
    source = Source(fd=call.source_fd, byte_count=call.source_size, media_type=str(call.arguments["media_type"]))
    return open_picture(source, bounds, auto_orient=auto_orient)


def open_further_inputs(call: SealedCall, bounds: Bounds) -> list[Picture]:
    """Open the other pictures of a call; its argument `input_types` says what they are."""
    inputs = zip(call.input_fds, call.input_sizes, call.arguments["input_types"], strict=True)
    pictures = [
        open_picture(Source(fd=fd, byte_count=byte_count, media_type=media_type), bounds)
        for fd, byte_count, media_type in inputs
    ]
    for picture in pictures:
        refuse_pixels(picture.size, 1, bounds.max_pixels)
    return pictures


def open_mark(call: SealedCall, bounds: Bounds, recipe: Recipe) -> Picture | None:
    """Open the picture that a recipe lays over others, if it asks for one and was given one."""
    if recipe.watermark is None or recipe.watermark.text is not None or not call.arguments["input_types"]:
        return None
    return open_further_inputs(call, bounds)[0]
