"""PDFs for the tests, made on the spot: with an outline, a form, attachments, pictures, and hostile ones."""

from io import BytesIO
from pathlib import Path

import pikepdf
from PIL import Image

from tests.integration.processing.pdf_readers import MILL


def make_numbered(path: Path, pages: int, *, size: tuple[int, int] = (200, 300)) -> Path:
    """Write a PDF whose pages say `Page 1` and so on, with an outline entry for each."""
    with pikepdf.Pdf.new() as pdf:
        font = pdf.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        )
        for number in range(1, pages + 1):
            page = pdf.add_blank_page(page_size=size)
            page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
            page.obj.Contents = pdf.make_stream(b"BT /F 18 Tf 20 150 Td (Page %d) Tj ET" % number)
        with pdf.open_outline() as outline:
            outline.root.extend(pikepdf.OutlineItem(f"Chapter {number}", number - 1) for number in range(1, pages + 1))
        pdf.docinfo["/Title"] = "Numbers"
        pdf.save(path)
    return path


def make_locked(path: Path, *, user: str = "reader", owner: str = "master", source: Path = MILL) -> Path:
    """Write an encrypted copy of a PDF (AES-256) that allows neither printing nor copying."""
    allow = pikepdf.Permissions(print_lowres=False, print_highres=False, extract=False)
    with pikepdf.open(source) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(user=user, owner=owner, allow=allow))
    return path


def make_form(path: Path) -> Path:
    """Write a PDF of two pages with a text field of the name `farm` on the first."""
    with pikepdf.open(make_numbered(path.with_suffix(".base.pdf"), 2)) as pdf:
        field = pdf.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Tx,
                T="farm",
                V="Brookside",
                Rect=[20, 20, 150, 40],
                P=pdf.pages[0].obj,
            )
        )
        pdf.pages[0].obj.Annots = pikepdf.Array([field])
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=[field], NeedAppearances=True)
        pdf.save(path)
    return path


def make_torn(path: Path) -> Path:
    """Write a PDF of three pages whose second is nothing at all."""
    with pikepdf.open(make_numbered(path.with_suffix(".whole.pdf"), 3)) as pdf:
        pdf.save(path, qdf=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    with pikepdf.open(path) as pdf:
        second = pdf.pages[1].obj.objgen[0]
    written = path.read_bytes()
    assert second < 10
    path.write_bytes(written.replace(b"    %d 0 R\n" % second, b"    0 0 R\n", 1))
    return path


def make_carrier(path: Path) -> tuple[Path, dict[str, bytes]]:
    """Write a PDF that carries three files and has one pinned to a page; return what is in them, by their names."""
    contents = {
        "invoice.xml": b"<?xml version='1.0'?><invoice/>",
        "отчёт 1.csv": "год,зерно\n2026,рожь\n".encode(),
        "../../etc/passwd": b"root:x:0:0\n",
        "pinned.txt": b"a note on the margin\n",
    }
    with pikepdf.open(MILL) as pdf:
        specs = {
            name: pikepdf.AttachedFileSpec(
                pdf, data, filename=name, description="The invoice" if name == "invoice.xml" else ""
            )
            for name, data in contents.items()
        }
        pinned = specs.pop("pinned.txt")
        for number, spec in enumerate(specs.values()):
            pdf.attachments[str(number)] = spec
        annotation = pikepdf.Dictionary(
            Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FileAttachment, FS=pinned.obj, Rect=[10, 10, 30, 30]
        )
        pdf.pages[1].obj.Annots = pikepdf.Array([pdf.make_indirect(annotation)])
        pdf.save(path)
    return path, contents


def make_album(path: Path, *, pixels: tuple[int, int] = (800, 600), flate: bool = False) -> Path:
    """Write a PDF that shows one noisy picture twice: 4 inches wide on page 1, and 1 inch wide in a group on page 2."""
    noise = Image.effect_noise(pixels, 60).convert("RGB")
    noise.paste((200, 30, 30), (0, 0, pixels[0] // 2, pixels[1] // 2))
    with pikepdf.open(make_numbered(path.with_suffix(".base.pdf"), 2, size=(400, 400))) as pdf:
        picture = pdf.make_stream(
            noise.tobytes() if flate else _encode_jpeg(noise),
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Image,
            Width=pixels[0],
            Height=pixels[1],
            BitsPerComponent=8,
            ColorSpace=pikepdf.Name.DeviceRGB,
        )
        if not flate:
            picture.Filter = pikepdf.Name.DCTDecode
        group = pdf.make_stream(
            b"q 72 0 0 54 0 0 cm /P Do Q",
            Type=pikepdf.Name.XObject,
            Subtype=pikepdf.Name.Form,
            BBox=[0, 0, 100, 100],
            Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=picture)),
        )
        for page, name, content in ((0, "P", b"q 288 0 0 216 10 10 cm /P Do Q"), (1, "G", b"q /G Do Q")):
            drawn = picture if name == "P" else group
            pdf.pages[page].add_resource(drawn, pikepdf.Name.XObject, pikepdf.Name(f"/{name}"))
            pdf.pages[page].contents_add(content)
        pdf.save(path)
    return path


def _encode_jpeg(picture: Image.Image) -> bytes:
    data = BytesIO()
    picture.save(data, "JPEG", quality=95)
    return data.getvalue()
