"""The languages of OCR: Tesseract's own names, common codes for them, and what each needs on this machine; pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

MAX_LANGUAGES: Final = 8
_NAME: Final = re.compile(r"[a-z]{3}(?:_[a-z]{3,8})*", re.IGNORECASE)
_NO_LANGUAGES: Final = frozenset(("osd", "equ"))
"""Files among Tesseract's languages that are none: the direction of a page, and formulas."""
_COMMON_CODES: Final[Mapping[str, str]] = {
    "en": "eng",
    "english": "eng",
    "uz": "uzb",
    "uz-latn": "uzb",
    "uz-cyrl": "uzb_cyrl",
    "ru": "rus",
    "russian": "rus",
    "de": "deu",
    "fr": "fra",
    "es": "spa",
    "it": "ita",
    "pt": "por",
    "tr": "tur",
    "kk": "kaz",
    "ky": "kir",
    "tg": "tgk",
    "uk": "ukr",
    "ar": "ara",
    "fa": "fas",
    "hi": "hin",
    "zh": "chi_sim",
    "ja": "jpn",
    "ko": "kor",
}

LANGUAGES_VALID: Final = (
    f"a list of 1 to {MAX_LANGUAGES} languages by Tesseract's names, such as eng, uzb, uzb_cyrl, rus (or en, uz, "
    "uz-Cyrl, ru), the most likely first"
)


def _split(value: Any) -> Any:
    """Take `"eng+rus"` and `"eng,rus"` for lists, as Tesseract and OCRmyPDF do."""
    listed = re.split(r"[+,]", value) if isinstance(value, str) else value
    if not isinstance(listed, list):
        return listed
    return [_name(entry) if isinstance(entry, str) else entry for entry in listed]


def _name(entry: str) -> str:
    known = entry.strip()
    return _COMMON_CODES.get(known.lower().replace("_", "-"), known)


def _check(languages: list[str]) -> list[str]:
    for language in languages:
        if not _NAME.fullmatch(language) or language in _NO_LANGUAGES:
            raise ValueError(f"{language!r} is no language")
    return list(dict.fromkeys(languages))


Languages = Annotated[
    list[str],
    BeforeValidator(_split, json_schema_input_type=str | list[str]),
    Field(min_length=1, max_length=MAX_LANGUAGES),
    AfterValidator(_check),
]


def languages_field() -> Any:
    """The option that says which languages a text may be in."""
    return Field(
        ["eng"],
        description="The languages that the text may be in, the most likely first. Each more makes the work slower and "
        "may confuse look-alike letters: name only those that occur. What is not installed is refused, with the name "
        "of Debian's package.",
        examples=[["eng"], ["uzb", "uzb_cyrl", "rus"], "eng+rus"],
        json_schema_extra={"x-valid": LANGUAGES_VALID},
    )


def needs_of(languages: Sequence[str]) -> tuple[str, ...]:
    """Name what OCR in these languages calls for, as operations tell it in `needs`."""
    return ("tesseract", *(f"tesseract:{language}" for language in languages))
