"""A task's source survives its row and tells at work time what is wrong with it."""

from pathlib import Path

import pytest

from filemill.files import uploads
from filemill.files.sources import Source, open_source, read_head
from filemill.processing.errors import Fault, SourceError


def test_a_path_is_opened_under_the_given_roots(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"hello")
    with open_source(Source.from_path("a.txt"), roots=[tmp_path]) as opened:
        assert read_head(opened, 4) == b"hell"
        assert read_head(opened) == b"hello"


def test_an_upload_keeps_the_name_its_client_gave_it(home: Path) -> None:
    writer = uploads.receive("photo.jpg")
    writer.write(b"x")
    with open_source(Source.from_upload(writer.finish())) as opened:
        assert opened.name == "photo.jpg"


@pytest.mark.parametrize("source", [Source.from_path("/data/a b.txt"), Source(kind="upload", upload_id="u", name="n")])
def test_a_source_comes_back_from_json(source: Source) -> None:
    assert Source.from_json(source.to_json()) == source


def test_a_kind_of_a_later_version_is_refused() -> None:
    with pytest.raises(ValueError, match="ftp"):
        Source.from_json({"kind": "ftp"})


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (Source.from_path("gone.txt"), "source_missing"),
        (Source.from_path("/etc/passwd"), "source_denied"),
        (Source(kind="upload", upload_id="00000000-0000-4000-8000-000000000000"), "source_missing"),
    ],
)
def test_what_can_not_be_opened_is_the_sources_fault(home: Path, tmp_path: Path, source: Source, code: str) -> None:
    with pytest.raises(SourceError) as error:
        open_source(source, roots=[tmp_path])
    assert (error.value.code, error.value.fault, error.value.is_passing) == (code, Fault.SOURCE, False)
