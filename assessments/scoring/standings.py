"""What may be said of the order of the totals: ranks, their intervals, groups, probabilities, sensitivity."""

from dataclasses import dataclass, field

import numpy as np

from assessments.scoring import ranks
from assessments.scoring.crossed import Crossed
from assessments.scoring.sensitivity import leave_one_out, robust

# Draws of all products together; fewer in rounds so large that they would not fit (see MOST_CELLS).
DRAWS = 4000
LEAST_DRAWS = 400
MOST_CELLS = 10_000_000  # 80 MB of floats
OF_ROOT = (
    "component", "rank", "rank_low", "rank_high", "group", "p_top", "p_bands", "p_misclassified",
    "without_low", "without_high", "robust",
)  # fmt: skip
SOUGHT_SHARE = 0.1  # of the products, where a round does not say how many are sought


@dataclass
class Design:
    """The totals as they were fitted: positions among the root's products and among `assessors` (numbers)."""

    crossed: Crossed
    assessors: np.ndarray
    product: np.ndarray
    assessor: np.ndarray
    y: np.ndarray


@dataclass
class Standings:
    """Arrays follow the products of the round; 0 for no rank, group or component, NaN for nothing to say.

    Each part of the round that no assessor joins to another is ranked by itself: their scores are not comparable.
    """

    component: np.ndarray
    rank: np.ndarray
    rank_low: np.ndarray
    rank_high: np.ndarray
    group: np.ndarray
    p_top: np.ndarray
    p_bands: np.ndarray  # products × bands
    p_misclassified: np.ndarray
    without_low: np.ndarray
    without_high: np.ndarray
    robust: np.ndarray
    weights: np.ndarray = field(default_factory=lambda: np.empty(0))  # of the assessors of the design, in the robust score
    top: int = 0  # how many products are sought
    draws: int = 0


def standings(inputs, root, design, parts, digest):
    """Standings of the ranked products of a round.

    `root` are its total scores, `design` what was fitted to them or None, `parts` the part of the round each product
    belongs to (-1 without a sheet). The draws are seeded by `digest`; without one, or without a design, there are
    ranks only.
    """
    products, bands = inputs.products, len(inputs.cuts) + 1
    told = Standings(
        *(np.zeros(products, dtype=int) for _ in range(5)),
        np.full(products, np.nan),
        np.full((products, bands), np.nan),
        *(np.full(products, np.nan) for _ in range(4)),
    )
    exact = np.full(products, np.nan)  # before it was cut at the ends of the scale
    exact[root.products] = np.where(np.isnan(root.adjustment), root.value, root.raw_mean + root.adjustment)
    standing = inputs.ranked & ~np.isnan(exact)
    told.component[standing] = _renumbered(parts[standing])
    told.top = inputs.top or max(1, round(SOUGHT_SHARE * int(standing.sum())))
    value = np.full(products, np.nan)
    value[root.products] = root.value
    drawn = _draws(design, root, standing, digest, products)
    for component in range(1, told.component.max(initial=0) + 1):
        mine = np.flatnonzero(told.component == component)
        told.rank[mine] = ranks.shared_ranks(exact[mine])
        if drawn is not None:
            _tell(told, mine, drawn[0][np.searchsorted(drawn[1], mine)], exact, value, inputs.cuts, len(mine) / standing.sum())
    if drawn is not None:
        told.draws = drawn[0].shape[1]
        _sensitivity(told, design, root)
    return told


def _draws(design, root, standing, digest, products):
    """Joint draws of the standing products (products × draws), and their numbers."""
    if design is None or digest is None:
        return None
    count = max(LEAST_DRAWS, min(DRAWS, MOST_CELLS // max(1, products)))
    generator = np.random.Generator(np.random.PCG64(int(digest[:32], 16)))
    drawn = design.crossed.posterior(root.variances).draws(count, generator)
    kept = standing[root.products]
    return drawn[kept], root.products[kept]


def _tell(told, mine, drawn, exact, value, cuts, share):
    told.rank_low[mine], told.rank_high[mine] = ranks.rank_intervals(drawn)
    told.group[mine] = ranks.indistinct_groups(exact[mine], drawn)
    # Of parts that cannot be compared, each is owed its share of the places.
    told.p_top[mine] = ranks.top_probabilities(drawn, min(len(mine), max(1, round(told.top * share))))
    told.p_bands[mine] = ranks.grade_probabilities(drawn, cuts)
    told.p_misclassified[mine] = ranks.misclassification(told.p_bands[mine], value[mine], cuts)


def _sensitivity(told, design, root):
    low, high = leave_one_out(design.crossed, root.variances)
    told.without_low[root.products], told.without_high[root.products] = low, high
    told.robust[root.products], told.weights = robust(
        design.product, design.assessor, design.y, len(root.products), len(design.assessors), root.variances
    )


def _renumbered(labels):
    """Labels from 1, in the order in which their first product comes."""
    _names, first, codes = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[codes] + 1
