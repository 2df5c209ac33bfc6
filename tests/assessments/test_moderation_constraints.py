"""What the database itself refuses of disagreements, further assessors, discussions and agreed values, however the row is written."""

import pytest
from django.utils import timezone

from assessments.models import (
    Assessment,
    Assignment,
    ModeratedRating,
    ModeratedScore,
    Moderation,
    ModerationMember,
    ModerationMessage,
    ModerationPoint,
    ModerationReason,
    Proposal,
    Rating,
    Round,
    ScoringRun,
)
from assessments.services import discussions, moderations
from tests import factories
from tests.assessments import disputed
from tests.refusal import refused, settle, sql

pytestmark = pytest.mark.django_db


def submit(assignment):
    Assessment.objects.get_or_create(assignment=assignment)
    Assessment.objects.filter(assignment=assignment).update(submitted_at=timezone.now())
    Assignment.objects.filter(pk=assignment.pk).update(status="submitted")


# ------------------------------------------------------------------ the round
@pytest.mark.parametrize(
    "change", [{"gap_total": 101}, {"gap_indicator": 101}, {"moderation": "duel"}, {"moderation_days": 0}]
)  # fmt: skip
def test_a_round_says_what_disagreement_is(change):
    factories.round_()
    with refused("round_says_what_disagreement_is"):
        Round.objects.update(**change)


def test_scores_are_not_fixed_over_a_disagreement():
    moderation = disputed.dispute(status="moderation")
    with refused("fixed_when_nothing_is_disputed"):
        sql("UPDATE assessments_round SET status = 'scored'")
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=factories.officer())
    ScoringRun.objects.filter(current_of__isnull=False).update(frozen_at=timezone.now())
    sql("UPDATE assessments_round SET status = 'scored'")
    settle()


@pytest.mark.parametrize("state", ["draft", "scored", "published", "cancelled"])
def test_disagreements_live_only_while_scores_move(state):
    entry = factories.entry(factories.round_("published" if state == "published" else "open"))
    if state in ("draft", "cancelled"):
        Round.objects.update(status=state)
    if state == "scored":
        factories.published(entry.round)
        Round.objects.update(status=state)
    with refused("moderated_while_scores_move"):
        Moderation.objects.bulk_create([Moderation(entry=entry)])


# ------------------------------------------------------------------ the disagreement
def test_a_panel_is_in_one_disagreement_at_a_time():
    moderation = disputed.dispute()
    with refused("one_living_moderation_an_entry"):
        Moderation.objects.create(entry=moderation.entry)


def test_only_known_states():
    disputed.dispute()
    with refused("moderation_status_known"):
        sql("UPDATE assessments_moderation SET status = 'lost'")


@pytest.mark.parametrize("missing", ["outcome", "reason", "settled_at", "settled_by_id"])
def test_it_is_settled_wholly_or_not_at_all(missing):
    moderation, officer = disputed.dispute(), factories.officer()
    whole = {"status": "closed", "outcome": "stands", "reason": "x", "settled_at": timezone.now(), "settled_by_id": officer.pk}
    with refused("moderation_settled_wholly"):
        Moderation.objects.filter(pk=moderation.pk).update(**{**whole, missing: "" if missing in ("outcome", "reason") else None})
    with refused("moderation_settled_wholly"):
        Moderation.objects.filter(pk=moderation.pk).update(outcome="stands")


def test_what_is_settled_stays_on_record():
    moderation = disputed.dispute()
    moderations.settle(moderation.pk, "stands", disputed.WHY, by=factories.officer())
    with refused("settled_moderation_stays"):
        sql("UPDATE assessments_moderation SET status = 'raised', outcome = '', reason = '', settled_at = NULL, settled_by_id = NULL")
    with refused("settled_moderation_stays"):
        sql("DELETE FROM assessments_moderation")
    with refused("append_only"):
        sql("UPDATE assessments_moderationmove SET why = ''")


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "total"},
        {"kind": "total", "gap": 30, "limit": 20, "flag": "halo"},
        {"kind": "indicator", "gap": 30, "limit": 20},
        {"kind": "flag"},
        {"kind": "flag", "flag": "halo", "gap": 3},
        {"kind": "guess"},
    ],
)
def test_a_reason_says_what_was_found(said):
    moderation = disputed.dispute(2, 3, 3)
    with refused("reason_says_what_was_found"):
        ModerationReason.objects.create(moderation=moderation, **said)


def test_a_reason_is_named_once_and_only_ends():
    reason = disputed.dispute(2, 3, 3).reasons.get()
    with refused("reason_named_once"):
        ModerationReason.objects.create(moderation=reason.moderation, kind="total", gap=30, limit=20)
    with refused("reason_only_ends"):
        ModerationReason.objects.update(gap=1)
    with refused("reason_only_ends"):
        sql("DELETE FROM assessments_moderationreason")
    ModerationReason.objects.update(gone_at=timezone.now())
    with refused("reason_only_ends"):
        ModerationReason.objects.update(gone_at=timezone.now())
    with refused("reason_only_ends"):
        ModerationReason.objects.update(gone_at=None)


# ------------------------------------------------------------------ one more assessor
@pytest.fixture
def summoned():
    moderation = disputed.dispute()
    made = disputed.further(moderation)
    Round.objects.update(status="moderation")
    return made


def test_in_moderation_only_the_summoned_assessor_may_judge(summoned):
    colleague = factories.assignment(summoned.entry, status="offered")
    with refused("judged_while_the_round_is_open"):
        Assignment.objects.filter(pk=colleague.pk).update(status="accepted")
    Assignment.objects.filter(pk=summoned.pk).update(status="accepted")
    settle()
    submit(summoned)
    settle()
    assert Assignment.objects.get(pk=summoned.pk).status == "submitted"


def test_in_moderation_the_ratings_of_the_others_stay_locked(summoned):
    first = summoned.entry.assignments.get(alias=1)
    with refused("judged_while_the_round_is_open"):
        Assessment.objects.filter(assignment=first).update(submitted_at=None)
        Assignment.objects.filter(pk=first.pk).update(status="accepted")
    with refused("submitted_together_with_its_assignment"):
        Assessment.objects.filter(assignment=first).update(submitted_at=None)
    with refused("ratings_fit_on_update", saying="frozen"):
        Rating.objects.filter(assessment__assignment=first).update(value=5)
    with refused("submitted_assessment_is_frozen"):
        Assessment.objects.filter(assignment=first).update(strengths="x")


def test_the_summoned_judges_only_while_the_disagreement_waits_for_him(summoned):
    Moderation.objects.update(status="raised")
    with refused("judged_while_the_round_is_open"):
        Assignment.objects.filter(pk=summoned.pk).update(status="accepted")


def test_the_summoned_judges_nothing_once_the_scores_are_fixed(summoned):
    Moderation.objects.update(status="raised")
    ScoringRun.objects.filter(current_of__isnull=False).update(frozen_at=timezone.now())
    Moderation.objects.update(
        status="closed", outcome="stands", reason="x", settled_at=timezone.now(), settled_by=factories.officer()
    )
    Round.objects.update(status="scored")
    with refused("judged_while_the_round_is_open"):
        Assignment.objects.filter(pk=summoned.pk).update(status="accepted")


def test_a_disagreement_summons_for_its_own_product(summoned):
    elsewhere = disputed.another_entry(summoned.entry)
    with refused("summoned_for_the_product_in_question"):
        Assignment.objects.create(
            entry=elsewhere, assessor=factories.assessor(), alias=1, summoned_by=summoned.summoned_by, due_at=timezone.now()
        )


def test_one_further_assessor_at_a_time(summoned):
    with refused("one_further_assessor_at_a_time"):
        Assignment.objects.create(
            entry=summoned.entry, assessor=factories.assessor(), alias=9, summoned_by=summoned.summoned_by, due_at=timezone.now()
        )


def test_the_summoned_has_a_deadline_of_his_own(summoned):
    with refused("summoned_until_a_deadline_of_his_own"):
        Assignment.objects.create(
            entry=summoned.entry, assessor=factories.assessor(), alias=9, summoned_by=summoned.summoned_by
        )


# ------------------------------------------------------------------ the discussion
@pytest.fixture
def discussed():
    moderation, _officer = disputed.discussion()
    return moderation


def seat(moderation, alias=1):
    return moderation.entry.assignments.select_related("assessor__user").get(alias=alias)


def test_only_who_has_judged_is_let_in(discussed):
    pending = factories.assignment(discussed.entry, status="accepted")
    elsewhere = factories.submitted_assessment(disputed.another_entry(discussed.entry), 3).assignment
    for one in (pending, elsewhere):
        with refused("only_who_has_judged_is_let_in"):
            ModerationMember.objects.create(moderation=discussed, assignment=one)
    with refused("member_let_in_once"):
        ModerationMember.objects.create(moderation=discussed, assignment=seat(discussed))
    with refused("append_only"):
        sql("DELETE FROM assessments_moderationmember")


@pytest.mark.parametrize("state", ["accepted", "offered"])
def test_who_has_read_what_the_others_gave_never_rates_again(discussed, state):
    first = seat(discussed)
    with refused("who_discussed_rates_no_more"):
        Assessment.objects.filter(assignment=first).update(submitted_at=None)
        Assignment.objects.filter(pk=first.pk).update(status=state)
    Assignment.objects.filter(pk=first.pk).update(status="withdrawn")  # taken off for a conflict of interest
    settle()
    with refused("who_discussed_rates_no_more"):
        Assessment.objects.filter(assignment=first).update(submitted_at=None)
        Assignment.objects.filter(pk=first.pk).update(status="offered")


def test_what_is_asked_is_asked_once_and_for_good(discussed):
    point = discussed.points.first()
    with refused("point_named_once"):
        ModerationPoint.objects.create(moderation=discussed, indicator=point.indicator)
    with refused("append_only"):
        sql("DELETE FROM assessments_moderationpoint")


def message(moderation, **fields):
    first = seat(moderation)
    said = {"moderation": moderation, "assignment": first, "by": first.assessor.user, "text": "سلام", **fields}
    return ModerationMessage.objects.bulk_create([ModerationMessage(**said)])


def test_messages_are_added_and_never_touched(discussed):
    message(discussed)
    with refused("append_only"):
        ModerationMessage.objects.update(text="دیگر")
    with refused("append_only"):
        sql("DELETE FROM assessments_moderationmessage")
    with refused("message_says_something"):
        message(discussed, text="")


def test_only_the_panel_speaks_under_its_numbers_and_only_while_it_discusses(discussed):
    stranger = factories.submitted_assessment(disputed.another_entry(discussed.entry), 3).assignment
    rule = "only_the_panel_and_the_secretariat_discuss"
    with refused(rule):
        message(discussed, assignment=stranger, by=stranger.assessor.user)
    with refused(rule):
        message(discussed, by=seat(discussed, 2).assessor.user)  # under another's number
    unasked = discussed.points.first().indicator.version.indicators.get(code="D1")
    with refused(rule):
        message(discussed, indicator=unasked)
    Assignment.objects.filter(pk=seat(discussed).pk).update(status="withdrawn")
    with refused(rule):
        message(discussed)
    moderations.settle(discussed.pk, "stands", disputed.WHY, by=factories.officer())
    with refused(rule):
        message(discussed, assignment=None)


def proposal(moderation, **fields):
    first, point = seat(moderation), moderation.points.first()
    said = {"moderation": moderation, "assignment": first, "by": first.assessor.user, "indicator": point.indicator,
            "state": "scored", "value": 3, "why": "x", **fields}  # fmt: skip
    return Proposal.objects.bulk_create([Proposal(**said)])


def agreed(moderation, **fields):
    point = moderation.points.first()
    said = {"moderation": moderation, "indicator": point.indicator, "number": 1, "state": "scored", "value": 3, "comment": "x",
            "by": factories.officer(), **fields}  # fmt: skip
    return ModeratedRating.objects.bulk_create([ModeratedRating(**said)])


@pytest.mark.parametrize("wrong", [{"value": 6}, {"value": 0}, {"value": "2.5"}, {"state": "na", "value": None}])
def test_values_fit_their_indicator(discussed, wrong):
    with refused("proposed_by_a_member"):
        proposal(discussed, **wrong)
    with refused("moderated_rating_fits"):
        agreed(discussed, **wrong)


@pytest.mark.parametrize("wrong", [{"value": None}, {"state": "blank", "value": None}])
def test_a_value_is_there_exactly_when_it_is_rated(discussed, wrong):
    with refused("proposal_has_a_value"):
        proposal(discussed, **wrong)
    with refused("moderated_rating_has_a_value"):
        agreed(discussed, **wrong)


def test_values_come_with_a_reason_and_stay(discussed):
    with refused("proposal_with_a_reason"):
        proposal(discussed, why="")
    with refused("moderated_rating_with_a_comment"):
        agreed(discussed, comment="")
    proposal(discussed)
    agreed(discussed)
    with refused("one_revision_a_number"):
        agreed(discussed)
    for table in ("proposal", "moderatedrating"):
        with refused("append_only"):
            sql(f"UPDATE assessments_{table} SET value = 5")
        with refused("append_only"):
            sql(f"DELETE FROM assessments_{table}")


def test_nothing_is_proposed_or_agreed_outside_a_discussion_or_on_what_was_not_asked(discussed):
    unasked = discussed.points.first().indicator.version.indicators.get(code="D1")
    with refused("moderated_rating_fits"):
        agreed(discussed, indicator=unasked)
    with refused("proposed_by_a_member"):
        proposal(discussed, indicator=unasked)
    with refused("proposed_by_a_member"):
        proposal(discussed, by=seat(discussed, 2).assessor.user)
    moderations.settle(discussed.pk, "stands", disputed.WHY, by=factories.officer())
    with refused("moderated_rating_fits"):
        agreed(discussed)
    with refused("proposed_by_a_member"):
        proposal(discussed)


# ------------------------------------------------------------------ what follows from it
def test_totals_with_agreed_values_stay_within_their_bounds_and_with_their_run():
    moderation, officer = disputed.discussion()
    disputed.agreed(moderation, officer)
    made = ModeratedScore.objects.get()
    with refused("one_moderated_score_an_entry"):
        ModeratedScore.objects.create(run=made.run, entry=made.entry, mean=1, value=1, digest="0" * 64)
    for change in ({"value": 101}, {"mean": -1}):
        with refused("moderated_score_within_0_100"):
            ModeratedScore.objects.update(**change)
    other = disputed.another_entry(made.entry)
    ScoringRun.objects.filter(pk=made.run_id).update(frozen_at=timezone.now())
    with refused("frozen_moderated_scores_stay"):
        ModeratedScore.objects.update(value=1)
    with refused("frozen_moderated_scores_stay"):
        sql("DELETE FROM assessments_moderatedscore")
    with refused("frozen_moderated_scores_stay"):
        ModeratedScore.objects.create(run=made.run, entry=other, mean=1, value=1, digest="0" * 64)


def test_discussions_and_their_services_agree_with_the_database(discussed):
    """The same things through the services: what these let through, the triggers let through."""
    first = seat(discussed)
    discussions.say(discussed.pk, "سلام", by=first.assessor.user)
    discussions.propose(discussed.pk, discussed.points.first().indicator_id, "4", "x", by=first.assessor.user)
    assert (ModerationMessage.objects.count(), Proposal.objects.count()) == (1, 1)
