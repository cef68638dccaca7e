"""Where a task's bytes come from, as it is kept with the task."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from django.conf import settings

from filemill.files.errors import FileRefused
from filemill.files.opened import OpenedFile, read_head
from filemill.files.roots import open_beneath
from filemill.files.uploads import Upload, open_upload
from filemill.processing.errors import SourceError

__all__ = ["OpenedFile", "Source", "open_source", "read_head"]

_GONE = {"file_not_found", "upload_not_found", "not_a_file"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """A path under the roots, or an upload. Further kinds (a URL, an object in S3) become further `kind`s."""

    kind: Literal["path", "upload"]
    path: str = ""
    upload_id: str = ""
    name: str = ""
    """What the client calls an upload."""

    @classmethod
    def from_path(cls, path: str) -> Self:
        return cls(kind="path", path=path)

    @classmethod
    def from_upload(cls, upload: Upload) -> Self:
        return cls(kind="upload", upload_id=upload.id, name=upload.name)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read what `to_json` wrote; a kind that this version does not know raises `ValueError`."""
        match value:
            case {"kind": "path", "path": str(path)}:
                return cls.from_path(path)
            case {"kind": "upload", "upload_id": str(upload_id), "name": str(name)}:
                return cls(kind="upload", upload_id=upload_id, name=name)
        raise ValueError(f"not a source: {value!r}")

    def to_json(self) -> dict[str, Any]:
        if self.kind == "path":
            return {"kind": "path", "path": self.path}
        return {"kind": "upload", "upload_id": self.upload_id, "name": self.name}


def open_source(source: Source, *, roots: Sequence[Path] | None = None) -> OpenedFile:
    """Open a task's source for work; `roots` is `settings.FILEMILL_ROOTS` by default.

    Raises `SourceError`: `source_missing` or `source_denied`. A submit, which answers a client, calls `open_beneath`
    or `open_upload` itself and so gets the finer codes.
    """
    try:
        if source.kind == "upload":
            return open_upload(source.upload_id, name=source.name)
        return open_beneath(source.path, roots=settings.FILEMILL_ROOTS if roots is None else roots)
    except FileRefused as refused:
        code = "source_missing" if refused.code in _GONE else "source_denied"
        raise SourceError(refused.message, code=code) from refused
    except OSError as error:
        # Out of descriptors, a network file system away: no fault of the path, and it may pass.
        raise SourceError(f"The file can't be opened: {error}", code="source_denied", is_passing=True) from error
