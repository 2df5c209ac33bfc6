"""What is shown adds up: rounded parts sum to the rounded whole, and none is further from the truth than it must be."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring.rounding import shown, shown_parts

points = st.floats(0, 100, allow_nan=False)


@given(st.lists(points, min_size=1, max_size=8), st.integers(0, 3))
@settings(max_examples=60)
def test_the_plain_mean_of_what_is_shown_is_the_mean_that_is_shown(values, places):
    mean = shown(sum(values) / len(values), places)
    parts = shown_parts(values, mean * len(values), places)
    assert sum(parts) / len(parts) == mean
    for part, value in zip(parts, values, strict=True):
        assert abs(float(part) - value) < 2.01 * 10**-places


@given(st.lists(points, min_size=1, max_size=12))
@settings(max_examples=60)
def test_parts_of_a_whole_stay_within_one_digit_of_the_truth(values):
    total = shown(sum(values))
    parts = shown_parts(values, total)
    assert sum(parts) == total
    assert all(abs(float(part) - value) <= 0.011 for part, value in zip(parts, values, strict=True))


def test_what_is_not_there_gets_no_digit():
    assert shown_parts([0, 33.333, 33.333, 33.334, 0], Decimal("100.02")) == [
        Decimal("0.00"), Decimal("33.34"), Decimal("33.34"), Decimal("33.34"), Decimal("0.00"),
    ]  # fmt: skip
    assert shown_parts([], Decimal("0.00")) == []
    assert shown_parts([0.0, 0.0], Decimal("0.01")) == [Decimal("0.01"), Decimal("0.00")]


def test_a_minus_zero_is_never_shown():
    assert [str(part) for part in shown_parts([-0.001, 0.001], Decimal("0.00"))] == ["0.00", "0.00"]
    assert str(shown(-0.0001)) == "0.00"
