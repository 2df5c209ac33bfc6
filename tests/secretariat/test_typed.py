"""Whole numbers as programs send them: nothing that is none becomes one, and nothing breaks."""

import pytest

from secretariat.typed import keys, whole


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("12", 12), ("007", 7), ("999999999", 999_999_999)])
def test_a_number_is_read(text, number):
    assert whole(text) == number


@pytest.mark.parametrize("text", [None, "", "-1", "1.5", " 1", "²", "۱۲", "1_0", "x", "9" * 10, "9" * 5000])
def test_anything_else_is_otherwise(text):
    assert whole(text) == -1 and whole(text, None) is None


def test_of_what_was_chosen_only_keys_are_taken():
    assert keys(["3", "", "x", "²", "۱۲", "-1", "1_0", "9" * 19, "9" * 5000, "1"]) == [3, 1]
