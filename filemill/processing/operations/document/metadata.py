"""`document.metadata`: what a PDF says of itself, read and written."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from filemill.processing.bench import Bench
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, Operation, Options
from filemill.processing.operations.document.passwords import Password, password_field
from filemill.processing.operations.document.pdfs import PDF_LIMITS, arguments_of, plan_change, stem_of
from filemill.processing.operations.planning import Cost, Facts, Planned
from filemill.processing.operations.sealed_name import SealedName

read_and_write = SealedName("document.pdf_metadata", "read_and_write")

_FIELDS: Final = ("title", "author", "subject", "keywords", "creator", "producer")
_MAX_CHARACTERS: Final = 1000
_TEXT_VALID: Final = f"a text of up to {_MAX_CHARACTERS} characters, none of them a control character"


def _refuse_controls(text: str) -> str:
    if any(ord(character) < 0x20 or 0xD800 <= ord(character) <= 0xDFFF for character in text):
        raise ValueError("a control character is no part of a text")
    return text


FieldText = Annotated[str, Field(max_length=_MAX_CHARACTERS), AfterValidator(_refuse_controls)]


class MetadataOptions(Options):
    """What is to be changed; without any option the metadata is only read."""

    title: FieldText | None = Field(
        None,
        description="The title. An empty text removes it; so it does with the fields below.",
        examples=["A short history of the mill"],
        json_schema_extra={"x-valid": _TEXT_VALID},
    )
    author: FieldText | None = Field(
        None, description="Who wrote it.", examples=["Anna Miller"], json_schema_extra={"x-valid": _TEXT_VALID}
    )
    subject: FieldText | None = Field(
        None, description="What it is about.", examples=["Mills"], json_schema_extra={"x-valid": _TEXT_VALID}
    )
    keywords: FieldText | None = Field(
        None,
        description="Words to find it by, in one text.",
        examples=["mill, wind, water"],
        json_schema_extra={"x-valid": _TEXT_VALID},
    )
    creator: FieldText | None = Field(
        None,
        description="The program in which it was written.",
        examples=["Writer"],
        json_schema_extra={"x-valid": _TEXT_VALID},
    )
    producer: FieldText | None = Field(
        None,
        description="The program that made the PDF.",
        examples=["LibreOffice"],
        json_schema_extra={"x-valid": _TEXT_VALID},
    )
    clear: bool = Field(
        False,
        description="Remove all metadata, dates and XMP among them, before the fields above are written.",
        examples=[True],
        json_schema_extra={"x-valid": "true or false"},
    )
    password: Password | None = password_field()


def work_on_metadata(bench: Bench, options: MetadataOptions) -> dict[str, Any]:
    """Give the metadata as they are at the end. Raises InputError as every operation on PDFs does."""
    return bench.call(
        read_and_write,
        {
            "changes": _list_changes(options),
            "clear": options.clear,
            "name": f"{stem_of(bench)}-metadata.pdf",
            **arguments_of(bench, options.password),
        },
    )


def _list_changes(options: MetadataOptions) -> dict[str, str]:
    return {name: value for name in _FIELDS if (value := getattr(options, name)) is not None}


def plan(facts: Facts, options: MetadataOptions) -> Planned:
    """Foresee a PDF where something is changed, and none where the metadata is only read."""
    if not _list_changes(options) and not options.clear:
        return Planned(outputs=(), cost=Cost())
    return plan_change("metadata")(facts, options)


def _produces(_media_type: str, options: MetadataOptions) -> str | None:
    return PDF_TYPE if _list_changes(options) or options.clear else None


OPERATION: Final = Operation(
    name="document.metadata",
    task_type="document",
    summary="What a PDF says of itself (title, author, dates, XMP), and a copy that says something else.",
    details="""\
`metadata` holds the fields that are known by name, with dates as `created_at` and `modified_at`; `custom` the other
fields of the information dictionary; `xmp` the simple properties of XMP, by names such as `dc:title`, or null where
there is none that can be read. Only with an option that changes something there is an output. Changes go to both
places, so that they agree. An encrypted document stays encrypted, with the same passwords. A signature in it is no
longer valid.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=MetadataOptions,
    limits=PDF_LIMITS,
    run=work_on_metadata,
    plan=plan,
    produces=_produces,
    samples=("mill.pdf",),
    examples=(
        Example(options={}, shows="The metadata, without an output."),
        Example(options={"title": "Mills", "author": "Anna Miller"}, shows="A copy with another title and author."),
        Example(options={"clear": True}, shows="A copy that says nothing of itself."),
    ),
)
