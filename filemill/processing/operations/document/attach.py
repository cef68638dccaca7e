"""`document.attach`: a PDF that carries further files."""

from dataclasses import replace
from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import DOCUMENT_TYPES, IMAGE_TYPES, PDF_TYPE, VIDEO_TYPES
from filemill.processing.operations.declaration import Example, InputsRule, Operation, Options
from filemill.processing.operations.document.metadata import FieldText
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PDF_LIMITS, arguments_of, plan_change, produces_pdf, stem_of
from filemill.processing.operations.sealed_name import SealedName

attach_files = SealedName("document.pdf_attaching", "attach")

MAX_FILES: Final = 100
_MAX_CHARACTERS: Final = 300
"""What `document.attachments` tells of a description."""
_LIMITS: Final = replace(PDF_LIMITS, open_files=256)


class AttachOptions(Options):
    """What is said of the files, and what opens the document."""

    description: Annotated[FieldText, Field(max_length=_MAX_CHARACTERS)] | None = Field(
        None,
        description="What readers show beside the files; it is said of each of them.",
        examples=["The figures of this report"],
        json_schema_extra={
            "x-valid": f"a text of up to {_MAX_CHARACTERS} characters, none of them a control character"
        },
    )
    password: Password | None = password_field()


def attach(bench: Bench, options: AttachOptions) -> dict[str, Any]:
    """Give the pages and the names that the files got. Raises InputError `too_large` among others."""
    return bench.call(
        attach_files,
        {
            "name": f"{stem_of(bench)}-attached.pdf",
            "files": [{"name": file.name, "media_type": file.media_type} for file in bench.inputs],
            "description": options.description or "",
            **arguments_of(bench, options.password),
        },
        inputs=bench.inputs,
    )


OPERATION: Final = Operation(
    name="document.attach",
    task_type="document",
    summary="A PDF that carries further files: the XML of an invoice, the table behind a report.",
    details="""\
The files are named in `inputs`, up to 100 of them and 128 MiB in all, of any kind that Filemill takes. They go in as
they are: nothing in them is looked into or changed. Each keeps its name; where the document carries a file of that name
already, or two of them share one, a number is put to it, as in `harvest-2.csv`. `attached` in the result lists the
names in the order of `inputs`.

Files that the document carried before stay. An encrypted document stays encrypted, with the same passwords, and the
files with it. A signature in it is no longer valid. `document.attachments` takes the files out again.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=AttachOptions,
    limits=_LIMITS,
    run=attach,
    plan=plan_change("attached"),
    produces=produces_pdf,
    inputs=InputsRule(least=1, most=MAX_FILES, media_types=IMAGE_TYPES | VIDEO_TYPES | DOCUMENT_TYPES),
    samples=("mill.pdf", "harvest.csv"),
    examples=(
        Example(options={}, shows="The document with the files in it."),
        Example(options={"description": "The figures of this report"}, shows="With a word about them."),
    ),
)
