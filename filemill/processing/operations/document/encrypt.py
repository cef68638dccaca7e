"""`document.encrypt`: a PDF that asks for a password, or restricts what may be done with it."""

from typing import Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.errors import OptionsError
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.passwords import (
    PASSWORD_VALID,
    Password,
    mark_secret,
    password_field,
)
from filemill.processing.operations.document.pdfs import PDF_LIMITS, arguments_of, plan_change, produces_pdf, stem_of
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.sealed_name import SealedName

encrypt_pdf = SealedName("document.pdf_changes", "encrypt")

_REVISIONS: Final = {"aes-256": 6, "aes-128": 4}
_TRUE_OR_FALSE: Final = "true or false"


class EncryptOptions(Options):
    """Who may open the document and what they may do; at least one of the two passwords is needed."""

    user_password: Password | None = Field(
        None,
        description="The password that opens the document for reading. Left out, it opens for everyone, with the "
        "restrictions below.",
        examples=["correct horse battery staple"],
        json_schema_extra={**mark_secret(PASSWORD_VALID), "x-aliases": ["userPassword"]},
        repr=False,
    )
    owner_password: Password | None = Field(
        None,
        description="The password that opens the document without restrictions. Left out, it is random and nobody "
        "knows it.",
        examples=["tr0ub4dor&3"],
        json_schema_extra={**mark_secret(PASSWORD_VALID), "x-aliases": ["ownerPassword"]},
        repr=False,
    )
    password: Password | None = password_field()
    algorithm: Literal["aes-256", "aes-128"] = Field(
        "aes-256",
        description="The encryption: aes-256 is today's (PDF 2.0); aes-128 is for readers from before 2008.",
        examples=["aes-256"],
        json_schema_extra={"x-valid": "aes-256 or aes-128"},
    )
    allow_printing: bool = Field(
        True,
        description="Whether the document may be printed.",
        examples=[False],
        json_schema_extra={"x-valid": _TRUE_OR_FALSE, "x-aliases": ["allowPrinting"]},
    )
    allow_copying: bool = Field(
        True,
        description="Whether text and pictures may be copied out of it.",
        examples=[False],
        json_schema_extra={"x-valid": _TRUE_OR_FALSE, "x-aliases": ["allowCopying"]},
    )
    allow_modifying: bool = Field(
        True,
        description="Whether its pages may be changed.",
        examples=[False],
        json_schema_extra={"x-valid": _TRUE_OR_FALSE, "x-aliases": ["allowModification"]},
    )
    allow_annotating: bool = Field(
        True,
        description="Whether comments may be put to it.",
        examples=[False],
        json_schema_extra={"x-valid": _TRUE_OR_FALSE, "x-aliases": ["allowAnnotations"]},
    )
    allow_filling_forms: bool = Field(
        True,
        description="Whether its forms may be filled in.",
        examples=[False],
        json_schema_extra={"x-valid": _TRUE_OR_FALSE, "x-aliases": ["allowFillingForms"]},
    )
    allow_assembling: bool = Field(
        True,
        description="Whether pages may be put in, taken out and turned.",
        examples=[False],
        json_schema_extra={"x-valid": _TRUE_OR_FALSE, "x-aliases": ["allowAssembly"]},
    )


def encrypt(bench: Bench, options: EncryptOptions) -> dict[str, Any]:
    """Give the pages and the algorithm. Raises InputError; OptionsError without any password."""
    _require_password(options)
    facts = bench.call(
        encrypt_pdf,
        {
            "name": f"{stem_of(bench)}-encrypted.pdf",
            "user_password": options.user_password,
            "owner_password": options.owner_password,
            "revision": _REVISIONS[options.algorithm],
            "allow": {
                "accessibility": True,
                "print_lowres": options.allow_printing,
                "print_highres": options.allow_printing,
                "extract": options.allow_copying,
                "modify_other": options.allow_modifying,
                "modify_annotation": options.allow_annotating,
                "modify_form": options.allow_filling_forms,
                "modify_assembly": options.allow_assembling,
            },
            **arguments_of(bench, options.password),
        },
    )
    return {**facts, "algorithm": options.algorithm}


def _require_password(options: EncryptOptions) -> None:
    if options.user_password is None and options.owner_password is None:
        raise OptionsError("Give user_password, owner_password or both.", code="invalid_options")


def plan(facts: Facts, options: EncryptOptions) -> Planned:
    """Foresee the encrypted PDF; raises OptionsError without any password."""
    _require_password(options)
    return plan_change("encrypted")(facts, options)


OPERATION: Final = Operation(
    name="document.encrypt",
    task_type="document",
    summary="A PDF that asks for a password before it opens, or restricts printing, copying and changing.",
    details="""\
The user's password opens the document for reading, under the restrictions; the owner's opens it without them. One of
the two is needed. Restrictions are promises that readers keep, no locks: only the user's password keeps a document
secret.

`password` opens a document that is encrypted already; it gets the new passwords in place of the old. Passwords are used
in the cage alone and appear in no result, log or event.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=EncryptOptions,
    limits=PDF_LIMITS,
    run=encrypt,
    plan=plan,
    produces=produces_pdf,
    samples=("mill.pdf",),
    examples=(
        Example(options={"user_password": "correct horse battery staple"}, shows="It asks for a password."),
        Example(
            options={"owner_password": "tr0ub4dor&3", "allow_printing": False, "allow_copying": False},
            shows="A document that everyone may read, and nobody print or copy from.",
        ),
    ),
)
