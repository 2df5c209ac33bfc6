"""Whole rounds for tests: assessors who differ in severity, answers that do not apply or are passed over, values that are measured."""

import random

from django.db import transaction
from django.utils import timezone

from assessments.models import (
    Assessment,
    Assignment,
    Entry,
    Indicator,
    IndicatorSet,
    Measurement,
    Rating,
    Round,
    SetVersion,
)
from assessments.services import runs
from tests import factories


def measured_set(dimensions=3, indicators=2):
    """A published version whose first dimension ends with a ratio that the secretariat measures; answers may be “not applicable”."""
    n = next(factories.serial)
    set_ = IndicatorSet.objects.create(code=f"measured-{n}", title_fa=f"سنجه {n}", title_en=f"Measured {n}", layer="kind")
    version = SetVersion.objects.create(set=set_, number=1)
    scale, ratio = factories.scale(), factories.scale("ratio")
    for d in range(1, dimensions + 1):
        dimension = Indicator.objects.create(
            version=version, code=f"D{d}", title_fa=f"بُعد {d}", title_en=f"Dimension {d}", position=d,
            weight="33.333333" if d < dimensions else "33.333334",
        )  # fmt: skip
        for i in range(1, indicators + 1):
            by_secretariat = (d, i) == (1, indicators)
            Indicator.objects.create(
                version=version, parent=dimension, code=f"D{d}I{i}", title_fa=f"شاخص {d}.{i}", title_en=f"Indicator {d}.{i}",
                guidance_fa="راهنما", guidance_en="Guidance", position=i, weight=100 / indicators, allow_na=True,
                scale=ratio if by_secretariat else scale, rater="secretariat" if by_secretariat else "expert",
            )  # fmt: skip
    version.status, version.published_at = "published", timezone.now()
    version.save()
    return version


def judged_round(products=10, assessors=5, panel=4, seed=1, missing=0.0, parts=1, version=None, subject=None, **fields):
    """A computed round; of each sheet a share of `missing` answers does not apply and as many are passed over.

    With several `parts` no assessor joins them. `subject(n)` and `fields` (of an Assessment) may say more than the usual.
    """
    draw = random.Random(seed)
    version = version or measured_set()
    round_ = factories.round_("open")
    sheet = factories.sheet(round_, version)
    people = [factories.assessor() for _ in range(assessors)]
    severity = [draw.gauss(0, 0.6) for _ in people]
    subjects = [subject(n) if subject else factories.subject() for n in range(products)]
    entries = Entry.objects.bulk_create(Entry(round=round_, subject=one, sheet=sheet, inputs_version=1) for one in subjects)
    judged = _Judged(version, draw, missing, fields)
    for n, entry in enumerate(entries):
        judged.measure(entry)
        quality = draw.gauss(3.2, 0.7)
        mine = [a for a in range(assessors) if a % parts == n % parts]
        for alias, a in enumerate(draw.sample(mine, min(panel, len(mine))), 1):
            judged.judge(entry, people[a], alias, quality - severity[a])
    judged.save()
    Entry.objects.filter(round=round_).update(inputs_changed_at=timezone.now())
    runs.score_round(round_.pk)
    round_.refresh_from_db()
    return round_


class _Judged:
    """The rows of a round's assessments, drawn one by one and written all at once."""

    def __init__(self, version, draw, missing, fields):
        self.draw, self.missing, self.fields = draw, missing, fields
        self.leaves = list(version.indicators.filter(scale__isnull=False, rater="expert").order_by("pk"))
        self.measured = list(version.indicators.filter(rater="secretariat"))
        self.measurements, self.assignments, self.assessments, self.ratings = [], [], [], []

    def measure(self, entry):
        for indicator in self.measured:
            value = self.draw.randint(10, 90)
            self.measurements.append(Measurement(entry=entry, indicator=indicator, value=value, target=80, note="یادداشت سنجش"))

    def judge(self, entry, assessor, alias, level):
        assignment = Assignment(entry=entry, assessor=assessor, status="accepted", alias=alias)
        sheet = Assessment(assignment=assignment, **{name: f"{text} {alias}" for name, text in self.fields.items()})
        for leaf in self.leaves:
            chance = self.draw.random()
            state = "na" if chance < self.missing else "blank" if chance > 1 - self.missing else "scored"
            value = min(5, max(1, round(level + self.draw.gauss(0, 0.6)))) if state == "scored" else None
            comment = self.fields.get("strengths", "")
            self.ratings.append(Rating(assessment=sheet, indicator=leaf, state=state, value=value, comment=comment))
        self.assignments.append(assignment)
        self.assessments.append(sheet)

    @transaction.atomic
    def save(self):
        for rows in (self.measurements, self.assignments, self.assessments, self.ratings):
            if rows:
                type(rows[0]).objects.bulk_create(rows)
        written = [assessment.pk for assessment in self.assessments]
        Assessment.objects.filter(pk__in=written).update(submitted_at=timezone.now())
        Assignment.objects.filter(assessment__in=written).update(status="submitted")


def published(round_, separate_lists=False):
    """The round with its results standing."""
    with transaction.atomic():
        runs.freeze(round_, separate_lists=separate_lists)
        Round.objects.filter(pk=round_.pk).update(status="published")
    round_.refresh_from_db()
    return round_
