"""`document.decrypt`: a PDF that opens without a password."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PDF_LIMITS, arguments_of, plan_change, produces_pdf, stem_of
from filemill.processing.operations.sealed_name import SealedName

decrypt_pdf = SealedName("document.pdf_changes", "decrypt")


class DecryptOptions(Options):
    """What opens the document."""

    password: Password | None = password_field()


def decrypt(bench: Bench, options: DecryptOptions) -> dict[str, Any]:
    """Give the pages, and whether the document was encrypted. Raises InputError `wrong_password` among others."""
    name = f"{stem_of(bench)}-decrypted.pdf"
    return bench.call(decrypt_pdf, {"name": name, **arguments_of(bench, options.password)})


OPERATION: Final = Operation(
    name="document.decrypt",
    task_type="document",
    summary="A PDF without its encryption, which opens without a password.",
    details="""\
The password may be the user's or the owner's. A document that opens without a password but is restricted (no printing,
no copying) needs none, and comes out without its restrictions. One that is not encrypted comes out as it is;
`was_encrypted` tells. A password can't be guessed here.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=DecryptOptions,
    limits=PDF_LIMITS,
    run=decrypt,
    plan=plan_change("decrypted"),
    produces=produces_pdf,
    samples=("restricted.pdf", "mill.pdf"),
    examples=(
        Example(options={"password": "correct horse battery staple"}, shows="A copy that opens for everyone."),
        Example(options={}, shows="A copy without restrictions, of a document that opens without a password."),
    ),
)
