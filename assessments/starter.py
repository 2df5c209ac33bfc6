"""Starter content: the scales and the fifteen indicator sets every portal begins with."""

from decimal import Decimal
from pathlib import Path

import yaml
from django.db import transaction

from assessments.models import ExpertiseField, Indicator, IndicatorSet, Scale, SetVersion
from assessments.scoring.weights import percentages
from assessments.services import sets

FRAMEWORKS = Path(__file__).parent / "data" / "frameworks.yaml"
FIELDS = Path(__file__).parent / "data" / "fields.yaml"


@transaction.atomic
def load_frameworks():
    """Bring what is missing of the starter sets, each with a published first version; touch nothing that is there.

    Returns the codes of the sets that were added.
    """
    content = yaml.safe_load(FRAMEWORKS.read_text(encoding="utf-8"))
    Scale.objects.bulk_create([Scale(**scale) for scale in content["scales"]], ignore_conflicts=True)
    scales = {scale.code: scale for scale in Scale.objects.all()}
    present = set(IndicatorSet.objects.values_list("code", flat=True))
    missing = [framework for framework in content["frameworks"] if framework["code"] not in present]
    made = IndicatorSet.objects.bulk_create(
        IndicatorSet(**{name: framework[name] for name in ("code", "layer", "title_fa", "title_en", "intro_fa", "intro_en")})
        for framework in missing
    )
    versions = SetVersion.objects.bulk_create(
        SetVersion(set=set_, number=1, note_fa=framework["note_fa"], note_en=framework["note_en"])
        for set_, framework in zip(made, missing, strict=True)
    )
    dimensions = Indicator.objects.bulk_create(
        dimension
        for version, framework in zip(versions, missing, strict=True)
        for dimension in _dimensions(version, framework["dimensions"])
    )
    parents = {(dimension.version_id, dimension.code): dimension for dimension in dimensions}
    Indicator.objects.bulk_create(
        indicator
        for version, framework in zip(versions, missing, strict=True)
        for indicator in _indicators(version, framework["indicators"], parents, scales, content["sources"])
    )
    for version in versions:
        sets.publish(version.pk, by=None)
    return [framework["code"] for framework in missing]


def load_fields():
    """Bring the fields of expertise with which assessors begin; touch nothing where there are any."""
    if not ExpertiseField.objects.exists():
        rows = yaml.safe_load(FIELDS.read_text(encoding="utf-8"))
        ExpertiseField.objects.bulk_create(ExpertiseField(name_fa=fa, name_en=en) for fa, en in rows)


def _dimensions(version, rows):
    weights = percentages([row["weight"] for row in rows])
    return [
        Indicator(
            version=version,
            code=row["code"],
            title_fa=row["title_fa"],
            title_en=row["title_en"],
            position=position,
            weight=weight,
        )
        for position, (row, weight) in enumerate(zip(rows, weights, strict=True), 1)
    ]


def _indicators(version, rows, parents, scales, sources):
    groups = {}
    for row in rows:
        groups.setdefault(row["dimension"], []).append(row)
    return [
        Indicator(
            version=version,
            parent=parents[version.pk, dimension],
            code=row["code"],
            position=position,
            weight=weight,
            scale=scales[row["scale"]],
            rater=row["assessor"],
            allow_na=row["na_allowed"],
            gate_least=gate_least(row.get("gate"), scales[row["scale"]]),
            sources=[sources[name] for name in row["sources"]],
            **{name: row.get(name, "") for name in ("title_fa", "title_en", "guidance_fa", "guidance_en", "unit_fa", "unit_en")},
        )
        for dimension, group in groups.items()
        for position, (row, weight) in enumerate(zip(group, percentages([r["weight"] for r in group]), strict=True), 1)
    ]


def gate_least(gate, scale):
    """The least value on 0–100 that a gate's rule asks for."""
    if gate is None:
        return None
    if gate["rule"] == "must_be_yes":
        return Decimal(100)
    if gate["rule"] == "severity_at_most":
        return scale.share(gate["value"])
    raise ValueError(f"unknown rule of a gate: {gate['rule']}")
