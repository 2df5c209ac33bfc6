"""The crossed model of a round, y = μ + product + assessor + residual: its variances, fair scores and draws.

    design = Crossed(product, assessor, y)      positions and ratings, in any order
    variances = design.fit()                    by restricted maximum likelihood
    fair = design.fair(variances)               scores corrected for severity, with standard errors
    design.posterior(variances).draws(4000, generator)

The ratings are read once and turned into sums (statistics.py); the time of the rest depends on the smaller factor only.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from assessments.scoring.fixed import ByAssessor, ByProduct
from assessments.scoring.graphs import connectivity
from assessments.scoring.reml import LARGEST_RATIO, Criterion
from assessments.scoring.statistics import Rows, counted

# The fewest ratings from which variances are worth estimating. With 10 degrees of freedom the residual standard
# deviation is known to about a quarter; a variance between two levels would be a single squared difference.
LEAST_FREEDOM = 10
LEAST_PRODUCTS = 5  # with two ratings or more
LEAST_ASSESSORS = 3  # with two products or more
# Ratings that differ by less than this share of their size differ by rounding.
ROUNDING = 1e-13


@dataclass(frozen=True)
class Variances:
    """Variances of the three parts, the mean of a usual product from a usual assessor, and the REML criterion.

    A variance estimated at its boundary is exactly 0.0. Without a residual the criterion is -inf.
    """

    product: float
    assessor: float
    residual: float
    intercept: float
    criterion: float  # lme4's REMLcrit


@dataclass(frozen=True)
class Fair:
    """Arrays by product (value, standard_error; NaN without ratings) and by assessor (severity, severity_error).

    A severity is what an assessor gives above the usual one: negative for the strict. Without ratings it is 0.
    """

    value: np.ndarray
    standard_error: np.ndarray
    severity: np.ndarray
    severity_error: np.ndarray


class Crossed:
    """A design with its ratings: row n says that assessor[n] gave y[n] to product[n]; a pair may come twice.

    `products` and `assessors` say how many there are where the last of them have no rating. `sizes` are the ratings of
    each product, `loads` of each assessor. Raises ValueError for arrays that do not fit or values that are not finite.
    """

    def __init__(self, product, assessor, y, products=None, assessors=None):
        product, assessor = _positions(product, products), _positions(assessor, assessors)
        y = np.asarray(y, dtype=float)
        if not product.shape == assessor.shape == y.shape or y.ndim != 1 or not y.size:
            raise ValueError("products, assessors and ratings must be as many, and some")
        if not np.isfinite(y).all():
            raise ValueError("every rating must be a finite number")
        self.product, self.assessor, self.y = product, assessor, y
        products = int(product.max()) + 1 if products is None else int(products)
        assessors = int(assessor.max()) + 1 if assessors is None else int(assessors)
        self.observations = y.size
        self.sizes, self.loads = np.bincount(product, minlength=products), np.bincount(assessor, minlength=assessors)
        self.shift = float(y.mean())
        self._centred = y - self.shift
        if np.abs(self._centred).max() <= ROUNDING * np.abs(y).max():
            self._centred = np.zeros(y.size)
        # The larger factor is absorbed.
        self._by_assessor = assessors <= products
        self._totals = np.bincount(product, self._centred, products), np.bincount(assessor, self._centred, assessors)
        places = (product, assessor) if self._by_assessor else (assessor, product)
        shape = (products, assessors) if self._by_assessor else (assessors, products)
        self._rows = Rows(counted(*places, shape), self._totals[0 if self._by_assessor else 1])

    @cached_property
    def _criterion(self):
        columns = 1 if self._by_assessor else 0
        loads = (self.sizes, self.loads)[columns].astype(float)
        return Criterion(self._rows, self._centred, loads, self._totals[columns])

    def components(self):
        """How many parts the ratings leave unjoined, and the part of each product and assessor (-1 without ratings)."""
        found = connectivity(self.product, self.assessor, len(self.sizes), len(self.loads))
        return found.count, found.product_labels, found.assessor_labels

    @cached_property
    def is_estimable(self):
        """Whether there are enough ratings for `fit`; below that the plain mean of a panel is the honest score."""
        count, products, assessors = self.components()
        levels = np.count_nonzero(products >= 0) + np.count_nonzero(assessors >= 0)
        cells = self._rows.counts if self._by_assessor else self._rows.counts.T.tocsr()
        several = np.bincount(cells.indices, minlength=len(self.loads)) >= 2
        return bool(
            self.observations - levels + count >= LEAST_FREEDOM
            and np.count_nonzero(self.sizes >= 2) >= LEAST_PRODUCTS
            and np.count_nonzero(several) >= LEAST_ASSESSORS
        )

    # ------------------------------------------------------------------ variances
    def fit(self):
        """The Variances by REML; the same ratings give the same numbers, to the last digits on any machine.

        A part that the ratings cannot tell from the others (one assessor only, one rating a product) has variance 0.
        """
        if not self._centred.any():
            return Variances(0.0, 0.0, 0.0, self.shift, -np.inf)
        found = self._criterion.smallest()
        ratios = (found.of_rows, found.of_columns)
        if max(ratios) >= LARGEST_RATIO * (1 - 1e-9):
            return self._without_residual()
        product, assessor = (float(ratio * found.residual) for ratio in (ratios if self._by_assessor else ratios[::-1]))
        return Variances(product, assessor, float(found.residual), float(found.mean + self.shift), float(found.value))

    def _without_residual(self):
        """Where products and assessors explain every rating, the likelihood has no bound: the variances are those seen."""
        found, _unit, _ratio = self.fixed(Variances(0.0, 1.0, 0.0, 0.0, 0.0))
        value, severity = found.value[self.sizes > 0], found.severity[self.loads > 0]
        product, assessor = (seen.var(ddof=1) if len(seen) > 1 else 0.0 for seen in (value, severity))
        # The smaller of the two may be rounding.
        product, assessor = (part if part > (product + assessor) / LARGEST_RATIO else 0.0 for part in (product, assessor))
        return Variances(float(product), float(assessor), 0.0, float(value.mean() + self.shift), -np.inf)

    # ------------------------------------------------------------------ scores
    def fixed(self, variances):
        """The solution with products fixed (fixed.py), of the ratings less `shift`; the unit of its variances; its ratio."""
        unit, (ratio,) = _in_residuals(variances.residual, variances.assessor)
        if self._by_assessor:
            return ByAssessor(self._rows, self._totals[1], ratio), unit, ratio
        return ByProduct(self._rows, self._totals[0], ratio), unit, ratio

    def fair(self, variances):
        """Fair scores: f_i = the mean over its panel of (y_ij − severity_j), with Var f_i = σ²e/n_i + w_i′Q w_i.

        w_i are the shares of the assessors in the panel, Q is the covariance of their severities. Products are fixed,
        assessors random; severity 0 is that of the population the assessors come from.
        """
        found, unit, _ratio = self.fixed(variances)
        return Fair(
            found.value + self.shift,
            np.sqrt(unit * found.variance),
            found.severity,
            np.sqrt(unit * found.severity_variance),
        )

    def posterior(self, variances):
        """What is known of μ + product when products are random too, the variances taken as true (empirical Bayes)."""
        return Posterior(self, variances)


class Posterior:
    """Joint distribution of μ + product given the ratings; NaN for products without ratings.

    `mean` are the predictors (BLUP) of Henderson 1975, Biometrics 31(2): drawn towards the mean, the more the fewer
    ratings a product has.
    """

    def __init__(self, design, variances):
        self._design, self._variances = design, variances
        self._unit, ratios = _in_residuals(variances.residual, variances.product, variances.assessor)
        self._state = design._criterion.at(*(ratios if design._by_assessor else ratios[::-1]))
        self.mean = self._products(self._state.column_effects[:, None], np.array([self._state.mean]))[:, 0]

    def draws(self, count, generator):
        """Independent joint draws, products × count; `generator` is a numpy Generator.

        First what was not absorbed, from its exact covariance σ²(I + γ reduced)⁻¹, and μ given it; then the absorbed
        products, which are independent of each other given those.
        """
        state, parts = self._state, self._variances
        of_columns = parts.assessor if self._design._by_assessor else parts.product
        noise = generator.standard_normal((len(state.pull) + 1, count))
        moved = linalg.solve_triangular(state.factor, noise[1:], lower=True, trans="T", check_finite=False)
        moved *= np.sqrt(of_columns)
        mean = state.mean - state.slope @ moved + noise[0] * np.sqrt(self._unit / state.information)
        drawn = self._products(state.column_effects[:, None] + moved, mean)
        if self._design._by_assessor:
            left = np.sqrt(parts.product / (1 + state.of_rows * self._design.sizes))
            drawn += left[:, None] * generator.standard_normal(drawn.shape)
        return drawn

    def _products(self, columns, mean):
        """μ + product for each column of effects of what was not absorbed and its mean; of absorbed ones, expected."""
        design, state = self._design, self._state
        out = columns + mean
        if design._by_assessor:
            rows = design._rows
            rest = rows.totals[:, None] - rows.counts @ columns - rows.sizes[:, None] * mean
            out = mean + rest * (state.of_rows / (1 + state.of_rows * rows.sizes))[:, None]
        out[design.sizes == 0] = np.nan
        return out + design.shift


def _positions(found, count):
    found = np.asarray(found)
    if found.dtype.kind not in "iu":
        raise ValueError("products and assessors are given by their positions")
    if found.size and (found.min() < 0 or (count is not None and found.max() >= count)):
        raise ValueError("a position lies outside of the products or assessors")
    return found


def _in_residuals(residual, *parts):
    """The residual variance, or what stands for it where it is nothing, and the other parts in units of it."""
    unit = max(residual, max(parts) / LARGEST_RATIO)
    return unit, [part / unit if part > 0 else 0.0 for part in parts]
