"""`document.linearize`: a PDF in the order in which a browser can show it while it loads."""

from typing import Any, Final

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PDF_LIMITS, arguments_of, plan_change, produces_pdf, stem_of
from filemill.processing.operations.sealed_name import SealedName

linearize_pdf = SealedName("document.pdf_changes", "linearize")


class LinearizeOptions(Options):
    """There is nothing to choose but what opens the document."""

    password: Password | None = password_field()


def linearize(bench: Bench, options: LinearizeOptions) -> dict[str, Any]:
    """Give the pages, and whether the document was in that order before. Raises InputError."""
    name = f"{stem_of(bench)}-linearized.pdf"
    return bench.call(linearize_pdf, {"name": name, **arguments_of(bench, options.password)})


OPERATION: Final = Operation(
    name="document.linearize",
    task_type="document",
    summary="A PDF whose first page shows while the rest still loads (“fast web view”).",
    details="""\
Only the order of the bytes changes. A broken structure is mended on the way, as far as it can be; `is_repaired` then
says so. An encrypted document stays encrypted, with the same passwords. A signature in it is no longer valid.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=LinearizeOptions,
    limits=PDF_LIMITS,
    run=linearize,
    plan=plan_change("linearized"),
    produces=produces_pdf,
    samples=("mill.pdf",),
    examples=(Example(options={}, shows="The document, ready for the web."),),
)
