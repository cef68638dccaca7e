"""Documents, through the real cage."""

from pathlib import Path

import pytest
from PIL import Image

from filemill.processing.errors import InputError
from filemill.processing.operations import OPERATIONS
from tests.integration.processing.conftest import SAMPLES, Probe, Work
from tests.integration.processing.inputs import cut, make_encrypted_pdf


def test_a_pdf_gives_its_pages_metadata_text_and_first_page(work: Work) -> None:
    done = work(SAMPLES / "mill.pdf")
    assert done.result["pages"] == 3
    assert done.result["metadata"]["title"] == "A short history of the mill"
    text = done.path("text.txt").read_text()
    assert text.count("\f") == 3
    assert "Domesday Book" in text.split("\f")[1]
    with Image.open(done.path("page-1.jpg")) as page:
        assert page.size == (910, 1287)
        assert len(page.getcolors(10_000_000) or []) > 100, "the page is blank"
    assert done.percents == sorted(done.percents)


@pytest.mark.parametrize(
    ("sample", "options"),
    [
        ("mill.pdf", {}),
        ("mill.pdf", {"dpi": 300}),
        ("mill.pdf", {"preview": False}),
        ("story.txt", {}),
        ("harvest.csv", {"text": False}),
        ("catalogue.json", {}),
        ("report.docx", {}),
    ],
)
def test_what_was_foreseen_of_a_document_is_what_comes(
    work: Work, probe: Probe, sample: str, options: dict[str, object]
) -> None:
    operation = OPERATIONS["document.read"]
    planned = operation.plan(probe(SAMPLES / sample), operation.options.model_validate(options))
    done = work(SAMPLES / sample, operation="document.read", **options)
    assert [output.name for output in planned.outputs] == list(done.outputs)
    for output in planned.outputs:
        made = done.outputs[output.name].facts
        assert (output.facts.width, output.facts.height) == (made.get("width"), made.get("height"))
    assert done.peak_memory_bytes < planned.cost.memory_bytes * 1.1


def test_a_pdf_can_be_asked_for_its_facts_alone(work: Work) -> None:
    assert work(SAMPLES / "mill.pdf", text=False, preview=False).outputs == {}


def test_an_encrypted_pdf_asks_for_its_password(work: Work, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        work(make_encrypted_pdf(tmp_path / "secret.pdf"))
    assert caught.value.code == "password_required"


def test_a_pdf_that_is_only_a_header_is_refused_as_corrupt(work: Work, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        work(cut(SAMPLES / "mill.pdf", tmp_path / "cut.pdf", 0.001))
    assert caught.value.code == "corrupt_file"


def test_a_text_gives_its_counts_and_itself(work: Work) -> None:
    source = SAMPLES / "story.txt"
    done = work(source)
    whole = source.read_text()
    assert done.result["lines"] == len(whole.splitlines())
    assert done.result["words"] == len(whole.split())
    assert done.result["characters"] == len(whole)
    assert done.path("text.txt").read_text() == whole


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1251", "koi8-r", "shift_jis"])
def test_a_text_in_any_common_encoding_comes_out_in_utf_8(work: Work, tmp_path: Path, encoding: str) -> None:
    text = (
        "水車小屋の物語です。今日は天気がいい。\n"
        if encoding == "shift_jis"
        else "Мельница стояла у реки, и ветер дул.\n"
    )
    source = tmp_path / "text.txt"
    source.write_bytes((text * 20).encode(encoding))
    assert work(source).path("text.txt").read_text() == text * 20


def test_a_csv_with_semicolons_in_cp1251_is_understood(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_bytes("имя;город;год\nИван;Москва;1990\nОльга;Ташкент;1985\n".encode("cp1251"))
    result = work(source).result
    assert result["encoding"] == "windows-1251"
    assert (result["delimiter"], result["columns"], result["rows"]) == (";", ["имя", "город", "год"], 2)
    assert result["preview"][1] == ["Ольга", "Ташкент", "1985"]


def test_the_sample_csv_has_its_rows_and_columns(work: Work) -> None:
    result = work(SAMPLES / "harvest.csv", preview_rows=2).result
    assert (result["rows"], result["column_count"], len(result["preview"])) == (240, 7, 2)


@pytest.mark.timeout(120)
def test_a_csv_of_200_megabytes_is_counted_in_constant_memory(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "huge.csv"
    block = b'2026-08-01,Brookside,wheat,12,600.5,"with, comma"\n' * 20_000
    with source.open("wb") as file:
        file.write(b"date,farm,grain,sacks,kilograms,note\n")
        while file.tell() < 200_000_000:
            file.write(block)
    rows = (source.stat().st_size - 37) // 50
    small = work(SAMPLES / "harvest.csv", text=False)
    done = work(source, text=False)
    assert done.result["rows"] == rows
    assert len(done.percents) > 5  # some of its many thousand steps
    assert done.peak_memory_bytes - small.peak_memory_bytes < 32 * 1024**2


def test_json_gives_what_it_holds(work: Work) -> None:
    result = work(SAMPLES / "catalogue.json").result
    assert (result["type"], result["length"], result["keys"][:2]) == ("object", 6, ["name", "language"])


def test_invalid_json_is_refused_with_line_and_column(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "broken.json"
    source.write_text('{"a": 1,\n "b": nope}\n')
    with pytest.raises(InputError, match="line 2, column 7") as caught:
        work(source)
    assert caught.value.code == "corrupt_file"


def test_a_large_json_is_walked_through(work: Work, tmp_path: Path) -> None:
    source = tmp_path / "large.json"
    item = '{"name": "a mill on a hill", "tags": ["wind", "water"], "place": {"x": 1.5, "y": -2}},\n'
    source.write_text('{"items": [' + item * 200_000 + '{}], "done": true}')
    done = work(source, text=False)
    assert (done.result["type"], done.result["length"]) == ("object", 2)
    assert done.peak_memory_bytes < 150 * 1024**2
