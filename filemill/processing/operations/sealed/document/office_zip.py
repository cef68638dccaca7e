"""Sealed: what a docx, xlsx, pptx, odt, ods or odp is, says of itself and reaches out for."""

import re
from collections.abc import Mapping
from typing import Any, Final

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.archives import Archive, Reader, unpack
from filemill.processing.operations.sealed.document.xml_parts import XmlReader
from filemill.processing.operations.sealed.opening import refuse_encryption

_MAIN_PARTS: Final[Mapping[str, re.Pattern[str]]] = {
    "docx": re.compile(r"word/document\d*\.xml", re.IGNORECASE),
    "xlsx": re.compile(r"xl/workbook\.(?:xml|bin)", re.IGNORECASE),
    "pptx": re.compile(r"ppt/presentation\.xml", re.IGNORECASE),
    "odt": re.compile(r"content\.xml"),
    "ods": re.compile(r"content\.xml"),
    "odp": re.compile(r"content\.xml"),
}
_OOXML_FACTS: Final[Mapping[str, str]] = {
    "title": "title",
    "creator": "author",
    "subject": "subject",
    "keywords": "keywords",
    "created": "created_at",
    "modified": "modified_at",
    "Application": "producer",
}
_ODF_FACTS: Final[Mapping[str, str]] = {
    "title": "title",
    "initial-creator": "author",
    "subject": "subject",
    "keyword": "keywords",
    "creation-date": "created_at",
    "date": "modified_at",
    "generator": "producer",
}
_CLAIMED_PAGES: Final = re.compile(r"\d{1,7}")
_SLIDE: Final = re.compile(r"ppt/slides/slide\d+\.xml", re.IGNORECASE)
_MACROS: Final = re.compile(r".*vbaProject\.bin|Basic/.+|Scripts/.+", re.IGNORECASE)
_WEB_OR_FILE: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:|\.\./\.\.|\\\\|//|/)", re.IGNORECASE)
_OWN_SCHEMES: Final = re.compile(r"(?:vnd\.sun\.star\.package|data|script|macro|mailto):", re.IGNORECASE)


def read_office_zip(call: SealedCall) -> dict[str, Any]:
    """Give metadata, sheets or slides, and warnings of what the document holds or reaches out for.

    Arguments: `format`, and those of an archive. Raises InputError `corrupt_file`, `unsupported_format`,
    `too_compressed`, `too_large`, `too_deeply_nested`.
    """
    kind = str(call.arguments["format"])
    if kind not in _MAIN_PARTS:
        raise InputError(f"The file is no {kind}, but a zip.", code="corrupt_file")
    parts = _OdfParts() if kind.startswith("od") else _OoxmlParts()
    archive = unpack(call, readers=parts.choose_reader)
    if not any(_MAIN_PARTS[kind].fullmatch(name) for name in archive.names):
        raise InputError(f"The file is no {kind}: its main part is missing.", code="corrupt_file")
    return {**parts.describe(archive), "unpacked_bytes": archive.unpacked_bytes}


class _OoxmlParts:
    """The parts of a docx, xlsx or pptx that say something about it."""

    def __init__(self) -> None:
        self._external = 0
        self._sheets = 0
        self._core = XmlReader("core.xml", lambda *_: None, texts=frozenset(_OOXML_FACTS))
        self._app = XmlReader("app.xml", lambda *_: None, texts=frozenset(("Pages", "Application")))

    def choose_reader(self, name: str) -> Reader | None:
        lowered = name.lower()
        if lowered.endswith(".rels"):
            return XmlReader(name, self._see_relationship, texts=frozenset())
        if lowered == "xl/workbook.xml":
            return XmlReader(name, self._see_sheet, texts=frozenset())
        return {"docprops/core.xml": self._core, "docprops/app.xml": self._app}.get(lowered)

    def _see_relationship(self, element: str, attributes: Mapping[str, str]) -> None:
        """A link that a reader may follow is no reach for anything; all else outside would be fetched by opening."""
        is_outside = attributes.get("TargetMode") == "External"
        if element == "Relationship" and is_outside and not attributes.get("Type", "").endswith("/hyperlink"):
            self._external += 1

    def _see_sheet(self, element: str, _attributes: Mapping[str, str]) -> None:
        self._sheets += element == "sheet"

    def describe(self, archive: Archive) -> dict[str, Any]:
        values = {**self._app.values, **self._core.values}
        slides = sum(1 for name in archive.names if _SLIDE.fullmatch(name))
        counts = {"sheets": self._sheets, "slides": slides, "claimed_pages": _read_count(values.get("Pages"))}
        return {
            "metadata": _name_facts(values, _OOXML_FACTS),
            **{name: count for name, count in counts.items() if count},
            **_warn(archive, self._external),
        }


class _OdfParts:
    """The parts of an odt, ods or odp that say something about it."""

    def __init__(self) -> None:
        self._external = 0
        self._counts = {"table": 0, "page": 0}
        self._claimed_pages: str | None = None
        self._depth = 0
        self._meta = XmlReader("meta.xml", self._see_statistic, texts=frozenset(_ODF_FACTS))

    def choose_reader(self, name: str) -> Reader | None:
        if name in ("content.xml", "styles.xml"):
            return XmlReader(name, self._see_element, texts=frozenset())
        if name == "META-INF/manifest.xml":
            return XmlReader(name, self._see_manifest, texts=frozenset())
        return self._meta if name == "meta.xml" else None

    def _see_element(self, element: str, attributes: Mapping[str, str]) -> None:
        if element in self._counts:
            self._counts[element] += 1
        href = attributes.get("href", "")
        if element != "a" and _WEB_OR_FILE.match(href) and not _OWN_SCHEMES.match(href):
            self._external += 1

    def _see_statistic(self, element: str, attributes: Mapping[str, str]) -> None:
        if element == "document-statistic":
            self._claimed_pages = attributes.get("page-count")

    def _see_manifest(self, element: str, _attributes: Mapping[str, str]) -> None:
        if element == "encryption-data":
            raise refuse_encryption()

    def describe(self, archive: Archive) -> dict[str, Any]:
        counts = {
            "tables": self._counts["table"],
            "slides": self._counts["page"],
            "claimed_pages": _read_count(self._claimed_pages),
        }
        return {
            "metadata": _name_facts(self._meta.values, _ODF_FACTS),
            **{name: count for name, count in counts.items() if count},
            **_warn(archive, self._external),
        }


def _name_facts(values: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    return {names[key]: value.strip() for key, value in values.items() if key in names and value.strip()}


def _read_count(text: str | None) -> int:
    return int(text) if text and _CLAIMED_PAGES.fullmatch(text.strip()) else 0


def _warn(archive: Archive, external: int) -> dict[str, Any]:
    """Tell of what is there and is never run or fetched."""
    found = {
        "has_macros": any(_MACROS.fullmatch(name) for name in archive.names),
        "external_references": external,
        "inner_archives": archive.inner_archives,
    }
    return {name: value for name, value in found.items() if value}
