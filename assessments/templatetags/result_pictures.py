"""Pictures of the results of a round, drawn on the server.

{% load result_pictures %}
{% standings_plot list %}      the rows of this page of results from the best down: scores, intervals, bands, who cannot be told apart
{% runs_plot list %}           the products of this page of a comparison: their scores in two computations
{% for words, tone, icon in list|notes_of:row %}
"""

from itertools import pairwise

from django import template
from django.utils.translation import gettext as _

from secretariat import calendar, charts
from secretariat.templatetags.portal_text import num

register = template.Library()


@register.filter
def notes_of(list_, row):
    """What must be said beside a score."""
    return list_.notes(row)


@register.filter
def row_of(list_, row):
    """A product in two computations, as selectors.whatif.Row."""
    return list_.row_of(row)


@register.inclusion_tag("assessments/pictures/runs_plot.html")
def runs_plot(list_):
    """Scores before and after of a page of views.runs.RunDifferences, joined by a line."""
    rows = [row for row in list_.drawn() if row.before is not None and row.after is not None]
    if not rows:
        return {"plots": []}
    begin, end, step = charts.axis([value for row in rows for value in (row.before, row.after)])
    drawn = [
        {
            "label": str(row.entry.subject),
            "lead": num(row.rank_after),
            "value": row.after,
            "raw": row.before,
            "low": min(row.before, row.after),
            "high": max(row.before, row.after),
        }
        for row in rows
    ]
    return {"plots": charts.forest(drawn, begin, end, mirrored=calendar.reads_persian(), step=step)}


@register.inclusion_tag("assessments/pictures/standings_plot.html")
def standings_plot(list_):
    """The forest plot of a page of views.results.RoundResults."""
    rows, told = list_.pictured(), list_.told
    if not rows:
        return {"plots": []}
    values = [value for row in rows for value in (row.score, row.low, row.high, row.raw_mean) if value is not None]
    begin, end, step = charts.axis(values)
    brackets, rules = _brackets(rows, told), _rules(rows, list_)
    plots = charts.forest(
        [_drawn(row, list_) for row in rows],
        begin,
        end,
        mirrored=calendar.reads_persian(),
        step=step,
        zones=[(band.begin, band.end, band.label) for band in told.bands],
        brackets=brackets,
        rules=rules,
    )
    caption = _("Scores of this page, from the best down, with their bands") if told.cuts else _("Scores of this page")
    return {"plots": plots, "caption": caption, "is_fair": told.is_fair, "has_brackets": bool(brackets), "has_line": bool(rules)}


def _drawn(row, list_):
    return {
        "label": str(row.subject),
        "lead": "" if row.rank is None else num(row.rank),
        "value": row.score,
        "low": row.low,
        "high": row.high,
        "raw": row.raw_mean if list_.told.is_fair else None,
        "group": "" if list_.told.is_connected else list_.part_title(row),
    }


def _brackets(rows, told):
    """(first, last, is open above, is open below) of every run of rows that cannot be told apart."""
    found, place = [], 0
    while place < len(rows):
        group, begin = told.group_of(rows[place]), place
        key = rows[place].component, rows[place].group
        while place < len(rows) and (rows[place].component, rows[place].group) == key:
            place += 1
        if group is not None:
            missing = group.size - (place - begin)
            above = missing > 0 and rows[begin].rank > group.first
            found.append((begin, place - 1, above, missing > 0 and rows[place - 1].rank < group.last))
    return found


def _rules(rows, list_):
    """Below which rows those sought end."""
    told = list_.told
    return {
        place: list_.line_words(told.part_of(row))
        for place, (row, below) in enumerate(pairwise(rows))
        if row.component == below.component and told.is_sought(row) and not told.is_sought(below)
    }
