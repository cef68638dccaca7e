"""Sealed: the frames of an animation, each as a picture of its own."""

from typing import Any, Final

import pyvips

from filemill.processing.bench import SealedCall
from filemill.processing.errors import OptionsError
from filemill.processing.operations.image.recipe import Recipe
from filemill.processing.operations.image.save_options import ANIMATED_FORMATS
from filemill.processing.operations.page_ranges import resolve_each_once
from filemill.processing.operations.sealed.image.explaining import explained
from filemill.processing.operations.sealed.image.facts import describe
from filemill.processing.operations.sealed.image.frames import split_frames
from filemill.processing.operations.sealed.image.inputs import open_input
from filemill.processing.operations.sealed.image.picture import Bounds, refuse_pixels
from filemill.processing.operations.sealed.image.rendering import job_of, make_copy

MOST_FRAMES: Final = 500


def take_apart(call: SealedCall) -> dict[str, Any]:
    """Write each frame that is asked for.

    Arguments: those of every picture, `recipe` for each frame, `frames` (numbers and ranges, or None for all), and
    `every`, a step over them.
    """
    with explained():
        recipe = Recipe.model_validate(call.arguments["recipe"])
        bounds = Bounds.from_arguments(call.arguments)
        picture = open_input(call, bounds)
        total = picture.pages if picture.format in ANIMATED_FORMATS else 1
        refuse_pixels(picture.size, total, bounds.max_pixels)
        numbers = choose_frames(total, call.arguments["frames"], call.arguments["every"])
        call.progress(0.1, "Header read")
        frames = split_frames(picture.whole(total, keeps_icc=recipe.saving.keep_icc).copy_memory())
        copies = []
        for done, number in enumerate(numbers, start=1):
            named = recipe.model_copy(update={"stem": f"{recipe.stem}-frame-{number:0{len(str(total))}}"})
            copies.append(
                {**make_copy(call, job_of(_still(frames[number - 1]), picture, named, bounds)), "frame": number}
            )
            call.progress(0.1 + 0.9 * done / len(numbers), f"Frame {number}")
        return {**describe(picture), "outputs": copies}


def _still(frame: Any) -> Any:
    """Forget that a frame was one of several."""
    frame = frame.copy()
    frame.set_type(pyvips.GValue.gint_type, "page-height", frame.height)
    for name in ("n-pages", "delay", "loop"):
        if frame.get_typeof(name):
            frame.remove(name)
    return frame


def choose_frames(total: int, frames: str | None, every: int) -> list[int]:
    """List the frames to write, from 1. Raises OptionsError for frames that are not there, and for too many."""
    try:
        numbers = resolve_each_once(frames, total)[::every]
    except OptionsError as error:
        message = f"frames names one that is not there: the picture has {total:,}."
        raise OptionsError(message, code="invalid_options") from error
    if len(numbers) > MOST_FRAMES:
        raise OptionsError(
            f"That would be {len(numbers)} pictures; one task makes {MOST_FRAMES} at the most: name fewer frames, or "
            "take every second or tenth.",
            code="invalid_options",
        )
    return numbers
