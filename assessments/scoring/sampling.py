"""A sample drawn by lot, so that anybody who knows the seed draws the same one.

Everybody's lot is the SHA-256 of the seed and his key. Each stratum gets its share of the places; within it the lowest
lots are drawn. Places that the shares leave over go to the strata with the largest remainders.
"""

import hashlib
from fractions import Fraction
from math import ceil


def lot(seed, key):
    """The lot of `key`: 64 hexadecimal digits, compared as text."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def places(sizes, percent, seed):
    """How many are drawn of each stratum: {stratum: count} for {stratum: size}; together ⌈percent of all⌉."""
    share = Fraction(percent, 100)
    found = {stratum: int(size * share) for stratum, size in sizes.items()}
    left = ceil(sum(sizes.values()) * share) - sum(found.values())
    by_remainder = sorted(sizes, key=lambda stratum: (found[stratum] - sizes[stratum] * share, lot(seed, stratum)))
    for stratum in by_remainder[:left]:
        found[stratum] += 1
    return found


def draw(strata, percent, seed):
    """The keys drawn of {stratum: keys}, as a set."""
    wanted = places({stratum: len(keys) for stratum, keys in strata.items()}, percent, seed)
    return {
        key for stratum, keys in strata.items() for key in sorted(keys, key=lambda key: lot(seed, key))[: wanted[stratum]]
    }
