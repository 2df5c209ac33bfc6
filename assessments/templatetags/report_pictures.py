"""Pictures of the assessors of a round and of how its results hang together, drawn on the server.

{% load report_pictures %}
{% caterpillar readings %}             severities with their intervals, from the strictest to the mildest; its table stands beside it
{% among_others figure %}              one number among those of all assessors, as a line of ticks
{% residual_plot lines %}              what is left of an assessor's totals, by the score of the product
{% variance_bar shares %}              where the differences come from; the words stand beside it
{% links_matrix links %}               who rated what: a column a product, a row an assessor
"""

from django import template

from assessments.selectors.assessor_report import is_beyond_chance
from secretariat import calendar, charts

register = template.Library()

# So many assessors have a line with their name each; more are drawn side by side.
FEW = 25
LEAST_LABEL = 7  # percent of the bar that a label needs
BOUNDS = (1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100)


def _bound(values):
    """A round number that no value exceeds."""
    most = max((abs(value) for value in values), default=0.0)
    return next((bound for bound in BOUNDS if bound >= most), round(most + 1))


def _named(shapes):
    return [{"name": name, **shape} for name, shape in zip(("wide", "narrow"), shapes, strict=True)]


# --- severities ----------------------------------------------------------------------------------


@register.inclusion_tag("assessments/pictures/caterpillar.html")
def caterpillar(readings):
    """Readings with a severity, the strictest first, in two shapes."""
    rows = sorted((row for row in readings if row.severity is not None), key=lambda row: (row.severity, row.pk))
    if not rows:
        return {"shapes": []}
    bound = _bound([edge for row in rows for edge in (row.low, row.high)])
    if len(rows) <= FEW:
        drawn = [{"label": str(row.assessor), "value": row.severity, "low": row.low, "high": row.high} for row in rows]
        shapes = charts.forest(drawn, -bound, bound, 0, calendar.reads_persian())
        return {"shapes": [_rows(shape, rows, bound) for shape in shapes], "is_rows": True}
    mirrored = calendar.reads_persian()
    return {
        "shapes": _named([_strip(rows, bound, *size, mirrored) for size in ((680, 300), (340, 260))]),
        "strictest": rows[:3],
        "mildest": rows[:-4:-1],
    }


def _rows(shape, rows, bound):
    """The forest's shape with a tick at zero and the words of its ends."""
    strict, middle, mild = shape["ticks"][0]["x"], shape["reference"], shape["ticks"][-1]["x"]
    places = ((-1, strict), (-0.5, (strict + middle) / 2), (0, middle), (0.5, (middle + mild) / 2), (1, mild))
    lines = [{**line, "sure": is_beyond_chance(row)} for line, row in zip(shape["lines"], rows, strict=True)]
    height = shape["height"] + 20
    return {
        **shape, "lines": lines, "ticks": [{"value": share * bound, "x": round(x, 2)} for share, x in places],
        "strict_x": strict, "mild_x": mild, "height": height, "words_y": height - 8,
    }  # fmt: skip


def _strip(rows, bound, width, height, mirrored):
    left, right, top = 46, 8, 34
    bottom = height - 34
    step = (width - left - right) / len(rows)

    def x(place):
        found = left + (place + 0.5) * step
        return round(width - found if mirrored else found, 2)

    def y(value):
        return round(top + (bound - value) / (2 * bound) * (bottom - top), 2)

    return {
        "width": width, "height": height, "radius": round(min(4.0, max(1.4, step * 0.36)), 2),
        "begin": width - left if mirrored else left, "end": right if mirrored else width - right,
        "label_x": width - left + 6 if mirrored else left - 6, "word_x": width - left - 4 if mirrored else left + 4,
        "zero": y(0), "upper": top - 14, "lower": height - 12,
        "ticks": [{"value": value, "y": y(value)} for value in (bound, bound / 2, 0, -bound / 2, -bound)],
        "marks": [
            {"row": row, "x": x(place), "y": y(row.severity), "y1": y(row.low), "y2": y(row.high), "sure": is_beyond_chance(row)}
            for place, row in enumerate(rows)
        ],
    }  # fmt: skip


# --- one among all -------------------------------------------------------------------------------


@register.inclusion_tag("assessments/pictures/among_others.html")
def among_others(figure):
    """A figure's value among those of all assessors; nothing where all are the same."""
    known = sorted(figure.others)
    if figure.value is None or len(known) < 2 or known[0] == known[-1]:
        return {"ticks": []}
    mirrored = calendar.reads_persian()

    def x(value):
        share = 4 + 92 * (value - known[0]) / (known[-1] - known[0])
        return round(100 - share if mirrored else share, 2)

    middle = known[len(known) // 2] if len(known) % 2 else (known[len(known) // 2 - 1] + known[len(known) // 2]) / 2
    return {"ticks": [x(value) for value in known], "own": x(figure.value), "middle": x(middle), "figure": figure}


# --- residuals -----------------------------------------------------------------------------------


@register.inclusion_tag("assessments/pictures/residual_plot.html")
def residual_plot(lines):
    """The residuals of an assessor's sheets over the fair scores of their products, in two shapes."""
    known = [line for line in lines if line.residual is not None]
    if len(known) < 2:
        return {"shapes": []}
    bound = _bound([line.residual for line in known])
    scores = [line.fair for line in known]
    low, high = max(0, 10 * int(min(scores) // 10)), min(100, 10 * int(-(-max(scores) // 10)))
    high = max(high, low + 10)
    mirrored = calendar.reads_persian()
    return {"shapes": _named([_cloud(known, bound, low, high, *size, mirrored) for size in ((680, 260), (340, 240))])}


def _cloud(lines, bound, low, high, width, height, mirrored):
    left, right, top, bottom = 46, 14, 30, height - 44

    def x(value):
        place = left + (min(high, max(low, value)) - low) / (high - low) * (width - left - right)
        return round(width - place if mirrored else place, 2)

    def y(value):
        return round(top + (bound - value) / (2 * bound) * (bottom - top), 2)

    step = 10 if high - low <= 60 else 20
    return {
        "width": width, "height": height, "begin": x(low), "end": x(high), "top": top, "bottom": bottom,
        "label_x": width - left + 6 if mirrored else left - 6, "word_x": width - left if mirrored else left, "word_y": top - 14,
        "ruler": bottom + 18, "caption_y": height - 6, "caption_x": round((x(low) + x(high)) / 2, 2),
        "ticks": [{"value": value, "y": y(value)} for value in (bound, bound / 2, 0, -bound / 2, -bound)],
        "scores": [{"value": value, "x": x(value)} for value in range(low, high + 1, step)],
        "points": [{"line": line, "x": x(line.fair), "y": y(line.residual), "foot": y(0)} for line in lines],
    }  # fmt: skip


# --- the round as a whole ------------------------------------------------------------------------


@register.inclusion_tag("assessments/pictures/variance_bar.html")
def variance_bar(shares):
    """Shares of variance as one bar, the first where reading begins."""
    mirrored, pieces, begin = calendar.reads_persian(), [], 0.0
    for share in shares:
        length = 100 * share.share
        start = 100 - begin - length if mirrored else begin
        piece = {"share": share, "start": round(start, 2), "length": round(length, 2), "middle": None}
        if length >= LEAST_LABEL:
            piece["middle"] = round(start + length / 2, 2)
        pieces.append(piece)
        begin += length
    return {"pieces": pieces}


@register.inclusion_tag("assessments/pictures/links_matrix.html")
def links_matrix(links, named=False):
    """A mark where an assessor rated a product; `named` tells who, to those who may know."""
    if not links.is_drawn:
        return {"rows": []}
    mirrored, width, height = calendar.reads_persian(), links.products, links.assessors
    paths = [[] for _line in links.lines]
    for column, row in links.dots:
        place = width - 1 - column if mirrored else column
        paths[row].append(f"M{place + 0.08:.2f} {row + 0.08:.2f}h.84v.84h-.84z")
    return {
        "rows": [{"line": line, "path": "".join(path)} for line, path in zip(links.lines, paths, strict=True)],
        "named": named,
        "width": width,
        "height": height,
        "pixels_wide": min(1120, 14 * width),
        "pixels_high": round(height * min(14, max(3, 420 / height))),
    }
