"""Marks from a round: proposals by the score, what is put off or refused, and the page on which a secretary draws them up."""

import pytest
from django.urls import reverse

from assessments.models import Entry, Score
from products.models import QualityMark, Withheld
from products.selectors.marks import undecided
from products.services import mark_motions, marks
from products.services.mark_motions import Wish
from secretariat.errors import RuleBroken
from secretariat.models import Notice, Resolution
from secretariat.selectors.ballots import rule_for
from secretariat.selectors.register import breaks
from tests import council as make
from tests import factories
from tests.refusal import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def council():
    return make.council()


@pytest.fixture
def meeting(council):
    held = make.in_session(council)
    for n in range(3):
        make.presence(held, make.seat(council, role="chair" if n == 0 else "member"))
    return held


@pytest.fixture
def item(meeting):
    return make.item(meeting, kind="marks", title="اعطای نشان")


@pytest.fixture
def keeper(council):
    return make.keeper(council)


def one_round(*values, groups=None):
    """Accepted products with these scores in one settled round, best first."""
    round_ = factories.round_(status="open")
    products = [factories.product(status="accepted") for _value in values]
    for n, (product, value) in enumerate(zip(products, values, strict=True)):
        entry = factories.entry(round_, product.subject)
        factories.score(entry, value, low=value - 3, high=value + 3)
        Entry.objects.filter(pk=entry.pk).update(inputs_version=2, scored_version=2)
        if groups:
            Score.objects.filter(entry=entry).update(component=1, group=groups[n])
    factories.settled(round_)
    return round_, products


def draw_up(item, wishes, by):
    return mark_motions.draw_up(item.pk, wishes, by=by, title="اعطای نشان", text="شورا تصمیم می‌گیرد.")


# --- what is proposed ----------------------------------------------------------------------------


def test_each_product_comes_with_its_level_and_whom_the_scores_do_not_tell_apart(council):
    round_, products = one_round(92, 90.4, 89.8, 60, groups=[1, 2, 2, 3])
    found = undecided(council.pk, round_)
    assert [(one.product, one.level) for one in found] == list(zip(products, ["gold", "gold", "quality", None], strict=True))
    assert [[other.product for other in one.like] for one in found] == [[], [products[2]], [products[1]], []]


def test_what_stands_in_a_draft_of_the_council_is_not_offered_again(council, item, keeper):
    round_, products = one_round(92, 85, 82)
    draw_up(item, [Wish(products[0].pk, "gold"), Wish(products[1].pk, "deferred", "شواهد ناقص")], keeper)
    assert [one.product for one in undecided(council.pk, round_)] == [products[2]]
    assert len(undecided(make.council().pk, round_)) == 3


def test_one_resolution_decides_many_and_others_are_voted_on_apart(item, keeper):
    _round, (gold, quality, put_off, none, alone) = one_round(95, 85, 84, 81, 80.5)
    wishes = [
        Wish(gold.pk, "gold"), Wish(quality.pk, "quality"), Wish(put_off.pk, "deferred", "شواهد ناقص"),
        Wish(none.pk, "refused", "تکراری"), Wish(alone.pk, "quality", apart=True),
    ]  # fmt: skip
    together, apart = draw_up(item, wishes, keeper)
    assert dict(together.marks.values_list("product", "level")) == {gold.pk: "gold", quality.pk: "quality"}
    assert dict(together.withheld.values_list("product", "outcome")) == {put_off.pk: "deferred", none.pk: "refused"}
    assert list(apart.marks.values_list("product", flat=True)) == [alone.pk]
    assert (together.agenda_item, apart.kind) == (item, "grant_marks") and alone.title_fa in apart.title


@pytest.mark.parametrize(
    ("what", "reason", "part"),
    [("deferred", "", "reason"), ("refused", " ", "reason"), ("gold", "", "reason"), ("best", "", "what")],
)
def test_a_refusal_names_its_product_and_leaves_nothing_behind(item, keeper, what, reason, part):
    _round, (first, second) = one_round(85, 82)
    with pytest.raises(RuleBroken) as broken:
        draw_up(item, [Wish(first.pk, "quality"), Wish(second.pk, what, reason)], keeper)
    assert broken.value.field == f"p{second.pk}-{part}"
    assert not Resolution.objects.exists() and not QualityMark.objects.exists()


def test_only_the_keeper_and_only_an_item_on_marks(item, keeper, council, meeting):
    _round, (product,) = one_round(85)
    wish = [Wish(product.pk, "quality")]
    for by in (factories.officer(), make.keeper(make.council())):
        with pytest.raises(RuleBroken):
            draw_up(item, wish, by)
    with pytest.raises(RuleBroken):
        draw_up(make.item(meeting), wish, keeper)
    with pytest.raises(RuleBroken):
        draw_up(item, [], keeper)
    assert not Resolution.objects.exists()


# --- voted on as it stands -----------------------------------------------------------------------


def test_who_is_tied_to_a_product_without_a_mark_does_not_decide_on_it_either(item, keeper, meeting):
    _round, (product,) = one_round(85)
    seat = meeting.attendances.order_by("pk").last().seat
    factories.granted("representative", seat.user, agency=product.agency)
    make.presence(meeting, make.seat(meeting.council))
    (resolution,) = draw_up(item, [Wish(product.pk, "refused", "تکراری")], keeper)
    make.ballot(resolution, choice=None)
    assert list(resolution.recusals.values_list("seat", flat=True)) == [seat.pk]
    assert rule_for(resolution) == rule_for(make.resolution(meeting.council, meeting, kind="general"))


def test_what_was_put_off_is_part_of_the_register(item, keeper):
    _round, (gold, put_off) = one_round(95, 85)
    (resolution,) = draw_up(item, [Wish(gold.pk, "gold"), Wish(put_off.pk, "deferred", "شواهد ناقص")], keeper)
    adopted = make.adopted(resolution)
    assert "شواهد ناقص" in adopted.register_entry
    assert list(breaks()) == []


def test_it_stands_while_voted_on_and_afterwards(item, keeper):
    _round, (first, second) = one_round(85, 84)
    (resolution,) = draw_up(item, [Wish(first.pk, "deferred", "شواهد ناقص")], keeper)
    row = resolution.withheld.get()
    make.ballot(resolution, choice=None)
    for act in (
        lambda: mark_motions.release(row.pk, by=keeper),
        lambda: mark_motions.withhold(resolution.pk, second.pk, "refused", by=keeper, reason="x"),
    ):
        with pytest.raises(RuleBroken):
            act()
    rows = Withheld.objects.filter(pk=row.pk)
    with refused("withheld_stands_as_voted_on", saying="what stands before it"):
        rows.update(outcome="refused")
    with refused("withheld_stands_as_voted_on", saying="what stands before it"):
        rows.delete()
    with refused("withheld_stands_as_voted_on", saying="what stands before it"):
        make_row(resolution, second)


def make_row(resolution, product, **fields):
    score = marks.deciding_score(product)
    told = {"outcome": "deferred", "reason": "x", "score": score, "score_value": score.value, **fields}
    return Withheld.objects.create(resolution=resolution, product=product, **told)


def test_a_product_is_granted_or_withheld_never_both(item, keeper):
    _round, (first, second) = one_round(85, 84)
    (resolution,) = draw_up(item, [Wish(first.pk, "quality"), Wish(second.pk, "deferred", "x")], keeper)
    with refused("withheld_stands_as_voted_on", saying="or gets none"):
        make_row(resolution, first)
    with refused("product_withheld_once_in_a_resolution"):
        make_row(resolution, second)
    with pytest.raises(RuleBroken):
        marks.propose(resolution.pk, second.pk, "quality", by=keeper)
    mark_motions.release(resolution.withheld.get().pk, by=keeper)
    marks.propose(resolution.pk, second.pk, "quality", by=keeper)


@pytest.mark.parametrize("change", [{"reason": ""}, {"outcome": "later"}])
def test_it_says_what_and_why(item, keeper, change):
    _round, (first, second) = one_round(85, 84)
    (resolution,) = draw_up(item, [Wish(first.pk, "quality")], keeper)
    with refused("withheld_in_a_known_way_with_its_reason"):
        make_row(resolution, second, **change)


# --- the pages -----------------------------------------------------------------------------------


def posted(products, **more):
    rows = {f"p{product.pk}-{name}": value for product, said in products.items() for name, value in said.items()}
    return {"title": "اعطای نشان دور نخست", "text": "شورا تصمیم می‌گیرد.", **rows, **more}


def test_the_secretary_draws_up_the_marks_of_a_round(client, item, keeper):
    round_, (first, second, third) = one_round(92, 85, 60)
    address = reverse("marks_from_round", args=[item.pk])
    assert client.get(address).url.startswith(reverse("sign_in"))
    for person in (factories.officer(), make.keeper(make.council()), make.seat(item.meeting.council).user):
        client.force_login(person)
        assert client.get(address).status_code == 404
    client.force_login(keeper)
    page = client.get(address)
    assert [form["what"].value() for _one, form in page.context["rows"]] == ["gold", "quality", ""]
    for odd in ("x", "²", "9" * 30):
        assert client.get(address, {"round": odd}).context["round"] == round_
    assert client.get(address, {"round": round_.pk + 1000}).status_code == 404
    wrong = client.post(address, posted({first: {"what": "gold"}, second: {"what": "deferred", "reason": ""}}))
    assert wrong.status_code == 422 and wrong.context["form"]["title"].value() == "اعطای نشان دور نخست"
    assert "reason" in wrong.context["rows"][1][1].errors and not Resolution.objects.exists()
    done = client.post(
        address, posted({first: {"what": "gold"}, second: {"what": "deferred", "reason": "شواهد ناقص"}, third: {"what": ""}})
    )
    resolution = Resolution.objects.get()
    assert done.url == reverse("decision_board", args=[resolution.pk])
    board = client.get(done.url).content.decode()
    assert first.title_fa in board and "شواهد ناقص" in board and third.title_fa not in board


def test_a_product_is_taken_out_again(client, item, keeper):
    _round, (first, second) = one_round(92, 85)
    (resolution,) = draw_up(item, [Wish(first.pk, "gold"), Wish(second.pk, "deferred", "x")], keeper)
    address = reverse("withheld_release", args=[resolution.withheld.get().pk])
    client.force_login(make.seat(item.meeting.council).user)
    assert client.post(address).status_code == 404
    client.force_login(keeper)
    assert client.post(address).url == reverse("decision_board", args=[resolution.pk])
    assert not resolution.withheld.exists()


def test_agencies_are_told_once_and_only_after_the_adoption(client, item, keeper):
    _round, (first, second) = one_round(92, 85)
    representative = factories.representative(second.agency)
    (resolution,) = draw_up(item, [Wish(first.pk, "gold"), Wish(second.pk, "refused", "تکراری است")], keeper)
    address = reverse("withheld_tell", args=[resolution.pk])
    client.force_login(keeper)
    client.post(address)
    assert not Notice.objects.filter(kind="mark_refused").exists()
    make.adopted(resolution)
    for _twice in range(2):
        assert client.post(address).status_code == 302
    notice = Notice.objects.get(kind="mark_refused")
    assert notice.user == representative and "تکراری است" in notice.text_fa
    assert resolution.withheld.get().told_at
    client.force_login(factories.officer())
    assert client.post(address).status_code == 404


def test_why_a_product_has_its_score_is_one_click_away_for_those_who_decide(client, item, keeper):
    _round, (product,) = one_round(92)
    (resolution,) = draw_up(item, [Wish(product.pk, "gold")], keeper)
    mark = resolution.marks.get()
    address = reverse("mark_detail", args=[mark.pk])
    seat, tied = make.seat(resolution.council), make.seat(resolution.council)
    factories.granted("representative", tied.user, agency=product.agency)
    for user, reads in ((seat.user, True), (tied.user, False)):
        client.force_login(user)
        assert (client.get(address).context["why"] is not None) == reads
