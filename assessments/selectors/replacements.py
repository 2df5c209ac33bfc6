"""Panels of open rounds that lack somebody: who was lost and why, and who fits best in their place.

Nothing is stored of a proposal: it is made when it is looked at, by the same figures as whole panels, so it cannot go stale.
"""

from dataclasses import dataclass

import numpy as np
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce

from assessments import rules
from assessments.models import Assessor, Assignment, AssignmentMove, Entry, PanelGap, SetAside
from assessments.scoring.filling import fill
from assessments.selectors.panel_inputs import panel_inputs

LOST = tuple(status for status in rules.AssignmentStatus if status not in rules.ACTIVE_ASSIGNMENTS)
PRICE = rules.PRICES[rules.Weight.BOTH]


def short_panels(*, left=False):
    """Entries of open rounds whose panels lack somebody, with `missing` and `lost_count`; those left so by an officer apart."""
    aside = SetAside.objects.filter(round=OuterRef("entry__round"), assessor=OuterRef("assessor"), ended_at=None)
    counted = Assignment.objects.filter(entry=OuterRef("pk"), status__in=rules.ACTIVE_ASSIGNMENTS).exclude(Exists(aside))
    last_gap = PanelGap.objects.filter(entry=OuterRef("pk")).order_by("-pk").values("missing")[:1]
    entries = (
        Entry.objects.judged()
        .filter(is_calibration=False, round__status__in=rules.rounds_that_allow(rules.Act.ASSESS))
        .annotate(
            counted=Coalesce(Subquery(counted.order_by().values("entry").annotate(n=Count("pk")).values("n")), 0),
            lost_count=Count("assignments", filter=Q(assignments__status__in=LOST)),
            gap=Coalesce(Subquery(last_gap), 0),
        )
        .annotate(missing=F("round__panel_size") - F("counted"))
    )
    accepted = Q(missing__lte=F("gap"))
    return entries.filter(missing__gt=0).filter(accepted if left else ~accepted)


def with_lost(entries):
    """The entries with `lost`, their assignments that ended, and of each the `last` moves."""
    moves = Prefetch("moves", AssignmentMove.objects.order_by("pk"), to_attr="trail")
    lost = Assignment.objects.filter(status__in=LOST).select_related("assessor__user").prefetch_related(moves).order_by("pk")
    return entries.select_related("subject__agency", "round").prefetch_related(Prefetch("assignments", lost, to_attr="lost"))


@dataclass
class Proposal:
    """Somebody who might be asked about an entry."""

    entry: Entry
    assessor: Assessor
    fit: int  # percent
    load: int  # products of his in all rounds, the earlier ones of this list counted
    most: int

    @property
    def key(self):
        """As a form carries it."""
        return f"{self.entry.pk}:{self.assessor.pk}"


def proposals(entries, lost=()):
    """{entry key: [Proposal, …]}: for every missing place the best who may be asked, as many as there are.

    `lost` are assignment keys taken for ended. The number of queries depends on how many rounds there are.
    """
    by_round = {}
    for entry in entries:
        by_round.setdefault(entry.round, []).append(entry)
    found, given = {entry.pk: [] for entry in entries}, {}
    for round_, wanted in by_round.items():
        inputs = panel_inputs(round_, only={entry.pk for entry in wanted}, lost=lost)
        extra = np.array([given.get(one.pk, 0) for one in inputs.assessors], dtype=int)
        inputs.room = np.maximum(inputs.room - extra, 0)
        sizes = np.zeros(len(inputs.entries), dtype=int)
        sizes[[inputs.row[entry.pk] for entry in wanted]] = round_.panel_size
        # Seeded by the round, so that the same proposal stands there tomorrow if nothing has changed.
        filling = fill(inputs.wish(sizes=sizes, price=PRICE, seed=round_.pk))
        for row, column in filling.added.tolist():
            entry, assessor = inputs.entries[row], inputs.assessors[column]
            given[assessor.pk] = given.get(assessor.pk, 0) + 1
            fit = round(100 * float(inputs.affinity[row, column]))
            found[entry.pk].append(Proposal(entry, assessor, fit, assessor.load + given[assessor.pk], assessor.allowed))
    return found


def calibration_pairs(round_, assessors):
    """(entry key, assessor key) of the calibration items that these assessors were not asked about yet."""
    items = list(round_.entries.judged().filter(is_calibration=True).values_list("pk", flat=True))
    asked = set(Assignment.objects.filter(entry__in=items, assessor__in=assessors).values_list("entry", "assessor"))
    return [(item, one) for item in items for one in assessors if (item, one) not in asked]
