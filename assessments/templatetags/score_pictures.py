"""Pictures of scores, drawn on the server: a radar of dimensions, a strip of bands, the distribution of a round.

{% load score_pictures %}
{% radar lines label=… %}            lines with sign, title, value (0–100) and perhaps other, a second outline; three or more, or nothing is drawn
{% band_strip bands label=… %}       selectors.standing.Band; its table stands beside it in the page
{% distribution values cuts label=… %}  totals without names; its table is below it
{{ chance|chance }}                  a probability 0–1 in percent, never said to be 0 or 100
{{ correction|points }}              points with their sign: +1.25, −0.40
"""

import math

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _

from secretariat import calendar
from secretariat.templatetags.portal_text import num, percent

register = template.Library()

LEAST_DIMENSIONS = 3
RADIUS, EDGE = 110, 34  # of the radar, and what its labels need around it
RINGS = (25, 50, 75, 100)
BIN = 5  # points of the total
LEAST_LABEL = 9  # percent of the strip's length that a label needs


@register.filter
def chance(value):
    """A probability, 0–1, in whole percent; the ends of the scale are never claimed."""
    if value is None:
        return ""
    if value <= 0.005:
        return _("less than %(percent)s") % {"percent": percent(1)}
    if value >= 0.995:
        return _("more than %(percent)s") % {"percent": percent(99)}
    return percent(100 * value, 0)


@register.filter
def points(value, places=2):
    """Points with their sign before them, whichever way the page reads; nothing for None."""
    if value is None:
        return ""
    sign = "+" if value > 0 else "\u2212" if value < 0 else ""
    return format_html('<bdi dir="ltr">{}{}</bdi>', sign, num(abs(value), places))


# --- radar ---------------------------------------------------------------------------------------


@register.inclusion_tag("assessments/pictures/radar.html")
def radar(lines, label=""):
    """Dimensions as axes from the middle, the first upwards; on right-to-left pages they go round the other way."""
    valued = [line for line in lines if line.value is not None]
    if len(valued) < LEAST_DIMENSIONS:
        return {"axes": []}
    side = 2 * (RADIUS + EDGE)
    turn = -1 if calendar.reads_persian() else 1

    def at(place, value):
        angle = turn * 2 * math.pi * place / len(valued) - math.pi / 2
        reach = RADIUS * value / 100
        return round(side / 2 + reach * math.cos(angle), 2), round(side / 2 + reach * math.sin(angle), 2)

    def outline(values):
        return " ".join(f"{x},{y}" for x, y in (at(place, value) for place, value in enumerate(values)))

    axes = [
        {"line": line, "end": at(place, 100), "point": at(place, line.value), "label": at(place, 100 + 100 * 18 / RADIUS)}
        for place, line in enumerate(valued)
    ]
    rings = [
        {"value": value, "outline": outline([value] * len(valued)), "at": at(0, value) if value < 100 else None}
        for value in RINGS
    ]
    others = [getattr(line, "other", None) for line in valued]
    return {"axes": axes, "rings": rings, "outline": outline([line.value for line in valued]), "side": side, "label": label,
            "middle": side / 2, "beside": "" if None in others else outline(others)}  # fmt: skip


# --- strip of bands ------------------------------------------------------------------------------


@register.inclusion_tag("assessments/pictures/band_strip.html")
def band_strip(bands, label=""):
    """The chances of the bands as one bar, the lowest band where reading begins."""
    mirrored, pieces, begin = calendar.reads_persian(), [], 0.0
    for place, band in enumerate(bands, 1):
        length = 100 * band.chance
        start = 100 - begin - length if mirrored else begin
        piece = {"band": band, "place": place, "start": round(start, 2), "length": round(length, 2)}
        piece["middle"] = round(start + length / 2, 2) if length >= LEAST_LABEL else None
        pieces.append(piece)
        begin += length
    return {"pieces": pieces, "label": label}


# --- distribution of a round ---------------------------------------------------------------------


@register.inclusion_tag("assessments/pictures/distribution.html")
def distribution(values, cuts=(), label=""):
    """How many totals lie in each stretch of five points, in two shapes; dashed lines where the bands begin."""
    counts = [0] * (100 // BIN)
    for value in values:
        counts[min(len(counts) - 1, int(value // BIN))] += 1
    mirrored = calendar.reads_persian()
    rows = [{"begin": BIN * n, "end": BIN * (n + 1), "count": count} for n, count in enumerate(counts)]
    first, last = _occupied(counts)
    shapes = [_bars(name, counts, cuts, width, mirrored) for name, width in (("wide", 660), ("narrow", 330))]
    return {"shapes": shapes if values else [], "rows": rows[first : last + 1], "label": label}


def _occupied(counts):
    """The first and last stretch with anything in it."""
    filled = [n for n, count in enumerate(counts) if count]
    return (filled[0], filled[-1]) if filled else (0, -1)


def _bars(name, counts, cuts, width, mirrored):
    top, bottom, margin = 40, 190, 12
    unit = (width - 2 * margin) / 100

    def x(value):
        place = margin + value * unit
        return round(width - place if mirrored else place, 2)

    most = max(counts) or 1
    bars = []
    for n, count in enumerate(counts):
        height = round((bottom - top) * count / most, 2)
        left = min(x(BIN * n), x(BIN * (n + 1)))
        middle = round(left + BIN * unit / 2, 2)
        bars.append({"x": round(left + 1, 2), "y": bottom - height, "width": round(BIN * unit - 2, 2), "height": height,
                     "count": count, "middle": middle, "above": bottom - height - 5})  # fmt: skip
    return {
        "name": name, "width": width, "height": bottom + 30, "bottom": bottom, "ruler": bottom + 20, "bars": bars,
        "ticks": [{"value": value, "x": x(value)} for value in range(0, 101, 20)], "begin": x(0), "end": x(100),
        "cuts": [{"value": cut, "x": x(cut)} for cut in cuts],
    }  # fmt: skip
