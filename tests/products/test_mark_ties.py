"""Who is tied to a product decides nothing on its mark: recused before, during and after the vote."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assessments.models import Affiliation, ConflictOfInterest, Relation
from assessments.services import conflicts, waivers
from products.models import QualityMark
from products.services import marks
from secretariat.models import Vote
from secretariat.services import ballots
from tests import council as make
from tests import factories
from tests.refusal import refused, says_no

pytestmark = pytest.mark.django_db

CONFLICTS = [
    "representative", "unit", "affiliation", "assessor", "declared", "maker", "account", "relation", "head", "waived",
]  # fmt: skip


def conflicted(kind, product, user):
    if kind == "representative":
        factories.granted("representative", user, agency=product.agency)
    elif kind == "unit":
        from secretariat.models import Unit

        factories.granted("unit_officer", user, unit=Unit.objects.create(agency=product.agency, kind="centre", name_fa="مرکز"))
    elif kind == "maker":
        conflicts.set_makers(product.subject_id, [(f"دکتر {user.get_full_name()}", "نویسنده", None)])
    elif kind == "account":
        conflicts.set_makers(product.subject_id, [("نام دیگر", "", user)])
    else:
        assessor = factories.assessor(user=user)
        if kind == "affiliation":
            Affiliation.objects.create(assessor=assessor, agency=product.agency)
        elif kind == "relation":
            conflicts.set_makers(product.subject_id, [("سارا یوسفی", "نویسنده", None)])
            Relation.objects.create(assessor=assessor, kind="kin", name="خانم سارا یوسفی")
        elif kind == "head":
            type(product.agency).objects.filter(pk=product.agency_id).update(head="سارا یوسفی")
            Relation.objects.create(assessor=assessor, kind="spouse", name="سارا یوسفی")
        elif kind == "waived":
            Affiliation.objects.create(assessor=assessor, agency=product.agency, kind="member")
            waiver = waivers.ask(assessor.pk, product.subject_id, "x", by=factories.officer())
            waivers.grant(waiver.pk, by=factories.officer())
        elif kind == "assessor":
            factories.assignment(product.subject.entries.get(), assessor)
        else:
            ConflictOfInterest.objects.create(
                assessor=assessor, subject=product.subject, source="declared", reason="خویشاوندی", by=user
            )


@pytest.mark.parametrize("kind", CONFLICTS)
def test_who_is_tied_to_the_product_is_recused_and_does_not_vote(kind):
    resolution = make.session(members=4)
    product, seat = make.scored_product(), make.seats(resolution)[-1]
    conflicted(kind, product, seat.user)
    mark = make.propose(product, resolution)
    assert set(marks.ties_by_seat(marks.products_before(resolution), make.seats(resolution))) == {seat.pk}
    by = make.keeper(resolution.council)
    ballot = make.ballot(resolution)
    recusal = resolution.recusals.get()
    assert (recusal.seat, recusal.source) == (seat, "computed")
    assert product.title in recusal.reason
    says_no(lambda: ballots.cast(ballot.pk, "for", by=seat.user))
    says_no(lambda: ballots.record_hands(ballot.pk, {seat.pk: "for"}, by=by), f"seat-{seat.pk}")
    assert ballots.close_ballot(ballot.pk, by=by).recused_present == 1
    assert marks.grant(mark.pk, by=by).status == "granted"


@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize("kind", CONFLICTS)
def test_a_tie_that_comes_up_after_the_vote_stops_the_grant(kind, secret):
    resolution = make.session(members=4)
    product, seat = make.scored_product(), make.seats(resolution)[-1]
    mark = make.propose(product, resolution)
    by = make.keeper(resolution.council)
    ballot = make.ballot(resolution, None, secret=secret)
    for one in make.seats(resolution):
        ballots.cast(ballot.pk, "for", by=one.user)
    assert ballots.close_ballot(ballot.pk, by=by).verdict == "carried"
    conflicted(kind, product, seat.user)
    assert str(seat.user) in says_no(lambda: marks.grant(mark.pk, by=by))
    granted = {"status": "granted", "serial": "1404-00001-0", "granted_at": timezone.now()}
    until = {"valid_from": timezone.localdate(), "valid_until": timezone.localdate() + timedelta(days=9)}
    with refused("no_mark_on_a_partial_vote"):
        QualityMark.objects.filter(pk=mark.pk).update(**granted, **until)


def test_a_tie_that_comes_up_while_the_council_votes_takes_the_vote_away():
    resolution = make.session()
    product, seat = make.scored_product(), make.seats(resolution)[-1]
    make.propose(product, resolution)
    ballot = make.ballot(resolution, None)
    factories.granted("representative", seat.user, agency=product.agency)
    says_no(lambda: ballots.cast(ballot.pk, "for", by=seat.user))


def test_a_tied_deputy_recuses_the_seat():
    resolution = make.session(members=4)
    product, seat = make.scored_product(), make.seats(resolution)[-1]
    seat.deputy = factories.representative(product.agency)
    seat.save()
    make.propose(product, resolution)
    assert set(marks.ties_by_seat(marks.products_before(resolution), make.seats(resolution))) == {seat.pk}


def test_absent_conflicted_members_do_not_matter():
    resolution = make.session()
    product = make.scored_product()
    absent = make.seat(resolution.council, user=factories.representative(product.agency))
    make.presence(resolution.meeting, make.seat(resolution.council))
    mark = make.propose(product, resolution)
    by = make.keeper(resolution.council)
    make.adopted(resolution)
    assert marks.grant(mark.pk, by=by).status == "granted"
    assert not Vote.objects.filter(seat=absent).exists()
