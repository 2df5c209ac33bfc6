"""Simulated awards whose true scores are known, and how close each way of scoring comes to them.

Every product has a quality, every assessor a severity, every sheet a good or a bad day; answers on a scale of five come
from the rating scale model (Andrich 1978, Psychometrika 43(4)), which is not the model that the engine assumes. The
true score of a product is what usual assessors would give it on average, 0–100.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau

from assessments.scoring.crossed import Crossed

PRODUCTS, ASSESSORS, INDICATORS, CATEGORIES = 400, 100, 12, 5
THRESHOLDS = np.array([-1.8, -0.6, 0.6, 1.8])
ANSWERS = np.arange(len(THRESHOLDS) + 1)
SEVERITY, DAY, DIFFICULTY = 0.7, 0.6, 0.5  # standard deviations, in logits; quality has 1
SITUATIONS = ("random panels", "category silos", "self-selection", "one in ten straight-lines")
METHODS = ("fair score", "mean", "median", "z-score of each assessor")
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Award:
    """Ratings y of `product` by `assessor` (positions), 0–100, and the true score of each product."""

    product: np.ndarray
    assessor: np.ndarray
    y: np.ndarray
    truth: np.ndarray


def award(situation, seed):
    """An award of 400 products, 100 assessors, panels of three to seven."""
    generator = np.random.default_rng(seed)
    quality, severity = generator.normal(0, 1, PRODUCTS), generator.normal(0, SEVERITY, ASSESSORS)
    difficulty = generator.normal(0, DIFFICULTY, INDICATORS)
    chances = np.ones((PRODUCTS, ASSESSORS))
    if situation == "category silos":
        # Categories differ in quality, and hardly anybody judges outside of the own one.
        of_product, of_assessor = generator.integers(CATEGORIES, size=PRODUCTS), generator.integers(CATEGORIES, size=ASSESSORS)
        quality = 0.8 * quality + generator.normal(0, 0.7, CATEGORIES)[of_product]
        chances = np.where(of_product[:, None] == of_assessor, 1.0, 0.02)
    elif situation == "self-selection":
        # The mild are drawn to what is good.
        chances = np.exp(-1.2 * np.outer(quality, severity))
    product, assessor = _panels(chances, generator)
    level = quality[product] + generator.normal(0, DAY, product.size) - severity[assessor]
    answers = _answers(level[:, None] - difficulty, generator)
    if situation == "one in ten straight-lines":
        idle = (generator.random(ASSESSORS) < 0.1)[assessor]
        answers[idle] = generator.integers(2, len(ANSWERS), (np.count_nonzero(idle), 1))
    on_100 = 100 / ANSWERS[-1]
    truth = (_probabilities(quality[:, None] - difficulty) @ ANSWERS).mean(axis=1) * on_100
    return Award(product, assessor, answers.mean(axis=1) * on_100, truth)


def _panels(chances, generator):
    """Three to seven different assessors of each product, drawn with these chances (the largest of Gumbel variables)."""
    sizes = generator.integers(3, 8, len(chances))
    order = np.argsort(-(np.log(chances) + generator.gumbel(size=chances.shape)), axis=1)
    return np.repeat(np.arange(len(chances)), sizes), order[np.arange(chances.shape[1]) < sizes[:, None]]


def _probabilities(level):
    """Of each answer, last axis."""
    logs = level[..., None] * ANSWERS - np.append(0, np.cumsum(THRESHOLDS))
    chance = np.exp(logs - logs.max(axis=-1, keepdims=True))
    return chance / chance.sum(axis=-1, keepdims=True)


def _answers(level, generator):
    reached = np.cumsum(_probabilities(level), axis=-1)[..., :-1]
    return (generator.random(level.shape)[..., None] > reached).sum(axis=-1)


def scores(found):
    """The scores of each method, and the standard errors of the fair ones."""
    product, assessor, y = found.product, found.assessor, found.y
    design = Crossed(product, assessor, y, PRODUCTS, ASSESSORS)
    fair = design.fair(design.fit())
    panels = np.split(y, np.cumsum(design.sizes)[:-1])  # ratings come product by product
    loads = np.maximum(design.loads, 1)
    own = (np.bincount(assessor, y, ASSESSORS) / loads)[assessor]
    spread = np.sqrt(np.bincount(assessor, (y - own) ** 2, ASSESSORS) / loads)[assessor]
    away = np.divide(y - own, spread, out=np.zeros(y.size), where=spread > 0)
    of_methods = (
        fair.value,
        np.array([panel.mean() for panel in panels]),
        np.array([np.median(panel) for panel in panels]),
        y.mean() + y.std() * np.bincount(product, away, PRODUCTS) / design.sizes,
    )
    return dict(zip(METHODS, of_methods, strict=True)), fair.standard_error


def compared(situation, seeds):
    """Per method, the means over the runs: Kendall's τ with the truth, root mean square error in points, and coverage.

    Coverage is the share of true scores within the 95 % interval of the fair score. The level of the truth is that of
    infinitely many assessors, which no method knows: errors are taken from their mean.
    """
    told = {method: {"tau": [], "rmse": []} for method in METHODS}
    told[METHODS[0]]["coverage"] = []
    for seed in seeds:
        found = award(situation, seed)
        by_method, error = scores(found)
        for method, value in by_method.items():
            off = value - found.truth - (value - found.truth).mean()
            told[method]["tau"].append(kendalltau(value, found.truth)[0])
            told[method]["rmse"].append(np.sqrt(np.mean(off**2)))
            if method == METHODS[0]:
                told[method]["coverage"].append(np.mean(np.abs(off) < NORMAL_95 * error))
    return {method: {name: float(np.mean(values)) for name, values in each.items()} for method, each in told.items()}
