"""Status lists: exactly the bits that were put in, and nothing from what is none."""

import base64
import gzip
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from products.credentials import status_lists


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sets(st.integers(0, 200_000), max_size=40), st.integers(0, 200_000))
def test_a_list_holds_exactly_what_was_put_in(places, asked):
    bits = status_lists.unpacked(status_lists.packed(places))
    assert {place for place in places if status_lists.is_set(bits, place)} == places
    if asked < len(bits) * 8:
        assert status_lists.is_set(bits, asked) == (asked in places)


def test_a_list_reaches_as_far_as_marks_were_given():
    bits = status_lists.unpacked(status_lists.packed([3], last=9_000_000))
    assert status_lists.is_set(bits, 3) and not status_lists.is_set(bits, 9_000_000)
    with pytest.raises(ValueError, match="too short"):
        status_lists.is_set(status_lists.unpacked(status_lists.packed([3])), 9_000_000)


@pytest.mark.parametrize(
    "text", ["", "x", "uAAAA", "u" + base64.urlsafe_b64encode(gzip.compress(b"x" * 9, mtime=0)[:-9]).decode(), "u***"]
)
def test_nonsense_is_no_list(text):
    with pytest.raises(ValueError):
        status_lists.unpacked(text)


def test_a_list_that_unpacks_for_ever_is_none():
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = bomb.compress(bytes(status_lists.LONGEST + 10)) + bomb.flush()
    with pytest.raises(ValueError):
        status_lists.unpacked("u" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode())
