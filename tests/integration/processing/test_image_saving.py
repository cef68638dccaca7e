"""How copies are written: formats, quality, size in bytes and metadata, judged by Pillow."""

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageDraw
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from filemill.processing.errors import LimitError, OptionsError
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import make_animation
from tests.integration.processing.pictures import PHOTO, opened, photo, psnr

SAMARKAND = (39.65, 66.96)


@pytest.fixture
def travelled(tmp_path: Path) -> Path:
    """A photograph that says where and by whom it was taken, in every way a JPEG can."""
    exif = Image.Exif()
    exif[Base.Copyright], exif[Base.Artist], exif[Base.Make] = "? Anna (Miller)", "Anna", "Brownie"
    exif[Base.ImageDescription] = "at home"
    gps = exif.get_ifd(IFD.GPSInfo)
    gps[GPS.GPSLatitudeRef], gps[GPS.GPSLongitudeRef] = "N", "E"
    gps[GPS.GPSLatitude] = (IFDRational(39), IFDRational(39), IFDRational(0))
    gps[GPS.GPSLongitude] = (IFDRational(66), IFDRational(57), IFDRational(36))
    path = tmp_path / "travelled.jpg"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret>at home</secret></x:xmpmeta>'
    # Pillow writes ASCII alone; cameras write what they like.
    block = exif.tobytes().replace(b"? Anna", "©Anna".encode())
    photo().save(path, exif=block, xmp=xmp, comment=b"at home", icc_profile=_srgb_profile(), quality=95)
    return path


def _srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "tiff", "gif"])
def test_metadata_is_gone_unless_it_is_asked_for(work: Work, travelled: Path, name: str) -> None:
    done = work(travelled, format=name, resize=[200, 200])
    path = done.path(done.result["output"]["name"])
    copy = opened(path)
    data = path.read_bytes()
    assert dict(copy.getexif().get_ifd(IFD.GPSInfo)) == {}
    assert Base.Copyright not in copy.getexif()
    for secret in (b"at home", b"Brownie", b"Anna", b"adobe:ns:meta"):
        assert secret not in data
    assert "icc_profile" not in copy.info


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif"])
def test_metadata_that_is_to_stay_stays(work: Work, travelled: Path, name: str) -> None:
    done = work(travelled, format=name, resize=[200, 200], strip_metadata=False)
    exif = opened(done.path(done.result["output"]["name"])).getexif()
    assert exif[Base.Make] == "Brownie"
    assert exif.get_ifd(IFD.GPSInfo)[GPS.GPSLatitude] == (39, 39, 0)
    assert exif.get(Base.Orientation, 1) == 1


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif"])
def test_copyright_stays_alone_where_only_it_is_to_stay(work: Work, travelled: Path, name: str) -> None:
    done = work(travelled, format=name, resize=[200, 200], keep_copyright=True)
    path = done.path(done.result["output"]["name"])
    exif = opened(path).getexif()
    assert exif[Base.Copyright].encode("latin-1").decode() == "©Anna (Miller)"
    assert exif[Base.Artist] == "Anna"
    assert Base.Make not in exif
    assert dict(exif.get_ifd(IFD.GPSInfo)) == {}
    data = path.read_bytes()
    for secret in (b"at home", b"Brownie", b"adobe:ns:meta"):
        assert secret not in data


def test_a_profile_is_kept_with_its_colours_or_converted_and_dropped(work: Work, tmp_path: Path) -> None:
    swapped = _swapped_profile()
    photo().save(tmp_path / "odd.png", icc_profile=swapped)
    kept = opened(work(tmp_path / "odd.png", keep_icc=True).path("odd.png"))
    assert kept.info["icc_profile"] == swapped
    assert psnr(kept, photo()) > 60
    converted = opened(work(tmp_path / "odd.png").path("odd.png"))
    wanted = ImageCms.profileToProfile(
        photo(), ImageCms.ImageCmsProfile(BytesIO(swapped)), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert wanted is not None
    assert "icc_profile" not in converted.info
    assert psnr(converted, wanted) > 30
    assert psnr(converted, photo()) < 25


def _swapped_profile() -> bytes:
    """Make a profile in which red and blue have changed places: no eye and no test can miss what it does."""
    data = bytearray(_srgb_profile())
    count = int.from_bytes(data[128:132], "big")
    entries = {bytes(data[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    data[red + 4 : red + 12], data[blue + 4 : blue + 12] = data[blue + 4 : blue + 12], data[red + 4 : red + 12]
    return bytes(data)


def test_cmyk_is_converted_even_where_its_profile_is_to_be_kept(work: Work, tmp_path: Path) -> None:
    photo().convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    copy = opened(work(tmp_path / "cmyk.jpg", keep_icc=True, resize=[300, 300]).path("cmyk.jpg"))
    assert copy.mode == "RGB"
    assert psnr(copy, photo().resize((300, 200))) > 12


def test_every_kind_of_pixel_comes_out_as_pillow_sees_it(work: Work, tmp_path: Path) -> None:
    grey, palette, bits = photo().convert("L"), photo().quantize(64), photo().convert("1")
    clear = photo().convert("RGBA")
    clear.putalpha(90)
    deep = Image.new("I;16", (60, 40), 40_000)
    for name, picture in {"grey": grey, "palette": palette, "bits": bits, "clear": clear, "deep": deep}.items():
        picture.save(tmp_path / f"{name}.png")
        copy = opened(work(tmp_path / f"{name}.png", format="webp", lossless=True).path(f"{name}.webp"))
        wanted = Image.new("L", (60, 40), 40_000 >> 8) if name == "deep" else picture.convert("RGB")
        assert psnr(copy, wanted) > 45, name
        assert (copy.mode == "RGBA") == (name == "clear")


@pytest.mark.parametrize("name", ["webp", "avif", "png", "tiff"])
def test_lossless_means_every_pixel(work: Work, tmp_path: Path, name: str) -> None:
    photo().save(tmp_path / "exact.png")
    done = work(tmp_path / "exact.png", format=name, lossless=True)
    copy = opened(done.path(f"exact.{name}"))
    assert psnr(copy, photo()) > (45 if name == "avif" else 99)  # AVIF keeps YCbCr, which rounds


def test_a_jpeg_can_not_be_lossless(work: Work) -> None:
    with pytest.raises(OptionsError, match="can't be lossless"):
        work(PHOTO, format="jpeg", lossless=True)


def test_lower_quality_makes_smaller_files_in_every_format_that_has_one(work: Work) -> None:
    for name in ("jpeg", "webp", "avif"):
        sizes = []
        for quality in ("low", "medium", "high"):
            done = work(PHOTO, format=name, quality=quality)
            sizes.append(done.path(done.result["output"]["name"]).stat().st_size)
        assert sizes == sorted(sizes), name
        assert sizes[0] < 0.75 * sizes[2], name


def test_progressive_files_are_so(work: Work) -> None:
    assert opened(work(PHOTO, progressive=True).path("photo.jpg")).info.get("progressive") == 1
    assert opened(work(PHOTO, progressive=True, format="png").path("photo.png")).info.get("interlace") == 1
    assert "progressive" not in opened(work(PHOTO).path("photo.jpg")).info


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("most", [8_000, 20_000])
def test_max_bytes_gives_the_best_quality_that_fits(work: Work, name: str, most: int) -> None:
    done = work(PHOTO, format=name, max_bytes=most)
    output = done.result["output"]
    size = done.path(output["name"]).stat().st_size
    assert size <= most
    better = work(PHOTO, format=name, quality=output["quality"] + 1)
    assert better.path(output["name"]).stat().st_size > most
    assert size == work(PHOTO, format=name, quality=output["quality"]).path(output["name"]).stat().st_size


def test_max_bytes_changes_nothing_where_the_copy_fits_anyway(work: Work) -> None:
    done = work(PHOTO, max_bytes=5_000_000)
    assert done.path("photo.jpg").read_bytes() == work(PHOTO).path("photo.jpg").read_bytes()
    assert done.result["output"]["quality"] == 85


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"max_bytes": 200}, "even at quality 1"), ({"max_bytes": 20_000, "format": "png"}, "can't lose quality")],
)
def test_a_size_that_can_not_be_reached_is_told_with_what_can(
    work: Work, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(OptionsError, match=sentence) as caught:
        work(PHOTO, **options)
    assert caught.value.code == "invalid_options"


def test_auto_takes_the_smallest_of_what_suits(work: Work, tmp_path: Path) -> None:
    done = work(PHOTO, format="auto", resize=[300, 300])
    sizes = {}
    for name in ("jpeg", "webp", "avif"):
        each = work(PHOTO, format=name, resize=[300, 300])
        sizes[name] = each.path(each.result["output"]["name"]).stat().st_size
    assert done.result["output"]["format"] == min(sizes, key=lambda name: sizes[name])

    drawing = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    ImageDraw.Draw(drawing).rectangle([20, 20, 90, 90], fill=(200, 0, 0, 255))
    drawing.save(tmp_path / "drawing.png")
    drawn = work(tmp_path / "drawing.png", format="auto")
    assert drawn.result["output"]["format"] != "jpeg"
    assert opened(drawn.path(drawn.result["output"]["name"])).convert("RGBA").getpixel((199, 199))[3] == 0  # type: ignore[index]

    assert work(make_animation(tmp_path / "disc.gif"), format="auto").result["output"] == {
        "name": "disc.webp",
        "format": "webp",
        "width": 160,
        "height": 120,
        "pages": 6,
        "quality": 85,
    }


@pytest.mark.parametrize("wish", [{"format": "webp", "lossless": True}, {"format": "avif"}, {"format": "gif"}], ids=str)
def test_a_copy_that_its_encoder_has_no_memory_for_is_not_the_fault_of_the_picture(
    work: Work, tmp_path: Path, wish: dict[str, object]
) -> None:
    Image.linear_gradient("L").resize((7000, 7000)).convert("RGBA").save(tmp_path / "large.png", compress_level=1)
    with pytest.raises(LimitError) as caught:
        work(tmp_path / "large.png", memory_bytes=512 * 1024**2, **wish)
    assert caught.value.code == "memory_limit"


def test_auto_leaves_out_what_it_has_no_memory_for(work: Work, tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((4000, 3990)).convert("RGBA").save(tmp_path / "large.png", compress_level=1)
    done = work(tmp_path / "large.png", memory_bytes=512 * 1024**2, format="auto")
    assert done.result["output"]["format"] in ("jpeg", "webp")
