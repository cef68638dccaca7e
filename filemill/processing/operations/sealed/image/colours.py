"""Sealed: colours: into sRGB, onto a background, and adjusted."""

from typing import Any, Final

from filemill.processing.operations.colors import Rgba
from filemill.processing.operations.image.adjust_options import Adjustments

WHITE: Final = Rgba(255, 255, 255, 255)
CLEAR: Final = Rgba(255, 255, 255, 0)
_MIDDLE_GREY: Final = 127.5
# How bright the eye sees red, green and blue (Rec. 709), as CSS's `saturate` weighs them.
_LUMA: Final = (0.2126, 0.7152, 0.0722)


def to_srgb(image: Any, *, is_converted: bool = False, keeps_icc: bool = False) -> Any:
    """Convert to 8-bit sRGB or grey; with `keeps_icc` the numbers stay those of the picture's own profile."""
    is_cmyk = image.interpretation == "cmyk"
    if not is_converted and image.get_typeof("icc-profile-data") and (is_cmyk or not keeps_icc):
        image = image.icc_transform("srgb", embedded=True, depth=8)
    wanted = "b-w" if image.interpretation in ("b-w", "grey16") else "srgb"
    if image.interpretation != wanted:
        image = image.colourspace(wanted)
    return image if image.format == "uchar" else image.cast("uchar")


def with_three_bands(image: Any) -> Any:
    """Make grey a red, green and blue of one value, so that colours can be put to it."""
    return image.colourspace("srgb") if image.interpretation == "b-w" else image


def to_bands(colour: Rgba, image: Any) -> list[float]:
    """Write a colour in the bands that an image has."""
    red, green, blue, alpha = colour
    if image.interpretation == "b-w":
        grey = sum(weight * band for weight, band in zip(_LUMA, (red, green, blue), strict=True))
        return [grey, float(alpha)][: image.bands]
    return [float(red), float(green), float(blue), float(alpha)][: image.bands]


def is_grey(colour: Rgba) -> bool:
    return colour.red == colour.green == colour.blue


def take(image: Any, colour: Rgba) -> Any:
    """Give an image the bands that a colour needs: three for a colour that is no grey, and alpha if it is clear."""
    if not is_grey(colour):
        image = with_three_bands(image)
    return image if colour.is_opaque or image.hasalpha() else image.addalpha()


def flatten(image: Any, colour: Rgba) -> Any:
    """Put what is transparent on a colour."""
    if not image.hasalpha():
        return image
    image = image if is_grey(colour) else with_three_bands(image)
    return image.flatten(background=to_bands(colour, image)[: image.bands - 1])


def adjust(image: Any, wish: Adjustments) -> Any:
    """Blur, sharpen and change the colours of one frame."""
    if wish.blur is not None:
        image = _blur(image, wish.blur)
    if wish.sharpen is not None:
        image = image.sharpen(sigma=wish.sharpen)
    if wish.brightness != 1 or wish.contrast != 1:
        offset = _MIDDLE_GREY * (1 - wish.contrast)
        image = _on_colours(image, lambda colours: colours.linear(wish.brightness * wish.contrast, offset))
    if wish.saturation != 1 and image.bands >= 3:
        matrix = _saturate(wish.saturation)
        image = _on_colours(image, lambda colours: colours.recomb(matrix))
    return _take_colours_away(image) if wish.grayscale else image


def _blur(image: Any, sigma: float) -> Any:
    if not image.hasalpha():
        return image.gaussblur(sigma).cast("uchar")
    blurred = image.premultiply().gaussblur(sigma).unpremultiply()
    return blurred.cast("uchar").copy(interpretation=image.interpretation)


def _on_colours(image: Any, change: Any) -> Any:
    """Change the colour bands alone, and clip them to a byte."""
    interpretation, bands = image.interpretation, image.bands
    if not image.hasalpha():
        return change(image).cast("uchar").copy(interpretation=interpretation)
    colours, alpha = image.extract_band(0, n=bands - 1), image.extract_band(bands - 1)
    return change(colours).cast("uchar").bandjoin(alpha).copy(interpretation=interpretation)


def _saturate(factor: float) -> list[list[float]]:
    return [
        [weight * (1 - factor) + (factor if column == row else 0.0) for column, weight in enumerate(_LUMA)]
        for row in range(3)
    ]


def _take_colours_away(image: Any) -> Any:
    return image if image.interpretation == "b-w" else image.colourspace("b-w").cast("uchar")
