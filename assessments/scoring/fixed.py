"""Products fixed, assessors random: generalised least squares for given variances, and the covariance of what it finds.

The products are what is asked about, so nothing is assumed of them: a product is never drawn towards the mean of all.
The assessors are a sample of possible ones, their severity is drawn in as far as the ratings leave it open (Robinson
1991, Statistical Science 6(1): BLUE and BLUP). The equations are Henderson's; the larger factor is absorbed.
"""

import numpy as np
from scipy import linalg

from assessments.scoring.statistics import Rows

# Products × assessors that are multiplied out at once.
CELLS_AT_ONCE = 4_000_000


def fixed_products(counts, product_totals, assessor_totals, ratio):
    """The solution for ratings summed up in `counts` (csr, products × assessors) and the two vectors of totals.

    The ratings of an assessor may carry a weight, which then is in the counts and in the totals. `ratio` is the variance
    of severity over that of the residual of a rating of weight 1. Variances below are in units of that residual variance.
    """
    if counts.shape[1] <= counts.shape[0]:
        return ByAssessor(Rows(counts, product_totals), assessor_totals, ratio)
    return ByProduct(Rows(counts.T.tocsr(), assessor_totals), product_totals, ratio)


class _Fixed:
    """Arrays by product or by assessor: value, variance, severity, severity_variance; NaN for a product without ratings."""

    def _finish(self, totals):
        """Make the score the mean of the corrected ratings to the last digit."""
        unrated = self.numbers == 0
        self.value = _over(totals - self.counts @ self.severity, self.numbers)
        self.value[unrated] = self.variance[unrated] = np.nan


class ByAssessor(_Fixed):
    """The products are absorbed; a system of equations as large as there are assessors."""

    def __init__(self, rows, assessor_totals, ratio, sums=None):
        self.counts, self.numbers = rows.counts, rows.sizes
        sums = rows.moments(lambda size: 1 / size) if sums is None else sums
        loads = rows.counts.T @ np.ones(len(self.numbers))
        reduced = np.diag(loads) - sums[:-2, :-2]
        factor = linalg.cholesky(np.eye(len(loads)) + ratio * reduced, lower=True, overwrite_a=True, check_finite=False)
        self.covariance = ratio * linalg.cho_solve((factor, True), np.eye(len(loads)), check_finite=False)
        self.severity = ratio * linalg.cho_solve((factor, True), assessor_totals - sums[:-2, -1], check_finite=False)
        self.severity_variance = np.diag(self.covariance).copy()
        self.variance = _over(1.0, self.numbers) + _over(rows.quadratic(self.covariance), self.numbers**2)
        self._finish(rows.totals)

    def block(self, products):
        """Covariance of the values of these products."""
        share = _shares(self.counts[products], self.numbers[products]).toarray()
        return np.diag(1 / self.numbers[products]) + share @ self.covariance @ share.T

    def pulled(self, products, force):
        """Covariance of all values with those of these products, times `force`."""
        shared = self.covariance @ (_shares(self.counts[products], self.numbers[products]).T @ force)
        out = _over(self.counts @ shared, self.numbers)
        out[products] += force / self.numbers[products]
        return out

    def cells(self):
        """Variance of value + severity in every cell that has a rating, in the order of `counts`."""
        out = np.empty(self.counts.nnz)
        for rows, at, product, assessor in _blocks(self.counts):
            mixed = _shares(self.counts[rows], self.numbers[rows]) @ self.covariance
            out[at] = self.variance[product] - 2 * mixed[product - rows.start, assessor] + self.severity_variance[assessor]
        return out


class ByProduct(_Fixed):
    """The assessors are absorbed; a system of equations as large as there are products."""

    def __init__(self, rows, product_totals, ratio):
        self.counts = rows.counts.T.tocsr()
        self.numbers = self.counts @ np.ones(len(rows.sizes))
        self.drawn = ratio / (1 + ratio * rows.sizes)
        sums = rows.moments(lambda size: ratio / (1 + ratio * size))
        reduced = np.diag(np.where(self.numbers > 0, self.numbers, 1.0)) - sums[:-2, :-2]
        factor = linalg.cholesky(reduced, lower=True, overwrite_a=True, check_finite=False)
        self.covariance = linalg.cho_solve((factor, True), np.eye(len(self.numbers)), check_finite=False)
        value = self.covariance @ (product_totals - sums[:-2, -1])
        self.severity = self.drawn * (rows.totals - rows.counts @ value)
        self.severity_variance = self.drawn + self.drawn**2 * rows.quadratic(self.covariance)
        self.variance = np.diag(self.covariance).copy()
        self._finish(product_totals)

    def block(self, products):
        return self.covariance[np.ix_(products, products)]

    def pulled(self, products, force):
        return self.covariance[:, products] @ force

    def cells(self):
        out = np.empty(self.counts.nnz)
        for rows, at, product, assessor in _blocks(self.counts):
            mixed = (self.counts.T @ self.covariance[:, rows]).T * self.drawn
            out[at] = self.variance[product] - 2 * mixed[product - rows.start, assessor] + self.severity_variance[assessor]
        return out


def _blocks(counts):
    """Slices of rows of bounded size: the rows, the places of their cells, and product and assessor of each cell."""
    height = max(1, CELLS_AT_ONCE // counts.shape[1])
    for start in range(0, counts.shape[0], height):
        rows = slice(start, min(start + height, counts.shape[0]))
        at = slice(counts.indptr[rows.start], counts.indptr[rows.stop])
        yield (
            rows,
            at,
            np.repeat(np.arange(rows.start, rows.stop), np.diff(counts.indptr[start : rows.stop + 1])),
            counts.indices[at],
        )


def _shares(counts, numbers):
    """The counts of every row divided by their sum."""
    shares = counts.copy()
    shares.data = shares.data / np.repeat(numbers, np.diff(counts.indptr))
    return shares


def _over(above, below):
    """A quotient, 0 where there is nothing to divide by."""
    above = np.broadcast_to(above, below.shape)
    return np.divide(above, below, out=np.zeros(below.shape), where=below > 0)
