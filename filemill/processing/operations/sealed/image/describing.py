"""Sealed: all that can be told of a picture: its header, its metadata, and what it looks like."""

from typing import Any, Final

from filemill.processing.bench import SealedCall
from filemill.processing.operations.sealed.image.blurhash import encode_blurhash
from filemill.processing.operations.sealed.image.colours import WHITE, flatten, with_three_bands
from filemill.processing.operations.sealed.image.exif import read_exif, read_profile
from filemill.processing.operations.sealed.image.explaining import explained
from filemill.processing.operations.sealed.image.facts import describe
from filemill.processing.operations.sealed.image.inputs import open_input
from filemill.processing.operations.sealed.image.perceptual_hash import SIDE, hash_of
from filemill.processing.operations.sealed.image.picture import Bounds, Picture, refuse_pixels
from filemill.processing.operations.sealed.image.pillow import to_pillow
from filemill.processing.operations.sizing import Size

_LOOK_SIDE: Final = 64
_MOST_DELAYS: Final = 2000


def describe_in_depth(call: SealedCall) -> dict[str, Any]:
    """Give the facts of a picture.

    Arguments: those of every picture, and `colors`, how many dominant colours to name.
    """
    with explained():
        bounds = Bounds.from_arguments(call.arguments)
        picture = open_input(call, bounds)
        refuse_pixels(picture.size, 1, bounds.max_pixels)
        image = picture.image
        facts = {
            **describe(picture),
            "has_alpha": bool(image.hasalpha()),
            "orientation": image.get("orientation") if image.get_typeof("orientation") else 1,
            **_describe_animation(picture),
            **_describe_metadata(image),
        }
        call.progress(0.2, "Header read")
        return {**facts, **_describe_look(picture, call.arguments["colors"])}


def _describe_animation(picture: Picture) -> dict[str, Any]:
    image = picture.image
    if picture.pages < 2 or not image.get_typeof("delay"):
        return {}
    delays = [int(delay) for delay in image.get("delay")][: min(picture.pages, _MOST_DELAYS)]
    loop = image.get("loop") if image.get_typeof("loop") else 0
    return {"frames": picture.pages, "delays": delays, "duration": sum(delays) / 1000, "loop": loop}


def _describe_metadata(image: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"has_xmp": bool(image.get_typeof("xmp-data")), "exif": {}, "icc": None}
    if image.get_typeof("exif-data"):
        facts["exif"] = read_exif(bytes(image.get("exif-data")))
    if image.get_typeof("icc-profile-data"):
        facts["icc"] = read_profile(bytes(image.get("icc-profile-data")))
    return facts


def _describe_look(picture: Picture, colours: int) -> dict[str, Any]:
    factor = max(picture.size.width, picture.size.height) / _LOOK_SIDE
    size = Size(max(1, round(picture.size.width / factor)), max(1, round(picture.size.height / factor)))
    look = flatten(with_three_bands(picture.scaled(size)), WHITE).copy_memory()
    grey = look.colourspace("b-w").thumbnail_image(SIDE, height=SIDE, size="force")
    return {
        "dominant_colors": find_dominant_colours(look, colours),
        "blurhash": encode_blurhash(bytes(look.write_to_memory()), look.width, look.height),
        "perceptual_hash": hash_of(bytes(grey.write_to_memory())),
    }


def find_dominant_colours(image: Any, count: int) -> list[dict[str, Any]]:
    """Name the colours that take most room, with the part of the picture that each takes."""
    reduced = to_pillow(image).quantize(count)
    palette = reduced.getpalette() or []
    total = image.width * image.height
    found = sorted(((pixels, index) for index, pixels in enumerate(reduced.histogram()) if pixels), reverse=True)
    named = []
    for pixels, index in found:
        red, green, blue = palette[3 * index : 3 * index + 3]
        named.append({"color": f"#{red:02x}{green:02x}{blue:02x}", "share": round(pixels / total, 4)})
    return named
