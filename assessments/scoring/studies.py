"""What makes scores differ: variances of a crossed study, and how dependable the means of a round are."""

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

FACETS = ("product", "assessor", "indicator")


@dataclass(frozen=True)
class Study:
    """Variance components (0–100 scale squared), and coefficients of product means over the study's assessors and indicators.

    `components` stand as estimated, negative where chance made them so; coefficients and errors count those as 0
    (Brennan 2001, chapter 3). NaN for a coefficient without any variance.
    """

    components: dict
    sizes: dict  # how many products, assessors and indicators
    relative: float  # E ρ², indicators random: for ranking
    absolute: float  # Φ, indicators random: for marks against fixed bounds
    relative_fixed: float  # E ρ² when these indicators are all there are
    sem_relative: float  # standard error of measurement, in the unit of the ratings
    sem_absolute: float


@dataclass(frozen=True)
class Reliability:
    """How dependable the product means of a round are: coefficients 0–1, errors in the unit of the ratings."""

    relative: float  # E ρ²: severity taken out, as in fair scores
    absolute: float  # Φ: severity left in, as in plain means
    sem_relative: float
    sem_absolute: float
    panel: float  # harmonic mean of the panel sizes


@dataclass(frozen=True)
class Separation:
    """How far assessors differ in severity beyond chance."""

    index: float  # spread of true severities over the root mean square error
    reliability: float  # share of true differences in the observed ones, 0–1
    strata: float  # levels of severity that can be told apart, (4·index + 1)/3


def study(product, assessor, indicator, y):
    """Analyse a fully crossed product × assessor × indicator table of ratings, one to a cell.

    The first three are positions (0, 1, …), `y` the ratings, in any order. ValueError for a missing or repeated cell,
    and for fewer than two of anything.

    Components from expected mean squares of the random model (Cornfield and Tukey 1956; Brennan 2001,
    Generalizability Theory, chapters 3 and 4).
    """
    cube = _cube([np.asarray(positions, dtype=np.intp) for positions in (product, assessor, indicator)], np.asarray(y, float))
    sizes = dict(zip(FACETS, cube.shape, strict=True))
    squares = _mean_squares(cube)
    residual = squares[FACETS]
    components = {"residual": residual}
    for pair in combinations(FACETS, 2):
        (other,) = set(FACETS) - set(pair)
        components["_".join(pair)] = (squares[pair] - residual) / sizes[other]
    for facet in FACETS:
        one, two = (other for other in FACETS if other != facet)
        crossed = sum(squares[pair] for pair in combinations(FACETS, 2) if facet in pair)
        components[facet] = (squares[(facet,)] - crossed + residual) / (sizes[one] * sizes[two])
    shown = [*FACETS, *("_".join(pair) for pair in combinations(FACETS, 2)), "residual"]
    return _coefficients({name: components[name] for name in shown}, sizes)


def _cube(positions, y):
    if not np.isfinite(y).all():
        raise ValueError("a rating is missing; the study needs every cell")
    shape = tuple(int(column.max(initial=-1)) + 1 for column in positions)
    for facet, size in zip(FACETS, shape, strict=True):
        if size < 2:
            raise ValueError(f"the study needs at least two {facet}s")
    # A table far from complete must not be laid out only to be refused.
    if math.prod(shape) > y.size:
        raise ValueError(f"{math.prod(shape) - y.size} or more cells are missing; the study needs every cell")
    cell = np.ravel_multi_index(positions, shape)
    count = np.bincount(cell, minlength=math.prod(shape))
    if (count > 1).any():
        places = np.unravel_index(int(np.argmax(count > 1)), shape)
        told = ", ".join(f"{facet} {place + 1}" for facet, place in zip(FACETS, places, strict=True))
        raise ValueError(f"the cell of {told} stands in the table {count.max()} times")
    cube = np.empty(math.prod(shape))
    cube[cell] = y
    return cube.reshape(shape)


def _mean_squares(cube):
    """Mean squares by effect, a tuple of facets."""
    squares, effects = {}, {(): cube.mean()}
    for order in (1, 2, 3):
        for names in combinations(FACETS, order):
            away = tuple(axis for axis, facet in enumerate(FACETS) if facet not in names)
            effect = cube.mean(axis=away, keepdims=True)
            effect = effect - sum(smaller for held, smaller in effects.items() if set(held) < set(names))
            effects[names] = effect
            freedom = math.prod(size - 1 for size, facet in zip(cube.shape, FACETS, strict=True) if facet in names)
            square = float((effect**2).sum()) * math.prod(cube.shape[axis] for axis in away) / freedom
            # What is only the rounding of the ratings must not look like a component.
            squares[names] = square if square > (1e-13 * np.abs(cube).max()) ** 2 else 0.0
    return squares


def _coefficients(components, sizes):
    held = {name: max(value, 0.0) for name, value in components.items()}
    assessors, indicators = sizes["assessor"], sizes["indicator"]
    by_assessors = held["product_assessor"] / assessors
    by_indicators = held["product_indicator"] / indicators
    by_both = held["residual"] / (assessors * indicators)
    relative = by_assessors + by_indicators + by_both
    absolute = relative + held["assessor"] / assessors + held["indicator"] / indicators
    absolute += held["assessor_indicator"] / (assessors * indicators)
    true = held["product"]
    return Study(
        components=components,
        sizes=sizes,
        relative=_share(true, relative),
        absolute=_share(true, absolute),
        relative_fixed=_share(true + by_indicators, by_assessors + by_both),
        sem_relative=math.sqrt(relative),
        sem_absolute=math.sqrt(absolute),
    )


def reliability(product, assessor, residual, panels):
    """How dependable the product means of a round are, from its variances (of product, assessor, residual) and panel sizes.

    Unequal panels enter by their harmonic mean ñ (Brennan 2001, Generalizability Theory, chapter 7): the errors are σ²e/ñ
    once severity is taken out, and (σ²a + σ²e)/ñ where it is not. Panels of 0 are passed over; with none, and for 0/0, NaN.
    """
    panels = np.asarray(panels, dtype=float)
    panels = panels[panels > 0]
    size = panels.size / float((1 / panels).sum()) if panels.size else math.nan
    relative, absolute = residual / size, (assessor + residual) / size
    return Reliability(_share(product, relative), _share(product, absolute), math.sqrt(relative), math.sqrt(absolute), size)


def separation(severity, severity_error):
    """How far the assessors' severities stand apart, from the engine's severities and their standard errors (one each).

    Wright and Masters (1982), Rating Scale Analysis, pages 105–106: true spread over root mean square error. Severities
    of a model with random assessors are drawn towards the middle by their reliability, and so is the variance of what
    error they keep; their own spread over their own root mean square error is therefore that same index.
    NaN for fewer than two assessors, and where neither spread nor error is left.
    """
    severity, error = np.asarray(severity, dtype=float), np.asarray(severity_error, dtype=float)
    known = np.isfinite(severity) & np.isfinite(error)
    if known.sum() < 2:
        return Separation(math.nan, math.nan, math.nan)
    spread, noise = float(severity[known].var()), float((error[known] ** 2).mean())
    share = _share(spread, noise)
    index = math.sqrt(spread / noise) if noise else (math.inf if spread else math.nan)
    return Separation(index, share, (4 * index + 1) / 3)


def _share(true, error):
    total = true + error
    return true / total if total else math.nan
