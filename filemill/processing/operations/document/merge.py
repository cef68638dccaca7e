"""`document.merge`: several PDFs as one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from filemill.processing.bench import Bench
from filemill.processing.errors import OptionsError
from filemill.processing.media import PDF_TYPE
from filemill.processing.operations.declaration import Example, InputsRule, Operation, Options
from filemill.processing.operations.document.passwords import (
    MAX_PASSWORD_CHARACTERS,
    Password,
    mark_secret,
    password_field,
)
from filemill.processing.operations.document.pdfs import PDF_LIMITS, produces_pdf, stem_of
from filemill.processing.operations.naming import name_stem
from filemill.processing.operations.planning import Cost, Facts, Planned, PlannedOutput
from filemill.processing.operations.sealed_name import SealedName

merge_pdfs = SealedName("document.pdf_merge", "merge")

MAX_FILES: Final = 100
_LIMITS: Final = replace(PDF_LIMITS, open_files=256)
"""Every file is open until the last page is written."""


class MergeOptions(Options):
    """How documents are put together; without any option one after the other, in the order of the request."""

    outline: Literal["keep", "files", "none"] = Field(
        "keep",
        description="The outline of the whole: keep takes over the entries of all documents; files makes an entry for "
        "each document, by its file's name; none makes none.",
        examples=["files"],
        json_schema_extra={"x-valid": "one of keep, files, none"},
    )
    password: Password | None = password_field()
    passwords: (
        Annotated[list[Annotated[str, Field(max_length=MAX_PASSWORD_CHARACTERS)]], Field(max_length=MAX_FILES)] | None
    ) = Field(
        None,
        description="Where documents have different passwords: one for each, in their order; an empty text where there "
        "is none. They go before `password`.",
        examples=[["", "correct horse battery staple"]],
        json_schema_extra=mark_secret(f"a list of up to {MAX_FILES} texts"),
        repr=False,
    )


def merge(bench: Bench, options: MergeOptions) -> dict[str, Any]:
    """Give the pages, how many files there were and which had to be mended.

    Raises InputError with the number of the file at fault; OptionsError for more passwords than files.
    """
    files = 1 + len(bench.inputs)
    names = [bench.file_name, *(other.name for other in bench.inputs)]
    return bench.call(
        merge_pdfs,
        {
            "name": f"{stem_of(bench)}-merged.pdf",
            "titles": [name_stem(name, fallback="document") for name in names],
            "passwords": choose_passwords(options.passwords or [], options.password, files),
            "outline": options.outline,
            "max_pages": bench.input_limits.max_pages,
        },
        inputs=bench.inputs,
    )


def choose_passwords(passwords: Sequence[str], password: str | None, files: int) -> list[str | None]:
    """Give each file its password: the one at its place, where it is not empty, else the one for all.

    Raises OptionsError for more passwords than files.
    """
    if len(passwords) > files:
        message = f"passwords holds {len(passwords)} texts for {files} documents."
        raise OptionsError(message, code="invalid_options")
    return [own or password for own in [*passwords, *[""] * (files - len(passwords))]]


def plan(facts: Facts, _options: MergeOptions) -> Planned:
    """Foresee one PDF; how many pages the others bring is not known here."""
    made = Facts(media_type=PDF_TYPE, more={"page_size": facts.more.get("page_size")})
    return Planned(outputs=(PlannedOutput(name="*-merged.pdf", facts=made),), cost=Cost(cpu_seconds=0.5))


OPERATION: Final = Operation(
    name="document.merge",
    task_type="document",
    summary="Several PDFs put one after the other into one.",
    details="""\
The further documents are named in `inputs`, up to 100. Forms (a field whose name is taken gets another), layers,
links within a document and outlines come along; title, author and the like are those of the first. The new document is
not encrypted, even if some of the sources were; attachments stay behind. When a document can't be read the message
tells its number: 1 is that of `file_path`.
""",
    media_types=frozenset((PDF_TYPE,)),
    options=MergeOptions,
    limits=_LIMITS,
    run=merge,
    plan=plan,
    produces=produces_pdf,
    inputs=InputsRule(least=1, most=MAX_FILES, media_types=frozenset((PDF_TYPE,))),
    samples=("mill.pdf", "mill.pdf"),
    examples=(
        Example(options={}, shows="The documents one after the other."),
        Example(options={"outline": "files"}, shows="With an outline that leads to the start of each."),
    ),
)
