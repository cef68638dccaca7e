"""Smaller PDFs, through the real cage; their pictures listed and drawn by poppler."""

import subprocess
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from PIL import Image, ImageChops, ImageStat
from PIL.JpegImagePlugin import JpegImageFile

from tests.integration.processing.conftest import Work
from tests.integration.processing.pdf_inputs import make_album, make_locked
from tests.integration.processing.pdf_readers import MILL, read_facts, read_texts


def _list_images(path: Path) -> list[dict[str, str]]:
    """What poppler's pdfimages says of each picture where it is shown."""
    lines = subprocess.run(["pdfimages", "-list", str(path)], check=True, capture_output=True, text=True).stdout
    names, _, *rows = lines.splitlines()
    return [dict(zip(names.split(), row.split(), strict=False)) for row in rows]


def _draw(path: Path, page: int) -> Image.Image:
    command = ["pdftoppm", "-r", "72", "-f", str(page), "-l", str(page), "-png", "-singlefile", str(path)]
    done = subprocess.run(command, check=True, capture_output=True)
    return Image.open(BytesIO(done.stdout)).convert("RGB")


@pytest.mark.parametrize("flate", [False, True])
@pytest.mark.parametrize(("options", "width"), [({}, 600), ({"level": "screen"}, 288), ({"image_dpi": 100}, 400)])
def test_pictures_are_scaled_to_what_is_shown_of_them(
    work: Work, tmp_path: Path, options: dict[str, object], width: int, *, flate: bool
) -> None:
    source = make_album(tmp_path / "album.pdf", flate=flate)
    done = work(source, operation="document.compress", **options)
    made = done.path("album-compressed.pdf")
    images = _list_images(made)
    assert {(image["width"], image["enc"], image["color"]) for image in images} == {(str(width), "jpeg", "rgb")}
    assert len(images) == 2
    assert made.stat().st_size < source.stat().st_size / 1.5
    assert done.result["size"] == made.stat().st_size
    assert (done.result["images"], done.result["recompressed_images"]) == (1, 1)
    for page in (1, 2):
        difference = ImageChops.difference(_draw(source, page), _draw(made, page))
        assert max(ImageStat.Stat(difference.resize((40, 40))).mean) < 6
    assert read_texts(made) == read_texts(source)


@pytest.mark.parametrize(("options", "quality"), [({}, 70), ({"image_quality": 20}, 20), ({"image_quality": 90}, 90)])
def test_pictures_have_the_quality_that_is_asked_for(
    work: Work, tmp_path: Path, options: dict[str, object], quality: int
) -> None:
    source = make_album(tmp_path / "album.pdf", flate=True)
    made = work(source, operation="document.compress", **options).path("album-compressed.pdf")
    subprocess.run(["pdfimages", "-j", "-l", "1", str(made), str(tmp_path / "taken")], check=True, capture_output=True)
    expected = BytesIO()
    Image.new("RGB", (8, 8)).save(expected, "JPEG", quality=quality)
    with Image.open(tmp_path / "taken-000.jpg") as taken, Image.open(expected) as standard:
        assert isinstance(taken, JpegImageFile)
        assert isinstance(standard, JpegImageFile)
        assert taken.quantization == standard.quantization


def test_pictures_can_become_gray(work: Work, tmp_path: Path) -> None:
    done = work(make_album(tmp_path / "album.pdf"), operation="document.compress", grayscale=True, linearize=True)
    made = done.path("album-compressed.pdf")
    assert {image["color"] for image in _list_images(made)} == {"gray"}
    assert read_facts(made)["Optimized"] == "yes"


def test_transparency_is_scaled_along(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "clear.pdf"
    with pikepdf.open(make_album(tmp_path / "album.pdf")) as pdf:
        mask = Image.linear_gradient("L").resize((800, 600))
        pdf.pages[0].Resources.XObject.P.SMask = pdf.make_stream(
            mask.tobytes(),
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=800,
            Height=600,
            BitsPerComponent=8,
            ColorSpace=pikepdf.Name.DeviceGray,
        )
        pdf.save(source)
    done = work(source, operation="document.compress")
    made = done.path("clear-compressed.pdf")
    assert {(image["type"], image["width"]) for image in _list_images(made)} == {("image", "600"), ("smask", "600")}
    difference = ImageChops.difference(_draw(source, 1), _draw(made, 1))
    assert max(ImageStat.Stat(difference.resize((40, 40))).mean) < 6


def test_what_can_not_become_smaller_is_the_input_itself(work: Work, tmp_path: Path) -> None:
    once = work(MILL, operation="document.compress", level="screen").path("mill-compressed.pdf")
    done = work(once, operation="document.compress", level="printer")
    made = done.path("mill-compressed-compressed.pdf")
    assert made.stat().st_size <= once.stat().st_size
    tiny = tmp_path / "tiny.pdf"
    tiny.write_bytes(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n"
    )
    same = work(tiny, operation="document.compress")
    assert same.path("tiny-compressed.pdf").read_bytes() == tiny.read_bytes()
    assert (same.result["size"], same.result["recompressed_images"]) == (tiny.stat().st_size, 0)


def test_thumbnails_and_private_data_go_and_the_rest_stays(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "full.pdf"
    with pikepdf.open(make_album(tmp_path / "album.pdf")) as pdf:
        pdf.pages[0].obj.Thumb = pdf.make_stream(b"\0" * 300, Width=10, Height=10, BitsPerComponent=8)
        pdf.Root.PieceInfo = pikepdf.Dictionary(Program=pikepdf.Dictionary(Private=pdf.make_stream(b"x" * 1000)))
        pdf.attachments["note.txt"] = b"kept"
        pdf.save(source)
    with pikepdf.open(work(source, operation="document.compress").path("full-compressed.pdf")) as pdf:
        assert "/Thumb" not in pdf.pages[0].obj
        assert "/PieceInfo" not in pdf.Root
        assert pdf.attachments["note.txt"].get_file().read_bytes() == b"kept"
        with pdf.open_outline() as outline:
            assert [item.title for item in outline.root] == ["Chapter 1", "Chapter 2"]


def test_groups_that_draw_each_other_a_billion_times_do_no_harm(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "laughs.pdf"
    with pikepdf.open(make_album(tmp_path / "album.pdf")) as pdf:
        drawn = pdf.pages[0].Resources.XObject.P
        for _ in range(8):
            drawn = pdf.make_stream(
                b"/G Do " * 100,
                Type=pikepdf.Name.XObject,
                Subtype=pikepdf.Name.Form,
                BBox=[0, 0, 9, 9],
                Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(G=drawn)),
            )
        pdf.pages[0].Resources.XObject.P = drawn
        pdf.save(source)
    done = work(source, operation="document.compress")
    assert done.result["recompressed_images"] == 0


def test_an_encrypted_document_stays_encrypted(work: Work, tmp_path: Path) -> None:
    locked = make_locked(tmp_path / "a.pdf", source=make_album(tmp_path / "album.pdf"))
    done = work(locked, operation="document.compress", password="reader", level="screen")
    assert done.result["recompressed_images"] == 1
    assert read_facts(done.path("a-compressed.pdf"), "-upw", "reader")["Encrypted"].startswith("yes")
