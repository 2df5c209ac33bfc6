"""The edges of a session: midnight, people who come and go, seats that change, two people at one moment."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from secretariat.errors import RuleBroken
from secretariat.forms.motions import VoteForm
from secretariat.models import (
    Ballot,
    BallotMark,
    Letter,
    Meeting,
    MinutesSignature,
    Notice,
    Presence,
    Recusal,
    Resolution,
    Seat,
    Vote,
)
from secretariat.rules.voting import VotingRule
from secretariat.selectors import meeting_room as room
from secretariat.selectors.ballots import standing_of
from secretariat.services import ballots, meetings, minutes, recusals, resolutions, signatures
from tests import council as make
from tests import factories
from tests.refusal import refused, says_no
from tests.together import meanwhile

pytestmark = pytest.mark.django_db


def yesterday():
    return timezone.localdate() - timedelta(days=1)


def past_midnight(members=4):
    """A motion at a session that began yesterday and goes on; everybody's term ended at midnight. Gives (motion, seats)."""
    council = make.council(minutes_by_chair=True)
    motion = make.motion(members=0, council_=council)
    meeting = motion.meeting
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=timezone.now() - timedelta(days=1))
    meeting.refresh_from_db()
    roles = ["chair", "secretary", *["member"] * (members - 2)]
    seats = [make.seat(council, role=role, ends_on=yesterday()) for role in roles]
    for seat in seats:
        make.presence(meeting, seat)
    motion.refresh_from_db()
    return motion, seats


# --- midnight ------------------------------------------------------------------------------------


def test_terms_that_end_at_midnight_last_until_the_session_ends(client):
    motion, (chair, secretary, first, second) = past_midnight()
    client.force_login(secretary.user)
    assert client.post(reverse("ballot_open", args=[motion.pk]), {"secrecy": "open"}).status_code == 302
    ballot = Ballot.objects.get()
    for seat, choice in ((first, "for"), (second, "against")):
        client.force_login(seat.user)
        assert client.get(reverse("meeting_detail", args=[motion.meeting_id])).status_code == 200
        client.post(reverse("ballot_vote", args=[ballot.pk]), {"choice": VoteForm.POSTED(choice), "confirmed": "1"})
    assert Vote.objects.count() == 2
    client.force_login(secretary.user)
    client.post(reverse("ballot_close", args=[ballot.pk]))
    client.force_login(chair.user)
    assert client.post(reverse("ballot_casting", args=[ballot.pk]), {"choice": "for"}).status_code == 302
    motion.refresh_from_db()
    assert motion.status == "adopted"
    client.force_login(secretary.user)
    assert client.post(reverse("meeting_move", args=[motion.meeting_id, "end"])).status_code == 302
    assert Meeting.objects.get().status == "held"
    # And no longer: the next request finds a former secretary.
    assert client.get(reverse("meeting_edit", args=[motion.meeting_id])).status_code == 404
    says_no(lambda: minutes.save_opening(motion.meeting_id, "x", by=type(secretary.user).objects.get(pk=secretary.user_id), version=0))


def test_a_session_that_nobody_ended_keeps_nobody_in_office():
    motion, (chair, *_others) = past_midnight()
    before = timezone.now() - timedelta(days=3)
    Seat.objects.update(starts_on=before.date() - timedelta(days=100))
    Meeting.objects.update(starts_at=before, started_at=before)
    assert not Meeting.objects.filter(pk=motion.meeting_id).visible_to(factories.user()).exists()
    says_no(lambda: meetings.end(motion.meeting_id, by=chair.user))


def test_who_was_there_reads_and_signs_the_minutes_after_the_term(client):
    motion, seats = past_midnight()
    resolutions.withdraw(motion.pk, by=seats[1].user, why="فرصت نشد")
    meetings.end(motion.meeting_id, by=seats[1].user)
    make.seat(motion.council, role="chair", starts_on=timezone.localdate())
    minutes.approve(motion.meeting_id, by=motion.council.seats.get(role="chair", starts_on=timezone.localdate()).user)
    meeting = Meeting.objects.get()
    client.force_login(seats[2].user)
    assert client.get(reverse("minutes_detail", args=[meeting.pk])).status_code == 200
    client.post(reverse("minutes_sign", args=[meeting.pk]), {"sha256": meeting.minutes_sha256})
    assert MinutesSignature.objects.get().user == seats[2].user
    # Other meetings of the council are no longer theirs.
    other = make.meeting(motion.council)
    assert client.get(reverse("meeting_detail", args=[other.pk])).status_code == 404


def test_a_session_held_before_its_day_is_one_of_the_day_on_which_it_begins():
    """Called for next week, held today: who sits there is who holds a seat today."""
    council, next_week = make.council(), timezone.now() + timedelta(days=7)
    leaving, staying = make.seat(council, ends_on=timezone.localdate()), make.seat(council)
    new = make.seat(council, starts_on=timezone.localdate(next_week))
    meeting, by = make.meeting(council, starts_at=next_week), make.keeper(council)
    meetings.call(meeting.pk, by=by)
    assert set(meeting.attendances.values_list("seat", flat=True)) == {staying.pk, new.pk}
    meeting = meetings.start(meeting.pk, by=by)
    assert meeting.day == timezone.localdate()
    assert set(meeting.attendances.values_list("seat", flat=True)) == {leaving.pk, staying.pk}


def test_a_session_that_begins_after_midnight_belongs_to_its_evening():
    council = make.council()
    seat = make.seat(council)
    meeting, by = make.meeting(council, starts_at=timezone.now() - timedelta(hours=11)), make.keeper(council)
    starts = meeting.starts_at
    assert meetings.start(meeting.pk, by=by).starts_at == starts
    assert meeting.attendances.get().seat == seat


# --- people who come and go while a ballot is open -----------------------------------------------


def test_hands_are_corrected_after_somebody_who_raised_one_has_left():
    motion = make.motion(members=4)
    by, seats = make.keeper(motion.council), make.seats(motion)
    ballot = make.ballot(motion, "for")
    meetings.leave(motion.meeting_id, seats[3].pk, by=by)
    ballots.record_hands(ballot.pk, {seat.pk: "against" if seat == seats[0] else "for" for seat in seats}, by=by)
    assert Vote.objects.get(seat=seats[0]).choice == "against"
    assert Vote.objects.get(seat=seats[3]).choice == "for"
    # What the gone one said stays, unless it is taken back as a whole.
    says_no(lambda: ballots.record_hands(ballot.pk, {seats[3].pk: "against"}, by=by), f"seat-{seats[3].pk}")
    ballots.record_hands(ballot.pk, {seats[3].pk: ""}, by=by)
    assert Vote.objects.filter(seat=seats[3]).count() == 0


def test_who_holds_a_seat_and_stands_in_for_another_steps_aside_for_the_own(client):
    """The portal never takes the chair's recusal from a member who happens to be the chair's deputy."""
    motion = make.motion(members=4)
    chair, *_others, member = make.seats(motion)
    Seat.objects.filter(pk=chair.pk).update(deputy=member.user)
    client.force_login(member.user)
    client.post(reverse("recusal_declare", args=[motion.pk]), {"why": "ذی‌نفعم"})
    assert Recusal.objects.get().seat == member


def test_a_deputy_steps_aside_for_the_seat_only_while_its_holder_is_not_there(client):
    motion = make.motion(members=4)
    first = make.seats(motion)[1]
    deputy = factories.user()
    Seat.objects.filter(pk=first.pk).update(deputy=deputy)
    says_no(lambda: recusals.declare(motion.pk, "ذی‌نفع", by=deputy))
    client.force_login(deputy)
    assert client.get(reverse("recusal_declare", args=[motion.pk])).status_code == 404
    by = make.keeper(motion.council)
    meetings.leave(motion.meeting_id, first.pk, by=by)
    meetings.arrive(motion.meeting_id, first.pk, by=by, user=deputy)
    assert recusals.declare(motion.pk, "ذی‌نفع", by=deputy).seat == first


def test_of_two_who_filled_one_seat_the_second_is_not_asked_to_sign_again():
    motion = make.motion(members=3)
    by, seat = make.keeper(motion.council), make.seats(motion)[1]
    deputy = factories.user()
    Seat.objects.filter(pk=seat.pk).update(deputy=deputy)
    meetings.leave(motion.meeting_id, seat.pk, by=by)
    meetings.arrive(motion.meeting_id, seat.pk, by=by, user=deputy)
    resolutions.withdraw(motion.pk, by=by, why="فرصت نشد")
    meetings.end(motion.meeting_id, by=by)
    type(motion.council).objects.update(minutes_by_chair=True)
    meeting = minutes.approve(motion.meeting_id, by=make.seats(motion)[0].user)
    assert [set(room.to_sign(user)) for user in (seat.user, deputy)] == [{meeting}, {meeting}]
    signatures.sign(meeting.pk, by=deputy, sha256=meeting.minutes_sha256)
    assert not room.to_sign(seat.user)
    assert str(deputy) in says_no(lambda: signatures.sign(meeting.pk, by=seat.user, sha256=meeting.minutes_sha256))


# --- seats that change ---------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["role", "user", "before", "after", "deputy"])
def test_a_seat_that_sat_at_a_meeting_keeps_who_it_was_then(change):
    """Otherwise a vote that was cast would belong to somebody else, or to nobody who may vote."""
    motion = make.motion(members=3)
    seat, by, deputy = make.seats(motion)[1], make.keeper(motion.council), factories.user()
    if change == "deputy":
        Seat.objects.filter(pk=seat.pk).update(deputy=deputy)
        meetings.leave(motion.meeting_id, seat.pk, by=by)
        meetings.arrive(motion.meeting_id, seat.pk, by=by, user=deputy)
    changes = {
        "role": {"role": "observer"},
        "user": {"user": factories.user()},
        "before": {"ends_on": motion.meeting.day - timedelta(days=1)},
        "after": {"starts_on": motion.meeting.day + timedelta(days=1)},
        "deputy": {"deputy": None},
    }[change]
    seat.refresh_from_db()
    for name, value in changes.items():
        setattr(seat, name, value)
    with pytest.raises(ValidationError) as sentence:
        seat.clean()
    assert sentence.value.message_dict.keys() == changes.keys()
    with refused("seat_keeps_what_it_sat_through", saying="sits there" if change == "deputy" else "attended"):
        Seat.objects.filter(pk=seat.pk).update(**changes)
    # Ending the term today, and another deputy once this one has left, is no rewriting.
    if change == "deputy":
        meetings.leave(motion.meeting_id, seat.pk, by=by)
        Seat.objects.filter(pk=seat.pk).update(deputy=None)
    Seat.objects.filter(pk=seat.pk).update(ends_on=timezone.localdate())
    assert standing_of(motion).seats == 3


# --- two at one moment ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_motion_is_not_withdrawn_while_its_vote_is_just_being_opened():
    motion = make.motion()
    by = make.keeper(motion.council)
    with meanwhile(lambda: resolutions.withdraw(motion.pk, by=by, why="منصرف شد")) as found:
        ballots.open_ballot(motion.pk, by=by)
    assert isinstance(found[0], RuleBroken)
    assert Resolution.objects.get().status == "draft"
    assert Ballot.objects.get().status == "open"


def test_what_is_being_voted_on_is_not_decided_past_its_ballot():
    motion = make.motion()
    make.ballot(motion, None)
    with refused("nothing_decided_past_its_ballot"):
        Resolution.objects.filter(pk=motion.pk).update(status="rejected")


def test_a_session_does_not_end_past_an_open_ballot():
    motion = make.motion()
    make.ballot(motion, None)
    with refused("session_ends_after_its_ballots"):
        Meeting.objects.filter(pk=motion.meeting_id).update(status="held", ended_at=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["close", "arrive", "end"])
def test_two_secretaries_press_at_once(what):
    motion = make.motion()
    by, other, seat = make.keeper(motion.council), make.keeper(motion.council), make.seat(motion.council)
    act = {
        "close": lambda who: ballots.close_ballot(Ballot.objects.get().pk, by=who),
        "arrive": lambda who: meetings.arrive(motion.meeting_id, seat.pk, by=who),
        "end": lambda who: meetings.end(motion.meeting_id, by=who),
    }[what]
    if what == "close":
        make.ballot(motion)
    with meanwhile(lambda: act(other)) as found:
        act(by)
    assert isinstance(found[0], RuleBroken)
    assert Presence.objects.filter(attendance__seat=seat).count() == (what == "arrive")


# --- one person, one vote; a rule that stands ----------------------------------------------------


@pytest.mark.parametrize("secret", [False, True])
def test_nobody_votes_for_two_seats_by_changing_chairs(secret):
    """A member who also stands in for another sits on one chair, votes, is recorded on the other: the second vote is refused."""
    motion = make.motion(members=4)
    by, seats = make.keeper(motion.council), make.seats(motion)
    own, other = seats[1], seats[2]
    Seat.objects.filter(pk=other.pk).update(deputy=own.user)
    ballot = make.ballot(motion, None, secret=secret)
    ballots.cast(ballot.pk, "for", by=own.user)
    for seat in (own, other):
        meetings.leave(motion.meeting_id, seat.pk, by=by)
    meetings.arrive(motion.meeting_id, other.pk, by=by, user=own.user)
    says_no(lambda: ballots.cast(ballot.pk, "for", by=own.user))
    if secret:
        with refused("nobody_is_marked_twice_in_a_ballot"):
            BallotMark.objects.create(ballot=ballot, seat=other, cast_by=own.user)
    else:
        with refused("nobody_casts_two_votes_in_a_ballot"):
            Vote.objects.create(ballot=ballot, seat=other, choice="for", cast_by=own.user)


def test_what_the_council_votes_on_in_secret_is_not_opened_openly(client, in_english):
    council = make.council(VotingRule(secret=True))
    motion = make.motion(members=3, council_=council)
    by = make.keeper(council)
    says_no(lambda: ballots.open_ballot(motion.pk, by=by, secret=False), "secrecy")
    client.force_login(by)
    page = client.post(reverse("ballot_open", args=[motion.pk]), {"secrecy": "open"})
    assert page.status_code == 422 and "votes on this in secret" in page.content.decode()
    # Where fewer than three may vote a secret one would tell everything: then it is open.
    meetings.leave(motion.meeting_id, make.seats(motion)[2].pk, by=by)
    assert not ballots.open_ballot(motion.pk, by=by, secret=False).is_secret


def test_who_is_no_longer_invited_is_told():
    council = make.council()
    leaving, staying = make.seat(council, ends_on=timezone.localdate() + timedelta(days=3)), make.seat(council)
    by = make.keeper(council)
    meeting = make.meeting(council, starts_at=timezone.now() + timedelta(days=2))
    meetings.call(meeting.pk, by=by)
    meetings.revise(meeting.pk, by=by, starts_at=timezone.now() + timedelta(days=9))
    assert list(meeting.attendances.values_list("seat", flat=True)) == [staying.pk]
    told = Notice.objects.get(user=leaving.user, kind="meeting_left")
    assert str(meeting.council) in told.text_fa
    letter = Letter.objects.get(once__contains="meeting-left")
    assert "STATUS:CANCELLED" in letter.calendar
