"""Sealed: what libvips says, turned into whose fault it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyvips

from filemill.processing.errors import InputError, LimitError, ProcessingError, SystemFault

CORRUPT = "The picture is damaged or cut short."


@contextmanager
def explained() -> Iterator[None]:
    """Raise libvips's errors as errors of processing."""
    try:
        yield
    except pyvips.Error as error:
        raise explain(error) from error


def explain(error: Any) -> ProcessingError:
    """Say whose fault it is; a lack of memory is seen by the cage, whatever is said here."""
    said = f"{error.message} {error.detail}".strip()
    lowered = said.lower()
    evidence: dict[str, object] = {"libvips": said[:2000]}
    if (too_large := find_too_large(said, evidence)) is not None:
        return too_large
    if "maximum nesting" in lowered:
        message = "The picture's boxes are nested too deeply."
        return InputError(message, code="too_deeply_nested", evidence=evidence)
    if "file too large" in lowered:
        message = "The copy of the picture grew larger than is allowed."
        return LimitError(message, code="output_limit", evidence=evidence)
    if "no space left" in lowered:
        message = "The copy of the picture could not be written."
        return SystemFault(message, code="disk_full", is_passing=True, evidence=evidence)
    if "unsupported" in lowered:
        message = "This variant of the picture's format is not one that Filemill reads."
        return InputError(message, code="unsupported_format", evidence=evidence)
    return InputError(CORRUPT, code="corrupt_file", evidence=evidence)


def find_too_large(said: str, evidence: dict[str, object]) -> InputError | None:
    """Return the error for a picture that libheif refuses by its size; it says so by itself and through libvips."""
    if "exceeds the maximum image size" not in said.lower():
        return None
    message = "The picture has more pixels than its decoder accepts."
    return InputError(message, code="too_many_pixels", evidence=evidence)
