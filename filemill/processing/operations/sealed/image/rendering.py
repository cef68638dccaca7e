"""Sealed: the engine that carries out a recipe on an opened picture, from its pixels to a written copy."""

from dataclasses import dataclass, replace
from typing import Any

from filemill.processing.bench import SealedCall
from filemill.processing.errors import OptionsError
from filemill.processing.operations.colors import Rgba, to_rgba
from filemill.processing.operations.image.geometry import lay_out, turn
from filemill.processing.operations.image.planning import refuse_long_sides
from filemill.processing.operations.image.recipe import Recipe
from filemill.processing.operations.image.save_options import (
    ANIMATED_FORMATS,
    OPAQUE_FORMATS,
    OutputFormat,
    choose_format,
    extension_of_format,
)
from filemill.processing.operations.sealed.image.colours import WHITE, adjust, flatten
from filemill.processing.operations.sealed.image.fitting import Encoded, encode_smallest, encode_to_fit
from filemill.processing.operations.sealed.image.frames import each_frame
from filemill.processing.operations.sealed.image.picture import Bounds, Picture, refuse_pixels
from filemill.processing.operations.sealed.image.saving import save
from filemill.processing.operations.sealed.image.shaping import (
    cut_out,
    fit_canvas,
    size_of_frame,
    trim,
    turn_picture,
)
from filemill.processing.operations.sealed.image.watermarks import lay_over
from filemill.processing.operations.sizing import Layout, Size


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """Pixels that several recipes share: the picture, upright and whole, at the size it was decoded to."""

    image: Any


@dataclass(frozen=True, kw_only=True)
class Job:
    """A recipe with the picture that it is for, and what both are bound to."""

    picture: Picture
    recipe: Recipe
    bounds: Bounds
    mark: Picture | None = None
    decoded: Decoded | None = None

    @property
    def background(self) -> Rgba | None:
        return to_rgba(self.recipe.background) if self.recipe.background else None

    @property
    def written(self) -> OutputFormat | None:
        """The format, unless the smallest is to be found."""
        wish = self.recipe.saving.format
        if wish == "auto":
            return None
        return wish or choose_format(self.picture.format, has_alpha=self.picture.image.hasalpha())

    @property
    def pages(self) -> int:
        """How many frames the copy has."""
        stays_animated = self.picture.format in ANIMATED_FORMATS and self.written in {*ANIMATED_FORMATS, None}
        return self.picture.pages if stays_animated else 1


def job_of(image: Any, picture: Picture, recipe: Recipe, bounds: Bounds) -> Job:
    """Make a job of pixels that came of a picture: one frame of it, or what it was joined to; `image` is in memory."""
    size = Size(image.width, image.height)
    still = replace(picture, image=image, size=size, pages=1, has_to_turn=False)
    return Job(picture=still, recipe=recipe, bounds=bounds, decoded=Decoded(image=image))


def make_copy(call: SealedCall, job: Job) -> dict[str, Any]:
    """Carry out a recipe, write the copy, and give its facts."""
    refuse_pixels(job.picture.size, job.pages, job.bounds.max_pixels)
    image = finish(render(job), job)
    encoded = _encode(image, job)
    written = encoded.format if encoded else job.written
    if written is None:
        raise RuntimeError("a copy has a format once it is encoded")
    name = f"{job.recipe.stem}.{extension_of_format(written)}"
    output = call.create_output(name, f"image/{written}")
    if encoded is None:
        save(image, output.fd, written, job.recipe.saving)
    else:
        with open(output.fd, "wb", closefd=False) as file:
            file.write(encoded.data)
    size = size_of_frame(image)
    output.facts.update(width=size.width, height=size.height)
    if job.pages > 1:
        output.facts["pages"] = job.pages
    if encoded is not None and encoded.percent is not None:
        output.facts["quality"] = encoded.percent
    return {"name": name, "format": written, **output.facts}


def render(job: Job) -> Any:
    """Give the pixels of the copy, every frame of it, before they are put on a background."""
    recipe = job.recipe
    image, layout = _scale(job) if recipe.takes_all else _cut_and_scale(job)
    if recipe.rotate % 90 == 0 and (recipe.rotate % 360 or recipe.flip):
        image = turn_picture(image.copy_memory(), recipe.rotate, recipe.flip, None)
    if recipe.box is not None:
        image = fit_canvas(image, layout, recipe.box.gravity, job.background)
    if not recipe.adjust.is_none:
        image = each_frame(image, lambda frame: adjust(frame, recipe.adjust))
    if recipe.watermark is not None:
        image = lay_over(image, recipe.watermark, job.mark)
    return image


def finish(image: Any, job: Job) -> Any:
    """Put what is transparent on the background where one is asked for, or the format has no transparency."""
    if job.background is not None and job.background.is_opaque:
        return flatten(image, job.background)
    return flatten(image, WHITE) if job.written in OPAQUE_FORMATS else image


def _encode(image: Any, job: Job) -> Encoded | None:
    """Write into memory where the size decides; None when the copy can be written as its pixels come."""
    if job.written is None:
        return encode_smallest(image.copy_memory(), job.recipe.saving, job.background, is_animated=job.pages > 1)
    if job.recipe.saving.max_bytes is not None:
        return encode_to_fit(image.copy_memory(), job.written, job.recipe.saving)
    return None


def _scale(job: Job) -> tuple[Any, Layout]:
    """Scale all of the picture, before it is turned: then only what is left of it has to be."""
    recipe, picture = job.recipe, job.picture
    layout = lay_out(turn(picture.size, recipe.rotate), recipe.box)
    refuse_layout(layout, job)
    size = turn(layout.scaled, recipe.rotate)
    if job.decoded is not None:
        return _resize(job.decoded.image, size), layout
    return picture.scaled(size, job.pages, keeps_icc=recipe.saving.keep_icc), layout


def _cut_and_scale(job: Job) -> tuple[Any, Layout]:
    """Decode all of it, cut out, trim and turn by any angle, and only then scale."""
    recipe = job.recipe
    image = job.decoded.image if job.decoded else job.picture.whole(job.pages, keeps_icc=recipe.saving.keep_icc)
    if recipe.crop is not None:
        image = cut_out(image, recipe.crop)
    if recipe.trim is not None:
        image = trim(image.copy_memory(), recipe.trim)
    if recipe.rotate % 90:
        image = turn_picture(image.copy_memory(), recipe.rotate, recipe.flip, job.background)
        layout = lay_out(size_of_frame(image), recipe.box)
        scaled = layout.scaled
    else:
        layout = lay_out(turn(size_of_frame(image), recipe.rotate), recipe.box)
        scaled = turn(layout.scaled, recipe.rotate)
    refuse_layout(layout, job)
    return _resize(image, scaled), layout


def _resize(image: Any, size: Size) -> Any:
    if size == size_of_frame(image):
        return image
    return each_frame(image, lambda frame: frame.thumbnail_image(size.width, height=size.height, size="force"))


def refuse_layout(layout: Layout, job: Job) -> None:
    """Raise OptionsError for a copy that would have too many pixels, or a side that its format can't hold."""
    canvas = layout.canvas
    if max(layout.scaled.pixels, canvas.pixels) * job.pages > job.bounds.max_pixels:
        raise OptionsError(
            f"resize gives {canvas.width} x {canvas.height} pixels by way of {layout.scaled.width} x "
            f"{layout.scaled.height}; a picture may have {job.bounds.max_pixels:,} in all.",
            code="invalid_options",
        )
    if job.written is not None:
        refuse_long_sides(canvas, job.written)
