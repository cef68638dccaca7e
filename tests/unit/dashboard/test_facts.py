"""A result made readable."""

from filemill.dashboard.facts import Fact, list_facts, list_options, list_tables, preview_table, preview_text
from filemill.tasks.models import TaskLog


def test_the_size_is_told_once_and_what_is_shown_elsewhere_is_left_out() -> None:
    result = {
        "mode": "RGB",
        "size": [4, 3],
        "height": 3,
        "width": 4,
        "outputs": [],
        "output": {"name": "x"},
        "alpha": None,
    }
    assert list_facts(result) == [Fact(label="Mode", value="RGB"), Fact(label="Size", value="4 × 3 px")]


def test_nested_facts_are_named_by_their_path() -> None:
    result = {"page_size": {"width": 595.0, "height": 842.0}, "metadata": {"title": "Mill"}, "margins": {"left": 2}}
    assert [(fact.label, fact.value) for fact in list_facts(result)] == [
        ("Page size", "595.0 × 842.0 pt"),
        ("Margins left", "2"),
        ("Title", "Mill"),
    ]


def test_units_are_said() -> None:
    said = {fact.label: fact.value for fact in list_facts({"duration": 65, "bit_rate": 1_500_000, "rows": 120345})}
    assert said == {"Duration": "1 min 05 s", "Bit rate": "1.50 Mbit/s", "Rows": "120\u202f345"}


def test_a_list_of_objects_becomes_a_table_with_a_column_for_every_key() -> None:
    (table,) = list_tables({"streams": [{"codec": "h264", "index": 0}, {"codec": "aac", "index": 1, "channels": 2}]})
    assert table.headings == ["Index", "Codec", "Channels"]
    assert table.rows == [["0", "h264", "–"], ["1", "aac", "2"]]


def test_previews_are_told_apart() -> None:
    assert preview_text({"preview": "words"}) == "words"
    assert preview_table({"preview": "words"}) is None
    assert preview_text({"preview": [["1"]]}) == ""
    assert preview_table({"preview": [["1"]], "columns": ["a"], "header": False}).headings == []  # type: ignore[union-attr]


def test_nothing_comes_of_no_result() -> None:
    assert (list_facts(None), list_tables(None), preview_text(None), preview_table(None)) == ([], [], "", None)


def test_options_are_told_as_they_were_given() -> None:
    given = {"resize": {"width": 4, "fit": "cover"}, "quality": "high", "strip": False}
    task = TaskLog(operation="image.transform", metadata=given)
    assert [fact.value for fact in list_options(task)] == ["width 4, fit cover", "high", "no"]


def test_steps_are_told_with_their_operation_and_further_files_by_name() -> None:
    steps = [{"id": "small", "op": "image.transform", "use": ["original"], "keep": True, "options": {"quality": 5}}]
    task = TaskLog(operation="image.transform", steps=steps, inputs=[{"file_name": "logo.png"}])
    told = [(fact.label, fact.value) for fact in list_options(task)]
    assert told == [("small", "image.transform: quality 5"), ("further file", "logo.png")]
