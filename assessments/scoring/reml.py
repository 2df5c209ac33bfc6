"""The variances of two crossed random factors by restricted maximum likelihood (REML), from sums alone.

y = mean + row + column + residual, the factors with γ_r and γ_c times the variance of the residual. Rows are absorbed
(Henderson's mixed model equations); what is left is as large as the number of columns. The residual variance and the
mean are profiled out, so the criterion depends on the two ratios only; it is lme4's REMLcrit (Bates, Mächler, Bolker,
Walker 2015, Journal of Statistical Software 67(1), section 3.4). First and second derivatives are those of Searle,
Casella, McCulloch 1992, Variance Components, chapter 6, written in the same sums.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

# A factor with this many times the variance of the residual leaves nothing that could be told from rounding.
LARGEST_RATIO = 1e8
# Ratios tried before the search, in units of one over the mean number of ratings of a level.
STARTS = (0.0, 1.0, 16.0)
MOST_STEPS = 60
LONGEST_STEP = 2.0  # in the coordinates of the search, which are nearly logarithms
# From here on Newton's steps are taken as they are: the criterion itself is too coarse to judge them.
SURE_STEP = 1e-4
LAST_STEP = 1e-13
# A ratio that adds less than this to the weight of a level is rounding: the variance is estimated as zero.
NOTHING = 1e-9


class Criterion:
    """The REML criterion of centred ratings y, as a function of (γ_rows, γ_columns)."""

    def __init__(self, rows, y, loads, column_totals):
        self.rows, self.loads = rows, loads
        self.freedom = max(len(y) - 1, 1)
        fixed = rows.moments(lambda size: 1 / size)
        # What is left when the rows are fixed: their means are taken out.
        self.laplacian = np.diag(loads) - fixed[:-2, :-2]
        self.contrast = column_totals - fixed[:-2, -1]
        self.within = max(float(y @ y) - fixed[-1, -1], 0.0)

    def at(self, of_rows, of_columns):
        return State(self, float(of_rows), float(of_columns))

    def smallest(self):
        """The State of least criterion. A ratio of a factor that the ratings cannot tell from the rest is 0."""
        usual = [self.freedom / np.count_nonzero(sizes) for sizes in (self.rows.sizes, self.loads)]
        search = _Search(self, np.array(usual), np.array([_tells(self.rows.sizes), _tells(self.loads)]))
        return search.run()


def _tells(sizes):
    """Whether a factor can differ from the residual and the mean at all: several levels, some of them rated twice."""
    return np.count_nonzero(sizes) > 1 and sizes.max() > 1


class State:
    """Everything at one pair of ratios. `mean` and the effects are those of the centred ratings."""

    def __init__(self, criterion, of_rows, of_columns):
        self.criterion, self.of_rows, self.of_columns = criterion, of_rows, of_columns
        rows = criterion.rows
        # δ = 1 / (1 + nγ) is what absorbing leaves of a row of n ratings.
        kept = rows.moments(lambda size: self._left(size) / size)
        self.information = kept[-2, -2]  # of the mean, the columns known
        self.slope = kept[:-2, -2] / self.information
        laplacian = criterion.laplacian + kept[:-2, :-2]
        self.reduced = laplacian - np.outer(self.slope, self.slope) * self.information
        contrast = criterion.contrast + kept[:-2, -1] - self.slope * kept[-2, -1]
        self.factor = linalg.cholesky(
            np.eye(len(contrast)) + of_columns * self.reduced, lower=True, overwrite_a=True, check_finite=False
        )
        self.pull = linalg.cho_solve((self.factor, True), contrast, check_finite=False)  # Z_c′ P y
        self.column_effects = of_columns * self.pull
        self.mean = kept[-2, -1] / self.information - self.slope @ self.column_effects
        rest = criterion.within + kept[-1, -1] - kept[-2, -1] ** 2 / self.information - self.column_effects @ contrast
        # Never quite nothing: an exact fit must not become an infinity on the way.
        self.squares = max(rest, np.finfo(float).tiny)
        self.residual = self.squares / criterion.freedom
        self.value = (
            criterion.freedom * (np.log(2 * np.pi * self.residual) + 1)
            + rows.over(lambda size: np.log1p(size * of_rows))
            + np.log(self.information)
            + 2 * np.log(np.diag(self.factor)).sum()
        )

    def _left(self, size):
        return 1 / (1 + size * self.of_rows)

    @cached_property
    def derivatives(self):
        """Gradient and Hessian of the criterion in the two ratios.

        With P the projection of the model and Z the two incidences, they are made of the vectors Z′Py and the blocks
        T = Z′PZ: of their traces, norms and quadratic forms. U are the counts of the rows less their regression on n.
        """
        rows, by = self.criterion.rows, self.of_columns
        second, third = (rows.moments(weight) for weight in (lambda n: self._left(n) ** 2, lambda n: n * self._left(n) ** 3))
        inverse = linalg.lapack.dpotri(self.factor, lower=1)[0]
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        square, cube = self._without_mean(second), self._without_mean(third)
        residual = np.concatenate([-self.column_effects, [-self.mean, 1.0]])  # f′ this = what is left of the row's total
        seen = second @ residual
        tied = seen[:-2] - self.slope * seen[-2]
        edge = second[:-2, -2] - self.slope * second[-2, -2]
        turned = inverse @ square
        columns = inverse @ self.reduced  # T of the columns
        norm_rows = (
            second[-2, -2]
            + (second[-2, -2] / self.information) ** 2
            - 2 * third[-2, -2] / self.information
            + by**2 * np.vdot(turned, turned.T)
            - 2 * by * np.vdot(inverse, cube)
            + 2 * by / self.information * (edge @ inverse @ edge)
        )
        norm_mixed = np.vdot(turned, inverse)
        trace = np.array(
            [
                self.information - second[-2, -2] / self.information - by * np.vdot(inverse, square),
                np.vdot(inverse, self.reduced),
            ]
        )
        norm = np.array([[norm_rows, norm_mixed], [norm_mixed, np.vdot(columns, columns.T)]])
        forms_mixed = tied @ inverse @ self.pull
        forms_rows = residual @ third @ residual - seen[-2] ** 2 / self.information - by * (tied @ inverse @ tied)
        forms = np.array([[forms_rows, forms_mixed], [forms_mixed, self.pull @ columns @ self.pull]])
        pulls = np.array([residual @ seen, self.pull @ self.pull]) / self.squares
        freedom = self.criterion.freedom
        return trace - freedom * pulls, freedom * (2 * forms / self.squares - np.outer(pulls, pulls)) - norm

    def _without_mean(self, moments):
        """U′ w U from Σ w f f′."""
        mixed = np.outer(self.slope, moments[:-2, -2])
        return moments[:-2, :-2] - mixed - mixed.T + moments[-2, -2] * np.outer(self.slope, self.slope)


@dataclass
class _Search:
    """Newton's method in x = log(1 + usual·γ) ≥ 0: nearly γ itself near the boundary, nearly its logarithm far from it."""

    criterion: Criterion
    usual: np.ndarray  # the mean number of ratings of a level
    free: np.ndarray  # which of the two ratios are searched for

    def state(self, x):
        return self.criterion.at(*(np.expm1(x) / self.usual))

    def run(self):
        x, state = self._start()
        limit, last = np.log1p(self.usual * LARGEST_RATIO), np.inf
        for _ in range(MOST_STEPS):
            step = self._step(x, state, limit)
            length = np.abs(step).max()
            if length <= LAST_STEP * (1 + np.abs(x).max()) or (last < SURE_STEP and length > last / 2):
                break
            if length > SURE_STEP:
                x, state, length = self._downhill(x, state, step, limit)
                if length == 0:
                    break
            else:
                x = np.clip(x + step, 0.0, limit)
                state = self.state(x)
            last = length
        return self.state(np.where(x < NOTHING, 0.0, x))

    def _start(self):
        """The best of a few ratios: there may be more than one valley, and the deepest is meant."""
        best = None
        for of_rows in STARTS if self.free[0] else (0.0,):
            for of_columns in STARTS if self.free[1] else (0.0,):
                x = np.log1p([of_rows, of_columns])
                state = self.state(x)
                if best is None or state.value < best[1].value:
                    best = x, state
        return best

    def _step(self, x, state, limit):
        """Newton's step, downhill also where the criterion is not convex, of what is not held by the boundary."""
        gradient, hessian = state.derivatives
        scale = np.exp(x) / self.usual  # dγ/dx, and its derivative as well
        gradient = gradient * scale
        hessian = hessian * np.outer(scale, scale) + np.diag(gradient)
        moves = self.free & ~((x <= 0) & (gradient >= 0)) & ~((x >= limit) & (gradient <= 0))
        step = np.zeros(2)
        if moves.any():
            values, vectors = linalg.eigh(hessian[np.ix_(moves, moves)])
            curvature = np.maximum(np.abs(values), 1e-8 * max(np.abs(values).max(), 1.0))
            step[moves] = -vectors @ ((vectors.T @ gradient[moves]) / curvature)
        return step * min(1.0, LONGEST_STEP / max(np.abs(step).max(), LONGEST_STEP))

    def _downhill(self, x, state, step, limit):
        """Halve the step until it leads down; the length of the step that was taken, 0 if none does."""
        while np.abs(step).max() > SURE_STEP / 100:
            tried = np.clip(x + step, 0.0, limit)
            found = self.state(tried)
            if found.value < state.value:
                return tried, found, np.abs(tried - x).max()
            step = step / 2
        return x, state, 0.0
