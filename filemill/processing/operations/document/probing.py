"""What a document's headers tell before the work: its pages and their size, and whether it is encrypted."""

from collections.abc import Mapping
from typing import Final

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.planning import Facts
from filemill.processing.operations.sealed_name import SealedName

probe_pdf = SealedName("document.pdf_probe", "probe_pdf")

_PROBES: Final[Mapping[str, SealedName]] = {PDF_TYPE: probe_pdf}
"""Which sealed function looks at a document of a media type; what is not here shows nothing without being read."""


def probe_document(bench: Bench) -> Facts:
    """Return what the bench's input tells of itself; raises InputError `corrupt_file`, `too_many_pages`.

    An encrypted document that asks for a password is no error: its pages are not known, and `is_encrypted` is true.
    """
    probe = _PROBES.get(bench.media_type)
    if probe is None:
        return Facts(media_type=bench.media_type, size=bench.source_size)
    found = bench.call(probe, {"max_pages": bench.input_limits.max_pages})
    pages = found.pop("pages", None)
    return Facts(media_type=bench.media_type, size=bench.source_size, pages=pages, more=found)
