"""Encrypted office documents: those that Office has made, and those that are made on the spot."""

import io
import zipfile
from pathlib import Path
from typing import Final

from msoffcrypto.method.ecma376_agile import ECMA376Agile

ENCRYPTED: Final = Path(__file__).parent / "encrypted"
PASSWORD: Final = "Password1234_"
"""Of every document in the folder."""


def encrypt(source: Path, target: Path, password: str = PASSWORD, *, spin_count: int = 100_000) -> Path:
    """Encrypt a docx, xlsx or pptx as Office does since 2010."""
    plain = io.BytesIO(source.read_bytes())
    with zipfile.ZipFile(plain, "a", zipfile.ZIP_STORED) as archive:
        # The library writes a document of less than this in a way that nothing reads, itself included.
        archive.writestr("docProps/padding.bin", bytes(4096))
    plain.seek(0)
    target.write_bytes(ECMA376Agile.encrypt(password, plain, spin_count=spin_count))
    return target


def claim_spin_count(path: Path, claimed: int) -> Path:
    """Rewrite how often a document asks to hash the password, made with `spin_count=100000` and as long in digits."""
    old, new = b'spinCount="100000"', b'spinCount="%d"' % claimed
    data = path.read_bytes()
    begin = data.index(old)
    # The description ends with blanks and elements; the digits that are more are taken from the blanks before.
    blanks = data.rindex(b"  ", 0, begin)
    longer = len(new) - len(old)
    assert data[blanks - longer : blanks].isspace() or longer == 0
    path.write_bytes(data[: blanks - longer] + data[blanks:begin] + new + data[begin + len(old) :])
    return path
