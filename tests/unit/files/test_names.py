"""Names from strangers become names that can be shown, logged and stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill.files.names import MAX_NAME_BYTES, number_name, sanitise_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("cat.png", "cat.png"),
        ("/home/me/cat.png", "cat.png"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ("a\n2026 ERROR root.txt", "a2026 ERROR root.txt"),
        ("photo\u202egnp.exe", "photognp.exe"),
        ("o‘zbekcha fayl.pdf", "o‘zbekcha fayl.pdf"),
        ("..", "file"),
        ("a/..", "file"),
        ("", "file"),
        ("\0\r\n", "file"),
        ("half \udcff surrogate.txt", "half ? surrogate.txt"),
    ],
)
def test_a_name_is_kept_as_far_as_it_is_harmless(sent: str, kept: str) -> None:
    assert sanitise_name(sent) == kept


def test_a_long_name_keeps_its_extension() -> None:
    name = sanitise_name("ў" * 300 + ".jpeg")
    assert name.endswith("ў.jpeg")
    assert len(name.encode()) <= MAX_NAME_BYTES


def test_a_number_goes_before_the_extension() -> None:
    assert number_name("a.png", 2) == "a (2).png"
    assert len(number_name("b" * 251 + ".png", 12).encode()) <= MAX_NAME_BYTES


@given(st.text())
def test_whatever_is_sent_becomes_one_harmless_component(name: str) -> None:
    kept = sanitise_name(name)
    assert kept not in {"", ".", ".."}
    assert not set(kept) & set("/\\\0\r\n\x1b")
    assert len(kept.encode()) <= MAX_NAME_BYTES
    assert sanitise_name(kept) == kept
