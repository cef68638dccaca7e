"""Work on an office document that is encrypted: on a copy of it that opens without its password."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from filemill.processing.bench import Bench, Limits
from filemill.processing.errors import InputError
from filemill.processing.media import ENCRYPTABLE_TYPES, OFFICE_TYPES, extension_of
from filemill.processing.operations.sealed_name import SealedName

# The library holds the document several times over, and an older workbook byte by byte.
_LIMITS: Final = Limits(memory_bytes=1024**3, cpu_seconds=120, wall_seconds=300.0, output_bytes=2 * 1024**3)
_DECRYPTED: Final = 5.0

decrypt_office = SealedName("document.office_decrypting", "decrypt_office")


@contextmanager
def open_decrypted(bench: Bench, password: str | None, *, with_pictures: bool = True) -> Iterator[Bench]:
    """Give a bench whose input opens without a password: this one, where none was given or none is needed.

    What is encrypted shows its type only now: that of the bench is the true one, which the caller may be unable to
    take. The copy is gone at the end. `with_pictures` says whether the pictures in a document are wanted. Raises
    InputError `wrong_password`, `unsupported_format`, `corrupt_file`.
    """
    if password is None or bench.media_type not in ENCRYPTABLE_TYPES:
        yield bench
        return
    arguments = {
        "name": f"document.{extension_of(bench.media_type)}",
        "media_type": bench.media_type,
        "password": password,
        "with_pictures": with_pictures,
    }
    decrypting = bench.derive(None, limits=_LIMITS, share=(0.0, _DECRYPTED))
    facts = decrypting.call(decrypt_office, arguments)
    if not facts["was_encrypted"]:
        yield bench
        return
    copy = decrypting.outputs[-1]
    try:
        copy.media_type = _check_type(facts["media_type"])
        yield bench.derive(copy, file_name=bench.file_name, share=(_DECRYPTED, 100.0))
    finally:
        bench.discard(copy)


def _check_type(media_type: object) -> str:
    """Take what the cage says for no more than it may be."""
    if media_type not in OFFICE_TYPES:
        raise InputError("What was encrypted in the file is no office document.", code="unsupported_format")
    return str(media_type)
