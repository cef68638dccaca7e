"""What is foreseen of a recipe: the size and format of the copy, and what it costs; pure."""

from typing import Final

from filemill.processing.errors import OptionsError
from filemill.processing.operations.declaration import Options
from filemill.processing.operations.image.geometry import EmptyCrop, find_region, lay_out, turn
from filemill.processing.operations.image.recipe import Recipe, write_recipe
from filemill.processing.operations.image.save_options import (
    ANIMATED_FORMATS,
    MAX_SIDES,
    OutputFormat,
    choose_format,
    extension_of_format,
)
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sizing import Size

# Seconds of processor time for a million pixels, measured on one slow core.
_DECODE_SECONDS: Final = 0.02
_ENCODE_SECONDS: Final = {"jpeg": 0.02, "png": 0.15, "webp": 0.15, "avif": 0.5, "gif": 0.4, "tiff": 0.05}
_SEARCH_STEPS: Final = 7
_MEMORY_OF_THE_PROCESS: Final = 48 * 1024**2
_STREAMED_BYTES: Final = 24 * 1024**2
_DECODE_BYTES: Final = {"image/webp": 8, "image/gif": 5, "image/heic": 8, "image/heif": 8, "image/avif": 8}
"""A pixel, of formats that are decoded as a whole; measured at 49 megapixels, as are the others."""
_TURN_BYTES: Final = 4
_ENCODE_BYTES: Final = {"webp": 10, "avif": 22, "gif": 5}


def plan_copy(facts: Facts, recipe: Recipe) -> Planned:
    """Foresee the copy. Raises OptionsError for what can't be done with a picture of this size."""
    size = find_size(facts, recipe)
    written = find_format(facts, recipe)
    if size is not None and written is not None:
        refuse_long_sides(size, written)
    frames = facts.frames if facts.frames and (written is None or written in ANIMATED_FORMATS) else None
    output = PlannedOutput(
        name=f"*.{extension_of_format(written) if written else '*'}",
        facts=Facts(
            media_type=f"image/{written or 'webp'}",
            width=size.width if size else None,
            height=size.height if size else None,
            frames=frames,
        ),
    )
    return Planned(outputs=(output,), cost=estimate(facts, recipe, size))


def find_format(facts: Facts, recipe: Recipe) -> OutputFormat | None:
    """Return the copy's format; None when the smallest is to be found."""
    wish = recipe.saving.format
    if wish == "auto":
        return None
    return wish or choose_format(facts.media_type.removeprefix("image/"), has_alpha=bool(facts.more.get("has_alpha")))


def find_size(facts: Facts, recipe: Recipe) -> Size | None:
    """Return the copy's size; None when it is not known before the pixels are seen."""
    if facts.width is None or facts.height is None or recipe.trim is not None:
        return None
    size = Size(facts.width, facts.height)
    if recipe.crop is not None:
        try:
            size = find_region(size, recipe.crop).size
        except EmptyCrop as error:
            raise OptionsError(
                f"crop lies outside the picture, which is {size.width} x {size.height}: {error}.",
                code="invalid_options",
            ) from error
    return lay_out(turn(size, recipe.rotate), recipe.box).canvas


def refuse_long_sides(size: Size, written: OutputFormat) -> None:
    """Raise OptionsError for a side that a format can't hold."""
    longest = max(size.width, size.height)
    if longest > MAX_SIDES[written]:
        raise OptionsError(
            f"A side of {longest} pixels is more than {written} can hold ({MAX_SIDES[written]}): ask for a smaller "
            "size or for another format.",
            code="invalid_options",
        )


def estimate(facts: Facts, recipe: Recipe, size: Size | None) -> Cost:
    """Guess the cost of one copy, from decoding to writing."""
    frames = facts.frames or 1
    source = (facts.width or 1000) * (facts.height or 1000) * frames
    copy = size.pixels * frames if size else source
    written = find_format(facts, recipe)
    encode = _ENCODE_SECONDS[written] if written else sum(_ENCODE_SECONDS[name] for name in ("jpeg", "webp", "avif"))
    rounds = _SEARCH_STEPS if recipe.saving.max_bytes else 1
    held = _count_decoded(facts, recipe, source, copy)
    held += copy * (_ENCODE_BYTES.get(written, 0) if written else max(_ENCODE_BYTES.values()))
    held += copy * _TURN_BYTES if recipe.saving.max_bytes or written is None else 0
    return Cost(
        cpu_seconds=(source * _DECODE_SECONDS + copy * encode * rounds) / 1_000_000,
        memory_bytes=_MEMORY_OF_THE_PROCESS + _STREAMED_BYTES + held,
    )


def _count_decoded(facts: Facts, recipe: Recipe, source: int, copy: int) -> int:
    """Count the bytes of what is held of the picture itself: the formats of the web are made small as they are read."""
    is_whole = not recipe.takes_all or recipe.rotate % 360 != 0 or recipe.flip is not None
    read = source if is_whole or facts.media_type != "image/webp" else min(source, 4 * copy)
    return read * _DECODE_BYTES.get(facts.media_type, 0) + (source * _TURN_BYTES if is_whole else 0)


def plan_options(facts: Facts, options: Options) -> Planned:
    """Foresee what an operation makes that makes one copy."""
    return plan_copy(facts, write_recipe(options, stem="*"))


def produces_copy(media_type: str, options: Options) -> str:
    """Return the media type of a copy as far as it is known without the picture: webp stands for the smallest."""
    recipe = write_recipe(options, stem="*")
    return f"image/{find_format(Facts(media_type=media_type), recipe) or 'webp'}"
