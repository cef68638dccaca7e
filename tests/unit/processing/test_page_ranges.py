"""Pages as people write them."""

import pytest
from pydantic import BaseModel, ValidationError

from filemill.processing.errors import OptionsError
from filemill.processing.operations.page_ranges import Pages, resolve_each_once, resolve_pages


class _Options(BaseModel):
    pages: Pages | None = None


@pytest.mark.parametrize(
    ("pages", "numbers"),
    [
        (None, [1, 2, 3, 4, 5]),
        ("2", [2]),
        ("1,3-5", [1, 3, 4, 5]),
        (" 4 - , 1 ", [4, 5, 1]),
        ("last", [5]),
        ("last-4", [5, 4]),
        ("5-3", [5, 4, 3]),
        ("2,2,1-2", [2, 2, 1, 2]),
    ],
)
def test_pages_are_listed_as_they_are_named(pages: str | None, numbers: list[int]) -> None:
    assert resolve_pages(pages, 5) == numbers


def test_pages_can_be_had_each_once_in_the_order_of_the_document() -> None:
    assert resolve_each_once("4-2,3,1", 5) == [1, 2, 3, 4]


@pytest.mark.parametrize("pages", ["6", "1-6", "6-", "last,9"])
def test_a_page_that_the_document_lacks_is_named(pages: str) -> None:
    with pytest.raises(OptionsError, match=r"page [69]; the document has 5 pages\.") as caught:
        resolve_pages(pages, 5)
    assert caught.value.code == "invalid_options"


def test_pages_named_over_and_over_are_refused() -> None:
    with pytest.raises(OptionsError, match="over and over"):
        resolve_pages(",".join(["1-1000"] * 11), 1000)


@pytest.mark.parametrize("pages", ["", "0", "1,", "1-2-3", "-3", "a", "1;2", "٣", "first", "1" * 8, "1," * 1200 + "1"])
def test_what_names_no_pages_is_refused_before_the_document_is_known(pages: str) -> None:
    with pytest.raises(ValidationError):
        _Options(pages=pages)


def test_a_single_number_may_be_a_number() -> None:
    assert _Options.model_validate({"pages": 3}).pages == "3"
    with pytest.raises(ValidationError):
        _Options.model_validate({"pages": True})
