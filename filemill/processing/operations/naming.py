"""Names of outputs: taken from the input's name, made safe for every file system and URL."""

import re
import unicodedata
from typing import Final

_MAX_STEM_BYTES: Final = 120


def name_stem(file_name: str, *, fallback: str) -> str:
    """Name an output after its input, without an ending: `My photo (1).HEIC` gives `My-photo-1`.

    Only letters and digits of any script, `_`, `-` and `.` are kept; a name without any becomes `fallback`.
    """
    stem = unicodedata.normalize("NFC", file_name.rpartition(".")[0] or file_name)
    stem = re.sub(r"[^\w.-]+", "-", stem).strip("-._")
    stem = stem.encode(errors="ignore")[:_MAX_STEM_BYTES].decode(errors="ignore").rstrip("-._")
    return stem or fallback
