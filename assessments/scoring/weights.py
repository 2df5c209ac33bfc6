"""Weights of siblings: percent with six decimals that sum to exactly 100."""

from decimal import ROUND_FLOOR, Decimal

WHOLE = Decimal(100)
GRAIN = Decimal("0.000001")


def percentages(points, whole=WHOLE):
    """Turn points into shares of `whole` in the same proportions, summing to it exactly (largest remainder).

    Points that are all zero are shared evenly; no points give no shares.
    """
    points = [Decimal(point) for point in points]
    if not points:
        return []
    total = sum(points)
    if total == 0:
        points, total = [Decimal(1)] * len(points), Decimal(len(points))
    exact = [point * whole / total for point in points]
    shares = [share.quantize(GRAIN, ROUND_FLOOR) for share in exact]
    missing = int((whole - sum(shares)) / GRAIN)
    # The grains that rounding down left over go to those who lost most; equal losses in order.
    order = sorted(range(len(shares)), key=lambda n: shares[n] - exact[n])
    for n in order[:missing]:
        shares[n] += GRAIN
    return shares


def spread_rest(weights):
    """Complete weights to 100: the rest goes evenly to those without a weight.

    Where everyone has a weight, or nothing is left for those without, the proportions are kept and scaled to 100.
    """
    weights = [Decimal(weight) for weight in weights]
    empty = [n for n, weight in enumerate(weights) if weight == 0]
    rest = WHOLE - sum(weights)
    if not empty or rest <= 0:
        return percentages(weights)
    for n, share in zip(empty, percentages([1] * len(empty), rest), strict=True):
        weights[n] = share
    return weights
