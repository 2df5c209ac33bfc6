"""The command assign: panels for products, or the reason why there are none."""

import numpy as np

from assessments.scoring.allocation import Infeasible, allocate
from assessments.scoring.cli.files import read_object


def assign(path):
    """{P, A, k, cap, lo, conflicts, affinity}: k a number or one per product, cap and lo one or one per assessor.

    lo, conflicts and affinity may be left out: no floor, no conflict, all affinities alike.
    """
    case = read_object(path)
    for name in ("P", "A", "k", "cap"):
        if name not in case:
            raise ValueError(f"{name} is missing")
    shape = tuple(_size(case, name) for name in ("P", "A"))
    conflicts = np.zeros(shape, dtype=bool)
    for pair in case.get("conflicts", []):
        if not _is_pair(pair, shape):
            raise ValueError(f"conflict {pair!r} is not [product, assessor] within {shape[0]} × {shape[1]}")
        conflicts[tuple(pair)] = True
    try:
        found = allocate(
            _whole(case["k"], "k"),
            _whole(case["cap"], "cap"),
            _whole(case.get("lo", 0), "lo"),
            conflicts,
            _numbers(case.get("affinity")),
        )
    except Infeasible as reason:
        return {"infeasible": str(reason)}
    return {
        "pairs": found.pairs,
        "objective": found.objective,
        "max_concurrence": found.max_concurrence,
        "components": found.components,
    }


def _size(case, name):
    if type(case[name]) is not int or case[name] < 1:
        raise ValueError(f"{name} must be a whole number from 1")
    return case[name]


def _is_pair(pair, shape):
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and all(type(place) is int and 0 <= place < size for place, size in zip(pair, shape, strict=True))
    )


def _whole(value, name):
    if type(value) is int or (isinstance(value, list) and value and all(type(one) is int for one in value)):
        return value
    raise ValueError(f"{name} must be a whole number, or a list of them")


def _numbers(affinity):
    if affinity is None:
        return None
    try:
        return np.array(affinity, dtype=float)
    except (TypeError, ValueError):
        raise ValueError("affinity must hold numbers only, in rows of one length") from None
