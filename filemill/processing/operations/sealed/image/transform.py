"""Sealed: a picture's facts, and the copies of it that recipes ask for."""

from typing import Any, Final

from filemill.processing.bench import SealedCall
from filemill.processing.operations.image.recipe import Recipe
from filemill.processing.operations.sealed.image.explaining import explained
from filemill.processing.operations.sealed.image.facts import describe
from filemill.processing.operations.sealed.image.inputs import open_input, open_mark
from filemill.processing.operations.sealed.image.picture import Bounds, Picture
from filemill.processing.operations.sealed.image.rendering import Job, make_copy
from filemill.processing.operations.sealed.image.sharing import share_decode

_LONG_PIXELS: Final = 4_000_000
"""From here on to decode takes so long that somebody may look how far it is."""


def describe_and_transform(call: SealedCall) -> dict[str, Any]:
    """Give a picture's facts and write its copy.

    Arguments: `media_type`, `recipe` (a Recipe as a dict), `max_pixels` (of all pages together), `max_frames`,
    `reads_svg`, and `input_types`, the media types of the inputs, of which the first may be a watermark.
    """
    with explained():
        recipe = Recipe.model_validate(call.arguments["recipe"])
        bounds = Bounds.from_arguments(call.arguments)
        picture = open_input(call, bounds, auto_orient=recipe.auto_orient)
        _tell_header_read(call, picture)
        job = Job(picture=picture, recipe=recipe, bounds=bounds, mark=open_mark(call, bounds, recipe))
        copy = make_copy(call, job)
        call.progress(1.0, "Copy written")
        return {**describe(picture), "output": copy}


def transform_together(call: SealedCall) -> dict[str, Any]:
    """Give a picture's facts and write a copy for each recipe, from as few decodes as possible.

    Arguments: as above, with `recipes` (a list of them) in the place of `recipe`. The facts of the copies, in the
    order of their recipes, are under `outputs`.
    """
    with explained():
        recipes = [Recipe.model_validate(recipe) for recipe in call.arguments["recipes"]]
        bounds = Bounds.from_arguments(call.arguments)
        ways = {recipe.auto_orient for recipe in recipes}
        pictures = {way: open_input(call, bounds, auto_orient=way) for way in sorted(ways)}
        _tell_header_read(call, *pictures.values())
        jobs = [
            Job(
                picture=pictures[recipe.auto_orient],
                recipe=recipe,
                bounds=bounds,
                mark=open_mark(call, bounds, recipe),
            )
            for recipe in recipes
        ]
        copies = []
        for number, job in enumerate(share_decode(jobs), start=1):
            copies.append(make_copy(call, job))
            call.progress(0.1 + 0.9 * number / len(jobs), f"Copy {number} of {len(jobs)} written")
        return {"facts": [describe(job.picture) for job in jobs], "outputs": copies}


def _tell_header_read(call: SealedCall, *pictures: Picture) -> None:
    """Tell that the work has begun, where the picture is large: of a small one the answer mostly follows at once."""
    if any(picture.size.pixels * picture.pages >= _LONG_PIXELS for picture in pictures):
        call.progress(0.1, "Header read")
