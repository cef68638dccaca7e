"""Arabic and Hebrew in the order and the forms in which they are seen, against what the standard's tables say."""

import unicodedata

import pytest

from filemill.processing.operations.sealed.image.right_to_left import order_letters


def _name(text: str) -> list[str]:
    return [unicodedata.name(letter) for letter in text]


def test_arabic_is_joined_and_runs_from_right_to_left() -> None:
    assert _name(order_letters("مرحبا")) == [
        "ARABIC LETTER ALEF FINAL FORM",
        "ARABIC LETTER BEH MEDIAL FORM",
        "ARABIC LETTER HAH INITIAL FORM",
        "ARABIC LETTER REH FINAL FORM",
        "ARABIC LETTER MEEM INITIAL FORM",
    ]


def test_lam_and_alef_are_one_letter_and_the_holy_name_is_drawn_by_its_letters() -> None:
    assert _name(order_letters("لا")) == ["ARABIC LIGATURE LAM WITH ALEF ISOLATED FORM"]
    assert _name(order_letters("الله"))[0] == "ARABIC LETTER HEH FINAL FORM"


def test_vowels_stay_with_their_letter() -> None:
    assert sorted(_name(order_letters("مُ"))) == ["ARABIC DAMMA", "ARABIC LETTER MEEM ISOLATED FORM"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("שלום", "םולש"),
        ("אב 123", "123 בא"),
        ("אב (גד)", "(דג) בא"),
        ("Mill אב 7", "Mill 7 בא"),
        ("אב Mill", "Mill בא"),
        ("אב\nMill (7)\nגד", "בא\nMill (7)\nדג"),
        ("\u200fאב\u200f", "בא"),
        ("חברת אקמה (ACME) 2024", "2024 (ACME) המקא תרבח"),
        ("אב (Mill) [7] גד", "דג [7] (Mill) בא"),
        ("Mill (אב) <7>", "Mill (בא) <7>"),
        ("אב ((ג)", "(ג)) בא"),
        ("אב) (x<y)", "(x<y) (בא"),
        ("a (b (אב) c) ד", "a (b (בא) c) ד"),
        ("אב (\u05b0ג)", "(ג\u05b0) בא"),
        ("אב \u2066(Mill) 7!\u2069 ג", "ג (Mill) 7! בא"),
    ],
)
def test_hebrew_is_put_in_the_order_in_which_it_is_seen(text: str, seen: str) -> None:
    assert order_letters(text) == seen


def test_a_mark_that_parts_letters_parts_them_and_is_not_seen() -> None:
    assert _name(order_letters("می\u200cخ")) == [
        "ARABIC LETTER KHAH ISOLATED FORM",
        "ARABIC LETTER FARSI YEH FINAL FORM",
        "ARABIC LETTER MEEM INITIAL FORM",
    ]


@pytest.mark.parametrize("text", ["Filemill (2026)", "Ўзбекча [қ]", "© Anna\n\n2026", "e\u0301", "a\u200db", ""])
def test_a_text_from_left_to_right_is_drawn_as_it_stands(text: str) -> None:
    assert order_letters(text) == text


@pytest.mark.parametrize("letter", ["\U0001fae8", "\u0378", "\ue000", "\U000e01ef", "\x1c", "\u2029", "\U0010ffff"])
def test_a_letter_that_the_standard_does_not_know_yet_is_in_no_way(letter: str) -> None:
    seen = order_letters(f"שלום {letter}")
    assert seen.replace("\U000e01ef", "").endswith("םולש")
    assert letter in seen or letter == "\U000e01ef"


@pytest.mark.parametrize("text", ["\u202eאב", "\u2067אב\u2069", "א" * 2000, "\u0651ب", "א\ud800"])
def test_odd_texts_lose_no_letter_and_show_no_mark(text: str) -> None:
    seen = order_letters(text)
    assert len(seen) == sum(unicodedata.category(letter) != "Cf" for letter in text)
