"""Drafting, publishing and freezing indicator sets, down to raw SQL."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from assessments.models import Indicator, IndicatorSet, SetVersion
from assessments.scoring.weights import GRAIN, WHOLE, percentages, spread_rest
from assessments.selectors.sets import content_hash, diff, tree, walk
from assessments.services import sets
from secretariat.errors import RuleBroken, Stale
from tests import factories
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def published():
    return factories.published_set(dimensions=2, indicators=2)


@pytest.fixture
def draft(published, officer):
    return sets.new_version(published.set_id, by=officer)


def node(version, code):
    return next(node for node in walk(tree(version)) if node.code == code)


def edition(version):
    return SetVersion.objects.values_list("edition", flat=True).get(pk=version.pk)


# --- arithmetic ----------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40))
def test_shares_sum_to_exactly_100_and_keep_their_proportions(points):
    shares = percentages(points)
    assert sum(shares) == WHOLE and all(share >= 0 for share in shares)
    if total := sum(points):
        assert all(abs(share - Decimal(point) * 100 / total) < GRAIN for share, point in zip(shares, points, strict=True))


@given(st.lists(st.decimals(0, 100, places=6), min_size=1, max_size=20))
def test_the_spread_rest_completes_to_100_and_touches_no_typed_weight_needlessly(weights):
    spread = spread_rest(weights)
    assert sum(spread) == WHOLE
    if 0 in weights and sum(weights) < WHOLE:
        assert all(after == before for after, before in zip(spread, weights, strict=True) if before)


def test_thirds():
    assert percentages([1, 1, 1]) == [Decimal("33.333334"), Decimal("33.333333"), Decimal("33.333333")]
    assert spread_rest([40, 0, 0]) == [40, 30, 30]
    assert percentages([]) == []


# --- reading -------------------------------------------------------------------------------------


def test_the_tree_is_one_query_at_any_size(django_assert_num_queries):
    for size in (1, 5):
        version = factories.published_set(dimensions=size, indicators=size)
        with django_assert_num_queries(1):
            nodes = list(walk(tree(version)))
            assert [n.scale and n.scale.kind for n in nodes].count("ordinal") == size * size
        assert sum(n.effective for n in nodes if n.is_leaf) == WHOLE
        assert nodes[-1].number == f"{size}.{size}" and nodes[-1].is_last


# --- drafting ------------------------------------------------------------------------------------


def test_a_new_version_is_an_exact_copy(published, draft):
    assert (draft.number, draft.status, draft.based_on) == (2, "draft", published)
    assert content_hash(tree(draft)) == content_hash(tree(published))
    assert not diff(published, draft)
    assert not set(Indicator.objects.filter(version=published)) & set(Indicator.objects.filter(version=draft))


def test_copying_takes_as_many_queries_for_4_as_for_25_indicators(officer):
    counts = []
    assert officer.grants  # read once a request
    for size in (2, 5):
        version = factories.published_set(dimensions=size, indicators=size)
        with CaptureQueriesContext(connection) as queries:
            sets.new_version(version.set_id, by=officer)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_one_draft_a_set(published, draft, officer):
    with pytest.raises(RuleBroken, match="2"):
        sets.new_version(published.set_id, by=officer)


def test_only_officers_write(published, draft):
    stranger = factories.user()
    number = edition(draft)
    for attempt in (
        lambda: sets.new_version(published.set_id, by=stranger),
        lambda: sets.create_set(by=stranger, code="x", title_fa="ن", title_en="n", layer="kind"),
        lambda: sets.save_weights(draft.pk, {}, edition=number, by=stranger),
        lambda: sets.save_node(draft.pk, edition=number, by=stranger, title_fa="ن"),
        lambda: sets.move_node(draft.pk, node(draft, "D1").pk, 1, edition=number, by=stranger),
        lambda: sets.delete_node(draft.pk, node(draft, "D1").pk, edition=number, by=stranger),
        lambda: sets.spread(draft.pk, None, edition=number, by=stranger),
        lambda: sets.describe(draft.pk, edition=number, by=stranger, note_fa="x"),
        lambda: sets.discard(draft.pk, edition=number, by=stranger),
        lambda: sets.publish(draft.pk, by=stranger),
        lambda: sets.retire(published.pk, by=stranger, why="x"),
    ):
        with pytest.raises(RuleBroken):
            attempt()
    assert edition(draft) == number


def test_building_a_set_from_nothing(officer):
    draft = sets.create_set(by=officer, code="poster", title_fa="پوستر", title_en="Poster", layer="kind")
    dimension = sets.save_node(draft.pk, edition=1, by=officer, title_fa="بُعد", title_en="Dimension", weight=100, scale=None)
    scale = factories.scale()
    for place in range(3):
        sets.save_node(
            draft.pk,
            edition=2 + place,
            by=officer,
            parent=dimension,
            title_fa="شاخص",
            title_en="Indicator",
            weight=0,
            scale=scale,
        )
    sets.spread(draft.pk, dimension.pk, edition=5, by=officer)
    assert [n.code for n in walk(tree(draft))] == ["D1", "I1", "I2", "I3"]
    version = sets.publish(draft.pk, by=officer, edition=6)
    assert version.status == "published" and version.content_hash == content_hash(tree(draft))
    assert [(move.action, move.by) for move in version.moves.all()] == [("publish", officer)]


def test_moving_up_down_and_elsewhere(draft, officer):
    second = node(draft, "D1I2")
    sets.move_node(draft.pk, second.pk, -1, edition=1, by=officer)
    assert [n.code for n in node(draft, "D1").children] == ["D1I2", "D1I1"]
    sets.move_node(draft.pk, second.pk, -1, edition=2, by=officer)  # already the first: nothing moves
    assert [n.code for n in node(draft, "D1").children] == ["D1I2", "D1I1"]
    sets.save_node(draft.pk, edition=3, by=officer, pk=second.pk, parent=node(draft, "D2").indicator)
    assert [n.code for n in node(draft, "D2").children] == ["D2I1", "D2I2", "D1I2"]


def test_places_that_make_no_tree(draft, officer):
    one, two, leaf = node(draft, "D1"), node(draft, "D2"), node(draft, "D1I1")
    for pk, parent in (
        (one.pk, one.indicator),
        (one.pk, leaf.indicator),
        (leaf.pk, None),
        (leaf.pk, node(draft, "D2I1").indicator),
    ):
        with pytest.raises(RuleBroken):
            sets.save_node(draft.pk, edition=1, by=officer, pk=pk, parent=parent)
    # A dimension within a dimension is as deep as it goes.
    sets.save_node(draft.pk, edition=1, by=officer, pk=two.pk, parent=one.indicator)
    with pytest.raises(RuleBroken) as refusal:
        sets.save_node(draft.pk, edition=2, by=officer, parent=two.indicator, title_fa="ن", scale=None)
    assert refusal.value.field == "parent"
    with pytest.raises(RuleBroken):
        sets.save_node(draft.pk, edition=2, by=officer, pk=one.pk, parent=two.indicator)


def test_a_code_is_used_once(draft, officer):
    with pytest.raises(RuleBroken) as refusal:
        sets.save_node(draft.pk, edition=1, by=officer, pk=node(draft, "D1I1").pk, code="D1I2")
    assert refusal.value.field == "code"


def test_deleting_a_dimension_takes_its_indicators(draft, officer):
    sets.delete_node(draft.pk, node(draft, "D1").pk, edition=1, by=officer)
    assert [n.code for n in walk(tree(draft))] == ["D2", "D2I1", "D2I2"]


def test_discarding_keeps_the_set_while_it_has_a_version(published, draft, officer):
    sets.discard(draft.pk, edition=1, by=officer)
    assert list(published.set.versions.all()) == [published]
    lone = sets.create_set(by=officer, code="lone", title_fa="تنها", title_en="Lone", layer="kind")
    sets.discard(lone.pk, edition=1, by=officer)
    assert not IndicatorSet.objects.filter(code="lone").exists()


def test_an_old_edition_is_refused_and_changes_nothing(draft, officer):
    sets.save_weights(draft.pk, {node(draft, "D1").pk: Decimal(70)}, edition=1, by=officer)
    with pytest.raises(Stale) as stale:
        sets.save_weights(draft.pk, {node(draft, "D1").pk: Decimal(10)}, edition=1, by=officer)
    assert stale.value.current.edition == 2 and node(draft, "D1").weight == 70


# --- publishing ----------------------------------------------------------------------------------


def test_publishing_retires_the_former_in_the_same_breath(published, draft, officer):
    sets.save_weights(draft.pk, {node(draft, "D1").pk: 60, node(draft, "D2").pk: 40}, edition=1, by=officer)
    version = sets.publish(draft.pk, by=officer)
    published.refresh_from_db()
    assert (version.status, published.status) == ("published", "retired")
    assert published.moves.get().why
    assert len(version.content_hash) == 64


def test_what_is_not_ready_is_named(draft, officer, in_english):
    from django.utils import translation

    scale = factories.scale("ratio")
    sets.save_weights(draft.pk, {node(draft, "D1I1").pk: Decimal("49.5")}, edition=1, by=officer)
    sets.save_node(draft.pk, edition=2, by=officer, title_fa="تهی", title_en="", weight=0, scale=None)
    sets.save_node(draft.pk, edition=3, by=officer, pk=node(draft, "D2I1").pk, scale=scale, rater="expert")
    with translation.override("en"), pytest.raises(RuleBroken) as refusal:
        sets.publish(draft.pk, by=officer)
    sentence = str(refusal.value)
    assert "“Dimension 1” the weights sum to 99.5, not 100" in sentence
    assert "both languages" in sentence and "without indicators" in sentence and "let the secretariat measure it" in sentence
    assert SetVersion.objects.get(pk=draft.pk).status == "draft"


def test_an_empty_draft_is_not_published(officer):
    draft = sets.create_set(by=officer, code="empty", title_fa="تهی", title_en="Empty", layer="kind")
    with pytest.raises(RuleBroken):
        sets.publish(draft.pk, by=officer)


def test_publishing_what_was_changed_after_the_look(draft, officer):
    with pytest.raises(Stale):
        sets.publish(draft.pk, by=officer, edition=99)


def test_a_published_version_is_refused_by_every_service(published, officer):
    some = published.indicators.first()
    for attempt in (
        lambda: sets.save_weights(published.pk, {some.pk: 1}, edition=None, by=officer),
        lambda: sets.save_node(published.pk, edition=None, by=officer, pk=some.pk, title_fa="x"),
        lambda: sets.move_node(published.pk, some.pk, 1, edition=None, by=officer),
        lambda: sets.delete_node(published.pk, some.pk, edition=None, by=officer),
        lambda: sets.spread(published.pk, None, edition=None, by=officer),
        lambda: sets.describe(published.pk, edition=None, by=officer, note_fa="x"),
        lambda: sets.discard(published.pk, edition=None, by=officer),
        lambda: sets.publish(published.pk, by=officer),
    ):
        with pytest.raises(RuleBroken):
            attempt()


# --- two officers at once ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_officers_save_the_same_edition_at_once():
    version = factories.published_set()
    officers = [factories.officer(), factories.officer()]
    draft = sets.new_version(version.set_id, by=officers[0])
    pk = draft.indicators.get(code="D1").pk
    outcomes = outcomes_of(
        lambda: sets.save_weights(draft.pk, {pk: Decimal(30)}, edition=1, by=officers[0]),
        lambda: sets.save_weights(draft.pk, {pk: Decimal(70)}, edition=1, by=officers[1]),
    )
    assert sorted(outcomes) == ["Stale", "done"]
    assert edition(draft) == 2


@pytest.mark.django_db(transaction=True)
def test_an_edit_during_publication_is_refused_or_included_never_lost():
    version = factories.published_set()
    officer, other = factories.officer(), factories.officer()
    draft = sets.new_version(version.set_id, by=officer)
    pk = draft.indicators.get(code="D1").pk
    outcomes = outcomes_of(
        lambda: sets.publish(draft.pk, by=officer, edition=1),
        lambda: sets.save_weights(draft.pk, {pk: Decimal(70)}, edition=1, by=other),
    )
    draft.refresh_from_db()
    # Who comes second is told so.
    assert sorted(outcomes) in (["RuleBroken", "done"], ["Stale", "done"])
    assert draft.status == ("published" if outcomes[0] == "done" else "draft")


@pytest.mark.django_db(transaction=True)
def test_two_officers_draft_the_next_version_at_once():
    version = factories.published_set()
    officers = [factories.officer(), factories.officer()]
    outcomes = outcomes_of(*(lambda by=by: sets.new_version(version.set_id, by=by) for by in officers))
    assert sorted(outcomes) == ["RuleBroken", "done"]
    assert version.set.versions.count() == 2


def outcomes_of(*works):
    """Let the works start together; gives "done" or the name of the refusal of each."""
    return [type(one).__name__ if isinstance(one, Exception) else "done" for one in at_once(*works)]


# --- differences ---------------------------------------------------------------------------------


def test_the_difference_between_two_versions(published, draft, officer):
    gone, heavier = node(draft, "D2I2"), node(draft, "D1I1")
    other = factories.scale("inverse")
    sets.delete_node(draft.pk, gone.pk, edition=1, by=officer)
    sets.save_node(
        draft.pk,
        edition=2,
        by=officer,
        pk=heavier.pk,
        weight=Decimal(60),
        scale=other,
        gate_least=Decimal(50),
        guidance_fa="راهنمای تازه",
    )
    sets.save_node(
        draft.pk,
        edition=3,
        by=officer,
        parent=node(draft, "D2").indicator,
        code="NEW",
        title_fa="تازه",
        title_en="New",
        scale=other,
    )
    sets.move_node(draft.pk, node(draft, "D1").pk, 1, edition=4, by=officer)
    found = diff(published, draft)
    assert [n.code for n in found.added] == ["NEW"] and [n.code for n in found.removed] == ["D2I2"]
    changes = {now.code: {change.name: (change.old, change.new) for change in fields} for _was, now, fields in found.changed}
    assert changes["D1I1"].keys() == {"weight", "scale", "gate_least", "guidance_fa"}
    assert changes["D1I1"]["weight"] == (50, 60)
    # One dimension changed its place: one change, not two.
    assert [code for code, fields in changes.items() if "number" in fields] == ["D2"] or [
        code for code, fields in changes.items() if "number" in fields
    ] == ["D1"]
    assert found.unchanged == 6 - 1 - len(found.changed)


def test_a_row_moved_elsewhere_is_one_change(published, draft, officer):
    sets.save_node(draft.pk, edition=1, by=officer, pk=node(draft, "D1I1").pk, parent=node(draft, "D2").indicator)
    found = diff(published, draft)
    assert not found.added and not found.removed
    assert [(now.code, [change.name for change in fields]) for _was, now, fields in found.changed] == [("D1I1", ["parent"])]
