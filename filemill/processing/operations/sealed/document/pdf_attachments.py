"""Sealed: the files that a PDF carries: listed, and written as outputs."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import pikepdf

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError, OptionsError
from filemill.processing.media import HEAD_BYTES, OUTPUT_TYPES, sniff
from filemill.processing.operations.naming import name_file
from filemill.processing.operations.sealed.document.pdf_changes import is_repaired
from filemill.processing.operations.sealed.document.pdf_dates import read_pdf_date
from filemill.processing.operations.sealed.document.qpdf import open_input

_MAX_LISTED: Final = 1000
_MAX_CHARACTERS: Final = 300
_RATIO_FLOOR_BYTES: Final = 1024 * 1024
_NO_TYPE: Final = "application/octet-stream"


def list_and_extract(call: SealedCall) -> dict[str, Any]:
    """Give the files that the document and its pages carry; write those asked for.

    Arguments: `extract`, `names` (or null for all), `max_ratio`, and those of a PDF. Raises InputError
    `too_compressed`; OptionsError for a name that there isn't.
    """
    wanted = call.arguments
    with open_input(call) as pdf:
        found = list(islice(find_files(pdf), _MAX_LISTED))
        listed = [carried.describe() for carried in found]
        chosen = _choose([facts["name"] for facts in listed], wanted["names"]) if wanted["extract"] else []
        taken: set[str] = set()
        for done, place in enumerate(chosen, start=1):
            listed[place]["output"] = _extract(call, found[place], taken)
            call.progress(done / len(chosen), f"File {done} of {len(chosen)}")
        return {"pages": len(pdf.pages), "attachments": listed, "is_repaired": is_repaired(pdf)}


@dataclass(frozen=True)
class Carried:
    """A file that a PDF carries: what the document says of it, and the stream that holds it."""

    name: str
    description: str
    stream: pikepdf.Stream

    def describe(self) -> dict[str, Any]:
        """Give what the document claims of the file."""
        parameters = self.stream.get("/Params")
        claims = parameters if isinstance(parameters, pikepdf.Dictionary) else pikepdf.Dictionary()
        size: Any = claims.get("/Size")
        facts = {
            "name": self.name,
            "description": self.description,
            "claimed_type": str(self.stream.get("/Subtype", "")).removeprefix("/")[:_MAX_CHARACTERS],
            "claimed_size": size if isinstance(size, int) and size >= 0 else None,
            "created_at": read_pdf_date(str(claims.get("/CreationDate", ""))),
            "modified_at": read_pdf_date(str(claims.get("/ModDate", ""))),
        }
        return {key: value for key, value in facts.items() if value not in ("", None)}


def find_files(pdf: pikepdf.Pdf) -> Iterator[Carried]:
    """Yield the files of the document, then those pinned to its pages, each once."""
    seen = set()
    for name, specification in _find_specifications(pdf):
        carried = _read_specification(name, specification)
        if carried is not None and carried.stream.objgen not in seen:
            seen.add(carried.stream.objgen)
            yield carried


def _find_specifications(pdf: pikepdf.Pdf) -> Iterator[tuple[str, Any]]:
    for name, specification in pdf.attachments.items():
        yield name, specification.obj
    for page in pdf.pages:
        annotations: Any = page.obj.get("/Annots")
        for annotation in list(annotations) if isinstance(annotations, pikepdf.Array) else ():
            if isinstance(annotation, pikepdf.Dictionary) and annotation.get("/Subtype") == "/FileAttachment":
                yield "", annotation.get("/FS")


def _read_specification(name: str, specification: Any) -> Carried | None:
    files = specification.get("/EF") if isinstance(specification, pikepdf.Dictionary) else None
    if not isinstance(files, pikepdf.Dictionary):
        return None
    stream = files.get("/UF", files.get("/F"))
    if not isinstance(stream, pikepdf.Stream):
        return None
    shown = specification.get("/UF", specification.get("/F", name))
    description = specification.get("/Desc", "")
    return Carried(str(shown)[:_MAX_CHARACTERS] or name, str(description)[:_MAX_CHARACTERS], stream)


def _choose(names: list[str], wanted: list[str] | None) -> list[int]:
    if wanted is None:
        return list(range(len(names)))
    absent = [name for name in wanted if name not in names]
    if absent:
        shown = ", ".join(names[:20]) or "none"
        message = f"The document carries no file called {absent[0]!r}; it carries {shown}."
        raise OptionsError(message, code="invalid_options")
    return [place for place, name in enumerate(names) if name in wanted]


def _extract(call: SealedCall, carried: Carried, taken: set[str]) -> str:
    data = carried.stream.read_bytes()
    packed = len(carried.stream.read_raw_bytes())
    if len(data) > max(packed * call.arguments["max_ratio"], _RATIO_FLOOR_BYTES):
        message = f"The attached file {carried.name} unpacks from {packed:,} to {len(data):,} bytes."
        raise InputError(message, code="too_compressed")
    media_type = sniff(data[: HEAD_BYTES + 1], carried.name)
    output_name = name_file(carried.name, fallback="attachment", taken=taken)
    taken.add(output_name)
    output = call.create_output(output_name, media_type if media_type in OUTPUT_TYPES else _NO_TYPE)
    view = memoryview(data)
    while view:
        view = view[os.write(output.fd, view) :]
    os.close(output.fd)  # a child can hold only so many open
    return output_name
