"""A plugin of OCRmyPDF's that refuses a page which would have too many pixels, before it is drawn.

It is loaded by OCRmyPDF in the cage, and by nothing else. OCRmyPDF's own limit is looked at when a drawn page is opened
again, and a page of 200 x 200 inches takes gigabytes until then.
"""

from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pypdfium2
from ocrmypdf import hookimpl
from ocrmypdf.exceptions import InputFileError

_POINTS_PER_INCH: Final = 72
_PIXELS_PER_MEGAPIXEL: Final = 1_000_000


@hookimpl(tryfirst=True)
def rasterize_pdf_page(input_file: Path, raster_dpi: Any, pageno: int, options: Any) -> None:
    """Leave the drawing to OCRmyPDF, or raise InputFileError; `pageno` counts from 1."""
    with closing(pypdfium2.PdfDocument(input_file)) as document, closing(document[pageno - 1]) as page:
        left, bottom, right, top = page.get_mediabox()
    width = abs(right - left) * raster_dpi.x / _POINTS_PER_INCH
    height = abs(top - bottom) * raster_dpi.y / _POINTS_PER_INCH
    if width * height > options.max_image_mpixels * _PIXELS_PER_MEGAPIXEL:
        raise InputFileError(f"Page {pageno} would have {width:,.0f} x {height:,.0f} pixels, which exceeds the limit.")
