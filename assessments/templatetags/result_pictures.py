"""Pictures of the results of a round, drawn on the server.

{% load result_pictures %}
{% standings_plot list %}      the rows of this page of results from the best down: scores, intervals, bands, who cannot be told apart
{% runs_plot list %}           the products of this page of a comparison: their scores in two computations
{% for words, tone, icon in list|notes_of:row %}
"""

from itertools import groupby, pairwise

from django import template
from django.utils.translation import gettext as _

from secretariat import calendar, charts
from secretariat.templatetags.portal_text import num

register = template.Library()

WIDE = (400, 700)  # nearly as wide as a page, so that letters keep their size


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
    return {"plots": charts.forest(drawn, begin, end, mirrored=calendar.reads_persian(), wide=WIDE, step=step)}


@register.inclusion_tag("assessments/pictures/standings_plot.html")
def standings_plot(list_):
    """The forest plot of a page of views.results.RoundResults; of lists that cannot be compared, one for each."""
    told, mirrored = list_.told, calendar.reads_persian()
    figures, has_brackets, has_line = [], False, False
    for part, rows in groupby(list_.pictured(), key=lambda row: row.component):
        rows = list(rows)
        begin, end, step = charts.axis(_figures(rows))
        brackets, rules = _brackets(rows, told), _rules(rows, list_)
        has_brackets, has_line = has_brackets or bool(brackets), has_line or bool(rules)
        plots = charts.forest(
            [_drawn(row, told) for row in rows],
            begin,
            end,
            mirrored=mirrored,
            wide=WIDE,
            step=step,
            zones=[(band.begin, band.end, (band.label, band.short_label)) for band in told.bands],
            brackets=brackets,
            rules=rules,
        )
        figures.append({"plots": plots, "heading": "" if told.is_connected else list_.part_title(part)})
    caption = _("Scores of this page, from the best down, with their bands")
    return {
        "figures": figures,
        "caption": caption,
        "is_fair": told.is_fair,
        "has_brackets": has_brackets,
        "has_line": has_line,
        "hook": "M9 2H4V16H9" if mirrored else "M4 2H9V16H4",
    }


def _figures(rows):
    return [value for row in rows for value in (row.score, row.low, row.high, row.raw_mean) if value is not None]


def _drawn(row, told):
    return {
        "label": str(row.subject),
        "lead": "" if row.rank is None else num(row.rank),
        "value": row.score,
        "low": row.low,
        "high": row.high,
        "raw": row.raw_mean if told.is_fair else None,
    }


def _brackets(rows, told):
    """(first, last, is open above, is open below) of every run of rows that cannot be told apart."""
    found, place = [], 0
    while place < len(rows):
        group, begin = told.group_of(rows[place]), place
        key = rows[place].group
        while place < len(rows) and rows[place].group == key:
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
        if told.is_sought(row) and not told.is_sought(below)
    }
