"""What the database itself refuses of scales, indicator sets and their versions, however the row is written."""

import pytest
from django.utils import timezone

from assessments.models import Indicator, IndicatorSet, Scale, SetVersion
from assessments.services import sets
from tests import factories
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db

PUBLISH = "UPDATE assessments_setversion SET status = 'published', published_at = now() WHERE id = %s"


@pytest.fixture
def published():
    return factories.published_set(dimensions=2, indicators=2)


@pytest.fixture
def draft(published):
    return sets.new_version(published.set_id, by=factories.officer())


# --- scales and sets -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "change", "rule"),
    [
        ("ordinal", {"kind": "magic"}, "scale_kind_known"),
        ("ordinal", {"minimum": 5}, "scale_has_the_bounds_of_its_kind"),
        ("ordinal", {"maximum": None}, "scale_has_the_bounds_of_its_kind"),
        ("ratio", {"maximum": 5}, "scale_has_the_bounds_of_its_kind"),
        ("number", {"step": 0}, "scale_step_positive"),
    ],
)
def test_scales(kind, change, rule):
    scale = factories.scale(kind)
    with refused(rule):
        Scale.objects.filter(pk=scale.pk).update(**change)


def test_the_scale_of_a_published_version_is_frozen(published):
    scale = published.indicators.exclude(scale=None).first().scale
    with refused("scale_of_a_published_version_is_frozen"):
        sql("UPDATE assessments_scale SET maximum = 9 WHERE id = %s", scale.pk)
    with refused("scale_of_a_published_version_is_frozen"):
        Scale.objects.filter(pk=scale.pk).update(anchors=[])
    free = factories.scale()
    assert Scale.objects.filter(pk=free.pk).update(maximum=7) == 1


def test_layers_are_known(published):
    with refused("set_layer_known"):
        IndicatorSet.objects.filter(pk=published.set_id).update(layer="sediment")


# --- versions ------------------------------------------------------------------------------------


def test_one_version_of_each_number_one_draft_one_published(published, draft):
    with refused("one_draft_version_a_set"):
        SetVersion.objects.bulk_create([SetVersion(set=published.set, number=3)])
    with refused("version_number_unique_in_set"):
        SetVersion.objects.filter(pk=draft.pk).update(number=published.number)
    with refused("one_published_version_a_set"):
        sql(PUBLISH, draft.pk)


def test_a_version_is_dated_exactly_when_it_was_published(published, draft):
    for change in ({"published_at": timezone.now()}, {"status": "published"}, {"status": "lost"}):
        with refused("version_published_exactly_when_dated"):
            SetVersion.objects.filter(pk=draft.pk).update(**change)


def test_a_draft_does_not_retire(draft):
    with refused("only_a_published_version_retires"):
        SetVersion.objects.filter(pk=draft.pk).update(status="retired", published_at=timezone.now())
    with refused("only_a_published_version_retires"):
        SetVersion.objects.bulk_create([SetVersion(set=draft.set, number=9, status="retired", published_at=timezone.now())])


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE assessments_setversion SET number = 9",
        "UPDATE assessments_setversion SET status = 'draft', published_at = NULL",
        "UPDATE assessments_setversion SET content_hash = 'x', status = 'retired'",
        "DELETE FROM assessments_setversion",
    ],
)
def test_a_published_version_never_changes(published, change):
    with refused("published_version_is_frozen"):
        sql(f"{change} WHERE id = %s", published.pk)


def test_what_is_not_ready_is_not_published(draft, published):
    SetVersion.objects.filter(pk=published.pk).update(status="retired")
    rows = Indicator.objects.filter(version=draft)
    leaf = rows.filter(code="D1I1")

    def unready(saying):
        with refused("published_weights_sum_to_100", saying):
            sql(PUBLISH, draft.pk)

    leaf.update(weight=49)
    unready("siblings must weigh 100")
    leaf.update(weight=50, scale=factories.scale("ratio"))
    unready("measured by the secretariat")
    leaf.update(rater="secretariat")
    Indicator.objects.create(version=draft, code="hollow", title_fa="تهی", weight=0)
    unready("a dimension has indicators")
    rows.filter(code="hollow").delete()
    # Two dimensions that stand within each other hang nowhere.
    one = Indicator.objects.create(version=draft, code="R1", title_fa="حلقه", weight=100)
    two = Indicator.objects.create(version=draft, code="R2", title_fa="حلقه", weight=100, parent=one)
    rows.filter(pk=one.pk).update(parent=two)
    unready("hangs on the tree")
    rows.filter(pk__in=[one.pk, two.pk])._raw_delete("default")
    sql(PUBLISH, draft.pk)
    assert SetVersion.objects.get(pk=draft.pk).status == "published"


def test_an_empty_version_is_not_published():
    set_ = IndicatorSet.objects.create(code="empty", title_fa="تهی", title_en="Empty", layer="kind")
    with refused("published_weights_sum_to_100", saying="has indicators"):
        SetVersion.objects.bulk_create([SetVersion(set=set_, number=1, status="published", published_at=timezone.now())])


# --- indicators ----------------------------------------------------------------------------------


def test_indicators_of_a_published_version_never_change(published):
    rows = Indicator.objects.filter(version=published)
    leaf = rows.exclude(scale=None).first()
    for write in (
        lambda: sql("UPDATE assessments_indicator SET weight = 1 WHERE id = %s", leaf.pk),
        lambda: sql("DELETE FROM assessments_indicator WHERE id = %s", leaf.pk),
        lambda: Indicator.objects.bulk_create([Indicator(version=published, code="new", title_fa="تازه", scale=leaf.scale)]),
        lambda: rows.update(guidance_fa="x"),
        rows.delete,
    ):
        with refused("indicator_of_a_draft_only", saying="never change"):
            write()


def test_an_indicator_hangs_on_a_dimension_of_its_own_version(published, draft):
    rows = Indicator.objects.filter(version=draft)
    leaf, other = rows.filter(code="D1I1"), rows.get(code="D2I1")
    with refused("indicator_of_a_draft_only", saying="never change"):
        leaf.update(version=published)
    for parent in (published.indicators.get(code="D1"), other):
        with refused("indicator_of_a_draft_only", saying="a dimension of the same version"):
            leaf.update(parent=parent)
    with refused("indicator_of_a_draft_only", saying="no scale"):
        rows.filter(code="D1").update(scale=other.scale)


@pytest.mark.parametrize(
    ("code", "change", "rule"),
    [
        ("D1I1", {"code": "D1I2"}, "indicator_code_unique_in_version"),
        ("D1I1", {"weight": "100.000001"}, "indicator_weight_within_0_100"),
        ("D1I1", {"weight": "-0.000001"}, "indicator_weight_within_0_100"),
        ("D1I1", {"gate_least": "100.01"}, "gate_within_0_100"),
        ("D1I1", {"gate_least": "-0.01"}, "gate_within_0_100"),
        ("D1", {"gate_least": 50}, "gate_only_on_a_leaf"),
    ],
)
def test_indicators(draft, code, change, rule):
    with refused(rule):
        draft.indicators.filter(code=code).update(**change)


def test_an_indicator_does_not_stand_under_itself(draft):
    top = draft.indicators.get(code="D1")
    with refused("indicator_not_its_own_parent"):
        draft.indicators.filter(pk=top.pk).update(parent=top)
