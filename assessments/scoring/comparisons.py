"""Weights from experts' pairwise comparisons (the analytic hierarchy process).

    own = reading(matrix)                one expert: completed, weighed, its consistency
    group = reading(joined(matrices))    all of them, judgement by judgement

A matrix is n × n: entry [i, j] says how many times as important item i is as item j, NaN where nobody judged.
"""

from dataclasses import dataclass

import numpy as np

# Mean consistency index of random matrices of 1, 2, … 15 items: T. L. Saaty, Theory and Applications of the Analytic
# Network Process (2005).
RANDOM_INDICES = (0, 0, 0.52, 0.89, 1.11, 1.25, 1.35, 1.40, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59)
MOST_ITEMS = len(RANDOM_INDICES)
# Above this ratio the judgements contradict each other too much to be relied on (Saaty).
ACCEPTABLE_RATIO = 0.10
# The scale of answers: step 0 "equal", step 8 "nine times as important", step −8 the other way round.
FURTHEST_STEP = 8
# 3 and 0.333 are taken for reciprocals of each other, 3 and 0.3 are not.
RECIPROCAL_TOLERANCE = 2e-3
# Nobody means more than this; what is further from 1 is a slip, and would overflow along a chain of comparisons.
FURTHEST_RATIO = 1e9
# Departures of logarithms below this are rounding.
ROUNDING = 1e-12
# Newton's method settles in a handful of rounds; the bound only ends what rounding keeps alive.
MOST_ROUNDS = 50


@dataclass(frozen=True)
class Reading:
    """What a matrix of comparisons says; weights sum to 1 and stand in the order of its rows."""

    weights: np.ndarray  # principal right eigenvector
    lambda_max: float  # n for judgements without a contradiction, more with them
    consistency_ratio: float
    row_means: np.ndarray  # weights by the row geometric mean: a second opinion
    completed: np.ndarray  # the matrix without gaps


@dataclass(frozen=True)
class Judgement:
    """One judgement: `left` is `value` times as important as `right`; the weights say `fitting` times."""

    left: int
    right: int
    value: float
    fitting: float


def ratio(step):
    """How many times as important the left item is, for a step −8 … 8 of the scale of answers."""
    return step + 1.0 if step >= 0 else 1.0 / (1 - step)


def nearest_step(value):
    """The step −8 … 8 whose ratio is nearest to `value` as a multiple."""
    return min(range(-FURTHEST_STEP, FURTHEST_STEP + 1), key=lambda step: abs(np.log(ratio(step) / value)))


def matrix_of(size, judgements):
    """The matrix of {(left, right): ratio}, gaps for the rest."""
    matrix = np.full((size, size), np.nan)
    np.fill_diagonal(matrix, 1.0)
    for (left, right), value in judgements.items():
        matrix[left, right], matrix[right, left] = value, 1.0 / value
    return matrix


def checked(matrix):
    """The matrix as floats with each gap filled by its reciprocal where only one of the two was given.

    ValueError, naming the place (rows and columns counted from 1), for what cannot be a matrix of comparisons.
    """
    matrix = np.array(matrix, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        raise ValueError("a matrix of comparisons has as many rows as columns, at least one")
    if len(matrix) > MOST_ITEMS:
        raise ValueError(f"{len(matrix)} items: consistency is published for at most {MOST_ITEMS}")
    judged = ~np.isnan(matrix)
    _refuse_at(judged & ~(matrix > 0), "is not a positive number", matrix)
    extreme = judged & ((matrix > FURTHEST_RATIO) | (matrix < 1 / FURTHEST_RATIO))
    _refuse_at(extreme, "is beyond any comparison (at most a thousand million times)", matrix)
    np.fill_diagonal(matrix, np.where(judged.diagonal(), matrix.diagonal(), 1.0))
    off = np.zeros_like(judged)
    np.fill_diagonal(off, matrix.diagonal() != 1.0)
    _refuse_at(off, "stands on the diagonal, where only 1 can stand", matrix)
    with np.errstate(over="ignore"):  # a product that overflows is no reciprocal either
        product = matrix * matrix.T
    _refuse_at(
        judged & judged.T & (np.abs(product - 1.0) > RECIPROCAL_TOLERANCE), "is not the reciprocal of its opposite", matrix
    )
    # Both sides count alike, so that the order of the items never matters.
    mean = np.sqrt(matrix) / np.sqrt(matrix.T)
    return np.where(judged & judged.T, mean, np.where(judged, matrix, 1.0 / matrix.T))


def _refuse_at(fault, sentence, matrix):
    if fault.any():
        row, column = np.argwhere(fault)[0]
        raise ValueError(f"row {row + 1}, column {column + 1}: {matrix[row, column]:g} {sentence}")


def joined(matrices):
    """The group's matrix: the geometric mean of the judgements of those who judged each pair; a gap where nobody did.

    The only way to join judgements that keeps them reciprocal whatever their order (Aczél and Saaty 1983).
    """
    matrices = [checked(matrix) for matrix in matrices]
    if not matrices:
        raise ValueError("no matrix of comparisons")
    if len({matrix.shape for matrix in matrices}) > 1:
        raise ValueError("the matrices compare different numbers of items")
    logs = np.log(np.array(matrices))
    judged = ~np.isnan(logs)
    experts = judged.sum(axis=0)
    total = np.where(judged, logs, 0.0).sum(axis=0)
    return np.exp(np.divide(total, experts, out=np.full(total.shape, np.nan), where=experts > 0))


def separated(matrix):
    """The groups of items (positions) between which no comparison stands; one group when all hang together."""
    judged = ~np.isnan(matrix)
    rest, groups = set(range(len(matrix))), []
    while rest:
        group = [min(rest)]
        rest.discard(group[0])
        for item in group:  # grows while it is read
            reached = sorted(other for other in rest if judged[item, other] or judged[other, item])
            group.extend(reached)
            rest.difference_update(reached)
        groups.append(sorted(group))
    return groups


def reading(matrix):
    """Complete a matrix, weigh its items, and say how consistent it is.

    ValueError where the comparisons fall into groups that nothing connects, naming the items counted from 1. Judgements
    that were left out are completed as consistently as they can be, so the ratio of a matrix with gaps flatters.
    """
    whole = completed(matrix)
    weights, lambda_max = principal(whole)
    return Reading(weights, lambda_max, consistency_ratio(lambda_max, len(whole)), row_geometric_means(whole), whole)


def principal(matrix):
    """The principal eigenvector of a matrix without gaps, as weights that sum to 1, and its eigenvalue λmax."""
    size = len(matrix)
    scale = row_geometric_means(matrix)
    balanced = matrix * scale[None, :] / scale[:, None]
    if np.abs(np.log(balanced)).max() < ROUNDING * size:  # no contradiction: the row means are the exact answer
        return scale, float(size)
    values, vectors = np.linalg.eig(balanced)
    first = int(np.argmax(values.real))
    weights = np.abs(vectors[:, first].real) * scale
    return weights / weights.sum(), max(float(values[first].real), float(size))


def row_geometric_means(matrix):
    """Weights as the geometric means of the rows, summing to 1."""
    logs = np.log(matrix).mean(axis=1)
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def consistency_ratio(lambda_max, size):
    """(λmax − n) / (n − 1) against the same for random judgements; 0 for up to two items, which cannot contradict."""
    if size > MOST_ITEMS:
        raise ValueError(f"{size} items: consistency is published for at most {MOST_ITEMS}")
    if size <= 2:
        return 0.0
    return (lambda_max - size) / (size - 1) / RANDOM_INDICES[size - 1]


def completed(matrix):
    """The matrix with its gaps filled so that λmax is least (Bozóki, Fülöp and Rónyai 2010).

    In the logarithms of the missing judgements λmax is convex, strictly so where the comparisons connect all items:
    Newton's method from the least-squares weights of the comparison graph.
    """
    matrix = checked(matrix)
    groups = separated(matrix)
    if len(groups) > 1:
        named = " | ".join(", ".join(str(item + 1) for item in group) for group in groups)
        raise ValueError(f"no comparison connects these groups of items: {named}")
    left, right = np.nonzero(np.triu(np.isnan(matrix)))
    if not len(left):
        return matrix
    start = _least_squares(matrix)

    def filled(logs):
        whole = matrix.copy()
        whole[left, right], whole[right, left] = np.exp(logs), np.exp(-logs)
        return whole

    logs = start[left] - start[right]
    least = principal(filled(logs))[1]
    for _round in range(MOST_ROUNDS):
        slope, curvature = _derivatives(filled(logs), left, right)
        step = np.linalg.solve(curvature, -slope)
        # λmax is flat about its least value: a rise within rounding is none, the slope still shows the way.
        while (found := principal(filled(logs + step))[1]) > least * (1 + ROUNDING):
            step /= 2
        logs, least = logs + step, found
        if np.abs(step).max() < ROUNDING:
            break
    return filled(logs)


def _least_squares(matrix):
    """Logarithms of weights that fit the judgements that were given best."""
    judged = ~np.isnan(matrix)
    np.fill_diagonal(judged, False)
    laplacian = np.diag(judged.sum(axis=1)) - judged.astype(float)
    return np.linalg.pinv(laplacian) @ np.where(judged, np.log(matrix), 0.0).sum(axis=1)


def _derivatives(whole, left, right):
    """Slope and curvature of λmax in the logarithms of the entries [left, right], their opposites moving along.

    Second-order perturbation of a simple eigenvalue, in the scale in which its right eigenvector is all ones.
    """
    weights, lambda_max = principal(whole)
    even = whole * weights[None, :] / weights[:, None]
    size, ones = len(whole), np.ones(len(whole))
    # The left eigenvector, summing to 1: the rank-one part makes the singular system solvable.
    beside = np.linalg.solve((lambda_max * np.eye(size) - even + np.outer(ones, ones) / size).T, ones / size)
    beside /= beside.sum()
    resolvent = np.linalg.inv(lambda_max * np.eye(size) - even + np.outer(ones, beside)) - np.outer(ones, beside)
    rows = np.arange(len(left))
    up, down = even[left, right], even[right, left]
    pushed, weighed = np.zeros((len(left), size)), np.zeros((len(left), size))
    pushed[rows, left], pushed[rows, right] = up, -down
    weighed[rows, right], weighed[rows, left] = beside[left] * up, -beside[right] * down
    cross = weighed @ resolvent @ pushed.T
    slope = beside[left] * up - beside[right] * down
    return slope, np.diag(beside[left] * up + beside[right] * down) + cross + cross.T


def most_inconsistent(matrix, weights, count=3):
    """The judgements whose ratio departs furthest from that of the weights, furthest first; none where all fit."""
    matrix, weights = checked(matrix), np.asarray(weights, dtype=float)
    left, right = np.nonzero(np.triu(~np.isnan(matrix), 1))
    fitting = weights[left] / weights[right]
    departure = np.abs(np.log(matrix[left, right] / fitting))
    order = np.argsort(-departure, kind="stable")[:count]
    return [
        Judgement(int(left[n]), int(right[n]), float(matrix[left[n], right[n]]), float(fitting[n]))
        for n in order
        if departure[n] > 1e-9
    ]


def disagreement(group, individuals):
    """The share of weight (0–1) that an expert would on average place otherwise than the group does.

    Half the absolute differences of the weights, summed over the items and averaged over experts: 0 where all agree.
    """
    return float(np.abs(np.asarray(individuals, dtype=float) - np.asarray(group, dtype=float)).sum(axis=1).mean() / 2)
