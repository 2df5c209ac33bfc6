"""Crossed ratings for tests of fair scores: random, in panels, and small designs of any shape."""

import numpy as np
from hypothesis import strategies as st

from assessments.scoring.crossed import Variances

USUAL = Variances(product=30.0, assessor=20.0, residual=50.0, intercept=60.0, criterion=0.0)


def ratings(seed, products, assessors, number, *, of_product=6.0, of_assessor=5.0, residual=7.0):
    """Ratings of random pairs (some of them twice), as product, assessor, y."""
    generator = np.random.default_rng(seed)
    product, assessor = generator.integers(products, size=number), generator.integers(assessors, size=number)
    return product, assessor, rated(generator, product, assessor, of_product, of_assessor, residual)


def rated(generator, product, assessor, of_product=6.0, of_assessor=5.0, residual=7.0):
    quality, severity = generator.normal(0, 1, product.max() + 1), generator.normal(0, 1, assessor.max() + 1)
    return 60 + of_product * quality[product] + of_assessor * severity[assessor] + residual * generator.normal(size=product.size)


def award(seed, products=300, assessors=30, **spreads):
    """Panels of three to seven, joined into one part."""
    generator = np.random.default_rng(seed)
    sizes = generator.integers(3, min(8, assessors + 1), products)
    assessor = np.concatenate([generator.choice(assessors, size, replace=False) for size in sizes])
    product = np.repeat(np.arange(products), sizes)
    return product, assessor, rated(generator, product, assessor, **spreads)


@st.composite
def designs(draw):
    """Small designs of any shape: unrated products, idle assessors, pairs that come twice, several parts."""
    products, assessors = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    number = draw(st.integers(1, 40))
    product, assessor, y = ratings(draw(st.integers(0, 10**6)), products, assessors, number)
    return product, assessor, y, products, assessors


@st.composite
def variances(draw):
    part = st.one_of(st.just(0.0), st.floats(0.01, 100))
    return Variances(draw(part), draw(part), draw(st.floats(0.1, 100)), 60.0, 0.0)


def same(one, other, tolerance=1e-8):
    return np.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)


def matrices(product, assessor, products, assessors, found):
    """The incidences and the covariance of the ratings for products fixed."""
    of_product, of_assessor = np.eye(products)[product], np.eye(assessors)[assessor]
    return of_product, of_assessor, found.residual * np.eye(product.size) + found.assessor * of_assessor @ of_assessor.T


def dense_fair(product, assessor, y, products, assessors, found):
    """Value, standard error, severity and its error by dense algebra; NaN without ratings."""
    of_product, of_assessor, covariance = matrices(product, assessor, products, assessors, found)
    rated = np.unique(product)
    weighed, x = np.linalg.inv(covariance), of_product[:, rated]
    spread = np.linalg.inv(x.T @ weighed @ x)
    value, error = np.full(products, np.nan), np.full(products, np.nan)
    value[rated], error[rated] = spread @ x.T @ weighed @ y, np.sqrt(np.diag(spread))
    left = weighed - weighed @ x @ spread @ x.T @ weighed
    severity = found.assessor * of_assessor.T @ left @ y
    known = found.assessor * np.eye(assessors) - found.assessor**2 * of_assessor.T @ left @ of_assessor
    return value, error, severity, np.sqrt(np.maximum(np.diag(known), 0))
