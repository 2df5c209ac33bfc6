"""From proposal to grant and end of a mark: each condition of a decision, proven by its refusal."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.utils import timezone
from stdnum import damm

from assessments.models import Entry
from products.models import QualityMark
from products.services import marks
from products.services.submission import withdraw
from secretariat import persian
from secretariat.errors import RuleBroken
from secretariat.models import Notice
from secretariat.rules.voting import VotingRule
from secretariat.selectors.ballots import rule_for
from secretariat.services import ballots
from secretariat.workflow import open_steps
from tests import council as make
from tests import factories
from tests.refusal import refused, says_no, sql
from tests.together import at_once

pytestmark = pytest.mark.django_db


def test_a_proposal_keeps_the_score_of_its_day():
    product = make.scored_product(85.25, 80, 90)
    mark = make.propose(product)
    assert (mark.score_value, mark.score_low, mark.score_high, mark.status) == (85.25, 80, 90, "proposed")
    make.scored_anew(mark, 60)
    mark.refresh_from_db()
    assert mark.score_value == 85.25
    assert mark.moves.get().action == "propose"


def test_no_proposal_without_a_score_from_a_closed_round():
    says_no(lambda: make.propose(factories.product(status="accepted")), "product")
    says_no(lambda: make.propose(make.scored_product(round_status="open")), "product")
    says_no(lambda: make.propose(make.scored_product(round_status="cancelled")), "product")
    says_no(lambda: make.propose(make.scored_product(value=None, low=None, high=None)), "product")


def test_no_proposal_on_a_stale_score_or_a_failed_gate():
    says_no(lambda: make.propose(make.scored_product(stale=True)), "product")
    says_no(lambda: make.propose(make.scored_product(95, 90, 99, gate_failed=True)), "product")


def test_no_proposal_on_an_entry_left_out_of_its_round():
    product = make.scored_product(95, 90, 99)
    assert marks.deciding_score(product)
    product.subject.entries.update(excluded_at=timezone.now(), excluded_by=factories.officer(), excluded_why="سند ناقص بود.")
    assert marks.deciding_score(product) is None
    says_no(lambda: make.propose(product), "product")


@pytest.mark.parametrize("status", ["submitted", "returned", "refused", "withdrawn"])
def test_only_an_accepted_product_is_proposed(status):
    product = make.scored_product()
    type(product).objects.filter(pk=product.pk).update(status=status)
    says_no(lambda: make.propose(product), "product")


def test_below_the_threshold_a_reason_is_needed_and_the_unrounded_score_counts():
    product = make.scored_product(79.999, 75, 85)
    says_no(lambda: make.propose(product), "below_threshold_reason")
    says_no(lambda: make.propose(product, reason="   "), "below_threshold_reason")
    mark = make.propose(product, reason="اهمیت ملی")
    assert mark.below_threshold
    assert not make.propose(make.scored_product(80.0, 75, 85)).below_threshold


@pytest.mark.parametrize(("value", "level"), [(69.99, None), (70, "commended"), (79.9, "commended"), (80, "quality"), (90, "gold"), (100, "gold")])  # fmt: skip
def test_the_suggested_level_is_the_highest_reached(value, level):
    assert marks.level_for(value) == level


def test_the_newest_closed_round_decides():
    """An appeal is a new round; what it finds is what the council sees."""
    product = make.scored_product(60, 55, 65)
    make.scored_product(88, 80, 95, product=product)
    Entry.objects.first().round.__class__.objects.filter(entries__scores__value=88).update(
        deadline=timezone.now() + timedelta(days=60)
    )
    assert marks.deciding_score(product).value == 88


def test_unknown_levels_foreign_councils_and_kinds_are_refused():
    product = make.scored_product()
    says_no(lambda: make.propose(product, level="platinum"), "level")
    says_no(lambda: make.propose(product, make.session(council_=make.council(grants_marks=False))), "resolution")
    says_no(lambda: make.propose(product, make.session(kind="general")), "resolution")


def test_a_decided_resolution_takes_no_more_proposals():
    resolution = make.session()
    make.adopted(resolution)
    says_no(lambda: make.propose(make.scored_product(), resolution), "resolution")


def test_a_product_stands_once_in_a_resolution():
    product, resolution = make.scored_product(), make.session()
    make.propose(product, resolution)
    says_no(lambda: make.propose(product, resolution), "product")


def test_strangers_neither_propose_nor_grant():
    product, resolution = make.scored_product(), make.session()
    for stranger in (factories.user(), factories.representative(product.agency), make.keeper(make.council())):
        says_no(lambda who=stranger: marks.propose(resolution.pk, product.pk, "quality", by=who))
    mark = make.propose(product, resolution)
    make.adopted(resolution)
    for stranger in (
        factories.user(),
        factories.officer(),
        factories.representative(product.agency),
        make.keeper(make.council()),
    ):
        says_no(lambda who=stranger: marks.grant(mark.pk, by=who))
        says_no(lambda who=stranger: marks.grant_all(resolution.pk, by=who))
    assert QualityMark.objects.get().status == "proposed"


def test_granting_gives_serial_validity_trail_and_tells_the_agency():
    product = make.scored_product()
    representative = factories.representative(product.agency)
    resolution = make.session()
    proposed = make.propose(product, resolution)
    by = make.keeper(resolution.council)
    make.adopted(resolution)
    mark = marks.grant(proposed.pk, by=by)
    year, number, check = mark.serial.split("-")
    assert year == str(persian.to_jalali(timezone.localdate()).year)
    assert (number, damm.is_valid(year + number + check)) == ("00001", True)
    assert mark.published_at is not None
    assert mark.is_in_force
    start, end = persian.to_jalali(mark.valid_from), persian.to_jalali(mark.valid_until)
    assert (end.year - start.year, end.month) == (2, start.month)
    assert list(mark.moves.values_list("action", "by")) == [
        ("propose", proposed.moves.get(action="propose").by_id),
        ("grant", by.pk),
    ]
    notice = Notice.objects.get(user=representative)
    assert product.title_fa in notice.text_fa
    assert product.title_en in notice.text_en


def test_granting_without_publication_is_silent_until_published():
    representative = factories.representative()
    mark = make.granted_mark(publish=False, agency_=representative.role_grants.get().agency)
    assert mark.published_at is None
    assert not QualityMark.objects.public().exists()
    assert not Notice.objects.filter(user=representative).exists()
    by = make.keeper(mark.resolution.council)
    published = marks.publish(mark.pk, by=by)
    assert published.published_at
    assert Notice.objects.filter(user=representative).count() == 1
    says_no(lambda: marks.publish(mark.pk, by=by))


def test_nothing_is_granted_before_adoption():
    mark = make.proposed_mark()
    says_no(lambda: marks.grant(mark.pk, by=make.keeper(mark.resolution.council)))


def test_a_score_changed_since_the_proposal_stops_the_grant():
    for change in (86.0, None):
        mark = make.proposed_mark()
        by = make.keeper(mark.resolution.council)
        make.adopted(mark.resolution)
        if change:
            make.scored_anew(mark, change)
        else:
            Entry.objects.filter(pk=mark.score.entry_id).update(inputs_version=9)
        says_no(lambda pk=mark.pk, who=by: marks.grant(pk, by=who))


def test_what_is_proposed_stands_while_the_council_votes_and_afterwards():
    resolution = make.session()
    mark, late = make.propose(make.scored_product(), resolution), make.scored_product()
    by = make.keeper(resolution.council)
    ballot = make.ballot(resolution)
    says_no(lambda: make.propose(late, resolution))
    says_no(lambda: marks.drop(mark.pk, by=by, why="دیگر"))

    def alter():
        with refused("council_votes_on_what_stands"):
            QualityMark.objects.filter(pk=mark.pk).update(level="gold")
        with refused("council_votes_on_what_stands"):
            sql("DELETE FROM products_qualitymark WHERE id = %s", mark.pk)
        with refused("council_votes_on_what_stands"):
            QualityMark.objects.filter(pk=mark.pk).update(resolution=make.resolution(resolution.council))
        other = make.proposed_mark(product=late)
        with refused("council_votes_on_what_stands"):
            QualityMark.objects.filter(pk=other.pk).update(resolution=resolution)

    alter()
    with refused("council_votes_on_what_stands"):
        QualityMark.objects.filter(pk=mark.pk).update(status="dropped")
    ballots.close_ballot(ballot.pk, by=by)
    late = make.scored_product()
    alter()
    assert marks.drop(mark.pk, by=by, why="کامل نیست").status == "dropped"


@pytest.mark.parametrize(("votes", "verdict"), [((3, 0), "carried"), ((2, 1), "lost")])
def test_the_highest_level_proposed_says_how_the_council_votes(votes, verdict):
    """Two thirds of all four seats for the highest mark, where more than half of the votes do for the lowest."""
    council = make.council()
    make.follow(council, VotingRule(of="all", share=Fraction(2, 3), strict=False, casting=False), "mark_gold")
    resolution = make.session(members=4, council_=council)
    make.propose(make.scored_product(95, 92, 99), resolution, "commended")
    assert rule_for(resolution).of == "votes"
    make.propose(make.scored_product(95, 92, 99), resolution, "gold")
    ballot = make.ballot(resolution, None)
    choices = ["for"] * votes[0] + ["against"] * votes[1] + ["abstain"] * (4 - sum(votes))
    for seat, choice in zip(make.seats(resolution), choices, strict=True):
        ballots.cast(ballot.pk, choice, by=seat.user)
    assert ballots.close_ballot(ballot.pk, by=make.keeper(council)).verdict == verdict


def test_one_living_mark_a_product():
    mark = make.granted_mark()
    second = make.session()
    again = make.propose(mark.product, second)
    by = make.keeper(second.council)
    make.adopted(second)
    says_no(lambda: marks.grant(again.pk, by=by))
    marks.revoke(mark.pk, by=make.keeper(mark.resolution.council), why="تخلف")
    assert marks.grant(again.pk, by=by).status == "granted"


def test_a_second_click_changes_nothing():
    mark = make.granted_mark()
    by = make.keeper(mark.resolution.council)
    says_no(lambda: marks.grant(mark.pk, by=by))
    assert QualityMark.objects.get(pk=mark.pk).serial == mark.serial
    assert mark.moves.filter(action="grant").count() == 1


def test_grant_all_is_all_or_nothing():
    resolution = make.session()
    good = make.propose(make.scored_product(), resolution)
    bad = make.propose(make.scored_product(), resolution)
    by = make.keeper(resolution.council)
    make.adopted(resolution)
    make.scored_anew(bad, 85.5)
    assert bad.product.title in says_no(lambda: marks.grant_all(resolution.pk, by=by))
    assert set(resolution.marks.values_list("status", "serial")) == {("proposed", None)}
    marks.drop(bad.pk, by=by, why="امتیاز عوض شد")
    assert [one.pk for one in marks.grant_all(resolution.pk, by=by)] == [good.pk]
    says_no(lambda: marks.grant_all(resolution.pk, by=by))


def test_suspend_restore_revoke_need_reasons_and_are_told():
    representative = factories.representative()
    mark = make.granted_mark(agency_=representative.role_grants.get().agency)
    by = make.keeper(mark.resolution.council)
    for act in (marks.suspend, marks.revoke):
        says_no(lambda do=act: do(mark.pk, by=by, why=" "), "why")
        says_no(lambda do=act: do(mark.pk, by=factories.officer(), why="دلیل"))
    assert marks.suspend(mark.pk, by=by, why="شکایت").status == "suspended"
    assert marks.restore(mark.pk, by=by, why="رفع شد").status == "granted"
    assert marks.revoke(mark.pk, by=by, why="تخلف").status == "revoked"
    says_no(lambda: marks.restore(mark.pk, by=by, why="پشیمانی"))
    assert Notice.objects.filter(user=representative).count() == 4
    assert list(mark.moves.values_list("action", flat=True)) == ["propose", "grant", "suspend", "restore", "revoke"]


def test_the_second_factor_is_asked_of_whom_it_is_required():
    mark = make.proposed_mark()
    by = make.keeper(mark.resolution.council)
    by.second_factor_required = True
    make.adopted(mark.resolution)
    says_no(lambda: marks.grant(mark.pk, by=by))
    by.is_verified = lambda: True
    assert marks.grant(mark.pk, by=by).status == "granted"
    by.is_verified = lambda: False
    says_no(lambda: marks.revoke(mark.pk, by=by, why="دلیل"))


def test_standing_says_what_is_true_today():
    mark = make.granted_mark()
    assert mark.standing == "granted"
    mark.valid_until = timezone.localdate()
    assert mark.standing == "granted"
    mark.valid_until = timezone.localdate() - timedelta(days=1)
    assert mark.standing == "expired"
    mark.status = "revoked"
    assert mark.standing == "revoked"


def test_validity_ends_on_the_same_jalali_day():
    leap_day = persian.to_gregorian(1403, 12, 30)
    assert persian.to_jalali(marks._years_later(leap_day, 2)) == persian.to_jalali(persian.to_gregorian(1405, 12, 29))
    assert marks._years_later(date(2026, 1, 25), 2) == persian.to_gregorian(1406, 11, 5)


def test_marks_are_seen_by_whom_they_concern():
    mark = make.proposed_mark()
    member = make.seats(mark.resolution)[0].user
    for person, sees in (
        (factories.officer(), True), (member, True), (factories.user(), False), (factories.representative(mark.product.agency), False),
    ):  # fmt: skip
        assert QualityMark.objects.visible_to(person).filter(pk=mark.pk).exists() is sees


@pytest.mark.django_db(transaction=True)
def test_granted_at_the_same_moment_serials_differ_without_gaps():
    proposed = []
    for _n in range(4):
        mark = make.proposed_mark()
        make.adopted(mark.resolution)
        proposed.append((mark.pk, make.keeper(mark.resolution.council)))
    # And one of them clicked twice.
    proposed.append(proposed[0])
    outcomes = at_once(*(lambda pk=pk, by=by: marks.grant(pk, by=by) for pk, by in proposed))
    numbers = sorted(serial.split("-")[1] for serial in QualityMark.objects.values_list("serial", flat=True))
    assert numbers == ["00001", "00002", "00003", "00004"]
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["QualityMark"] * 4 + ["RuleBroken"]


@pytest.mark.parametrize("maker", [make.proposed_mark, make.granted_mark])
def test_a_product_before_a_council_or_with_a_mark_is_not_taken_back_by_its_agency(maker):
    product = maker().product
    agency = factories.representative(product.agency)
    with pytest.raises(RuleBroken):
        withdraw(product.pk, by=agency, why="دیگر نمی‌خواهیم")
    assert "withdraw" not in open_steps(product, agency)
    product.refresh_from_db()
    assert product.status == "accepted"


def test_a_product_whose_mark_was_dropped_may_be_taken_back():
    mark = make.proposed_mark()
    marks.drop(mark.pk, by=make.keeper(mark.resolution.council), why="کامل نیست")
    agency = factories.representative(mark.product.agency)
    assert withdraw(mark.product_id, by=agency, why="دیگر نمی‌خواهیم").status == "withdrawn"
