"""Sealed: opening the input by its descriptor, from its first byte."""

import os
from io import FileIO

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError


def refuse_empty(call: SealedCall) -> None:
    """Refuse a file without bytes by name, before a decoder calls it damaged."""
    if call.source_size == 0:
        raise InputError("The file is empty.", code="empty_file")


def explain_encryption(call: SealedCall) -> InputError:
    """The error of an office document that is encrypted as Office does it.

    `has_password` says whether one was given, which then was of no use; operations that open none don't tell it.
    """
    has_password = call.arguments.get("has_password")
    if has_password:
        return refuse_encryption()
    way = "document.text and document.convert open it with" if has_password is None else "give"
    return InputError(f"The document is encrypted: {way} `password`, or send it without.", code="password_required")


def refuse_encryption(**evidence: object) -> InputError:
    """The error of a document that no password opens here."""
    message = "The document is encrypted in a way that can't be read: send it without its password."
    return InputError(message, code="unsupported_format", evidence=evidence)


def open_as_file(call: SealedCall) -> FileIO:
    """Give the input as an unbuffered Python file; closing it leaves the descriptor open."""
    return open_descriptor(call.source_fd)


def open_descriptor(descriptor: int) -> FileIO:
    """Give what lies behind a descriptor as an unbuffered Python file, from its first byte."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    return FileIO(descriptor, "rb", closefd=False)
