"""What the database itself refuses about votes and minutes, whoever writes: raw statements go round every service here."""

from datetime import timedelta

import pytest
from django.utils import timezone

from secretariat.models import AgendaItem, Attendance, Ballot, BallotMark, Meeting, MinutesSignature, Presence, Recusal, Vote
from secretariat.services import ballots, meetings, minutes, signatures
from tests import council as make
from tests import factories
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db

COUNTS = {"seats": 3, "present": 3, "recused": 0, "recused_present": 0, "votes_for": 3, "votes_against": 0, "votes_abstain": 0}


def open_ballot(secret=False, members=3, choice=None):
    return make.ballot(make.session(members=members), choice, secret=secret)


def paper(ballot, seat, **fields):
    """A vote on paper of the right sort for this ballot, unsaved."""
    if ballot.is_secret:
        return BallotMark(ballot=ballot, seat=seat, cast_by=seat.user, **fields)
    return Vote(ballot=ballot, seat=seat, choice="for", cast_by=seat.user, **fields)


def rule_of(ballot):
    return "mark_in_an_open_secret_ballot_by_who_may" if ballot.is_secret else "vote_in_an_open_ballot_by_who_may"


@pytest.mark.parametrize("secret", [False, True])
def test_only_a_present_voting_seat_of_the_council_votes(secret):
    ballot = open_ballot(secret, members=4)
    resolution = ballot.resolution
    absent, observer, foreign = (
        make.seat(resolution.council),
        make.seat(resolution.council, role="observer"),
        make.seat(make.council()),
    )
    Attendance.objects.create(meeting=resolution.meeting, seat=absent)
    make.presence(resolution.meeting, observer)
    gone = make.seats(resolution)[3]
    Presence.objects.filter(attendance__seat=gone).update(left_at=timezone.now())
    for seat in (absent, observer, foreign, gone):
        with refused(rule_of(ballot), saying="only a seat present"):
            type(paper(ballot, seat)).objects.bulk_create([paper(ballot, seat)])
    early = paper(ballot, make.seats(resolution)[0], at=resolution.meeting.started_at - timedelta(hours=1))
    with refused(rule_of(ballot), saying="only a seat present"):
        type(early).objects.bulk_create([early])


@pytest.mark.parametrize("secret", [False, True])
def test_who_is_recused_does_not_vote(secret):
    ballot = open_ballot(secret)
    seat = make.seats(ballot.resolution)[0]
    Recusal.objects.create(resolution=ballot.resolution, seat=seat, source="declared", reason="دلیل")
    with refused(rule_of(ballot), saying="recused"):
        type(paper(ballot, seat)).objects.bulk_create([paper(ballot, seat)])


@pytest.mark.parametrize("secret", [False, True])
def test_nobody_votes_twice_or_late(secret):
    ballot = open_ballot(secret, members=4)
    seats = make.seats(ballot.resolution)
    for seat in seats[:3]:
        ballots.cast(ballot.pk, "for", by=seat.user)
    again = paper(ballot, seats[0])
    with refused("marked_once_in_a_ballot" if secret else "seat_votes_once_in_a_ballot"):
        type(again).objects.bulk_create([again])
    ballots.close_ballot(ballot.pk, by=make.keeper(ballot.resolution.council))
    late = paper(ballot, seats[3])
    with refused(rule_of(ballot), saying="only an open ballot"):
        type(late).objects.bulk_create([late])


def test_each_ballot_takes_its_own_sort_of_vote():
    open_one, secret = open_ballot(), open_ballot(True)
    seat = make.seats(secret.resolution)[0]
    with refused("vote_in_an_open_ballot_by_who_may", saying="keeps no votes"):
        Vote.objects.bulk_create([Vote(ballot=secret, seat=seat, choice="for", cast_by=seat.user)])
    seat = make.seats(open_one.resolution)[0]
    with refused("mark_in_an_open_secret_ballot_by_who_may", saying="open votes"):
        BallotMark.objects.bulk_create([BallotMark(ballot=open_one, seat=seat, cast_by=seat.user)])


def test_a_vote_that_was_cast_is_final_and_in_known_words():
    ballot = open_ballot()
    seats = make.seats(ballot.resolution)
    ballots.cast(ballot.pk, "for", by=seats[0].user)
    cast = Vote.objects.filter(seat=seats[0])
    for change in ({"choice": "against"}, {"by_hand": True}):
        with refused("vote_in_an_open_ballot_by_who_may", saying="final"):
            cast.update(**change)
    with refused("vote_stays"):
        sql("DELETE FROM secretariat_vote WHERE id = %s", cast.get().pk)
    ballots.record_hands(ballot.pk, {seats[1].pk: "for"}, by=make.keeper(ballot.resolution.council))
    shown = Vote.objects.filter(seat=seats[1])
    with refused("vote_choice_known"):
        shown.update(choice="recused")
    with refused("vote_in_an_open_ballot_by_who_may", saying="final"):
        shown.update(seat=seats[2])
    shown.update(choice="against")
    sql("DELETE FROM secretariat_vote WHERE id = %s", shown.get().pk)


@pytest.mark.parametrize("choice", ["for", "against"])
def test_counted_votes_are_frozen(choice):
    resolution = make.adopted(choice=choice)
    vote = Vote.objects.filter(ballot__resolution=resolution).first()
    with refused("vote_in_an_open_ballot_by_who_may", saying="only an open ballot"):
        Vote.objects.filter(pk=vote.pk).update(choice="abstain")
    with refused("vote_stays"):
        sql("DELETE FROM secretariat_vote WHERE id = %s", vote.pk)


def test_a_mark_stays():
    ballot = open_ballot(True)
    seat = make.seats(ballot.resolution)[0]
    ballots.cast(ballot.pk, "for", by=seat.user)
    with refused("mark_stays"):
        BallotMark.objects.update(at=timezone.now())
    with refused("mark_stays"):
        sql("DELETE FROM secretariat_ballotmark WHERE seat_id = %s", seat.pk)


# --- ballots -------------------------------------------------------------------------------------


def test_a_ballot_opens_on_a_draft_at_a_meeting_in_session():
    columns = {
        name: getattr(open_ballot(), name)
        for name in ("quorum_over", "quorum_under", "share_over", "share_under", "is_strict", "of", "is_secret", "casting")
    }
    for resolution in (make.resolution(), make.adopted()):
        with refused("ballot_opens_at_a_meeting_in_session"):
            Ballot.objects.bulk_create([Ballot(resolution=resolution, number=5, **columns)])
    counted = {"status": "closed", "verdict": "carried", "closed_at": timezone.now(), **COUNTS}
    with refused("ballot_opens_at_a_meeting_in_session"):
        Ballot.objects.bulk_create([Ballot(resolution=make.session(), **columns, **counted)])


def test_one_ballot_counts_and_each_has_its_number():
    ballot = open_ballot()
    columns = {
        name: getattr(ballot, name)
        for name in (
            "resolution",
            "quorum_over",
            "quorum_under",
            "share_over",
            "share_under",
            "is_strict",
            "of",
            "is_secret",
            "casting",
        )
    }
    with refused("one_ballot_that_counts"):
        Ballot.objects.bulk_create([Ballot(number=2, **columns)])
    ballots.break_off(ballot.pk, "از نو", by=make.keeper(ballot.resolution.council))
    with refused("ballots_of_a_resolution_are_numbered"):
        Ballot.objects.bulk_create([Ballot(number=1, **columns)])


@pytest.mark.parametrize(
    "change",
    [
        {"of": "all"},
        {"share_over": 2},
        {"quorum_over": 1},
        {"is_secret": True},
        {"casting": False},
        {"number": 9},
        {"opened_at": timezone.now()},
    ],
)
def test_a_ballot_keeps_its_rule(change):
    ballot = open_ballot()
    with refused("counted_ballot_is_frozen"):
        Ballot.objects.filter(pk=ballot.pk).update(**change)


def test_a_count_is_whole_and_that_of_the_votes():
    ballot = open_ballot(choice="for")
    rows = Ballot.objects.filter(pk=ballot.pk)
    closed = {"status": "closed", "verdict": "carried", "closed_at": timezone.now(), **COUNTS}
    for missing in ("verdict", "closed_at", "seats", "present"):
        with refused("counted_exactly_when_closed"):
            rows.update(**{**closed, missing: "" if missing == "verdict" else None})
    with refused("counted_exactly_when_closed"):
        rows.update(seats=3)
    with refused("counted_ballot_is_frozen", saying="those of the votes"):
        rows.update(**{**closed, "votes_for": 2, "votes_against": 1})
    with refused("casting_vote_is_whole"):
        rows.update(casting_choice="for")
    rows.update(**closed)
    for change in ({"verdict": "lost"}, {"votes_for": 2}, {"status": "open"}):
        with refused("counted_ballot_is_frozen"):
            rows.update(**change)
    with refused("counted_ballot_is_frozen"):
        sql("DELETE FROM secretariat_ballot WHERE id = %s", ballot.pk)


def test_a_secret_count_has_as_many_votes_as_people_voted():
    ballot = open_ballot(True)
    with refused("counted_ballot_is_frozen", saying="as many votes"):
        Ballot.objects.filter(pk=ballot.pk).update(status="closed", verdict="carried", closed_at=timezone.now(), **COUNTS)


def test_what_was_counted_at_a_tie_stays_so():
    resolution = make.session(members=2)
    ballot = make.ballot(resolution, None)
    for seat, choice in zip(make.seats(resolution), ["for", "against"], strict=True):
        ballots.cast(ballot.pk, choice, by=seat.user)
    ballots.close_ballot(ballot.pk, by=make.keeper(resolution.council))
    with refused("counted_ballot_is_frozen", saying="stays so"):
        Ballot.objects.filter(pk=ballot.pk).update(votes_for=2)
    with refused("casting_vote_is_whole"):
        Ballot.objects.filter(pk=ballot.pk).update(status="closed", verdict="carried", casting_choice="for")


def test_the_trail_of_a_ballot_and_of_a_meeting_is_never_touched():
    resolution = make.adopted()
    meetings.end(resolution.meeting_id, by=make.keeper(resolution.council))
    for moves in (Ballot.objects.get().moves, resolution.meeting.moves):
        with refused("append_only"):
            moves.update(why="دیگر")


# --- recusals ------------------------------------------------------------------------------------


def test_a_recusal_comes_before_the_vote_once_and_from_a_known_source():
    resolution = make.session(members=4)
    seats = make.seats(resolution)
    recusal = Recusal.objects.create(resolution=resolution, seat=seats[3], source="chair")
    rows = Recusal.objects.filter(pk=recusal.pk)
    with refused("recused_once"):
        Recusal.objects.bulk_create([Recusal(resolution=resolution, seat=seats[3], source="declared")])
    with refused("recusal_from_a_known_source"):
        rows.update(source="rumour")
    with refused("recusal_before_the_vote", saying="a seat of the council"):
        Recusal.objects.bulk_create([Recusal(resolution=resolution, seat=make.seat(make.council()), source="chair")])
    ballot = make.ballot(resolution, None)
    ballots.cast(ballot.pk, "for", by=seats[0].user)
    with refused("recusal_before_the_vote", saying="before the vote"):
        Recusal.objects.bulk_create([Recusal(resolution=resolution, seat=seats[0], source="declared")])
    with refused("recusal_before_the_vote", saying="before the vote"):
        sql("DELETE FROM secretariat_recusal WHERE id = %s", recusal.pk)
    with refused("recusal_before_the_vote", saying="before the vote"):
        rows.update(reason="دیگر")
    Recusal.objects.bulk_create([Recusal(resolution=resolution, seat=seats[1], source="declared")])
    ballots.close_ballot(ballot.pk, by=make.keeper(resolution.council))
    with refused("recusal_before_the_vote", saying="frozen"):
        sql("DELETE FROM secretariat_recusal WHERE id = %s", recusal.pk)


# --- minutes -------------------------------------------------------------------------------------


def approved():
    """A meeting whose minutes are approved; gives (meeting, a seat that was there)."""
    resolution = make.adopted(make.session(council_=make.council(minutes_by_chair=True)))
    chair = make.seats(resolution)[0]
    AgendaItem.objects.create(meeting=resolution.meeting, title="بند", said="گفته شد")
    meetings.end(resolution.meeting_id, by=chair.user)
    return minutes.approve(resolution.meeting_id, by=chair.user), chair


def test_approved_minutes_and_all_they_tell_are_frozen():
    meeting, seat = approved()
    for change in ({"minutes": "دیگر"}, {"place": "دیگر"}, {"approved_at": None, "approved_by": None, "minutes_sha256": ""}):
        with refused("approved_minutes_are_frozen"):
            Meeting.objects.filter(pk=meeting.pk).update(**change)
    with refused("frozen_with_the_approved_minutes"):
        AgendaItem.objects.filter(meeting=meeting).update(said="دیگر")
    with refused("frozen_with_the_approved_minutes"):
        AgendaItem.objects.bulk_create([AgendaItem(meeting=meeting, title="بند تازه")])
    with refused("frozen_with_the_approved_minutes"):
        sql("DELETE FROM secretariat_agendaitem WHERE meeting_id = %s", meeting.pk)
    line = Attendance.objects.get(meeting=meeting, seat=seat)
    with refused("frozen_with_the_approved_minutes"):
        Attendance.objects.filter(pk=line.pk).update(answer="coming", answered_at=timezone.now())
    with refused("frozen_with_the_approved_minutes"):
        Presence.objects.filter(attendance=line).update(left_at=timezone.now() + timedelta(hours=1))
    other = AgendaItem.objects.create(meeting=make.meeting(meeting.council), title="بند")
    with refused("frozen_with_the_approved_minutes"):
        AgendaItem.objects.filter(pk=other.pk).update(meeting=meeting)


def test_minutes_are_approved_whole_and_after_the_session():
    meeting = make.in_session(make.council())
    rows = Meeting.objects.filter(pk=meeting.pk)
    said = {"approved_at": timezone.now(), "approved_by": factories.user(), "minutes_sha256": "a" * 64}
    with refused("minutes_approved_whole"):
        rows.update(**said)
    rows.update(status="held", ended_at=timezone.now())
    for missing in ({"approved_by": None}, {"minutes_sha256": ""}, {"approved_at": None}):
        with refused("minutes_approved_whole"):
            rows.update(**{**said, **missing})


def test_minutes_are_signed_as_approved_by_who_was_there_and_the_signature_stays():
    meeting, seat = approved()
    line = Attendance.objects.get(meeting=meeting, seat=seat)
    for fields in ({"sha256": "b" * 64}, {"user": factories.user()}):
        with refused("signed_by_who_was_there_as_approved"):
            MinutesSignature.objects.create(**{"attendance": line, "user": seat.user, "sha256": meeting.minutes_sha256, **fields})
    signatures.sign(meeting.pk, by=seat.user, sha256=meeting.minutes_sha256)
    with refused("signature_stays"):
        MinutesSignature.objects.update(sha256="c" * 64)
    with refused("signature_stays"):
        sql("DELETE FROM secretariat_minutessignature WHERE attendance_id = %s", line.pk)
