"""What may be said of ranks: shared ranks, rank intervals, chances of a place or a grade, products that cannot be told apart.

`draws` are joint draws of the true scores, products × draws, finite; more is better. Where a draw ties, the tied share
what they compete for, so that no order of the rows decides anything. From a normal law given by its mean and covariance,
grades and pairs are exact (`normal_grades`, `normal_beats`), and only places are drawn (`normal_tops`).
"""

import numpy as np
from scipy.special import ndtr

# Draws are gone through in blocks of about this many numbers, so that memory does not grow with their count.
BLOCK = 1 << 20


def shared_ranks(values):
    """Ranks 1-2-2-4 of unrounded `values`, the highest first; 0 where the value is NaN."""
    values = np.asarray(values, dtype=float)
    valued = ~np.isnan(values)
    ascending = np.sort(values[valued])
    ranks = np.zeros(values.shape, dtype=int)
    ranks[valued] = len(ascending) - np.searchsorted(ascending, values[valued], side="right") + 1
    return ranks


def top_probabilities(draws, k):
    """The share of draws in which each product is among the best `k`; the shares sum to k (or to all, if there are fewer)."""
    draws = _checked(draws)
    products, count = draws.shape
    if k < 1:
        raise ValueError("k must be at least 1")
    if k >= products:
        return np.ones(products)
    places = np.zeros(products)
    for block in _blocks(draws):
        last = np.partition(block, products - k, axis=1)[:, products - k, None]
        above, level = block > last, block == last
        # Those level with the last place share what places the better ones leave.
        left = k - above.sum(axis=1)
        tied = level.sum(axis=1)
        places += above.sum(axis=0)
        if (left == tied).all():
            places += level.sum(axis=0)
        else:
            places += (left / tied) @ level
    return places / count


def rank_intervals(draws, level=0.95):
    """(low, high): the ranks between which each product lies in at least `level` of the draws, equal tails."""
    draws = _checked(draws)
    products, count = draws.shape
    if not 0 < level < 1:
        raise ValueError("the level must lie between 0 and 1")
    ranks = np.empty((products, count), dtype=np.int16 if products < 1 << 15 else np.int32)
    start = 0
    for block in _blocks(draws):
        ranks[:, start : start + len(block)] = _ranks_of_rows(block, ranks.dtype).T
        start += len(block)
    tail = (1 - level) / 2 * count
    # A hair is taken off before rounding up: 0.975 × 4000 is not 3900 in binary.
    low, high = (max(int(np.ceil(place - 1e-9)) - 1, 0) for place in (tail, count - tail))
    ranks.partition((low, high), axis=1)
    return ranks[:, low].astype(int), ranks[:, high].astype(int)


def grade_probabilities(draws, cuts):
    """The share of draws in each grade, products × (cuts + 1), lowest grade first; a draw equal to a cut has the upper grade.

    `cuts` ascend. Each row sums to 1.
    """
    draws, cuts = _checked(draws), _ascending(cuts)
    reached = [np.array([np.count_nonzero(row >= cut) for row in draws]) for cut in cuts]
    everyone = np.full(len(draws), draws.shape[1])
    return -np.diff(np.stack([everyone, *reached, 0 * everyone], axis=1)) / draws.shape[1]


def grades(values, cuts):
    """The grade of each value, 0 for the lowest; a value equal to a cut has the upper grade."""
    return np.searchsorted(_ascending(cuts), np.asarray(values, dtype=float), side="right")


def misclassification(grade_probabilities, values, cuts):
    """The chance that the true grade is not the published one, that of `values`; NaN where there is no value."""
    values = np.asarray(values, dtype=float)
    valued = ~np.isnan(values)
    published = np.where(valued, grades(np.where(valued, values, 0.0), cuts), 0)
    right = np.take_along_axis(np.asarray(grade_probabilities), published[:, None], axis=1)[:, 0]
    return np.where(valued, 1 - right, np.nan)


def beats(draws, i, j):
    """The share of draws in which product i is above product j; a tie counts half."""
    return float(_above(draws[i], draws[j]))


def pair_probabilities(draws):
    """products × products: the chance that the row is above the column, 0.5 on the diagonal. For small sets: products² × draws steps."""
    draws = _checked(draws)
    return np.array([_above(row, draws) for row in draws])


def indistinct_groups(values, draws, least=0.75):
    """Groups of products that cannot be told apart: 1 for the group of the best value, then 2 …; 0 where the value is NaN.

    Down the list by `values`, a product stays in the group of its leader while the chance that the leader beats it is under
    `least`; otherwise it leads a new group. Equal values are never parted. Rows of `draws` without a value are not looked at.
    """
    values, draws = np.asarray(values, dtype=float), np.asarray(draws)
    labels = np.zeros(len(values), dtype=int)
    valued = np.flatnonzero(~np.isnan(values))
    # Among equal values the one with the better draws comes first: not the order of the rows.
    order = valued[np.lexsort((-draws.mean(axis=1)[valued], -values[valued]))]
    leader = before = None
    group = 0
    for product in order:
        if before is None or (values[product] != values[before] and _above(draws[leader], draws[product]) >= least):
            leader, group = product, group + 1
        labels[product] = group
        before = product
    return labels


def normal_grades(mean, deviation, cuts):
    """`grade_probabilities`, exactly, for scores that are normal with `mean` and standard `deviation` (0 allowed)."""
    mean, deviation, cuts = np.asarray(mean, dtype=float), np.asarray(deviation, dtype=float), _ascending(cuts)
    distance = cuts[None, :] - mean[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        standard = distance / deviation[:, None]
    standard[(distance == 0) & (deviation[:, None] == 0)] = -np.inf
    edges = np.pad(standard, ((0, 0), (1, 1)), constant_values=((0, 0), (-np.inf, np.inf)))
    # Each band is taken in the tail where it lies: 1 − 1e-20 and 1 − 1e-21 are the same number, 1e-20 and 1e-21 are not.
    upper = edges[:, :-1] > 0
    return np.where(upper, ndtr(-edges[:, :-1]) - ndtr(-edges[:, 1:]), ndtr(edges[:, 1:]) - ndtr(edges[:, :-1]))


def normal_beats(mean, cov):
    """products × products: the exact chance that the row is above the column under a joint normal law, 0.5 on the diagonal."""
    mean, cov = np.asarray(mean, dtype=float), np.asarray(cov, dtype=float)
    variance = np.diag(cov)
    distance = mean[:, None] - mean[None, :]
    spread = np.sqrt(np.clip(variance[:, None] + variance[None, :] - 2 * cov, 0, None))
    with np.errstate(divide="ignore", invalid="ignore"):
        standard = distance / spread  # ±∞ where only the means differ
    return ndtr(np.where(distance == 0, 0.0, standard))


def normal_tops(mean, cov, ks, seed):
    """The chance of each product to be among the best k under a joint normal law, for each k of `ks`: len(ks) × products.

    By draws from `seed` (anything numpy's default_rng takes): 262,144 for sets up to 256 products (standard error under
    0.001), fewer above, never under 4,096; always a power of two, so that the shares are exact and sum to k. `cov` is
    positive definite; numpy's LinAlgError says that it is not.
    """
    mean = np.asarray(mean, dtype=float)
    half = np.linalg.cholesky(np.asarray(cov, dtype=float))
    products = len(mean)
    count = 1 << int(np.clip(34 - 2 * np.log2(products), 12, 18))
    step = min(count, max(1 << 8, 1 << int(np.log2(BLOCK / products))))
    chance = np.random.default_rng(seed)
    tops = np.zeros((len(ks), products))
    for _ in range(count // step):
        draws = mean[:, None] + half @ chance.standard_normal((products, step))
        tops += [top_probabilities(draws, k) for k in ks]
    return tops / (count // step)


def _checked(draws):
    draws = np.asarray(draws)
    if draws.ndim != 2 or not draws.shape[1]:
        raise ValueError("draws must be products × draws, at least one draw")
    if not all(np.isfinite(row).all() for row in draws):
        raise ValueError("draws must be finite")
    return draws


def _ascending(cuts):
    cuts = np.asarray(cuts, dtype=float)
    if cuts.ndim != 1 or not np.isfinite(cuts).all() or (np.diff(cuts) <= 0).any():
        raise ValueError("cuts must ascend")
    return cuts


def _blocks(draws):
    """Blocks of draws × products, each draw standing together in memory."""
    step = max(1, BLOCK // max(1, len(draws)))
    for start in range(0, draws.shape[1], step):
        yield np.ascontiguousarray(draws[:, start : start + step].T)


def _ranks_of_rows(block, dtype):
    """Shared ranks within each row, 1 for the highest."""
    order = np.argsort(-block, axis=1)
    descending = np.take_along_axis(block, order, axis=1)
    place = np.broadcast_to(np.arange(1, block.shape[1] + 1, dtype=dtype), block.shape).copy()
    place[:, 1:][descending[:, 1:] == descending[:, :-1]] = 1
    np.maximum.accumulate(place, axis=1, out=place)
    ranks = np.empty(block.shape, dtype=dtype)
    np.put_along_axis(ranks, order, place, axis=1)
    return ranks


def _above(one, others):
    """The share of draws in which `one` is above each of `others`, ties half."""
    count = others.shape[-1]
    return (np.count_nonzero(one > others, axis=-1) + np.count_nonzero(one >= others, axis=-1)) / (2 * count)
