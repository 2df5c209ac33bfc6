"""The result of a self-assessment: what the agency says, what the check says, the year before, and how all agencies lie.

Everything is read from the stored scores. Of other agencies there are medians and quartiles only, never one alone.
"""

from dataclasses import dataclass, field

import numpy as np

from assessments.models import CheckAnswer, SelfAssessment, SelfScore
from assessments.rules.excellence import LEAST_TO_COMPARE, SelfStatus, YearStatus
from assessments.selectors.excellence_scores import worked_out
from assessments.selectors.sets import Node, tree, walk

Source = SelfScore.Source


@dataclass(frozen=True)
class Quartiles:
    """How the agencies of a year lie on one node."""

    agencies: int
    low: float
    median: float
    high: float


@dataclass
class Line:
    """One node with everything that is said of it; `node` None stands for the whole."""

    node: Node | None
    own: float | None
    check: float | None = None
    before: float | None = None
    quartiles: Quartiles | None = None
    sign: int | None = None  # of a criterion, in the radar and in the table

    @property
    def title(self):
        return self.node.title if self.node else ""

    @property
    def depth(self):
        return self.node.depth if self.node else 0

    @property
    def is_leaf(self):
        return bool(self.node and self.node.is_leaf)

    @property
    def value(self):
        return self.own

    @property
    def other(self):
        """The second outline of the radar: the check where there is one, else the year before."""
        return self.check if self.check is not None else self.before

    @property
    def difference(self):
        return None if self.check is None or self.own is None else self.check - self.own

    @property
    def change(self):
        return None if self.before is None or self.own is None else self.own - self.before


@dataclass
class Result:
    """The result of one self-assessment."""

    self_assessment: SelfAssessment
    total: Line
    lines: list[Line]
    previous: SelfAssessment | None = None
    agencies: int = 0  # among which the quartiles are; 0 where they are not told
    coverage: float | None = None
    years: list = field(default_factory=list)  # Series

    @property
    def axes(self):
        return [line for line in self.lines if line.is_leaf]

    @property
    def dimensions(self):
        return [line for line in self.lines if line.depth == 1]

    @property
    def is_checked(self):
        return self.total.check is not None


@dataclass(frozen=True)
class Series:
    """One node through the years: points are (year, value or None), the earliest first."""

    title: str  # empty for the whole
    points: list

    @property
    def change(self):
        known = [value for _year, value in self.points if value is not None]
        return known[-1] - known[-2] if len(known) > 1 else None


def result_of(own, *, tell_check):
    """The Result of a self-assessment that was handed in; `tell_check` adds what an external check says."""
    scores = _scores([own.pk])
    mine = scores.get((own.pk, Source.OWN), {})
    checked = scores.get((own.pk, Source.CHECK), {}) if tell_check else {}
    earlier = _earlier(own)
    before = _by_code(earlier[-1], _scores([earlier[-1].pk])) if earlier else {}
    lie, agencies = quartiles_of(own.year)
    lines = []
    for node in walk(tree(own.year.framework_id)):
        pk = node.indicator.pk
        lines.append(Line(node, _value(mine, pk), _value(checked, pk), before.get(node.code), lie.get(pk)))
    for sign, line in enumerate((line for line in lines if line.is_leaf), 1):
        line.sign = sign
    total = Line(None, _value(mine, None), _value(checked, None), before.get(None), lie.get(None))
    coverage = mine[None].coverage if None in mine else None
    return Result(own, total, lines, earlier[-1] if earlier else None, agencies, coverage, _series(own, earlier, lines, total))


def _scores(pks):
    """{(self-assessment id, source): {criterion id or None: SelfScore}}."""
    found = {}
    for row in SelfScore.objects.filter(self_assessment__in=pks):
        found.setdefault((row.self_assessment_id, row.source), {})[row.indicator_id] = row
    return found


def _value(scores, pk):
    return scores[pk].value if pk in scores else None


def _earlier(own):
    """The agency's earlier years by the same framework (whatever its version), the earliest first."""
    rows = SelfAssessment.objects.filter(
        agency=own.agency_id, year__year__lt=own.year.year, year__framework__set=own.year.framework.set_id
    )
    rows = rows.handed_in().exclude(year__status=YearStatus.CANCELLED)
    return list(rows.select_related("year").order_by("year__year"))


def _by_code(own, scores):
    """{code of a node or None: value}: versions of a framework share the codes of what stayed the same."""
    mine = scores.get((own.pk, Source.OWN), {})
    codes = {node.indicator.pk: node.code for node in walk(tree(own.year.framework_id))}
    return {codes.get(pk): row.value for pk, row in mine.items()}


def _series(own, earlier, lines, total):
    """The whole and each dimension through the years; nothing where this is the first."""
    if not earlier:
        return []
    scores = _scores([row.pk for row in earlier])
    past = [(row.year.year, _by_code(row, scores)) for row in earlier]
    this = own.year.year
    rows = [("", None, total.own)] + [(line.title, line.node.code, line.own) for line in lines if line.depth == 1]
    return [Series(title, [*((year, by_code.get(code)) for year, by_code in past), (this, value)]) for title, code, value in rows]


def quartiles_of(year):
    """({criterion id or None: Quartiles}, number of agencies) of a year; nothing while agencies answer or of too few.

    While the answering goes on every new submission would move the median, and tell of itself by that.
    """
    if year.status not in (YearStatus.CHECKING, YearStatus.CLOSED):
        return {}, 0
    return distribution_of(year)


def distribution_of(year):
    """The same without waiting for the end of the answering: for officers, who know every score anyway."""
    rows = SelfScore.objects.filter(self_assessment__year=year, source=Source.OWN, value__isnull=False)
    values = {}
    for indicator, value in rows.exclude(self_assessment__status=SelfStatus.DRAFT).values_list("indicator", "value"):
        values.setdefault(indicator, []).append(value)
    agencies = len(values.get(None, ()))
    if agencies < LEAST_TO_COMPARE:
        return {}, 0
    return {pk: _quartiles(some) for pk, some in values.items() if len(some) >= LEAST_TO_COMPARE}, agencies


def _quartiles(values):
    low, median, high = np.percentile(values, [25, 50, 75])
    return Quartiles(len(values), float(low), float(median), float(high))


def own_totals(pks):
    """{self-assessment id: total of its own levels} of several."""
    rows = SelfScore.objects.filter(self_assessment__in=pks, source=Source.OWN, indicator=None)
    return dict(rows.values_list("self_assessment", "value"))


def differences():
    """A sentence for every self-assessment whose stored scores are not those of its levels; none when all is well."""
    for own in SelfAssessment.objects.handed_in().select_related("year__framework__set").order_by("pk"):
        stored = _scores([own.pk])
        sides = {Source.OWN: own.answers.values_list("indicator", "state", "value")}
        if (own.pk, Source.CHECK) in stored:
            said = CheckAnswer.objects.filter(external_check__self_assessment=own, external_check__withdrawn_at=None)
            sides[Source.CHECK] = said.values_list("indicator", "state", "value")
        for source, rows in sides.items():
            worked = worked_out(own.year.framework_id, {pk: (state, value) for pk, state, value in rows})
            kept = stored.get((own.pk, source), {})
            if {pk: (row.value, row.coverage) for pk, row in kept.items()} != worked.nodes or {
                row.inputs_hash for row in kept.values()
            } != {worked.digest}:
                yield f"self-assessment {own.pk} ({source}): stored scores differ from its levels"


@dataclass(frozen=True)
class CheckSummary:
    """What the checks of a year say of how agencies judge themselves."""

    checked: int
    mean: float | None  # of check − own
    furthest: float | None


def check_summary(year):
    """How far the checked agencies' own totals lie from the checkers'."""
    rows = SelfScore.objects.filter(self_assessment__year=year, indicator=None, value__isnull=False)
    sides = {}
    for pk, source, value in rows.values_list("self_assessment", "source", "value"):
        sides.setdefault(pk, {})[source] = value
    apart = [side[Source.CHECK] - side[Source.OWN] for side in sides.values() if len(side) == len(Source)]
    if not apart:
        return CheckSummary(0, None, None)
    return CheckSummary(len(apart), float(np.mean(apart)), max(apart, key=abs))
