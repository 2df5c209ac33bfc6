"""What a run tells of each assessor of a round, set against the others and said in plain sentences; for staff alone."""

from dataclasses import dataclass, field
from math import sqrt
from statistics import median

import numpy as np
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments.models import AssessorReading, Assignment, Entry, ScoringFlag, SetAside
from assessments.selectors.score_inputs import entries_inputs
from secretariat.templatetags.portal_text import num, percent

NORMAL_95 = 1.96
# Mean squares between one half and one and a half say nothing against a rating (Linacre 2002); with few sheets they
# scatter by √(2/n), and only what lies two such errors away is said.
FIT_ROOM = 0.5
AS_EXPECTED, SCATTERS, TOO_EVEN, UNKNOWN = "fits", "scatters", "even", ""


def readings(round_):
    """The readings of the current run with their person, and `asked` and `open`: questions about him, and those unanswered."""
    about = ScoringFlag.objects.filter(
        Q(assessor=OuterRef("assessor")) | Q(other=OuterRef("assessor")), round=round_, is_raised=True
    )

    def counted(flags):
        return Coalesce(Subquery(flags.order_by().values("round").annotate(n=Count("pk")).values("n")), 0)

    return (
        AssessorReading.objects.filter(run=round_.run_id)
        .select_related("assessor__user")
        .annotate(
            asked=counted(about),
            open=counted(about.filter(decision="")),
            low=F("severity") - NORMAL_95 * F("severity_error"),
            high=F("severity") + NORMAL_95 * F("severity_error"),
        )
    )


def fit_of(reading, name="infit"):
    """Whether an assessor's ratings lie as near to the panels' as expected: one of the words' keys above."""
    value = getattr(reading, name)
    if value is None:
        return UNKNOWN
    room = max(FIT_ROOM, 2 * sqrt(2 / reading.sheets))
    return SCATTERS if value > 1 + room else TOO_EVEN if value < 1 - room else AS_EXPECTED


def fit_word(fit):
    return {AS_EXPECTED: _("as expected"), SCATTERS: _("scatters"), TOO_EVEN: _("too even")}.get(fit, _("cannot be told"))


def is_beyond_chance(reading):
    """Whether his severity differs from none by more than its error explains."""
    return reading.severity is not None and abs(reading.severity) > NORMAL_95 * reading.severity_error


def without_reading(round_):
    """Those set aside in a round and not counted in its current run."""
    return SetAside.objects.filter(round=round_, ended_at=None).select_related("assessor__user", "by").order_by("pk")


# --- one assessor --------------------------------------------------------------------------------


@dataclass
class Figure:
    """One number about an assessor: what it is called, the number as it is read, and what it means in a sentence.

    `value` and `others` (all assessors of the round, himself included) are for the picture beside it.
    """

    label: str
    shown: str
    sentence: str
    value: float | None = None
    others: list = field(default_factory=list)
    is_unusual: bool = False  # worth a second look


@dataclass
class Card:
    """The report of one assessor in one round."""

    reading: AssessorReading
    figures: list
    is_fragile: bool


def card(round_, assessor_id):
    """The Card of an assessor in the current run, or None when it counts nothing of him; two queries."""
    if round_.run_id is None:
        return None
    rows = list(readings(round_).order_by("pk"))
    mine = next((row for row in rows if row.assessor_id == assessor_id), None)
    if mine is None:
        return None
    figures = [_sheets(mine, rows), _mean(mine, rows)]
    if mine.severity is not None:
        figures += [_severity(mine, rows), *_fits(mine, rows), _slope(mine, rows), _spread(mine, rows), _straight(mine, rows)]
        figures += [_weight(mine, rows)]
    return Card(mine, [figure for figure in figures if figure], assessor_id in round_.run.summary.get("fragile_assessors", []))


def _all(rows, name, times=1.0):
    return [times * getattr(row, name) for row in rows if getattr(row, name) is not None]


def _sheets(mine, rows):
    others = _all(rows, "sheets")
    sentence = _("So many assessments are counted; the middle of all assessors is %(usual)s.") % {"usual": num(median(others))}
    return Figure(_("Sheets"), num(mine.sheets), sentence, mine.sheets, others)


def _mean(mine, rows):
    others = _all(rows, "mean_given")
    sentence = _(
        "The plain mean of the totals given; the middle of all assessors is %(usual)s. It depends on which products were assessed:"
        " strictness is told by the next line."
    ) % {"usual": num(median(others), 1)}
    return Figure(_("Mean given"), num(mine.mean_given, 1), sentence, mine.mean_given, others)


def _severity(mine, rows):
    low, high = mine.low, mine.high
    words = {"points": num(abs(mine.severity), 1), "low": num(low, 1), "high": num(high, 1)}
    if not is_beyond_chance(mine):
        sentence = _(
            "No difference in strictness from the colleagues can be shown: the interval from %(low)s to %(high)s holds zero."
        )
    elif mine.severity > 0:
        sentence = _(
            "Gives on average %(points)s points more than the colleagues on the same products (95%% interval: %(low)s to"
            " %(high)s). The fair score already corrects for this: nothing is to be done."
        )
    else:
        sentence = _(
            "Gives on average %(points)s points less than the colleagues on the same products (95%% interval: %(low)s to"
            " %(high)s). The fair score already corrects for this: nothing is to be done."
        )
    return Figure(_("Points above colleagues"), num(mine.severity, 1), sentence % words, mine.severity, _all(rows, "severity"))


def _fits(mine, rows):
    sentences = {
        AS_EXPECTED: _(
            "Once strictness is corrected, the totals lie as near to the colleagues' as chance lets expect (about 1)."
        ),
        SCATTERS: _("Even once strictness is corrected, the totals lie further from the colleagues' than chance explains (1)."),
        TOO_EVEN: _("The totals lie nearer to the colleagues' than chance lets expect (1)."),
    }
    labels = {"infit": _("Fit to the panels (infit)"), "outfit": _("Fit, single sheets included (outfit)")}
    found = []
    for name, label in labels.items():
        fit = fit_of(mine, name)
        if fit != UNKNOWN:
            shown = f"{num(getattr(mine, name), 2)} – {fit_word(fit)}"
            found.append(
                Figure(label, shown, sentences[fit], getattr(mine, name), _all(rows, name), is_unusual=fit != AS_EXPECTED)
            )
    return found


def _slope(mine, rows):
    if mine.slope is None:
        return None
    sentence = _(
        "Where the colleagues give 10 points more to a product, this assessor gives %(points)s points more on average."
        " 10 is as the others, 0 is no relation, more than 10 goes to extremes."
    ) % {"points": num(10 * mine.slope, 1)}
    return Figure(_("Slope"), num(mine.slope, 2), sentence, mine.slope, _all(rows, "slope"))


def _spread(mine, rows):
    if mine.spread is None:
        return None
    others = _all(rows, "spread")
    sentence = _(
        "So many points the answers within one sheet usually lie from its mean; the middle of all assessors is %(usual)s."
        " A small number may mean one overall impression for all indicators."
    ) % {"usual": num(median(others), 1)}
    return Figure(_("Spread within sheets"), num(mine.spread, 1), sentence, mine.spread, others)


def _straight(mine, rows):
    if mine.straight is None:
        return None
    others = _all(rows, "straight", 100)
    count = round(mine.straight * mine.sheets)
    sentence = ngettext(
        "%(count)s sheet has one and the same answer on all indicators.",
        "%(count)s sheets have one and the same answer on all indicators.",
        count,
    ) % {"count": num(count)}
    return Figure(_("Same answer throughout"), percent(100 * mine.straight, 0), sentence, 100 * mine.straight, others)


def _weight(mine, rows):
    if mine.weight is None:
        return None
    sentence = _(
        "So much the ratings count in the second, robust score, in which those that scatter count less; 1 is the average"
        " assessor. In the fair score all count alike."
    )
    return Figure(_("Weight in the robust score"), num(mine.weight, 2), sentence, mine.weight, _all(rows, "weight"))


# --- his sheets ----------------------------------------------------------------------------------


@dataclass
class SheetLine:
    """One of his sheets: what he gave, what it counts for, and what the panel's fair score is."""

    entry: Entry
    assignment: Assignment
    given: float | None
    adjusted: float | None
    fair: float | None  # not cut at the ends of the scale
    panel: int

    @property
    def residual(self):
        return None if self.adjusted is None or self.fair is None else self.adjusted - self.fair


def judged_sheets(round_, assessor):
    """The counted assignments of an assessor in a round, by the fair score of their products, the best first."""
    return (
        Assignment.objects.filter(entry__round=round_, assessor=assessor, status=Assignment.Status.SUBMITTED)
        .select_related("entry__subject", "entry__result")
        .order_by(F("entry__result__value").desc(nulls_last=True), "pk")
    )


def sheet_lines(assignments, reading):
    """The SheetLines of some of his assignments, from the answers of their panels; as many queries for one as for many."""
    assignments = list(assignments)
    if not assignments:
        return []
    entries = [row.entry for row in assignments]
    groups, _layouts, assessors = entries_inputs(entries)
    (number,) = np.flatnonzero(assessors == reading.assessor_id)
    given = {}
    for group in groups:
        totals = group.values()[0][0]
        mine = group.assessor == number
        given.update(zip(group.product[mine].tolist(), totals[mine].tolist(), strict=True))
    severity = reading.severity or 0.0
    lines = []
    for place, row in enumerate(assignments):
        total, score = given.get(place), row.entry.result
        total = None if total is None or np.isnan(total) else total
        fair = None if score is None or score.value is None else score.raw_mean + (score.adjustment or 0.0)
        adjusted = None if total is None else total - severity
        lines.append(SheetLine(row.entry, row, total, adjusted, fair, score.raters if score else 0))
    return lines
