"""Taking a multipart form apart while it arrives: its file goes to disk, its small fields stay in memory."""

from collections.abc import Callable
from typing import Any, Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from filemill.files.uploads import UploadWriter

FIELDS_BYTES: Final = 1024 * 1024
PARTS_LIMIT: Final = 100
_ESCAPES: Final = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))
"""All that HTML escapes in a file name; a `%` of the user's own is sent as it is."""


class FormRefused(Exception):
    """The form can't be taken; `field` is the part at fault, where one is."""

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field


class UploadForm:
    """A form with one part called `file` and a few small fields, fed with its bytes in order.

    `start_file` is called with the file's name when its part begins. Everything is synchronous, because uvicorn drops
    what has arrived when its application awaits anything but the next message.
    """

    def __init__(self, content_type: str, *, start_file: Callable[[str], UploadWriter]) -> None:
        _, parameters = parse_options_header(content_type)
        boundary = parameters.get(b"boundary")
        if not boundary:
            raise FormRefused("Content-Type names no boundary; send multipart/form-data with one.", code="parse_error")
        self.fields: dict[str, list[str]] = {}
        self.writer: UploadWriter | None = None
        self._start_file = start_file
        self._is_whole = False
        self._parts = 0
        self._fields_bytes = 0
        self._header_name = b""
        self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._field: tuple[str, bytearray] | None = None
        try:
            self._parser = MultipartParser(boundary, self._callbacks())
        except FormParserError as error:
            raise _malformed(error) from error

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body.

        Raises `FormRefused`, or `FileRefused` when the file can't be kept.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _malformed(error) from error

    def finish(self) -> UploadWriter:
        """Say that the body has ended and return the file's writer, to be finished by the caller."""
        if not self._is_whole:
            raise FormRefused("The form ends in the middle; send the whole of it.", code="parse_error")
        if self.writer is None:
            raise FormRefused("Send the file itself as a part called `file`.", code="required", field="file")
        return self.writer

    def abort(self) -> None:
        """Drop what has arrived of the file."""
        if self.writer is not None:
            self.writer.abort()

    def _callbacks(self) -> Any:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._add_header_name,
            "on_header_value": self._add_header_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open_part,
            "on_part_data": self._add_part_data,
            "on_part_end": self._end_part,
            "on_end": self._end_form,
        }

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > PARTS_LIMIT:
            raise FormRefused(f"The form has more than {PARTS_LIMIT} parts; send fewer.", code="too_many_fields")
        self._headers = {}
        self._field = None

    def _add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _open_part(self) -> None:
        _, parameters = parse_options_header(self._headers.get(b"content-disposition"))
        name = parameters.get(b"name", b"").decode(errors="replace")
        file_name = parameters.get(b"filename")
        if not name:
            raise FormRefused("A part of the form has no name; give each one.", code="parse_error")
        if file_name is None:
            self._field = (name, bytearray())
            return
        if name != "file":
            raise FormRefused("Files are taken in the part `file` only.", code="unknown_field", field=name)
        if self.writer is not None:
            raise FormRefused("Send one file per request.", code="too_many_files", field="file")
        self.writer = self._start_file(_unescape(file_name.decode(errors="replace")))

    def _add_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            if self.writer is not None:
                self.writer.write(data[start:end])
            return
        name, value = self._field
        self._fields_bytes += end - start
        if self._fields_bytes > FIELDS_BYTES:
            raise FormRefused(
                f"The form's fields hold more than {FIELDS_BYTES} bytes; send less.", code="too_large", field=name
            )
        value += data[start:end]

    def _end_part(self) -> None:
        if self._field is None:
            return
        name, value = self._field
        try:
            self.fields.setdefault(name, []).append(value.decode())
        except UnicodeDecodeError:
            raise FormRefused(f"{name} is not UTF-8; send it so.", code="invalid_text", field=name) from None

    def _end_form(self) -> None:
        self._is_whole = True


def _unescape(file_name: str) -> str:
    for escaped, character in _ESCAPES:
        file_name = file_name.replace(escaped, character)
    return file_name


def _malformed(error: Exception) -> FormRefused:
    return FormRefused(f"The form can't be read: {error}", code="parse_error")
