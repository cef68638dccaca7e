"""The languages of OCR: Tesseract's names, and what people write instead."""

import pytest
from pydantic import TypeAdapter, ValidationError

from filemill.processing.cage import tools
from filemill.processing.operations.languages import Languages, needs_of

LANGUAGES = TypeAdapter(Languages)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["eng"], ["eng"]),
        ("eng+rus", ["eng", "rus"]),
        ("uz, uz-Cyrl, ru", ["uzb", "uzb_cyrl", "rus"]),
        (["en", "eng", "chi_sim_vert"], ["eng", "chi_sim_vert"]),
    ],
)
def test_languages_are_read_in_every_usual_way(given: object, expected: list[str]) -> None:
    assert LANGUAGES.validate_python(given) == expected


@pytest.mark.parametrize(
    "given", [[], "", "e", ["osd"], ["../eng"], ["eng -c x"], [1], 7, {"eng": 1}, ["eng"] * 9, ["latin/eng"], None]
)
def test_what_is_no_language_is_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        LANGUAGES.validate_python(given)


def test_each_language_is_a_need_with_a_package() -> None:
    needs = needs_of(["eng", "uzb_cyrl", "chi_sim"])
    assert needs == ("tesseract", "tesseract:eng", "tesseract:uzb_cyrl", "tesseract:chi_sim")
    assert [tools.list_packages(needed)[0] for needed in needs] == [
        "tesseract-ocr",
        "tesseract-ocr-eng",
        "tesseract-ocr-uzb-cyrl",
        "tesseract-ocr-chi-sim",
    ]
    assert tools.explain_lack(["tesseract:uzb_cyrl", "soffice:calc"]) == (
        "uzb_cyrl for tesseract, calc for soffice are not installed: run apt-get install tesseract-ocr-uzb-cyrl "
        "libreoffice-calc-nogui, then `filemill doctor`."
    )
