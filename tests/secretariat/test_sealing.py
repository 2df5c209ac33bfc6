"""The seal on a secret ballot's sum: opened only by its own key for its own ballot, and the same to look at whatever is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretariat import sealing

count = st.integers(0, 2**32 - 1)


@given(st.tuples(count, count, count), st.integers(1, 2**31), st.integers(0, 500))
def test_what_was_sealed_comes_out(counts, ballot, marks):
    sealed = sealing.seal(counts, ballot=ballot, marks=marks)
    assert sealing.opened(sealed, ballot=ballot, marks=marks) == counts
    assert len(sealed) == sealing.LENGTH


@pytest.mark.parametrize("other", [{"ballot": 8, "marks": 3}, {"ballot": 7, "marks": 2}, {"ballot": 7, "marks": 4}])
def test_it_opens_for_its_own_ballot_and_number_of_votes_only(other):
    with pytest.raises(sealing.SealBroken):
        sealing.opened(sealing.seal((1, 1, 1), ballot=7, marks=3), **other)


@given(st.integers(0, sealing.LENGTH - 1), st.integers(1, 255))
def test_every_altered_byte_is_noticed(place, flip):
    sealed = bytearray(sealing.seal((2, 1, 0), ballot=7, marks=3))
    sealed[place] ^= flip
    with pytest.raises(sealing.SealBroken):
        sealing.opened(bytes(sealed), ballot=7, marks=3)


@pytest.mark.parametrize("wrong", [b"", b"\0" * sealing.LENGTH, b"\0" * (sealing.LENGTH + 1)])
def test_what_never_was_a_seal_is_none(wrong):
    with pytest.raises(sealing.SealBroken):
        sealing.opened(wrong, ballot=7, marks=0)


def test_the_same_sum_never_looks_the_same():
    assert len({sealing.seal((1, 0, 0), ballot=7, marks=1) for _n in range(50)}) == 50


def test_a_seal_outlives_a_new_key_of_the_installation(settings):
    sealed = sealing.seal((3, 0, 0), ballot=7, marks=3)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another key of the installation, long enough"
    assert sealing.opened(sealed, ballot=7, marks=3) == (3, 0, 0)
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(sealing.SealBroken):
        sealing.opened(sealed, ballot=7, marks=3)
