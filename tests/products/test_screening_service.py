"""Screening as a service: what may be decided, at whose hand, on what; and that it stays as it was decided."""


import pytest
from django.utils import translation

from products.models import Overlap, Product, Screening, SubmissionVersion
from products.services import submission
from products.services.screening import CHECKLIST, screen
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories
from tests.together import at_once

pytestmark = pytest.mark.django_db

ALL_YES = dict.fromkeys(CHECKLIST, "yes")


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def version():
    return factories.submission()


def test_accept_moves_the_product_leaves_a_trail_and_tells_the_agency(version, officer):
    person = factories.representative(version.product.agency)
    product = screen(version.pk, "accept", ALL_YES, {}, "", by=officer)
    assert product.status == "accepted"
    kept = version.screening
    assert (kept.decision, kept.checklist, kept.by) == ("accept", ALL_YES, officer)
    move = product.moves.get(action="accept")
    assert (move.source, move.target, move.by) == ("submitted", "accepted", officer)
    notice = Notice.objects.get(user=person)
    assert product.title_fa in notice.text_fa and product.title_en in notice.text_en
    assert notice.link == product.get_absolute_url()


def test_return_keeps_a_reason_for_each_field_and_the_agency_may_correct(version, officer):
    reasons = {"summary": "  کوتاه است ", "files": "پرونده باز نمی‌شود", "links": "   "}
    product = screen(version.pk, "return", ALL_YES, reasons, "", by=officer)
    assert product.status == "returned" and product.is_editable
    assert version.screening.field_reasons == {"summary": "کوتاه است", "files": "پرونده باز نمی‌شود"}
    assert "کوتاه است" in product.moves.get(action="return").why


def test_refuse_needs_a_note_and_ends_it(version, officer):
    with pytest.raises(RuleBroken) as broken:
        screen(version.pk, "refuse", ALL_YES, {"summary": "بد"}, " ", by=officer)
    assert broken.value.field == "note"
    assert screen(version.pk, "refuse", ALL_YES, {}, "در این دوره نمی‌گنجد", by=officer).status == "refused"


@pytest.mark.parametrize("decision", ["accept", "return", "refuse"])
@pytest.mark.parametrize("answer", [None, "", "perhaps"])
def test_an_incomplete_checklist_is_refused_whatever_the_decision(version, officer, decision, answer):
    checklist = {**ALL_YES, "rights": answer}
    with pytest.raises(RuleBroken) as broken:
        screen(version.pk, decision, checklist, {"summary": "x"} if decision == "return" else {}, "note", by=officer)
    assert broken.value.field == "check_rights"
    assert not Screening.objects.exists()


def test_accept_is_refused_with_a_no_or_with_something_to_correct(version, officer):
    with pytest.raises(RuleBroken) as broken:
        screen(version.pk, "accept", {**ALL_YES, "kind": "no"}, {}, "", by=officer)
    assert broken.value.field == "check_kind"
    with pytest.raises(RuleBroken) as broken:
        screen(version.pk, "accept", ALL_YES, {"summary": "کوتاه"}, "", by=officer)
    assert broken.value.field == "why_summary"
    assert Product.objects.get().status == "submitted"


def test_an_item_that_is_not_needed_does_not_prevent_acceptance(version, officer):
    assert screen(version.pk, "accept", {**ALL_YES, "creators": "not_needed"}, {}, "", by=officer).status == "accepted"


def test_return_needs_a_reason_and_only_fields_that_are_there(version, officer):
    with pytest.raises(RuleBroken) as broken:
        screen(version.pk, "return", ALL_YES, {"summary": "  "}, "", by=officer)
    assert broken.value.field == "note"
    with pytest.raises(RuleBroken):
        screen(version.pk, "return", ALL_YES, {"q_nowhere": "x"}, "", by=officer)
    with pytest.raises(RuleBroken) as broken:
        screen(version.pk, "return", ALL_YES, {"summary": "س" * 2001}, "", by=officer)
    assert broken.value.field == "why_summary"
    with pytest.raises(RuleBroken):
        screen(version.pk, "shred", ALL_YES, {}, "note", by=officer)
    assert not Screening.objects.exists()


def test_only_officers_screen(version):
    for person in (
        factories.user(),
        factories.representative(version.product.agency),
        factories.representative(),
        factories.assessor().user,
        factories.officer(is_active=False),
    ):
        with pytest.raises(RuleBroken):
            screen(version.pk, "accept", ALL_YES, {}, "", by=person)
    assert not Screening.objects.exists()


def test_what_was_screened_withdrawn_or_replaced_meanwhile_is_stale(version, officer):
    other = factories.officer(first_name="سارا", last_name="تندرو")
    screen(version.pk, "return", ALL_YES, {}, "باز ببینید", by=other)
    with pytest.raises(Stale) as stale:
        screen(version.pk, "accept", ALL_YES, {}, "", by=officer)
    assert "سارا تندرو" in str(stale.value) and stale.value.current.status == "returned"

    taken_back = factories.submission()
    person = factories.representative(taken_back.product.agency)
    submission.withdraw(taken_back.product.pk, by=person, why="اشتباه بود")
    with pytest.raises(Stale):
        screen(taken_back.pk, "accept", ALL_YES, {}, "", by=officer)

    replaced = factories.submission()
    screen(replaced.pk, "return", ALL_YES, {}, "باز ببینید", by=other)
    newer = factories.submission(replaced.product)
    with pytest.raises(Stale):
        screen(replaced.pk, "accept", ALL_YES, {}, "", by=officer)
    assert screen(newer.pk, "accept", ALL_YES, {}, "", by=officer).status == "accepted"


def test_accept_waits_for_every_overlap_from_either_side(officer):
    first, second = factories.submission(), factories.submission()
    overlap = Overlap.objects.create(product=second.product, other=first.product, similarity=0.8)
    for version in (first, second):
        with pytest.raises(RuleBroken) as broken:
            screen(version.pk, "accept", ALL_YES, {}, "", by=officer)
        assert broken.value.field == "overlaps"
    product = screen(
        second.pk, "accept", ALL_YES, {}, "", by=officer, overlap_decisions={overlap.pk: ("distinct", "دو کتاب جدا")}
    )
    assert product.status == "accepted"
    overlap.refresh_from_db()
    assert (overlap.decision, overlap.decision_reason, overlap.decided_by) == ("distinct", "دو کتاب جدا", officer)
    assert screen(first.pk, "accept", ALL_YES, {}, "", by=officer).status == "accepted"


def test_an_overlap_with_a_product_that_is_gone_prevents_nothing(version, officer):
    gone = factories.product("refused")
    Overlap.objects.create(product=version.product, other=gone, similarity=0.8)
    assert screen(version.pk, "accept", ALL_YES, {}, "", by=officer).status == "accepted"


def test_a_duplicate_is_not_accepted(version, officer):
    overlap = Overlap.objects.create(product=version.product, other=factories.product("accepted"), similarity=1)
    with pytest.raises(RuleBroken) as broken:
        screen(version.pk, "accept", ALL_YES, {}, "", by=officer, overlap_decisions={overlap.pk: ("duplicate", "همان است")})
    assert broken.value.field == "overlaps"
    overlap.refresh_from_db()
    assert overlap.decision == "open"  # all or nothing
    saying_no = {overlap.pk: ("duplicate", "همان است")}
    assert screen(version.pk, "refuse", ALL_YES, {}, "تکراری", by=officer, overlap_decisions=saying_no).status == "refused"


def test_a_half_decision_on_an_overlap_is_refused_at_its_own_field(version, officer):
    overlap = Overlap.objects.create(product=version.product, other=factories.product("accepted"), similarity=1)
    stranger = Overlap.objects.create(product=factories.product("submitted"), other=factories.product("accepted"), similarity=1)
    for said, field in (
        ({overlap.pk: ("", "چون")}, f"overlap_{overlap.pk}_decision"),
        ({overlap.pk: ("distinct", " ")}, f"overlap_{overlap.pk}_reason"),
        ({stranger.pk: ("distinct", "چون")}, "overlaps"),
    ):
        with pytest.raises(RuleBroken) as broken:
            screen(version.pk, "return", ALL_YES, {}, "note", by=officer, overlap_decisions=said)
        assert broken.value.field == field
    assert not Screening.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_officers_at_once_make_one_decision():
    version = factories.submission()
    officers = [factories.officer() for _n in range(4)]

    def decide(person, decision, note):
        try:
            screen(version.pk, decision, ALL_YES, {}, note, by=person)
        except Stale:
            return "stale"
        return decision

    said = [("accept", "") if place % 2 else ("return", "چرا") for place, _person in enumerate(officers)]
    outcomes = at_once(*(lambda one=one, by=by: decide(by, *one) for one, by in zip(said, officers, strict=True)))
    assert outcomes.count("stale") == len(officers) - 1, outcomes
    decided = next(outcome for outcome in outcomes if outcome != "stale")
    product = Product.objects.get()
    assert Screening.objects.get().decision == decided
    assert product.status == {"accept": "accepted", "return": "returned"}[decided]
    assert product.moves.exclude(action="submit").count() == 1


def test_the_whole_way_through_a_return(officer):
    """A reason stands beside its field until the correction is handed in and accepted as version two."""
    first = factories.submission()
    product = first.product
    person = factories.representative(product.agency)
    screen(first.pk, "return", {**ALL_YES, "identity": "no"}, {"summary": "کوتاه است"}, "", by=officer)
    second = factories.submission(product)
    with translation.override("en"):
        assert screen(second.pk, "accept", ALL_YES, {}, "", by=officer).status == "accepted"
    assert [move.action for move in product.moves.order_by("pk")][-1] == "accept"
    assert SubmissionVersion.objects.filter(product=product).count() == 2
    assert Notice.objects.filter(user=person, kind="screening_accept").count() == 1
