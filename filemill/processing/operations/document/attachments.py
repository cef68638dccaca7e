"""`document.attachments`: the files that a PDF carries."""

from typing import Annotated, Any, Final

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PDF_LIMITS, arguments_of, cost_of
from filemill.processing.operations.planning import Facts, Planned
from filemill.processing.operations.sealed_name import SealedName

list_and_extract = SealedName("document.pdf_attachments", "list_and_extract")


class AttachmentsOptions(Options):
    """Which files; without any option all of them come out."""

    extract: bool = Field(
        True,
        description="Give the files as outputs; false only lists them.",
        examples=[False],
        json_schema_extra={"x-valid": "true or false"},
    )
    names: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1, max_length=1000)]
        | None
    ) = Field(
        None,
        description="Give only the files of these names.",
        examples=[["invoice.xml"]],
        json_schema_extra={"x-valid": "a list of 1 to 1000 names"},
    )
    password: Password | None = password_field()


def list_files(bench: Bench, options: AttachmentsOptions) -> dict[str, Any]:
    """Give the list of files. Raises InputError `too_compressed` among others; OptionsError for an absent name."""
    return bench.call(
        list_and_extract,
        {
            "extract": options.extract,
            "names": options.names,
            "max_ratio": bench.input_limits.max_compression_ratio,
            **arguments_of(bench, options.password),
        },
    )


def plan(facts: Facts, _options: AttachmentsOptions) -> Planned:
    """What a document carries shows only when it is opened."""
    return Planned(outputs=(), cost=cost_of(facts))


OPERATION: Final = Operation(
    name="document.attachments",
    task_type="document",
    summary="The files that a PDF carries, listed and taken out: the XML of an invoice, for example.",
    details="""\
Files attached to the document and those pinned to its pages are found, up to 1,000. `attachments` lists them by `name`,
with `description`, `claimed_type` and `claimed_size` as the document says, and `output`, the name of the output, which
is the file's own without what no file system takes. What type an output has is told by its content. The files are
passed on as they are: nothing in them has been looked into.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=AttachmentsOptions,
    limits=PDF_LIMITS,
    run=list_files,
    plan=plan,
    samples=("invoice.pdf", "mill.pdf"),
    examples=(
        Example(options={}, shows="All files."),
        Example(options={"names": ["invoice.xml"]}, shows="The XML of an invoice, by its name."),
        Example(options={"extract": False}, shows="A list of the files, and none of them."),
    ),
)
