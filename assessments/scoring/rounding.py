"""Numbers rounded so that whoever adds up what is shown arrives at the sum that is shown."""

from decimal import Decimal


def shown(value, places=2):
    """A float as the Decimal that is printed, `places` after the point."""
    return Decimal(round(value * 10**places)).scaleb(-places)


def shown_parts(values, total, places=2):
    """`values` rounded to `places` so that they sum exactly to `total`, a Decimal of as many places.

    Each is rounded to the nearest; what is then missing from the total is spread, a last digit each, over those whose
    rounding went furthest the other way (the method of largest remainders). A value that is exactly 0 says that nothing
    is there and stays 0, unless all are.
    """
    unit = 10**places
    exact = [value * unit for value in values]
    whole = [round(value) for value in exact]
    gap = int(total.scaleb(places)) - sum(whole)
    step = 1 if gap > 0 else -1
    spread = [n for n, value in enumerate(values) if value] or list(range(len(values)))
    spread.sort(key=lambda n: (step * (whole[n] - exact[n]), n))
    for turn in range(abs(gap) if spread else 0):
        whole[spread[turn % len(spread)]] += step
    return [Decimal(number).scaleb(-places) for number in whole]
