"""Parts of the page “what if”: signed figures, steps between ranks, and the picture of scores before and after.

{% load whatif_parts %}
{{ row.delta|signed:1 }}
{% rank_step row %}          “3 places up” with its arrow
{% dumbbell rows label=… %}  rows with entry, before and after (0–100 or None); the table beside it has the same figures
"""

import math

from django import template

from assessments.selectors.whatif_verdict import UNSEEN
from secretariat import calendar

register = template.Library()

ROW, MARGIN, DELTA = 30, 14, 62  # heights and widths of the picture
LEAST_SPAN = 10  # points that the axis shows at least
MOST_TICKS = 6


@register.inclusion_tag("assessments/_whatif_step.html")
def rank_step(row):
    """How many places a product wins or loses, in words."""
    return {"row": row}


@register.inclusion_tag("assessments/pictures/dumbbell.html")
def dumbbell(rows, label=""):
    """Two shapes of one picture: `wide` with titles beside the lines, `narrow` with titles above them."""
    drawn = [row for row in rows if row.before is not None and row.after is not None]
    if not drawn:
        return {"shapes": []}
    begin, end, step = _axis([value for row in drawn for value in (row.before, row.after)])
    ticks = [begin + step * n for n in range(round((end - begin) / step) + 1)]
    shapes = [
        _shape("wide", drawn, begin, end, ticks, label_width=220, plot_width=360, above=0),
        _shape("narrow", drawn, begin, end, ticks, label_width=0, plot_width=310, above=20),
    ]
    return {"shapes": shapes, "label": label}


def _axis(values):
    """(begin, end, step) of an axis with few round ticks that holds the values."""
    low, high = min(values), max(values)
    if high - low < LEAST_SPAN:
        middle = (low + high) / 2
        low, high = max(0.0, middle - LEAST_SPAN / 2), min(100.0, middle + LEAST_SPAN / 2)
    step = next(step for step in (2, 5, 10, 20) if math.ceil(high / step) - math.floor(low / step) < MOST_TICKS)
    return math.floor(low / step) * step, math.ceil(high / step) * step, step


def _shape(name, rows, begin, end, ticks, *, label_width, plot_width, above):
    mirrored = calendar.reads_persian()
    delta = 0 if above else DELTA
    width = label_width + plot_width + delta + 2 * MARGIN

    def across(value):
        x = label_width + MARGIN + (value - begin) / (end - begin) * plot_width
        return round(width - x if mirrored else x, 2)

    lines, y = [], MARGIN
    for row in rows:
        middle = y + above + ROW / 2
        lines.append(
            {
                "row": row,
                "label": _short(str(row.entry.subject), 36 if above else 28),
                "y": middle,
                "text_y": y + 15 if above else middle + 5,
                "before": across(row.before),
                "after": across(row.after),
                "way": "level" if abs(row.delta) < UNSEEN else "up" if row.delta > 0 else "down",
                "distance": abs(row.delta),
            }
        )
        y += ROW + above
    delta_x = width - 4 if above else width - DELTA / 2
    return {
        "name": name,
        "width": width,
        "height": y + 30,
        "top": MARGIN,
        "bottom": y,
        "ruler": y + 18,
        "label_x": width if mirrored else 0,
        "delta_x": round(width - delta_x, 2) if mirrored else delta_x,
        "delta_anchor": "end" if above else "middle",
        "lines": lines,
        "ticks": [{"value": value, "x": across(value)} for value in ticks],
    }


def _short(label, most):
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"
