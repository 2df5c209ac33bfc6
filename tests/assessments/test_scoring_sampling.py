"""The sample by lot: as many as the share asks, each stratum by its share, and the same for everybody who knows the seed."""

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from assessments.scoring.sampling import draw, lot, places

sizes = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 30), min_size=1, max_size=8)
percents = st.integers(0, 100)
seeds = st.text("0123456789abcdef", max_size=8)


@given(sizes, percents, seeds)
def test_the_places_are_shared_out_whole(sizes, percent, seed):
    found = places(sizes, percent, seed)
    assert sum(found.values()) == ceil(sum(sizes.values()) * percent / 100 - 1e-9)
    for stratum, size in sizes.items():
        exact = size * percent / 100
        assert 0 <= found[stratum] <= size and abs(found[stratum] - exact) < 1


@given(sizes, percents, seeds)
def test_the_draw_follows_from_the_seed_and_not_from_the_order(sizes, percent, seed):
    strata = {stratum: [f"{stratum}-{n}" for n in range(size)] for stratum, size in sizes.items()}
    backwards = {stratum: strata[stratum][::-1] for stratum in reversed(strata)}
    drawn = draw(strata, percent, seed)
    assert drawn == draw(backwards, percent, seed)
    for stratum, keys in strata.items():
        left = [lot(seed, key) for key in keys if key not in drawn]
        assert all(lot(seed, key) < min(left, default="g") for key in keys if key in drawn), stratum


def test_a_lot_is_what_the_page_says_it_is():
    import hashlib

    assert lot("seed", "kanoon") == hashlib.sha256(b"seed:kanoon").hexdigest()


def test_every_key_is_drawn_about_equally_often():
    strata = {"a": [f"k{n}" for n in range(10)]}
    times = dict.fromkeys(strata["a"], 0)
    for seed in range(1000):
        for key in draw(strata, 30, str(seed)):
            times[key] += 1
    assert all(240 < count < 360 for count in times.values())
