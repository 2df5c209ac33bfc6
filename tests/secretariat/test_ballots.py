"""Voting in council: who votes and when, recusals, shows of hands, the count and what it decides, the casting vote."""

from datetime import timedelta
from fractions import Fraction

import pytest
from django.utils import timezone

from secretariat import persian
from secretariat.errors import RuleBroken
from secretariat.models import Ballot, Presence, Recusal, Resolution, Vote
from secretariat.rules.voting import VotingRule
from secretariat.selectors.ballots import in_words, rule_for, standing_of, verdict_of, why_not_adoptable
from secretariat.services import ballots, meetings, recusals, resolutions
from tests import council as make
from tests import factories
from tests.refusal import says_no
from tests.together import at_once

pytestmark = pytest.mark.django_db


def closed(ballot):
    return ballots.close_ballot(ballot.pk, by=make.keeper(ballot.resolution.council))


# --- opening -------------------------------------------------------------------------------------


def test_a_ballot_keeps_the_rule_that_held_when_it_opened():
    resolution = make.session(council_=make.council(VotingRule(of="all", share=Fraction(3, 4), strict=False)))
    ballot = make.ballot(resolution, None)
    resolution.council.decision_rules.update(of="votes", share_over=1, share_under=2)
    ballot.refresh_from_db()
    assert (ballot.rule.of, ballot.rule.share, ballot.rule.strict) == ("all", Fraction(3, 4), False)
    assert rule_for(resolution).of == "votes"


def test_a_kind_of_decision_without_a_rule_follows_the_general_one():
    council = make.council(VotingRule(quorum=Fraction(1, 2)))
    make.follow(council, VotingRule(of="all"), "appeal")
    assert rule_for(make.resolution(council, kind="general")).quorum == Fraction(1, 2)
    assert rule_for(make.resolution(council, kind="general", decision="appeal")).of == "all"
    assert rule_for(make.resolution(kind="general")) == VotingRule()


def test_nobody_votes_before_the_session_after_it_without_quorum_or_twice_at_once():
    resolution = make.resolution()
    by = make.keeper(resolution.council)
    says_no(lambda: ballots.open_ballot(resolution.pk, by=by))
    few = make.session(members=1)
    make.seat(few.council)
    says_no(lambda: make.ballot(few))
    alone = make.session(members=1)
    says_no(lambda: make.ballot(alone))
    resolution = make.session()
    make.ballot(resolution)
    says_no(lambda: make.ballot(resolution))
    over = make.session()
    meetings.end(over.meeting_id, by=make.keeper(over.council))
    says_no(lambda: make.ballot(over))
    says_no(lambda: make.ballot(make.adopted()))
    assert Ballot.objects.filter(status="open").count() == 1


@pytest.mark.parametrize("who", ["user", "officer", "foreign"])
def test_strangers_neither_open_record_count_nor_break_off(who):
    resolution = make.session()
    stranger = {"user": factories.user, "officer": factories.officer, "foreign": lambda: make.keeper(make.council())}[who]()
    says_no(lambda: ballots.open_ballot(resolution.pk, by=stranger))
    ballot = make.ballot(resolution)
    for act in (
        lambda: ballots.record_hands(ballot.pk, {}, by=stranger),
        lambda: ballots.close_ballot(ballot.pk, by=stranger),
        lambda: ballots.break_off(ballot.pk, "دلیل", by=stranger),
        lambda: ballots.cast(ballot.pk, "for", by=stranger),
        lambda: ballots.record(resolution.pk, {}, {}, by=stranger),
        lambda: resolutions.decide(resolution.pk, "adopt", by=stranger),
        lambda: resolutions.withdraw(resolution.pk, by=stranger),
        lambda: recusals.recuse(resolution.pk, make.seats(resolution)[0].pk, "x", by=stranger),
        lambda: recusals.declare(resolution.pk, "x", by=stranger),
        lambda: meetings.attend(resolution.meeting_id, {}, by=stranger),
    ):
        says_no(act)
    ballot.refresh_from_db()
    assert ballot.status == "open"


# --- casting -------------------------------------------------------------------------------------


def test_a_member_votes_once_and_for_good():
    resolution = make.session()
    seat = make.seats(resolution)[0]
    ballot = make.voted(resolution, "for", "", "")
    assert ballot.votes.get().cast_by == seat.user
    says_no(lambda: ballots.cast(ballot.pk, "against", by=seat.user))
    says_no(lambda: ballots.record_hands(ballot.pk, {seat.pk: "against"}, by=make.keeper(resolution.council)), f"seat-{seat.pk}")
    # The same word recorded again, or left out, changes nothing.
    ballots.record_hands(ballot.pk, {seat.pk: ""}, by=make.keeper(resolution.council))
    ballots.record_hands(ballot.pk, {seat.pk: "for"}, by=make.keeper(resolution.council))
    assert (ballot.votes.get().choice, ballot.votes.get().by_hand) == ("for", False)


def test_absent_observing_foreign_and_gone_people_do_not_vote():
    resolution = make.session(members=4)
    observer = make.presence(resolution.meeting, make.seat(resolution.council, role="observer")).user
    gone = make.seats(resolution)[3]
    meetings.leave(resolution.meeting_id, gone.pk, by=make.keeper(resolution.council))
    ballot = make.ballot(resolution, None)
    for person in (observer, gone.user, make.seat(resolution.council).user, make.seat(make.council()).user):
        says_no(lambda who=person: ballots.cast(ballot.pk, "for", by=who))
    says_no(lambda: ballots.cast(ballot.pk, "maybe", by=make.seats(resolution)[0].user), "choice")
    assert not Vote.objects.exists()


def test_a_deputy_votes_for_the_seat_that_the_deputy_fills():
    resolution = make.session(members=2)
    holder, deputy = factories.user(), factories.user()
    seat = make.seat(resolution.council, holder, deputy=deputy)
    by = make.keeper(resolution.council)
    meetings.arrive(resolution.meeting_id, seat.pk, by=by, user=deputy)
    ballot = make.ballot(resolution, None)
    says_no(lambda: ballots.cast(ballot.pk, "for", by=holder))
    ballots.cast(ballot.pk, "for", by=deputy)
    vote = ballot.votes.get()
    assert (vote.seat, vote.cast_by) == (seat, deputy)


def test_a_counted_ballot_takes_no_more_votes():
    resolution = make.session()
    ballot = closed(make.voted(resolution, "for", "for", ""))
    late = make.seats(resolution)[2]
    says_no(lambda: ballots.cast(ballot.pk, "for", by=late.user))
    says_no(lambda: ballots.record_hands(ballot.pk, {late.pk: "for"}, by=make.keeper(resolution.council)))
    says_no(lambda: closed(ballot))
    says_no(lambda: ballots.break_off(ballot.pk, "دلیل", by=make.keeper(resolution.council)))


# --- counting ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "verdict"),
    [
        (["for", "for", "against"], "carried"),
        (["for", "", ""], "carried"),
        (["abstain", "abstain", "abstain"], "lost"),
        (["against", "against", "for"], "lost"),
        (["", "", ""], "lost"),
    ],
)
def test_the_count_decides(choices, verdict):
    resolution = make.session()
    ballot = closed(make.voted(resolution, *choices))
    assert ballot.verdict == verdict
    assert (ballot.votes_for, ballot.votes_against, ballot.votes_abstain) == tuple(
        choices.count(c) for c in ("for", "against", "abstain")
    )
    resolution.refresh_from_db()
    assert resolution.status == ("adopted" if verdict == "carried" else "rejected")
    assert resolution.moves.get().by is not None
    assert ballot.moves.get().action == "close"


def test_adoption_numbers_freezes_and_leaves_a_trail():
    resolution = make.session()
    by = make.keeper(resolution.council)
    ballots.close_ballot(make.ballot(resolution).pk, by=by)
    adopted = Resolution.objects.get(pk=resolution.pk)
    assert (adopted.year, adopted.number) == (persian.to_jalali(timezone.localdate()).year, 1)
    assert (adopted.seats_present, adopted.seats_in_force) == (3, 3)
    move = adopted.moves.get()
    assert (move.action, move.source, move.target, move.by) == ("adopt", "draft", "adopted", by)


def test_numbers_run_on_within_council_and_year():
    council = make.council()
    first, second = make.session(council_=council), make.session(members=0, council_=council)
    for seat in make.seats(first):
        make.presence(second.meeting, seat)
    assert make.adopted(first).number == 1
    assert make.adopted().number == 1
    assert make.adopted(second).number == 2


def test_who_leaves_before_the_count_takes_the_quorum_along_unless_the_vote_was_cast():
    resolution = make.session(members=3)
    by, seats = make.keeper(resolution.council), make.seats(resolution)
    ballot = make.voted(resolution, "for", "", "")
    meetings.leave(resolution.meeting_id, seats[1].pk, by=by)
    meetings.leave(resolution.meeting_id, seats[2].pk, by=by)
    assert {"۱", "۳"} <= set(says_no(lambda: closed(ballot)))
    meetings.arrive(resolution.meeting_id, seats[1].pk, by=by)
    ballots.cast(ballot.pk, "for", by=seats[1].user)
    # Who voted was present, even if gone by now.
    meetings.leave(resolution.meeting_id, seats[0].pk, by=by)
    ballot = closed(ballot)
    assert (ballot.present, ballot.verdict) == (2, "carried")


def test_observers_and_ended_terms_count_for_nothing():
    resolution = make.session(members=2)
    make.presence(resolution.meeting, make.seat(resolution.council, role="observer"))
    make.seat(resolution.council, ends_on=resolution.meeting.day - timedelta(days=1))
    make.seat(resolution.council, starts_on=resolution.meeting.day + timedelta(days=1))
    standing = standing_of(resolution)
    assert (standing.present, standing.seats) == (2, 2)


def test_a_ballot_broken_off_counts_for_nothing_and_is_held_again():
    resolution = make.session()
    by = make.keeper(resolution.council)
    ballot = make.ballot(resolution, "against")
    says_no(lambda: ballots.break_off(ballot.pk, " ", by=by), "why")
    assert ballots.break_off(ballot.pk, "اشتباه در متن", by=by).status == "void"
    again = make.ballot(resolution, "for")
    assert (again.number, closed(again).verdict) == (2, "carried")
    assert Vote.objects.filter(ballot=ballot).count() == 3


def test_words_do_not_change_while_voted_on_but_after_it_was_broken_off():
    resolution = make.session()
    by = make.keeper(resolution.council)
    ballot = make.ballot(resolution)
    ballots.break_off(ballot.pk, "متن اصلاح شود", by=by)
    Resolution.objects.filter(pk=resolution.pk).update(text="متن درست")
    assert make.adopted(resolution).text == "متن درست"


# --- the casting vote ----------------------------------------------------------------------------


def tied(**fields):
    resolution = make.session(members=2, **fields)
    return resolution, make.voted(resolution, "for", "against")


@pytest.mark.parametrize(("choice", "status"), [("for", "adopted"), ("against", "rejected")])
def test_at_equal_votes_the_chair_decides(choice, status):
    resolution, ballot = tied()
    chair, member = make.seats(resolution)
    assert closed(ballot).status == "tied"
    resolution.refresh_from_db()
    assert resolution.status == "draft"
    for person in (member.user, make.keeper(resolution.council), factories.user()):
        says_no(lambda who=person: ballots.give_casting_vote(ballot.pk, choice, by=who))
    says_no(lambda: ballots.give_casting_vote(ballot.pk, "abstain", by=chair.user), "choice")
    ballot = ballots.give_casting_vote(ballot.pk, choice, by=chair.user)
    assert (ballot.status, ballot.casting_choice, ballot.casting_by) == ("closed", choice, chair.user)
    resolution.refresh_from_db()
    assert resolution.status == status
    says_no(lambda: ballots.give_casting_vote(ballot.pk, choice, by=chair.user))
    assert list(ballot.moves.values_list("action", flat=True)) == ["tie", "settle"]


def test_without_a_casting_vote_it_is_not_carried():
    resolution, ballot = tied()
    closed(ballot)
    by = make.keeper(resolution.council)
    says_no(lambda: ballots.settle_without_casting(ballot.pk, "", by=by), "why")
    assert ballots.settle_without_casting(ballot.pk, "رئیس رأی نداد", by=by).verdict == "lost"


@pytest.mark.parametrize("reason", ["no chair", "rule", "recused", "deputy"])
def test_where_no_chair_can_decide_a_tie_is_lost_at_once(reason):
    council = make.council(VotingRule(casting=False) if reason == "rule" else None)
    resolution = make.session(members=2, council_=council)
    first, _second = make.seats(resolution)
    if reason == "no chair":
        Presence.objects.filter(attendance__seat=first).delete()
        first.attendances.all().delete()
        make.presence(resolution.meeting, make.seat(council))
    elif reason == "deputy":
        deputy = factories.user()
        type(first).objects.filter(pk=first.pk).update(deputy=deputy)
        Presence.objects.filter(attendance__seat=first).update(user=deputy)
    elif reason == "recused":
        make.presence(resolution.meeting, make.seat(council))
        recusals.recuse(resolution.pk, first.pk, "ذی‌نفع", by=make.keeper(council))
    ballot = make.ballot(resolution, None)
    there = [seat for seat in make.seats(resolution) if not resolution.recusals.filter(seat=seat).exists()]
    for seat, choice in zip(there, ["for", "against"], strict=True):
        ballots.cast(ballot.pk, choice, by=Presence.objects.get(attendance__seat=seat).user)
    assert (closed(ballot).status, Ballot.objects.get().verdict) == ("closed", "lost")


# --- recusals ------------------------------------------------------------------------------------


def test_who_declares_a_recusal_counts_in_the_meetings_quorum_only():
    resolution = make.session(members=4)
    by, seats = make.keeper(resolution.council), make.seats(resolution)
    says_no(lambda: recusals.declare(resolution.pk, " ", by=seats[3].user), "reason")
    recusal = recusals.declare(resolution.pk, "با سازنده کار می‌کنم", by=seats[3].user)
    assert (recusal.source, recusal.by) == ("declared", seats[3].user)
    says_no(lambda: recusals.declare(resolution.pk, "دوباره", by=seats[3].user))
    standing = standing_of(resolution)
    assert (standing.present, standing.recused, standing.voters, standing.entitled) == (4, 1, 3, 3)
    ballot = make.ballot(resolution)
    says_no(lambda: ballots.cast(ballot.pk, "for", by=seats[3].user))
    says_no(lambda: ballots.record_hands(ballot.pk, {seats[3].pk: "for"}, by=by), f"seat-{seats[3].pk}")
    assert (closed(ballot).votes_for, Ballot.objects.get().recused) == (3, 1)


def test_recused_people_cannot_make_the_items_quorum():
    """Three of four are there, but two of them do not decide: one of two is no quorum of two thirds."""
    resolution = make.session(members=3)
    make.seat(resolution.council)
    by, seats = make.keeper(resolution.council), make.seats(resolution)
    for seat in seats[:2]:
        recusals.recuse(resolution.pk, seat.pk, "", by=by)
    assert why_not_adoptable(resolution)
    says_no(lambda: make.ballot(resolution))


def test_a_recusal_is_taken_back_before_the_ballot_only_and_by_whom_it_concerns():
    resolution = make.session(members=4)
    by, seats = make.keeper(resolution.council), make.seats(resolution)
    recusals.declare(resolution.pk, "دلیل", by=seats[3].user)
    says_no(lambda: recusals.take_back(resolution.pk, seats[3].pk, by=seats[2].user))
    says_no(lambda: recusals.take_back(resolution.pk, seats[2].pk, by=by))
    recusals.take_back(resolution.pk, seats[3].pk, by=seats[3].user)
    recusals.recuse(resolution.pk, seats[3].pk, "دلیل", by=by)
    says_no(lambda: recusals.take_back(resolution.pk, seats[3].pk, by=seats[3].user))
    ballot = make.ballot(resolution, None)
    says_no(lambda: recusals.take_back(resolution.pk, seats[3].pk, by=by))
    # Whoever has not voted yet may still step aside; whoever has may not.
    ballots.cast(ballot.pk, "for", by=seats[0].user)
    says_no(lambda: recusals.declare(resolution.pk, "دیر", by=seats[0].user), f"seat-{seats[0].pk}")
    recusals.declare(resolution.pk, "به‌موقع", by=seats[1].user)
    assert Recusal.objects.count() == 2


def test_equal_votes_that_members_cast_wait_for_the_chair_whichever_word_is_tried():
    resolution, ballot = tied()
    assert resolutions.decide(resolution.pk, "adopt", by=make.keeper(resolution.council)).status == "draft"
    ballot.refresh_from_db()
    assert ballot.status == "tied"


def test_how_it_stands_is_told_in_words(in_english):
    resolution = make.session()
    assert why_not_adoptable(resolution) == "Not carried: 0 for, 0 against."
    ballot = make.ballot(resolution)
    quorum = "3 of 3 voting seats present: quorum reached."
    assert in_words(resolution) == (
        quorum,
        "3 of 3 who may vote have voted.",
        "How they voted is told once it is counted.",
    )
    assert verdict_of(resolution)[0] == "carried"
    closed(ballot)
    resolution.refresh_from_db()
    assert in_words(resolution) == (quorum, "3 for, 0 against, 0 abstained, 0 recused: carried.")


def test_resolutions_are_seen_by_their_council_and_officers_only():
    resolution = make.session()
    seat = make.seats(resolution)[1]
    deputy = factories.user()
    type(seat).objects.filter(pk=seat.pk).update(deputy=deputy)
    for person in (seat.user, deputy, factories.officer(), make.keeper(resolution.council), factories.user(is_superuser=True)):
        for model in (Resolution, type(resolution.meeting)):
            assert model.objects.visible_to(person).exists()
    for person in (factories.user(), factories.representative(), make.keeper(make.council())):
        assert not Resolution.objects.visible_to(person).filter(pk=resolution.pk).exists()
        assert not type(resolution.meeting).objects.visible_to(person).exists()


# --- at the same moment --------------------------------------------------------------------------


def together(*acts):
    """Let these run at one moment, each in a thread and a connection of its own; gives the sentences of those refused."""
    refusals = [outcome for outcome in at_once(*acts) if isinstance(outcome, Exception)]
    assert all(isinstance(refusal, RuleBroken) for refusal in refusals), refusals
    return [str(refusal) for refusal in refusals]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("secret", [False, True])
def test_a_double_click_is_one_vote_and_votes_at_one_moment_are_all_counted(secret):
    resolution = make.session(members=4)
    ballot = make.ballot(resolution, None, secret=secret)
    people = [seat.user for seat in make.seats(resolution)]
    refusals = together(*[lambda who=who: ballots.cast(ballot.pk, "for", by=who) for who in [*people, people[0]]])
    assert len(refusals) == 1
    assert closed(ballot).votes_for == 4


@pytest.mark.django_db(transaction=True)
def test_a_vote_and_the_count_at_one_moment_agree():
    resolution = make.session(members=3)
    ballot = make.voted(resolution, "for", "for", "")
    late, by = make.seats(resolution)[2].user, make.keeper(resolution.council)
    refusals = together(lambda: ballots.cast(ballot.pk, "against", by=late), lambda: ballots.close_ballot(ballot.pk, by=by))
    ballot.refresh_from_db()
    assert ballot.votes_against == ballot.votes.filter(choice="against").count() == 1 - len(refusals)


@pytest.mark.django_db(transaction=True)
def test_adopted_at_the_same_moment_the_numbers_differ_without_gaps():
    council = make.council()
    seats = [make.seat(council, role="chair" if n == 0 else "member") for n in range(3)]
    open_ones = []
    for _n in range(3):
        resolution = make.session(members=0, council_=council)
        for seat in seats:
            make.presence(resolution.meeting, seat)
        open_ones.append(make.ballot(resolution))
    open_ones.append(make.ballot(make.session()))
    # One of them is counted twice at once.
    keepers = [make.keeper(one.resolution.council) for one in open_ones]
    acts = [lambda one=one, by=by: ballots.close_ballot(one.pk, by=by) for one, by in zip(open_ones, keepers, strict=True)]
    refusals = together(*acts, acts[0])
    assert len(refusals) == 1
    assert sorted(Resolution.objects.filter(council=council).values_list("number", flat=True)) == [1, 2, 3]
    assert sorted(Resolution.objects.values_list("register_no", flat=True)) == [1, 2, 3, 4]
