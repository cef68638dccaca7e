"""Pages and pictures whose text is known, since it was drawn here."""

from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw, ImageFont

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SENTENCES = {
    "eng": "The old mill stood by the quiet river.",
    "uzb": "Oʻzbekiston tegirmoni daryo boʻyida turar.",
    "uzb_cyrl": "Ўзбекистон тегирмони дарё бўйида турар.",
    "rus": "Старая мельница стояла у тихой реки.",
}


def draw_text(lines: list[str], *, size: int = 42) -> Image.Image:
    """Draw lines in black on white, as a scanner would see them."""
    font = ImageFont.truetype(FONT, size)
    width = max(int(font.getlength(line)) for line in lines) + 160
    picture = Image.new("L", (width, len(lines) * size * 2 + 160), 255)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((80, 80 + number * size * 2), line, font=font, fill=0)
    return picture


def make_scan(path: Path, pages: list[list[str]]) -> Path:
    """Write a PDF whose pages are pictures of text."""
    pictures = [draw_text(lines) for lines in pages]
    pictures[0].save(path, resolution=300.0, save_all=True, append_images=pictures[1:])
    return path


def join_pdfs(path: Path, *sources: Path) -> Path:
    joined = pypdfium2.PdfDocument.new()
    for source in sources:
        with pypdfium2.PdfDocument(source) as document:
            joined.import_pages(document)
    joined.save(path)
    joined.close()
    return path
