"""Sealed: one picture in a PDF made smaller: scaled to what is shown of it, and written as JPEG."""

import warnings
from dataclasses import dataclass
from typing import Any, Final

import pikepdf
import pikepdf.models.image._classes
import pikepdf.models.image._colorspace
import pikepdf.models.image._extract
import pikepdf.models.image._postprocess
import PIL.BmpImagePlugin
import PIL.ImageCms
import PIL.Jpeg2KImagePlugin
import PIL.JpegImagePlugin
import PIL.PngImagePlugin
import PIL.PpmImagePlugin
import PIL.TiffImagePlugin
import pyvips
from pikepdf.models import _transcoding
from PIL import Image

_LEAST_BYTES: Final = 4096
_WORTH: Final = 0.9
"""A picture is replaced when it becomes smaller than this part of itself."""
_WORTH_SCALING: Final = 0.85
_FILTERS: Final = frozenset(
    f"/{name}Decode" for name in ("DCT", "JPX", "Flate", "LZW", "RunLength", "ASCIIHex", "ASCII85")
)
"""JBIG2 and fax hold one bit a pixel, and to decode JBIG2 pikepdf would start a program."""
_SPACES: Final = {"L": pikepdf.Name.DeviceGray, "RGB": pikepdf.Name.DeviceRGB}

# Decoders that are on no list of those looked for first are loaded with the modules above.
PREPARED: Final = (PIL.BmpImagePlugin, PIL.Jpeg2KImagePlugin, PIL.PngImagePlugin, PIL.PpmImagePlugin, _transcoding)


@dataclass(frozen=True)
class Aim:
    """What pictures are to become."""

    dpi: int
    quality: int
    grayscale: bool
    max_pixels: int


def shrink_image(image: pikepdf.Stream, shown: tuple[float, float], aim: Aim) -> bool:
    """Replace a picture by a smaller one of itself, where that is worth it; tell whether it was.

    Pictures that can't be decoded, and those that JPEG would spoil (stencils, colour keys, one bit a pixel, CMYK),
    stay as they are.
    """
    packed = len(image.read_raw_bytes())
    if packed < _LEAST_BYTES or "/ImageMask" in image or isinstance(image.get("/Mask"), pikepdf.Array):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        decoded = _decode(image, aim)
    if decoded is None:
        return False
    scale = find_scale(decoded.size, shown, aim.dpi)
    has_changed = aim.grayscale and decoded.mode != "L"
    picture = decoded.convert("L") if has_changed else decoded
    if scale < 1.0:
        picture = _resize(picture, scale)
    jpeg = _encode(picture, aim.quality)
    if len(jpeg) > packed * _WORTH:
        return False
    _replace(image, jpeg, picture, keeps_space=not has_changed)
    if scale < 1.0:
        _shrink_mask(image.get("/SMask"), picture.size)
    return True


def find_scale(size: tuple[int, int], shown: tuple[float, float], dpi: int) -> float:
    """Find the factor by which a picture shrinks so that it has `dpi` where it is shown; 1.0 where it is near that."""
    wanted = [points / 72 * dpi / pixels for points, pixels in zip(shown, size, strict=True)]
    scale = max(wanted)
    return scale if 0 < scale < _WORTH_SCALING else 1.0


def _decode(image: pikepdf.Stream, aim: Aim) -> Image.Image | None:
    try:
        described = pikepdf.PdfImage(image)
        if described.bits_per_component != 8 or described.width * described.height > aim.max_pixels:
            return None
        if described.mode not in ("L", "RGB", "P") or not _FILTERS.issuperset(described.filters):
            return None
        decoded = described.as_pil_image()
    except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, OSError, SyntaxError, NotImplementedError):
        return None  # it stays as it is
    if decoded.mode not in _SPACES:
        decoded = decoded.convert("RGB")
    return decoded


def _resize(picture: Image.Image, scale: float) -> Image.Image:
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def _encode(picture: Image.Image, quality: int) -> bytes:
    """By libvips: Pillow asks for the working directory before it writes anything, which a sealed child may not."""
    pixels = pyvips.Image.new_from_memory(
        picture.tobytes(), picture.width, picture.height, len(picture.getbands()), "uchar"
    )
    return bytes(pixels.jpegsave_buffer(Q=quality, optimize_coding=True, keep="none"))


def _replace(image: pikepdf.Stream, jpeg: bytes, picture: Image.Image, *, keeps_space: bool) -> None:
    image.write(jpeg, filter=pikepdf.Name.DCTDecode)
    image.Width, image.Height = picture.size
    image.BitsPerComponent = 8
    if not keeps_space or not _has_profile(image.get("/ColorSpace"), len(picture.getbands())):
        image.ColorSpace = _SPACES[picture.mode]
    for key in ("/Decode", "/Intent"):
        if key in image:
            del image[key]


def _has_profile(space: Any, components: int) -> bool:
    """Tell whether a colour space is a profile of as many components, which holds for the new picture as well."""
    is_profile = isinstance(space, pikepdf.Array) and len(space) == 2 and space[0] == "/ICCBased"
    profile: Any = space[1] if is_profile else None
    return isinstance(profile, pikepdf.Stream) and profile.get("/N") == components


def _shrink_mask(mask: Any, size: tuple[int, int]) -> None:
    """Scale a picture's transparency along with it, without loss."""
    if not isinstance(mask, pikepdf.Stream) or "/Matte" in mask:
        return
    try:
        described = pikepdf.PdfImage(mask)
        if described.mode != "L" or described.bits_per_component != 8 or described.width <= size[0]:
            return
        shrunk = described.as_pil_image().convert("L").resize(size, Image.Resampling.LANCZOS)
    except (pikepdf.PikepdfError, ValueError, TypeError, KeyError, OSError, SyntaxError, NotImplementedError):
        return  # it may have another size than the picture
    mask.write(shrunk.tobytes())
    mask.Width, mask.Height = size
    mask.ColorSpace = pikepdf.Name.DeviceGray
    if "/Decode" in mask:
        del mask.Decode
