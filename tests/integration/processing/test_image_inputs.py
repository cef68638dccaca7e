"""Pictures in formats that take care of their own: HEIC and SVG, through the real cage."""

import time
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from filemill.processing.errors import InputError, LimitError
from filemill.processing.input_limits import InputLimits
from tests.integration.processing.conftest import Work
from tests.integration.processing.inputs import cut
from tests.integration.processing.pictures import corners, make_quadrants, name_colour, opened, photo, psnr

WITH_SVG = InputLimits(reads_svg=True)


def _make_heic(path: Path, picture: Image.Image, **how: object) -> Path:
    pillow_heif.from_pillow(picture).save(path, **{"quality": 90, **how})
    return path


def test_a_photo_of_a_phone_becomes_a_jpeg(work: Work, tmp_path: Path) -> None:
    done = work(_make_heic(tmp_path / "phone.heic", photo()), resize=[300, 300])
    copy = opened(done.path("phone.jpg"))
    assert (done.result["format"], done.result["mode"], done.result["size"]) == ("heic", "RGB", [600, 400])
    assert psnr(copy, photo().resize((300, 200), Image.Resampling.LANCZOS)) > 30


def test_heic_with_transparency_and_in_grey(work: Work, tmp_path: Path) -> None:
    clear = photo().convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    copy = opened(work(_make_heic(tmp_path / "clear.heic", clear)).path("clear.png"))
    assert psnr(copy.getchannel("A"), clear.getchannel("A")) > 30
    grey = opened(work(_make_heic(tmp_path / "grey.heic", photo().convert("L"))).path("grey.jpg"))
    assert psnr(grey, photo().convert("L")) > 30


def test_a_heic_taken_sideways_is_upright_and_keeps_its_exif_only_if_asked(work: Work, tmp_path: Path) -> None:
    upright = opened(make_quadrants(tmp_path / "upright.png", (256, 128)))
    exif = Image.Exif()
    exif[Base.Orientation], exif[Base.Make] = 6, "Brownie"
    sideways = _make_heic(tmp_path / "phone.heic", upright.transpose(Image.Transpose.ROTATE_90), exif=exif.tobytes())
    kept = opened(work(sideways, strip_metadata=False).path("phone.jpg"))
    assert (kept.size, corners(kept), kept.getexif()[Base.Make]) == ((256, 128), "rgby", "Brownie")
    assert kept.getexif().get(Base.Orientation, 1) == 1
    bare = opened(work(sideways).path("phone.jpg"))
    assert (bare.size, dict(bare.getexif()), dict(bare.getexif().get_ifd(IFD.Exif))) == ((256, 128), {}, {})


def test_a_heic_cut_short_or_made_up_is_corrupt(work: Work, tmp_path: Path) -> None:
    whole = _make_heic(tmp_path / "whole.heic", photo())
    made_up = tmp_path / "made-up.heic"
    made_up.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    for path in (cut(whole, tmp_path / "cut.heic"), made_up):
        with pytest.raises(InputError) as caught:
            work(path)
        assert caught.value.code == "corrupt_file"


@pytest.mark.parametrize(
    ("box", "value", "code"),
    [
        (b"ispe\0\0\0\0", b"\xff\xff\xff\xff" * 2, "too_many_pixels"),
        (b"pitm\0\0\0\0", b"\0\2", "corrupt_file"),
        (b"ipma\0\0\0\0\0\0\0\1\0\1\4\x81", b"\x12", "corrupt_file"),  # none of its pictures can be read
        (b"ispe", b"\1", "unsupported_format"),
    ],
)
def test_a_heic_whose_boxes_lie_ends_by_the_code_of_its_fault(
    work: Work, tmp_path: Path, box: bytes, value: bytes, code: str
) -> None:
    whole = _make_heic(tmp_path / "lying.heic", photo()).read_bytes()
    at = whole.index(box) + len(box)
    (tmp_path / "lying.heic").write_bytes(whole[:at] + value + whole[at + len(value) :])
    with pytest.raises(InputError) as caught:
        work(tmp_path / "lying.heic")
    assert caught.value.code == code


def test_a_heic_with_too_many_pixels_is_refused_before_it_is_decoded(work: Work, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="600 x 400") as caught:
        work(_make_heic(tmp_path / "large.heic", photo()), input_limits=InputLimits(max_pixels=200_000))
    assert caught.value.code == "too_many_pixels"


SVG = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="100">
  <rect width="100" height="50" fill="rgb(200,30,30)"/><rect x="100" width="100" height="50" fill="rgb(30,160,30)"/>
  <rect y="50" width="100" height="50" fill="rgb(30,30,200)"/>
  <rect x="100" y="50" width="100" height="50" fill="rgb(220,200,40)"/>
  %s
</svg>"""


def _write_svg(path: Path, more: str = "") -> Path:
    path.write_text(SVG % more)
    return path


def test_svg_is_refused_unless_the_installation_allows_it(work: Work, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="FILEMILL_SVG=on") as caught:
        work(_write_svg(tmp_path / "drawing.svg"))
    assert caught.value.code == "unsupported_format"


def test_an_svg_is_drawn_at_the_size_asked_for(work: Work, tmp_path: Path) -> None:
    drawing = _write_svg(tmp_path / "drawing.svg")
    done = work(drawing, input_limits=WITH_SVG, width=800, enlarge=True)
    copy = opened(done.path("drawing.png"))
    assert (done.result["format"], copy.size, corners(copy)) == ("svg", (800, 400), "rgby")
    edge = copy.convert("RGB").crop((398, 100, 402, 101))
    assert {name_colour(edge, (x, 0)) for x in range(4)} == {"r", "g"}, "an edge that was drawn is sharp"
    assert opened(work(drawing, input_limits=WITH_SVG, format="jpeg").path("drawing.jpg")).size == (200, 100)


def test_an_svg_reaches_for_nothing_outside_of_itself(work: Work, tmp_path: Path) -> None:
    secret = make_quadrants(tmp_path / "secret.png")
    reaching = "".join(
        f'<image xlink:href="{target}" width="200" height="100"/>'
        for target in (secret.as_uri(), str(secret), "secret.png", "http://127.0.0.1:9/x.png", "file:///etc/passwd")
    )
    plain = SVG.partition("<rect")[0] + '<rect width="200" height="100" fill="black"/>' + reaching + "</svg>"
    (tmp_path / "reaching.svg").write_text(plain)
    copy = opened(work(tmp_path / "reaching.svg", input_limits=WITH_SVG).path("reaching.png"))
    assert corners(copy) == "kkkk"


def test_entities_of_an_svg_are_not_read_from_files(work: Work, tmp_path: Path) -> None:
    text = '<!DOCTYPE svg [<!ENTITY secret SYSTEM "file:///etc/passwd">]>\n' + SVG.partition("\n")[2] % "&secret;"
    (tmp_path / "entity.svg").write_text(text)
    with pytest.raises(InputError) as caught:
        work(tmp_path / "entity.svg", input_limits=WITH_SVG)
    assert caught.value.code == "corrupt_file"


def test_an_svg_bomb_ends_within_its_limits(work: Work, tmp_path: Path) -> None:
    laughs = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    text = f"<!DOCTYPE svg [{laughs}]>\n" + SVG.partition("\n")[2] % "<desc>&a9;</desc>"
    (tmp_path / "laughs.svg").write_text(text)
    nested = "".join(
        f'<g id="g{n}"><use xlink:href="#g{n - 1}"/><use xlink:href="#g{n - 1}"/></g>' for n in range(1, 24)
    )
    _write_svg(
        tmp_path / "uses.svg",
        f'<defs><g id="g0"><rect width="1" height="1"/></g>{nested}</defs><use xlink:href="#g23"/>',
    )
    (tmp_path / "huge.svg").write_text(SVG.replace('width="200"', 'width="2000000"', 1) % "")
    for name, codes in {
        "laughs": {"corrupt_file", "memory_limit"},
        "uses": {"corrupt_file", "time_limit"},
        "huge": {"too_many_pixels", "corrupt_file"},
    }.items():
        started = time.monotonic()
        with pytest.raises((InputError, LimitError)) as caught:
            work(tmp_path / f"{name}.svg", input_limits=WITH_SVG)
        assert caught.value.code in codes, name
        assert time.monotonic() - started < 20, name
