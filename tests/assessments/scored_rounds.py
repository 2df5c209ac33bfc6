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
    for n in range(products):
        entry = Entry.objects.create(
            round=round_, subject=subject(n) if subject else factories.subject(), sheet=sheet, inputs_version=1
        )
        _measure(entry, version, draw)
        quality = draw.gauss(3.2, 0.7)
        mine = [a for a in range(assessors) if a % parts == n % parts]
        for alias, a in enumerate(draw.sample(mine, min(panel, len(mine))), 1):
            _judge(entry, people[a], alias, version, quality - severity[a], draw, missing, fields)
    Entry.objects.filter(round=round_).update(inputs_changed_at=timezone.now())
    runs.score_round(round_.pk)
    round_.refresh_from_db()
    return round_


def _measure(entry, version, draw):
    for indicator in version.indicators.filter(rater="secretariat"):
        Measurement.objects.create(entry=entry, indicator=indicator, value=draw.randint(10, 90), target=80, note="یادداشت سنجش")


def _judge(entry, assessor, alias, version, level, draw, missing, fields):
    with transaction.atomic():
        assignment = Assignment.objects.create(entry=entry, assessor=assessor, status="accepted", alias=alias)
        sheet = Assessment.objects.create(assignment=assignment, **{name: f"{text} {alias}" for name, text in fields.items()})
        leaves = list(version.indicators.filter(scale__isnull=False, rater="expert").order_by("pk"))
        rows = []
        for leaf in leaves:
            chance = draw.random()
            state = "na" if chance < missing else "blank" if chance > 1 - missing else "scored"
            value = min(5, max(1, round(level + draw.gauss(0, 0.6)))) if state == "scored" else None
            rows.append(Rating(assessment=sheet, indicator=leaf, state=state, value=value, comment=fields.get("strengths", "")))
        Rating.objects.bulk_create(rows)
        sheet.submitted_at = timezone.now()
        sheet.save(update_fields=["submitted_at"])
        Assignment.objects.filter(pk=assignment.pk).update(status="submitted")


def published(round_, separate_lists=False):
    """The round with its results standing."""
    with transaction.atomic():
        runs.freeze(round_, separate_lists=separate_lists)
        Round.objects.filter(pk=round_.pk).update(status="published")
    round_.refresh_from_db()
    return round_
