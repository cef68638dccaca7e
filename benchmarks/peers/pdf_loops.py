"""The bare work on PDFs: pypdfium2 and nothing around it."""

from pathlib import Path

import pypdfium2


def write_text(source: str, target: str) -> None:
    """Write the text of all pages into a file."""
    document = pypdfium2.PdfDocument(source)
    with Path(target).open("w", encoding="utf-8") as output:
        for page in document:
            text_page = page.get_textpage()
            output.write(text_page.get_text_range())
            text_page.close()
            page.close()
    document.close()


def draw_pages(source: str, directory: str, count: int, dpi: int) -> None:
    """Draw the first pages as JPEGs."""
    document = pypdfium2.PdfDocument(source)
    for number in range(count):
        page = document[number]
        picture = page.render(scale=dpi / 72).to_pil()
        picture.save(Path(directory) / f"page-{number}.jpg", "JPEG", quality=85)
        page.close()
    document.close()
