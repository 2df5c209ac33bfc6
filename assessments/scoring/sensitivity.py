"""How far a fair score hangs on single assessors: each left out in turn, and each weighed by how well he agrees."""

import numpy as np
import scipy.sparse as sp
from scipy import linalg
from scipy.special import digamma, polygamma

from assessments.scoring.fixed import fixed_products

MOST_ROUNDS = 100
SETTLED = 1e-10  # the largest change of a weight after which nothing changes any more
# Residual degrees of freedom of an assessor from which his ratings say anything of how assessors differ.
LEAST_FREEDOM = 1.0
# Squares below this share of the pooled variance are taken for it: their logarithm would drown all others.
LEAST_SHARE = 1e-4


def leave_one_out(design, variances):
    """Per product, the lowest and highest fair score when all ratings of any one assessor are left out.

    The variances stay as they are. Where a product would be left without a rating there is no score; NaN where that is
    so for every assessor. With C the covariance of the scores f, leaving out the ratings y_j = Z f + severity + residual,
    of variance V, gives f − C Z′ (V − Z C Z′)⁻¹ (y_j − Z f) (case deletion: Cook and Weisberg 1982, section 3.2).
    """
    found, _unit, ratio = design.fixed(variances)
    counts, means = (table.tocsc() for table in _cells(design))
    means.data /= counts.data
    low, high = np.full(len(found.value), np.nan), np.full(len(found.value), np.nan)
    for assessor in np.flatnonzero(design.loads):
        mine = slice(counts.indptr[assessor], counts.indptr[assessor + 1])
        products, number, given = counts.indices[mine], counts.data[mine], means.data[mine] - design.shift
        # What is the only word on a product says nothing of any other.
        others = number < found.numbers[products]
        without = found.value.copy()
        without[products[~others]] = np.nan
        products, number, given = products[others], number[others], given[others]
        if len(products):
            left = np.diag(1 / number) + ratio - found.block(products)
            force = linalg.solve(left, given - found.value[products], assume_a="pos", check_finite=False)
            without -= found.pulled(products, force)
        np.fmin(low, without, out=low)
        np.fmax(high, without, out=high)
    return low + design.shift, high + design.shift


def robust(product, assessor, y, products, assessors, variances):
    """A second score, in which assessors count by their own error variance: the scores, and the weight of each assessor.

    The variances of the assessors are drawn towards the pooled one as far as their spread allows (Smyth 2004,
    Statistical Applications in Genetics and Molecular Biology 3(1), article 3: scaled inverse chi-squared prior, its
    degrees of freedom from the moments of log s²). Weight 1 is the pooled variance; where the assessors differ no more
    than by chance all weights are 1 and the scores are the fair ones. NaN for products without ratings.
    """
    product, assessor, y = np.asarray(product), np.asarray(assessor), np.asarray(y, dtype=float)
    pooled, weights = variances.residual, np.ones(assessors)
    ratio = variances.assessor / pooled if pooled > 0 else 0.0
    counts = sp.csr_array((np.ones(y.size), (product, assessor)), shape=(products, assessors))
    shift = y.mean()
    y = y - shift
    prior = None
    for _ in range(MOST_ROUNDS):
        weighted = counts.copy()
        weighted.data = counts.data * weights[counts.indices]
        given = weights[assessor] * y
        totals = np.bincount(product, given, products), np.bincount(assessor, given, assessors)
        found = fixed_products(weighted, *totals, ratio)
        if not pooled > 0:
            break
        squares = np.bincount(assessor, (y - found.value[product] - found.severity[assessor]) ** 2, assessors)
        # Of each rating the model takes up the share that its own prediction is uncertain.
        freedom = np.bincount(counts.indices, counts.data - weighted.data * found.cells(), assessors)
        if prior is None:
            prior = _prior_freedom(squares / pooled, freedom)
        if np.isinf(prior):
            break
        renewed = (prior + freedom) / (prior + squares / pooled)
        change, weights = np.abs(renewed - weights).max(), renewed
        if change < SETTLED:
            break
    return found.value + shift, weights


def _cells(design):
    """How often each assessor rated each product, and the sum of what he gave."""
    shape = len(design.sizes), len(design.loads)
    at = design.product, design.assessor
    return (sp.csr_array((values, at), shape=shape) for values in (np.ones(design.observations), design.y))


def _prior_freedom(squares, freedom):
    """Degrees of freedom of the prior that the spread of log variances speaks for; infinite where chance explains it."""
    told = freedom >= LEAST_FREEDOM
    count = np.count_nonzero(told)
    if count < 2:
        return np.inf
    half = freedom[told] / 2
    logs = np.log(np.maximum(squares[told] / freedom[told], LEAST_SHARE)) - digamma(half) + np.log(half)
    spread = logs.var(ddof=1) - polygamma(1, half).mean()
    return 2 * _inverse_trigamma(spread) if spread > 0 else np.inf


def _inverse_trigamma(value):
    """The x with trigamma(x) = value, by the Newton steps of Smyth 2004, appendix."""
    x = 0.5 + 1 / value
    for _ in range(MOST_ROUNDS):
        trigamma = polygamma(1, x)
        step = trigamma * (1 - trigamma / value) / polygamma(2, x)
        x += step
        if -step / x < 1e-12:
            break
    return float(x)
