"""Pictures of how far a panel lies apart, drawn on the server.

{% load moderation_pictures %}
{% dot_strip dots label %}       dots as (number of the assessor, where on 0–100, "given", "own" or "agreed"); the same stands in words beside it
{% for … in list|totals_of:row %}  (alias, total) of the counted assessors of a row of views.moderations.RoundDisagreements
{{ row|reasons_in_words }}         sentences saying what was found
"""

from django import template
from django.utils.translation import gettext as _

from assessments.selectors import moderations
from secretariat import calendar
from secretariat.calendar import digits

register = template.Library()

WIDTH, SIDE, RADIUS, STEP = 260, 14, 9, 20


@register.filter
def totals_of(list_, row):
    """The totals that the counted assessors gave, by number."""
    return list_.totals.get(row.entry_id, [])


@register.filter
def reasons_in_words(moderation):
    """What was found."""
    return moderations.reasons_in_words(moderation)


@register.filter
def as_dots(totals):
    """Totals as the dots of a strip."""
    return [(digits(alias), total, "given") for alias, total in totals]


@register.inclusion_tag("assessments/pictures/dot_strip.html")
def dot_strip(dots, label=""):
    """Values as numbered dots on a line from 0 to 100; those that would cover one another stand one above the other."""
    mirrored = calendar.reads_persian()

    def across(value):
        x = SIDE + value / 100 * (WIDTH - 2 * SIDE)
        return round(WIDTH - x if mirrored else x, 2)

    placed, levels = [], []  # of each level the place of its last dot
    for number, value, kind in sorted(dots, key=lambda dot: (dot[1], dot[0])):
        level = next((n for n, last in enumerate(levels) if value - last >= 100 * 2 * RADIUS / (WIDTH - 2 * SIDE)), len(levels))
        levels[level : level + 1] = [value]
        placed.append({"number": number, "value": value, "kind": kind, "x": across(value), "level": level})
    base = 6 + STEP * max(1, len(levels)) + 4
    for dot in placed:
        dot["y"] = base - 6 - RADIUS - STEP * dot["level"]
        dot["text_y"] = dot["y"] + 4
    return {
        "dots": placed,
        "label": label or _("Values on a line from 0 to 100"),
        "width": WIDTH,
        "height": base + 18,
        "base": base,
        "begin": across(0),
        "end": across(100),
        "ticks": [{"value": value, "x": across(value)} for value in (0, 50, 100)],
        "ruler": base + 14,
    }
