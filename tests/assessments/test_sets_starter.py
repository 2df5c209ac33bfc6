"""The starter sets: all there, in both languages, weighing exactly what they should, twice the same."""

from decimal import Decimal

import pytest
import yaml

from assessments.models import Indicator, IndicatorSet, Scale, SetVersion, SetVersionMove
from assessments.scoring.weights import WHOLE
from assessments.selectors.sets import content_hash, tree, walk
from assessments.starter import FRAMEWORKS, gate_least, load_frameworks

pytestmark = pytest.mark.django_db


def test_every_framework_stands_published_with_its_points():
    load_frameworks()
    content = yaml.safe_load(FRAMEWORKS.read_text(encoding="utf-8"))
    assert len(content["frameworks"]) == IndicatorSet.objects.count() == 15
    for framework in content["frameworks"]:
        version = SetVersion.objects.get(set__code=framework["code"])
        assert version.status == "published" and version.number == 1 and version.note_fa and version.note_en
        nodes = tree(version)
        assert version.content_hash == content_hash(nodes)
        points = {row["code"]: row for row in framework["indicators"]}
        leaves = {node.code: node for node in walk(nodes) if node.is_leaf}
        assert leaves.keys() == points.keys()
        for code, leaf in leaves.items():
            # The points are of 100 for the whole set: the product of the local weights gives them back.
            assert abs(leaf.effective - points[code]["weight"]) < Decimal("0.00001")
            assert leaf.rater == points[code]["assessor"] and leaf.allow_na == points[code]["na_allowed"]
            assert leaf.parent.code == points[code]["dimension"]
            assert leaf.title_fa and leaf.title_en and leaf.guidance_fa and leaf.guidance_en and leaf.sources
        for group in [nodes, *(node.children for node in nodes)]:
            assert sum(node.weight for node in group) == WHOLE
    assert SetVersionMove.objects.filter(action="publish").count() == 15


def test_loading_again_adds_and_changes_nothing():
    load_frameworks()
    before = [Indicator.objects.count(), Scale.objects.count(), SetVersionMove.objects.count()]
    IndicatorSet.objects.filter(code="book").update(title_fa="نام تازه")
    assert load_frameworks() == []
    assert [Indicator.objects.count(), Scale.objects.count(), SetVersionMove.objects.count()] == before
    assert IndicatorSet.objects.get(code="book").title_fa == "نام تازه"


def test_loading_brings_back_only_what_is_missing():
    Scale.objects.create(code="L5", name_fa="دیگر", name_en="Other", kind="ordinal", minimum=1, maximum=5)
    IndicatorSet.objects.create(code="film", title_fa="فیلم", title_en="Film", layer="kind")
    added = load_frameworks()
    assert len(added) == 14 and "film" not in added
    assert Scale.objects.get(code="L5").name_en == "Other"


def test_kinds_layers_units_and_gates():
    load_frameworks()
    assert dict(Scale.objects.values_list("code", "kind")) == {
        "L5": "ordinal", "R5": "ordinal", "YN": "boolean", "PCT": "number", "RATE": "ratio", "SEV": "inverse",
    }  # fmt: skip
    layers = dict(IndicatorSet.objects.values_list("code", "layer"))
    assert (layers["common"], layers["child_overlay"], layers["agency"]) == ("common", "overlay", "organisation")
    assert {layer for code, layer in layers.items() if code not in ("common", "child_overlay", "agency")} == {"kind"}
    gates = dict(Indicator.objects.exclude(gate_least=None).values_list("code", "gate_least"))
    assert gates == {
        "C11": 100, "B12": 100, "E12": 100, "M01": 100, "M02": 100, "F12": 50, "A11": 75, "G09": 25, "G10": 50, "G11": 50,
    }  # fmt: skip
    ratios = Indicator.objects.filter(scale__kind="ratio")
    assert len(ratios) == 8 and all(row.unit_fa and row.unit_en and row.rater == "secretariat" for row in ratios)


def test_words_of_every_level_in_both_languages():
    load_frameworks()
    for scale in Scale.objects.filter(kind__in=["ordinal", "inverse", "boolean"]):
        assert all(anchor["fa"] and anchor["en"] for anchor in scale.anchors)
        assert [level.value for level in scale.levels] == [anchor["value"] for anchor in scale.anchors]
        assert all(level.word for level in scale.levels)


def test_an_unknown_rule_of_a_gate_stops_the_loading():
    with pytest.raises(ValueError, match="unknown rule"):
        gate_least({"rule": "surprise"}, Scale(kind="ordinal", minimum=1, maximum=5))
