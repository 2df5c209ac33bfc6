"""What the rule finds in a round: which panels lie apart, by how much, and whether that was weighed before."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Count, F, Q

from assessments import rules
from assessments.models import Entry, ModerationReason, ScoringFlag
from assessments.scoring import disagreement
from assessments.scoring.disagreement import SLACK

Kind = ModerationReason.Kind
# Limits of which a page says how much they would find.
OTHER_LIMITS = {Kind.INDICATOR: (25, 40, 50, 60, 75, 100), Kind.TOTAL: (10, 15, 20, 25, 30, 40)}


@dataclass(frozen=True)
class Found:
    """One reason why a panel is in disagreement."""

    kind: str
    indicator_id: int | None = None
    flag: str = ""
    gap: float | None = None
    limit: float | None = None

    @property
    def key(self):
        return self.kind, self.indicator_id, self.flag

    def is_told_by(self, reason):
        """Whether a row says just this."""
        return reason.limit == self.limit and (self.gap is None or abs(reason.gap - self.gap) <= SLACK)


def found(round_, read):
    """{entry id: [Found, …]} of every entry of the round's inputs `read` (RoundInputs), by the limits of the round."""
    reasons = {}
    for group, layout in zip(read.inputs.groups, read.layouts, strict=True):
        indicator = {row: pk for pk, row in layout.leaf_rows.items()}
        told = disagreement.found(disagreement.gaps(group), round_.gap_total, round_.gap_indicator)
        for product, gaps in told.items():
            reasons[int(read.entries[product])] = [
                Found(Kind.TOTAL, gap=gap, limit=float(round_.gap_total))
                if row is None
                else Found(Kind.INDICATOR, indicator[row], gap=gap, limit=float(round_.gap_indicator))
                for row, gap in gaps
            ]
    for entry, kinds in _questioned(round_, read).items():
        reasons.setdefault(entry, []).extend(Found(Kind.FLAG, flag=kind) for kind in sorted(kinds))
    return reasons


def _questioned(round_, read):
    """{entry id: kinds of questions} where an officer wants the ratings reviewed, or the round lets open questions count."""
    asked = Q(decision=ScoringFlag.Decision.REVIEW)
    if round_.gap_flags:
        asked |= Q(decision="")
    rows = ScoringFlag.objects.filter(asked, round=round_, is_raised=True)
    flags = list(rows.values_list("kind", "assessor", "other"))
    if not flags:
        return {}
    judged = {}
    for group in read.inputs.groups:
        pairs = zip(read.assessors[group.assessor].tolist(), read.entries[group.product].tolist(), strict=True)
        for assessor, entry in pairs:
            judged.setdefault(assessor, set()).add(entry)
    kinds = {}
    for kind, assessor, other in flags:
        mine = judged.get(assessor, set())
        for entry in mine if other is None else mine & judged.get(other, set()):
            kinds.setdefault(entry, set()).add(kind)
    return kinds


def complete(round_, entry_ids):
    """Those of the entries whose panels have judged: nobody is awaited, or the round no longer waits."""
    entries = Entry.objects.filter(pk__in=entry_ids).ranked()
    if round_.status == rules.RoundStatus.OPEN:
        status = rules.AssignmentStatus
        entries = entries.annotate(
            awaited=Count("assignments", filter=Q(assignments__status__in=rules.PENDING_ASSIGNMENTS)),
            submitted=Count("assignments", filter=Q(assignments__status=status.SUBMITTED)),
        ).filter(awaited=0, submitted__gte=F("round__panel_size"))
    return set(entries.values_list("pk", flat=True))


def weighed_before(entry_ids):
    """{entry id: {key: the gap}} of the reasons that held when a disagreement was settled: they are not found again."""
    rows = ModerationReason.objects.filter(
        moderation__entry__in=entry_ids, moderation__status=rules.ModerationStatus.CLOSED, gone_at=None
    )
    weighed = {}
    for entry, kind, indicator, flag, gap in rows.values_list("moderation__entry", "kind", "indicator", "flag", "gap"):
        gaps = weighed.setdefault(entry, {})
        key = (kind, indicator, flag)
        gaps[key] = max(gap or 0.0, gaps.get(key, 0.0))
    return weighed


def is_new(reason, weighed):
    """Whether a reason was not weighed before, or has grown since."""
    return reason.key not in weighed or (reason.gap is not None and reason.gap > weighed[reason.key] + SLACK)


def with_other_limits(read):
    """{kind: [(limit, how many products would be found), …]}: what limits mean in this round."""
    told = [disagreement.gaps(group) for group in read.inputs.groups]
    ranked = [read.inputs.ranked[one.products] for one in told]

    def count(gap_of, limit):
        return sum(int((disagreement.reaches(gap_of(one), limit) & mine).sum()) for one, mine in zip(told, ranked, strict=True))

    return {
        Kind.INDICATOR: [(limit, count(_widest, limit)) for limit in OTHER_LIMITS[Kind.INDICATOR]],
        Kind.TOTAL: [(limit, count(lambda one: one.totals, limit)) for limit in OTHER_LIMITS[Kind.TOTAL]],
    }


def _widest(told):
    """The widest gap on any indicator, NaN where there is none."""
    return np.fmax.reduce(told.leaves, axis=0) if len(told.leaves) else np.full(len(told.products), np.nan)
