"""Sealed: a zip is unpacked once, into nothing, so that a bomb goes off here and not in a program that trusts it."""

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from filemill.processing.bench import SealedCall
from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.opening import open_as_file, refuse_encryption

MAX_MEMBERS: Final = 10_000
MAX_UNPACKED_BYTES: Final = 512 * 1024**2
MAX_INNER_BYTES: Final = 64 * 1024**2
"""Of an archive within an archive: it is held in memory while it is looked into."""
_PIECE_BYTES: Final = 1024 * 1024
_RATIO_FLOOR_BYTES: Final = 64 * 1024
_IS_ENCRYPTED: Final = 0x1

Reader = Callable[[bytes], None]
"""Takes a member's content piece by piece."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """What was found in a zip: the names of its members, and what all of them unpack to, archives within included."""

    names: frozenset[str]
    unpacked_bytes: int
    inner_archives: int


class _Unpacking:
    """Counts over an archive and those within it, since together they must not ask for too much."""

    def __init__(self, call: SealedCall) -> None:
        max_ratio = int(call.arguments["max_ratio"])
        self._most = min(MAX_UNPACKED_BYTES, max_ratio * max(call.source_size, _RATIO_FLOOR_BYTES))
        self.max_depth = int(call.arguments["max_archive_depth"])
        self._packed_bytes = call.source_size
        self.unpacked_bytes = 0
        self.members = 0
        self.inner_archives = 0

    def add_members(self, count: int) -> None:
        self.members += count
        if self.members > MAX_MEMBERS:
            message = f"The document holds {self.members:,} parts; it may hold {MAX_MEMBERS:,}."
            raise InputError(message, code="too_large")

    def expect(self, claimed_bytes: int) -> None:
        """Refuse by what the archive's own directory claims, before anything of it is unpacked."""
        self._refuse_more_than_most(self.unpacked_bytes + claimed_bytes)

    def add_bytes(self, count: int) -> None:
        self.unpacked_bytes += count
        self._refuse_more_than_most(self.unpacked_bytes)

    def _refuse_more_than_most(self, unpacked_bytes: int) -> None:
        if unpacked_bytes > self._most:
            message = (
                f"The document unpacks from {self._packed_bytes:,} to {unpacked_bytes:,} bytes or more; it may have "
                f"{self._most:,}."
            )
            raise InputError(message, code="too_compressed")


def unpack(call: SealedCall, *, readers: Callable[[str], Reader | None]) -> Archive:
    """Unpack the input's members one by one and pass on those for which `readers` gives a reader.

    Arguments: `max_ratio`, `max_archive_depth` (1 for a document that holds no archive). Raises InputError
    `corrupt_file`, `unsupported_format`, `too_compressed`, `too_large`, `too_deeply_nested`.
    """
    unpacking = _Unpacking(call)
    names = _unpack(cast(BinaryIO, open_as_file(call)), unpacking, readers=readers, depth=1)
    return Archive(names=names, unpacked_bytes=unpacking.unpacked_bytes, inner_archives=unpacking.inner_archives)


def _unpack(
    file: BinaryIO, unpacking: _Unpacking, *, readers: Callable[[str], Reader | None], depth: int
) -> frozenset[str]:
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            unpacking.add_members(len(members))
            unpacking.expect(sum(member.file_size for member in members))
            for member in members:
                _unpack_member(archive, member, unpacking, reader=readers(member.filename), depth=depth)
            return frozenset(archive.namelist())
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError) as error:
        raise InputError(f"The document is damaged: it can't be unpacked ({error}).", code="corrupt_file") from error


def _unpack_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, unpacking: _Unpacking, *, reader: Reader | None, depth: int
) -> None:
    if member.flag_bits & _IS_ENCRYPTED:
        raise refuse_encryption()
    inner: io.BytesIO | None = None
    with archive.open(member) as content:
        is_first = True
        while piece := content.read(_PIECE_BYTES):
            unpacking.add_bytes(len(piece))
            if is_first and piece.startswith(b"PK\x03\x04"):
                inner = io.BytesIO()
            is_first = False
            if reader is not None:
                reader(piece)
            if inner is not None:
                _gather(inner, piece)
    if inner is not None:
        _unpack_inner(inner, unpacking, depth=depth + 1)


def _gather(inner: io.BytesIO, piece: bytes) -> None:
    if inner.tell() + len(piece) > MAX_INNER_BYTES:
        message = f"The document holds an archive of more than {MAX_INNER_BYTES:,} bytes."
        raise InputError(message, code="too_large")
    inner.write(piece)


def _unpack_inner(inner: io.BytesIO, unpacking: _Unpacking, *, depth: int) -> None:
    if depth > unpacking.max_depth:
        message = f"The document's archives lie more than {unpacking.max_depth} deep in each other."
        raise InputError(message, code="too_deeply_nested")
    unpacking.inner_archives += 1
    inner.seek(0)
    _unpack(inner, unpacking, readers=lambda _name: None, depth=depth)
