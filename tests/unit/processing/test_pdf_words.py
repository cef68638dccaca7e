"""The words of a page in one pass are those that pypdfium2 reads in two."""

from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from filemill.processing.operations.sealed.document.pdfium import read_page_text

MILL = Path(__file__).parents[3] / "samples" / "mill.pdf"
TO_UNICODE = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CMapName /Test def /CMapType 2 def
1 begincodespacerange <00> <FF> endcodespacerange
2 beginbfchar <41> <D83DDE00> <42> <006600660069D83DDE80> endbfchar
endcmap end end"""


def make_page(path: Path, shown: str) -> Path:
    """Make a page on which A stands for a character beyond the first 65,536, and B for four characters."""
    with pikepdf.new() as pdf:
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font,
            Subtype=pikepdf.Name.Type1,
            BaseFont=pikepdf.Name.Helvetica,
            ToUnicode=pdf.make_stream(TO_UNICODE.encode()),
        )
        page = pdf.add_blank_page(page_size=(600, 100))
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.Contents = pdf.make_stream(f"BT /F1 10 Tf 10 50 Td ({shown}) Tj ET".encode())
        pdf.save(path)
    return path


def read_both(path: Path) -> list[tuple[str, str]]:
    """Read every page by us, and by pypdfium2 alone."""
    with pypdfium2.PdfDocument(path) as document:
        theirs = [page.get_textpage().get_text_bounded().replace("\r\n", "\n") for page in document]
        return [(read_page_text(document, index).rstrip("\n"), text) for index, text in enumerate(theirs)]


def test_the_pages_of_a_sample_are_read_alike() -> None:
    for ours, theirs in read_both(MILL):
        assert ours == theirs.replace("\ufffe", "-").rstrip("\n")
        assert ours


@pytest.mark.parametrize(
    ("shown", "text"), [("AAAA", "😀" * 4), ("BBBB", "ffi🚀" * 4), ("CABC", "C😀ffi🚀C"), ("", "")]
)
def test_characters_that_take_more_room_are_whole(tmp_path: Path, shown: str, text: str) -> None:
    [(ours, theirs)] = read_both(make_page(tmp_path / "page.pdf", shown))
    assert ours == theirs == text
