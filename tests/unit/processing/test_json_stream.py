"""JSON in pieces is read as JSON in one."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill.processing.errors import InputError
from filemill.processing.operations.sealed.document.json_stream import JsonStream

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def _cut(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


@given(value=ANY_JSON, size=st.integers(1, 7), indent=st.none() | st.just(2))
def test_valid_json_is_valid_however_it_is_cut(value: object, size: int, indent: int | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    _, length = JsonStream(_cut(text, size)).read_document(max_keys=9)
    assert length == (len(value) if isinstance(value, list | dict) else None)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1,\n "b": nope}', "line 2, column 7"),
        ("[1, 2", "line 1, column 6"),
        ("[1 2]", "line 1, column 4"),
        ('{"a" 1}', "line 1, column 6"),
        ("{a: 1}", "line 1, column 2"),
        ("[1,]", "line 1, column 4"),
        ("", "line 1, column 1"),
        ("[]\n[]", "line 2, column 1"),
        ("[NaN]", "NaN is not JSON"),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 10_000_000])
def test_a_mistake_is_told_by_line_and_column(text: str, place: str, size: int) -> None:
    with pytest.raises(InputError, match=place) as caught:
        JsonStream(_cut(text, size)).read_document(max_keys=9)
    assert caught.value.code == "corrupt_file"


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 1000, 10_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"[":', "}"), ('[{"{":"]",":":', "}]")])
def test_values_may_be_nested_as_deeply_as_allowed_and_no_deeper(limit: int, opening: str, closing: str) -> None:
    pair = opening.count("[") + opening.count("{") - opening.count('"[') - opening.count('"{')

    def read(depth: int) -> None:
        text = opening * (depth // pair) + "[" * (depth % pair) + "1" + "]" * (depth % pair) + closing * (depth // pair)
        JsonStream(_cut(text, 1000), max_nesting=limit).read_document(max_keys=9)

    read(limit)
    with pytest.raises(InputError, match="nested too deeply") as caught:
        read(limit + 1)
    assert caught.value.code == "too_deeply_nested"


@pytest.mark.parametrize("text", ["[" * 150_000, '{"a":' * 150_000, "[[[" + "[1]," * 20_000 + '["]"' + "[" * 5000])
def test_text_that_is_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        JsonStream(_cut(text, 1000)).read_document(max_keys=9)
    assert caught.value.code in ("too_deeply_nested", "corrupt_file")
