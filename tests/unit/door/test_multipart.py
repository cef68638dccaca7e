"""A form is taken apart the same way however it is cut into pieces."""

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from config.door.multipart import PARTS_LIMIT, FormRefused, UploadForm
from filemill.files import uploads

CONTENT = b"first\r\n--b\r\n--boundar\x00\xff\r\n-" * 3
FORM = (
    b'--boundary\r\nContent-Disposition: form-data; name="task_type"\r\n\r\nimage\r\n'
    b'--boundary\r\nContent-Disposition: form-data; name="tags"\r\n\r\na\r\n'
    b'--boundary\r\nContent-Disposition: form-data; name="file"; filename="cat.png"\r\n'
    b"Content-Type: image/png\r\n\r\n" + CONTENT + b"\r\n"
    b'--boundary\r\nContent-Disposition: form-data; name="tags"\r\n\r\n\xd1\x9e\r\n'
    b"--boundary--\r\n"
)
TYPE = "multipart/form-data; boundary=boundary"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings: Settings) -> Path:
    settings.FILEMILL_HOME = tmp_path
    return tmp_path


def take_apart(*pieces: bytes, content_type: str = TYPE) -> UploadForm:
    form = UploadForm(content_type, start_file=uploads.receive)
    try:
        for piece in pieces:
            form.feed(piece)
        form.finish()
    except BaseException:
        form.abort()
        raise
    return form


def part(name: str, value: bytes = b"x", *, file_name: str | None = None) -> bytes:
    file_part = f'; filename="{file_name}"' if file_name is not None else ""
    return f'--boundary\r\nContent-Disposition: form-data; name="{name}"{file_part}\r\n\r\n'.encode() + value + b"\r\n"


@given(cuts=st.lists(st.integers(0, len(FORM)), max_size=8))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_the_cuts_make_no_difference(home: Path, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(FORM)]
    form = take_apart(*(FORM[start:end] for start, end in itertools.pairwise(edges)))
    assert form.fields == {"task_type": ["image"], "tags": ["a", "ў"]}
    upload = form.finish().finish()
    assert upload.name == "cat.png"
    assert (home / "uploads" / upload.id).read_bytes() == CONTENT


def test_byte_by_byte_is_no_different(home: Path) -> None:
    form = take_apart(*(FORM[at : at + 1] for at in range(len(FORM))))
    upload = form.finish().finish()
    assert (home / "uploads" / upload.id).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"this is no form", "parse_error", None),
        (b"", "parse_error", None),
        (FORM[:-20], "parse_error", None),
        (part("task_type") + b"--boundary--\r\n", "required", "file"),
        (part("file") + b"--boundary--\r\n", "required", "file"),
        (part("photo", file_name="a"), "unknown_field", "photo"),
        (part("file", file_name="a") + part("file", file_name="b"), "too_many_files", "file"),
        (part("a") * (PARTS_LIMIT + 1), "too_many_fields", None),
        (part("note", b"x" * 1_100_000), "too_large", "note"),
        (part("note", b"\xff") + part("file"), "invalid_text", "note"),
        (part(""), "parse_error", None),
    ],
)
def test_a_form_that_can_not_be_taken_is_refused_and_leaves_nothing(
    home: Path, body: bytes, code: str, field: str | None
) -> None:
    with pytest.raises(FormRefused) as refused:
        take_apart(body)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert not list(home.glob("uploads/*"))


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=" + "b" * 500])
def test_a_boundary_is_needed(content_type: str) -> None:
    with pytest.raises(FormRefused) as refused:
        take_apart(FORM, content_type=content_type)
    assert refused.value.code == "parse_error"


@given(st.binary(max_size=400))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_comes_is_taken_or_refused(home: Path, noise: bytes) -> None:
    with pytest.raises(FormRefused):
        take_apart(FORM[:60] + noise)
    assert not list(home.glob("uploads/*"))
