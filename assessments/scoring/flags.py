"""Questions about assessors and pairs of them that their sheets raise; a flag asks, it never decides."""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, stdtr

from assessments.scoring.crossed import Crossed
from assessments.scoring.profiles import Profiles

STRAIGHTLINE, HALO, ERRATIC, LOW_SLOPE, SEVERITY = "straightline", "halo", "erratic", "low_slope", "severity"
PAIR_RATE = 0.01
LEAST_SHARED = 3  # products that a pair must have in common
# Among fewer there is no telling what is usual; with fewer answers a sheet has no profile.
LEAST_COMPARED = 5
LEAST_ANSWERS = 3
_USUAL_FLAT = 0.05
# A median absolute deviation of normal values times this is their standard deviation, and knows it as well as the
# standard deviation of 37 % of the values would (Rousseeuw and Croux 1993).
_MAD, _EFFICIENCY = 1.4826, 0.37


@dataclass(frozen=True)
class Flag:
    """A question about one assessor; `z` against all assessors (NaN for straightline), `p` before Benjamini–Hochberg.

    `figure` by kind — straightline: share of sheets with one answer throughout; halo: spread within sheets over the usual;
    erratic: the same of what indicators and panel do not explain; low_slope: marks gained per mark of the rest of the
    panel; severity: points above (lenient) or below (severe) the others.
    """

    kind: str
    assessor: int
    figure: float
    z: float
    p: float
    sheets: int


@dataclass(frozen=True)
class PairFlag:
    """Two assessors whose profiles agree on `shared` products beyond what the products explain."""

    first: int
    second: int
    correlation: float
    p: float
    shared: int


@dataclass(frozen=True)
class Readings:
    """What the flags are judged from: one array each, by assessor; NaN where the sheets do not say."""

    sheets: np.ndarray
    infit: np.ndarray  # mean square distance from the rest of the panel over the expected one, weighted by information
    outfit: np.ndarray  # the same unweighted: more sensitive to single sheets
    slope: np.ndarray  # marks gained per mark that the rest of the panel gives: 1 as expected, 0 at random
    spread: np.ndarray  # of the answers within a sheet, points (root mean square)
    spread_share: np.ndarray  # the same over what is usual at such marks
    misfit_share: np.ndarray  # spread that indicators and panel do not explain, over what is usual
    straightlined: np.ndarray  # share of sheets with one answer throughout


@dataclass(frozen=True)
class Flags:
    """What there is to ask, and what it was read from."""

    assessors: list
    pairs: list
    readings: Readings


def assessor_flags(product, assessor, answers, *, products, assessors, variances=None, fair=None, least_sheets=6, rate=0.05):
    """Ask what the sheets of a round say about its assessors.

    `product` and `assessor` are positions, one a sheet; `answers` is sheets × indicators on 0–100, NaN for no answer;
    a sheet without answers is passed over. `products` and `assessors` count the positions. `variances` and `fair` are
    those of one crossed model of the sheets' marks, given together or fitted here to the sheets' means.

    Assessors with fewer than `least_sheets` sheets are read but not judged, and nobody is judged among fewer than
    LEAST_COMPARED. `rate` of the flags of one kind may be false, of the pairs PAIR_RATE (Benjamini and Hochberg 1995).
    Each figure is set against its own sampling error and the robust spread among the assessors: what is usual in a round
    is never flagged in it, and among few only what lies far outside.
    """
    answers = np.asarray(answers, dtype=float)
    kept = ~np.isnan(answers).all(axis=1)
    sheets = _Sheets(np.asarray(product)[kept], np.asarray(assessor)[kept], answers[kept], products, assessors)
    if fair is None and kept.any():
        design = Crossed(sheets.product, sheets.assessor, sheets.mark, products, assessors)
        if design.is_estimable:
            variances = design.fit()
            fair = design.fair(variances)
    readings, standings = _read(sheets, variances, fair)
    judged = sheets.number >= max(least_sheets, 1)
    if judged.sum() < LEAST_COMPARED:
        return Flags([], [], readings)
    found = _straight_lined(sheets, readings.straightlined, judged, rate)
    straight = {flag.assessor for flag in found}
    for standing in standings:
        # One answer throughout leaves no spread: of a straight-liner that question has been asked.
        found += [
            flag for flag in _stand_out(standing, sheets, judged, rate) if flag.kind != HALO or flag.assessor not in straight
        ]
    return Flags(sorted(found, key=lambda flag: (flag.assessor, flag.kind)), _alike(sheets), readings)


@dataclass(frozen=True)
class _Standing:
    """A figure to be set against the others: `value` is what is compared, `error` its standard error."""

    kind: str
    side: int  # −1 asks for low values, 1 for high ones, 0 for both
    figure: np.ndarray
    value: np.ndarray
    error: np.ndarray


class _Sheets:
    """The sheets of a round with what every reading needs of them."""

    def __init__(self, product, assessor, answers, products, assessors):
        self.product, self.assessor, self.products, self.assessors = product, assessor, products, assessors
        self.answered = ~np.isnan(answers)
        self.count = self.answered.sum(axis=1)
        self.number = np.bincount(assessor, minlength=assessors)
        self.panel = np.bincount(product, minlength=products)
        given, asked = np.where(self.answered, answers, 0.0), self.answered.sum(axis=0)
        usual = given.sum(axis=0) / np.maximum(asked, 1)
        # Skipping the indicators on which most are marked low must not make a sheet look generous.
        self.levelled = np.where(self.answered, given - usual, 0.0)
        self.mark = self.levelled.sum(axis=1) / np.maximum(self.count, 1) + usual @ asked / max(asked.sum(), 1)
        self.profiled = self.count >= LEAST_ANSWERS
        most, least = (np.where(self.answered, answers, end) for end in (-np.inf, np.inf))
        self.flat = self.profiled & (most.max(axis=1, initial=-np.inf) <= least.min(axis=1, initial=np.inf))
        away = np.where(self.answered, given - (given.sum(axis=1) / np.maximum(self.count, 1))[:, None], 0.0)
        self.unit = _units(away, asked)
        self.variance, self.variance_in_units = (
            np.where(self.flat, 0.0, (deviation**2).sum(axis=1) / np.maximum(self.count - 1, 1))
            for deviation in (away, away / self.unit)
        )

    def profiles(self, which):
        return Profiles(
            self.product[which],
            self.assessor[which],
            (self.levelled / self.unit)[which],
            self.answered[which],
            self.products,
            self.assessors,
        )

    def by_assessor(self, values):
        return np.bincount(self.assessor, values, self.assessors)


def _units(away, asked):
    """The usual spread of each indicator around its sheets' means: a yes or no must not drown the steps of finer scales."""
    usual = np.sqrt((away**2).sum(axis=0) / np.maximum(asked, 1))
    return np.where(usual > 1e-9 * usual.max(initial=0.0), usual, 1.0)


def _read(sheets, variances, fair):
    """The readings, and the standings that are judged from them."""
    profiled = sheets.by_assessor(sheets.profiled)
    unexplained = np.zeros(sheets.count.size)
    unexplained[sheets.profiled] = sheets.profiles(sheets.profiled).unexplained()
    standings = [_spread(HALO, -1, sheets, sheets.variance_in_units), _spread(ERRATIC, 1, sheets, unexplained)]
    infit = outfit = slope = np.full(sheets.assessors, np.nan)
    if fair is not None and variances.residual > 0:
        infit, outfit, slope, slope_error = _against_panel(sheets, variances, fair)
        standings.append(_Standing(LOW_SLOPE, -1, slope, slope, slope_error))
        standings.append(_severity(variances, fair))
    readings = Readings(
        sheets=sheets.number,
        infit=infit,
        outfit=outfit,
        slope=slope,
        spread=np.sqrt(_over(sheets.by_assessor(np.where(sheets.profiled, sheets.variance, 0.0)), profiled)),
        spread_share=standings[0].figure,
        misfit_share=standings[1].figure,
        straightlined=_over(sheets.by_assessor(sheets.flat), profiled),
    )
    return readings, standings


def _spread(kind, side, sheets, variance):
    """The spread of each assessor's sheets over what is usual at such marks, compared on the scale of logarithms."""
    usual = _usual_variance(variance, sheets.mark, sheets.profiled)
    number = sheets.by_assessor(sheets.profiled)
    total = sheets.by_assessor(np.where(sheets.profiled, variance, 0.0))
    share = _over(total, sheets.by_assessor(usual))
    # A hundredth is added, so that no spread at all has a logarithm.
    value = np.log(share + 0.01)
    scatter = sheets.by_assessor(np.where(sheets.profiled, variance - np.nan_to_num(share)[sheets.assessor] * usual, 0.0) ** 2)
    several = (number > 2) & (total > 0)
    # By assessor that would be too uncertain to divide by: the relative scatter of a typical one serves for all.
    relative = scatter[several] / total[several] ** 2 * number[several] ** 2 / (number[several] - 1)
    typical = np.median(relative) if several.any() else np.nan
    return _Standing(kind, side, np.sqrt(share), value, np.sqrt(_over(np.full(number.size, typical), number)))


def _usual_variance(variance, mark, counted):
    """The variance within sheets that is usual at a mark: near the ends of the scale answers have less room to differ."""
    if not counted.any():
        return np.zeros(variance.size)
    middle = (mark - 50) / 50
    terms = np.stack([np.ones(mark.size), middle, middle**2], axis=1)
    fitted = terms @ np.linalg.lstsq(terms[counted], variance[counted], rcond=None)[0]
    return np.where(counted, np.maximum(fitted, 0.1 * variance[counted].mean()), 0.0)


def _against_panel(sheets, variances, fair):
    """Infit, outfit, slope and its standard error: each corrected mark against those of the rest of its panel."""
    corrected = sheets.mark - np.nan_to_num(fair.severity)[sheets.assessor]
    others = sheets.panel[sheets.product] - 1
    accompanied, several = others > 0, np.maximum(others, 1)
    rest = (np.bincount(sheets.product, corrected, sheets.products)[sheets.product] - corrected) / several
    expected = np.where(accompanied, variances.residual * (1 + 1 / several), 0.0)
    distance = np.where(accompanied, (corrected - rest) ** 2, 0.0)
    infit = _over(sheets.by_assessor(distance), sheets.by_assessor(expected))
    outfit = _over(sheets.by_assessor(distance / np.where(accompanied, expected, 1.0)), sheets.by_assessor(accompanied))
    # The rest of a panel knows its product with error. Drawn in by its reliability it makes slopes of 1 the rule,
    # whatever the size of the panel (regression calibration: Carroll et al. 2006, Measurement Error, chapter 4).
    trust = variances.product / (variances.product + variances.residual / several)
    weight = accompanied / (variances.residual + variances.product * (1 - trust))
    x = trust * (rest - (rest[accompanied].mean() if accompanied.any() else 0.0))
    total = sheets.by_assessor(weight)
    x, y = (away - np.nan_to_num(_over(sheets.by_assessor(weight * away), total))[sheets.assessor] for away in (x, corrected))
    # Two sheets always lie on a line.
    known = sheets.by_assessor(accompanied) > 2
    length = np.where(known, sheets.by_assessor(weight * x**2), 0.0)
    length[length <= 1e-9 * total] = 0.0
    return infit, outfit, _over(sheets.by_assessor(weight * x * y), length), np.sqrt(_over(np.ones(length.size), length))


def _severity(variances, fair):
    """Severities as the sheets alone have them, with their errors: drawn in, an assessor of few sheets looks harmless."""
    learnt = variances.assessor - fair.severity_error**2
    factor = _over(np.full(learnt.shape, float(variances.assessor)), np.where(learnt > 1e-9 * variances.assessor, learnt, 0.0))
    return _Standing(SEVERITY, 0, fair.severity, fair.severity * factor, fair.severity_error * np.sqrt(factor))


def _straight_lined(sheets, share, judged, rate):
    """Flags for one answer throughout: against the share among all others, or of the upper quarter of assessors, or a twentieth."""
    flat, number = sheets.by_assessor(sheets.flat), sheets.by_assessor(sheets.profiled)
    judged = judged & (number > 0)
    if not judged.any():
        return []
    others = (flat.sum() - flat + 1) / (number.sum() - number + 2)
    # Assessors differ in how often plain products get plain sheets from them: a twentieth is nobody's habit.
    chance = np.clip(np.maximum(others, np.quantile(share[judged], 0.75)), _USUAL_FLAT, 1.0)
    p = np.full(share.shape, np.nan)
    # The chance of so many or more of `number` (the tail of a binomial).
    p[judged] = np.where(flat > 0, betainc(np.maximum(flat, 1), number - flat + 1, chance), 1.0)[judged]
    return [
        Flag(STRAIGHTLINE, int(one), float(share[one]), float("nan"), float(p[one]), int(sheets.number[one]))
        for one in np.flatnonzero(_discoveries(p, rate))
    ]


def _stand_out(standing, sheets, judged, rate):
    judged = judged & np.isfinite(standing.value) & np.isfinite(standing.error)
    who = np.flatnonzero(judged)
    z, p = _against_others(standing.value[who], standing.error[who], standing.side)
    return [
        Flag(
            standing.kind, int(who[at]), float(standing.figure[who[at]]), float(z[at]), float(p[at]), int(sheets.number[who[at]])
        )
        for at in np.flatnonzero(_discoveries(p, rate))
    ]


def _alike(sheets):
    """Flags for pairs whose profiles correlate beyond what the profiles of their products explain."""
    profiles = sheets.profiles(sheets.profiled & ~sheets.flat)
    if not profiles.variances()[1]:
        return []  # all give the same: nobody is more alike than others
    found = profiles.without_habits().agreements(LEAST_SHARED)
    value = np.arctanh(np.clip(found.correlation, -0.999, 0.999)) - np.arctanh(found.expected)
    _z, p = _against_others(value, 1 / np.sqrt(found.freedom), 1)
    return [
        PairFlag(
            *(int(column[at]) for column in (found.first, found.second)),
            float(found.correlation[at]),
            float(p[at]),
            int(found.shared[at]),
        )
        for at in np.flatnonzero(_discoveries(p, PAIR_RATE))
    ]


def _against_others(value, error, side):
    """z and p of values with standard errors against their median; `side` as in _Standing.

    z is in units of √(τ² + error²), τ being what makes the middle half of all z as wide as a normal's. p is Student's,
    with as many degrees of freedom as a median absolute deviation of so many values is worth.
    """
    if value.size < LEAST_COMPARED:
        return np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    away = value - np.median(value)
    # Differences by rounding alone must not be measured in units of rounding.
    error = np.sqrt(error**2 + (1e-9 * np.abs(value).max()) ** 2 + 1e-18)
    z = away / np.sqrt(_between(away, error) ** 2 + error**2)
    freedom = _EFFICIENCY * (value.size - 1)
    return z, (stdtr(freedom, -side * z) if side else 2 * stdtr(freedom, -np.abs(z)))


def _between(away, error):
    low, high = 0.0, _MAD * float(np.median(np.abs(away)))
    if _MAD * np.median(np.abs(away) / error) <= 1:
        return 0.0
    for _halving in range(40):
        middle = (low + high) / 2
        wide = _MAD * np.median(np.abs(away) / np.sqrt(middle**2 + error**2)) > 1
        low, high = (middle, high) if wide else (low, middle)
    return high


def _discoveries(p, rate):
    """Which of the p values stand out when `rate` of those that do may be false; NaN never does."""
    order = np.argsort(p)
    number = int(np.isfinite(p).sum())
    passed = np.flatnonzero(p[order][:number] <= rate * np.arange(1, number + 1) / max(number, 1))
    found = np.zeros(p.shape, dtype=bool)
    found[order[: passed.max(initial=-1) + 1]] = True
    return found


def _over(above, below):
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below != 0)
