"""Sealed: changes to a whole PDF: turned pages, another order of its bytes, encryption put on and taken off."""

import secrets
from typing import Any

import pikepdf

from filemill.processing.bench import SealedCall
from filemill.processing.operations.page_ranges import resolve_each_once
from filemill.processing.operations.sealed.document import qpdf_random  # noqa: F401 - qpdf draws its keys from it
from filemill.processing.operations.sealed.document.qpdf import open_input, write_pdf

secrets.token_hex(8)  # loads what it needs, which a sealed child can't


def rotate(call: SealedCall) -> dict[str, Any]:
    """Turn pages clockwise by a multiple of 90 degrees. Arguments: `name`, `angle`, `pages`, and those of a PDF."""
    with open_input(call) as pdf:
        numbers = resolve_each_once(call.arguments["pages"], len(pdf.pages))
        for number in numbers:
            pdf.pages[number - 1].rotate(call.arguments["angle"], relative=True)
        write_pdf(pdf, call, call.arguments["name"])
        return {"pages": len(pdf.pages), "rotated_pages": len(numbers), "is_repaired": is_repaired(pdf)}


def linearize(call: SealedCall) -> dict[str, Any]:
    """Put a PDF's bytes in the order in which a browser wants them. Arguments: `name`, and those of a PDF."""
    with open_input(call) as pdf:
        was_linearized = pdf.is_linearized
        write_pdf(pdf, call, call.arguments["name"], linearize=True)
        return {"pages": len(pdf.pages), "was_linearized": was_linearized, "is_repaired": is_repaired(pdf)}


def encrypt(call: SealedCall) -> dict[str, Any]:
    """Encrypt a PDF. Arguments: `name`, `user_password`, `owner_password`, `allow`, `revision`, and those of a PDF."""
    wanted = call.arguments
    with open_input(call) as pdf:
        encryption = pikepdf.Encryption(
            user=wanted["user_password"] or "",
            # Without one of its own the owner's would be empty, and lift every restriction for everyone.
            owner=wanted["owner_password"] or secrets.token_hex(32),
            R=wanted["revision"],
            allow=pikepdf.Permissions(**wanted["allow"]),
        )
        write_pdf(pdf, call, wanted["name"], encryption=encryption)
        return {"pages": len(pdf.pages), "was_encrypted": pdf.is_encrypted, "is_repaired": is_repaired(pdf)}


def decrypt(call: SealedCall) -> dict[str, Any]:
    """Write a PDF without encryption. Arguments: `name`, and those of a PDF."""
    with open_input(call) as pdf:
        write_pdf(pdf, call, call.arguments["name"], encryption=False)
        return {"pages": len(pdf.pages), "was_encrypted": pdf.is_encrypted, "is_repaired": is_repaired(pdf)}


def is_repaired(pdf: pikepdf.Pdf) -> bool:
    """Tell whether the PDF's structure was broken and had to be mended; something may be lost."""
    return bool(pdf.get_warnings())
