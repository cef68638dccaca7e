"""Moments, spans and rates: what is meant, and what lies nowhere."""

from fractions import Fraction

import pytest
from pydantic import TypeAdapter, ValidationError

from filemill.processing.errors import OptionsError
from filemill.processing.operations.ffmpeg.rates import AudioBits, FrameRate, VideoBits, to_fraction
from filemill.processing.operations.ffmpeg.spans import Moment, plan_span, to_seconds


@pytest.mark.parametrize(
    ("start", "end", "lasting", "expected"),
    [
        (None, None, None, (0.0, 10.0, None)),
        (2, None, None, (2.0, 10.0, None)),
        (2, 5, None, (2.0, 5.0, 3.0)),
        ("10%", "50%", None, (1.0, 5.0, 4.0)),
        (2, None, 3, (2.0, 5.0, 3.0)),
        (None, 25, None, (0.0, 10.0, None)),
        (9, None, 30, (9.0, 10.0, None)),
    ],
)
def test_a_span_lies_within_the_film(
    start: float | None, end: float | None, lasting: float | None, expected: tuple[float, float, float | None]
) -> None:
    span = plan_span(start, end, lasting, duration_seconds=10.0)
    assert (span.start_seconds, span.end_seconds, span.limit_seconds) == expected


def test_a_span_of_an_unknown_duration_goes_as_far_as_it_is_told() -> None:
    whole, part = (plan_span(1, None, lasting, duration_seconds=None) for lasting in (None, 4))
    assert (whole.lasting_seconds, whole.limit_seconds) == (None, None)
    assert (part.lasting_seconds, part.limit_seconds) == (4.0, 4.0)


@pytest.mark.parametrize(
    ("start", "end", "lasting", "match"),
    [
        (10, None, None, "lasts only 10 s"),
        (5, 5, None, "not after its start"),
        (5, "20%", None, "not after its start"),
        (1, 2, 3, "either end or duration"),
    ],
)
def test_a_span_with_nothing_in_it_is_refused(
    start: float, end: float | str | None, lasting: float | None, match: str
) -> None:
    with pytest.raises(OptionsError, match=match):
        plan_span(start, end, lasting, duration_seconds=10.0)


def test_a_part_of_an_unknown_duration_is_refused() -> None:
    with pytest.raises(OptionsError, match="does not say how long"):
        to_seconds("50%", None)


@pytest.mark.parametrize("value", [-1, "101%", "50", "50 %", "-5%", True, None, "1e3%", float("nan"), float("inf")])
def test_what_is_no_moment_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(value, strict=True)


@pytest.mark.parametrize(
    ("value", "bits"), [(800_000, 800_000), ("800k", 800_000), ("2.5M", 2_500_000), ("1000000", 1_000_000)]
)
def test_bit_rates_are_numbers_or_short_for_them(value: object, bits: int) -> None:
    assert TypeAdapter(VideoBits).validate_python(value, strict=True) == bits


@pytest.mark.parametrize("value", ["2.5G", "fast", 1, "1", "900M", -5, 1.5, "k", "1e6", "２M"])
def test_what_is_no_bit_rate_of_pictures_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(VideoBits).validate_python(value, strict=True)


@pytest.mark.parametrize("value", ["1M", "4k", 600_000])
def test_what_is_no_bit_rate_of_sound_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(AudioBits).validate_python(value, strict=True)


@pytest.mark.parametrize(
    ("value", "fraction"),
    [
        (25, Fraction(25)),
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
        (12.5, Fraction(25, 2)),
        (0.1, Fraction(1, 10)),
    ],
)
def test_frame_rates_are_meant_exactly(value: object, fraction: Fraction) -> None:
    assert to_fraction(TypeAdapter(FrameRate).validate_python(value, strict=True)) == fraction


@pytest.mark.parametrize("value", [0, 241, "25", "1/0", "fast", -25, "99999999/1"])
def test_what_is_no_frame_rate_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(FrameRate).validate_python(value, strict=True)
