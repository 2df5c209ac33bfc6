"""Pictures of a self-assessment, drawn on the server.

{% load excellence_pictures %}
{% result_bar line %}      selectors.excellence_results.Line: own score as a bar, the check, the middle half of all agencies
{% years_plot series %}    selectors.excellence_results.Series: one node through the years; its table stands beside it
{{ coverage|share_percent }}
"""

from django import template

from secretariat import calendar
from secretariat.templatetags.portal_text import percent

register = template.Library()

WIDTH, HEIGHT, MARGIN, TOP, BOTTOM = 240, 132, 30, 26, 100


@register.filter
def share_percent(share):
    """A share, 0–1, in whole percent."""
    return percent(round(100 * share))


@register.inclusion_tag("assessments/pictures/result_bar.html")
def result_bar(line):
    """Places along the bar in percent, from the side where reading begins."""
    mirrored = calendar.reads_persian()

    def at(value):
        return None if value is None else round(100 - value if mirrored else value, 2)

    drawn = {"line": line, "own": None, "check": at(line.check), "median": None}
    if line.own is not None:
        drawn.update(own=round(line.own, 2), begin=at(line.own) if mirrored else 0)
    if line.quartiles is not None:
        low, high = sorted((at(line.quartiles.low), at(line.quartiles.high)))
        drawn.update(median=at(line.quartiles.median), half=low, half_length=round(high - low, 2))
    return drawn


@register.inclusion_tag("assessments/pictures/years_plot.html")
def years_plot(series):
    """A line from year to year on the scale 0–100; on right-to-left pages time runs from right to left."""
    points = series.points
    gap = (WIDTH - 2 * MARGIN) / max(1, len(points) - 1)

    def x(place):
        along = MARGIN + place * gap
        return round(WIDTH - along if calendar.reads_persian() else along, 2)

    drawn = [
        {
            "x": x(place),
            "y": None if value is None else round(BOTTOM - (BOTTOM - TOP) * value / 100, 2),
            "value": value,
            "year": year,
        }
        for place, (year, value) in enumerate(points)
    ]
    outline = " ".join(f"{point['x']},{point['y']}" for point in drawn if point["y"] is not None)
    return {"series": series, "points": drawn, "outline": outline, "width": WIDTH, "height": HEIGHT, "top": TOP, "bottom": BOTTOM}
