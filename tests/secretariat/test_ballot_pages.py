"""The pages of a vote: opened, cast by each on his own page, by show of hands, counted, tied, broken off."""

from fractions import Fraction

import pytest
from django.urls import reverse

from secretariat.models import Ballot, BallotMark, Resolution, Vote
from secretariat.rules.voting import Standing, VotingRule, arithmetic
from secretariat.services import ballots, recusals
from tests import council as make
from tests import factories

pytestmark = pytest.mark.django_db
FOR = "for...."  # every choice is posted in as many letters


def url(name, *args):
    return reverse(name, args=args)


def as_(client, user):
    client.force_login(user)
    return client


@pytest.fixture
def motion():
    return make.motion()


@pytest.fixture
def keeper(motion):
    return make.keeper(motion.council)


@pytest.fixture
def ballot(motion):
    return make.ballot(motion, choice=None)


# --- opening -------------------------------------------------------------------------------------


def test_before_the_vote_one_reads_who_does_not_decide_and_by_which_rule(client, motion, keeper, in_english):
    make.presence(motion.meeting, make.seat(motion.council))
    recusals.declare(motion.pk, "a relative", by=make.seats(motion)[1].user)
    page = as_(client, keeper).get(url("ballot_open", motion.pk)).content.decode()
    assert "a relative" in page and "more than half of the votes" in page and "4 of 4 voting seats" in page


@pytest.mark.parametrize("secrecy", ["open", "secret"])
def test_the_secretary_opens_the_vote(client, motion, keeper, secrecy):
    answer = as_(client, keeper).post(url("ballot_open", motion.pk), {"secrecy": secrecy})
    assert answer.url == url("resolution_detail", motion.pk)
    ballot = motion.ballots.get()
    assert (ballot.status, ballot.is_secret, ballot.opened_by) == ("open", secrecy == "secret", keeper)
    assert client.post(url("ballot_open", motion.pk), {"secrecy": secrecy}).status_code == 302
    assert motion.ballots.count() == 1


def test_without_a_quorum_it_is_said_and_nothing_opens(client, motion, keeper, in_english):
    for _n in range(3):
        make.seat(motion.council)
    as_(client, keeper)
    assert "No quorum" in client.get(url("ballot_open", motion.pk)).content.decode()
    answer = client.post(url("ballot_open", motion.pk), {"secrecy": "open"})
    assert answer.status_code == 422 and "No quorum: 3 of 6" in answer.content.decode()
    assert not Ballot.objects.exists()


def test_only_who_keeps_the_papers_runs_a_vote(client, motion, ballot):
    member, officer = make.seats(motion)[1].user, factories.officer()
    stranger = make.keeper(make.council())
    for name, number in [
        ("ballot_open", motion.pk),
        *((name, ballot.pk) for name in ("ballot_hands", "ballot_close", "ballot_break_off")),
    ]:
        for person in (member, officer, stranger):
            as_(client, person)
            assert client.get(url(name, number)).status_code == 404
            assert client.post(url(name, number), {"why": "x"}).status_code == 404
        client.logout()
        assert client.post(url(name, number)).url.startswith(reverse("sign_in"))
    ballot.refresh_from_db()
    assert ballot.status == "open"


# --- one's own vote ------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [False, True])
def test_a_member_chooses_is_asked_once_more_and_votes_once(client, motion, secret, in_english):
    ballot = make.ballot(motion, choice=None, secret=secret)
    as_(client, make.seats(motion)[1].user)
    address = url("ballot_vote", ballot.pk)
    first = client.get(address).content.decode()
    assert ("only the sum is kept" in first) == secret
    asked = client.post(address, {"choice": "against"}).content.decode()
    assert '<p class="vote-chosen vote-against">Your vote: <b>against</b>' in asked and not Vote.objects.exists() and not BallotMark.objects.exists()
    assert client.post(address, {"choice": "against", "confirmed": "1"}).url == address
    done = client.get(address).content.decode()
    assert "You have voted." in done and ("Openly: against." in done) == (not secret)
    assert (Vote.objects.count(), BallotMark.objects.count()) == ((0, 1) if secret else (1, 0))
    again = client.post(address, {"choice": FOR, "confirmed": "1"})
    assert again.status_code == 422
    assert (Vote.objects.count(), BallotMark.objects.count()) == ((0, 1) if secret else (1, 0))


def test_what_is_no_choice_is_no_vote(client, motion, ballot):
    as_(client, make.seats(motion)[1].user)
    for posted in ({}, {"choice": "maybe", "confirmed": "1"}):
        assert client.post(url("ballot_vote", ballot.pk), posted).status_code == 422
    assert not Vote.objects.exists()


def test_who_is_not_there_or_recused_or_an_observer_does_not_vote(client, motion, in_english):
    away, observer = make.seat(motion.council), make.seat(motion.council, role="observer")
    make.presence(motion.meeting, observer)
    aside = make.seat(motion.council)
    make.presence(motion.meeting, aside)
    recusals.declare(motion.pk, "x", by=aside.user)
    ballot = make.ballot(motion, choice=None)
    address, vote = url("ballot_vote", ballot.pk), {"choice": FOR, "confirmed": "1"}
    assert "ask the secretary" in as_(client, away.user).get(address).content.decode()
    assert client.post(address, vote).status_code == 422
    assert "You are recused" in as_(client, aside.user).get(address).content.decode()
    assert client.post(address, vote).status_code == 422
    for person in (observer.user, make.keeper(motion.council), factories.officer(), make.seat(make.council()).user):
        assert as_(client, person).post(address, vote).status_code == 404
    client.logout()
    assert client.post(address, vote).url.startswith(reverse("sign_in"))
    assert not Vote.objects.exists()


def test_the_count_of_those_who_voted_is_live_and_says_nothing_else(client, motion, ballot, keeper, in_english):
    first, second, _third = make.seats(motion)
    ballots.cast(ballot.pk, "against", by=first.user)
    for reader, knows in ((second.user, False), (keeper, True)):
        page = as_(client, reader).get(url("ballot_state", ballot.pk)).content.decode()
        assert "1 of 3 who may vote have voted" in page and "gainst" not in page
        assert (str(second.user) in page) == knows
        board = client.get(url("resolution_detail", motion.pk)).content.decode()
        assert "1 against" not in board and "0 for" not in board
    ballots.break_off(ballot.pk, "x", by=keeper)
    assert client.get(url("ballot_state", ballot.pk)).headers["HX-Refresh"] == "true"
    assert as_(client, make.seat(make.council()).user).get(url("ballot_state", ballot.pk)).status_code == 404


# --- show of hands -------------------------------------------------------------------------------


def test_a_show_of_hands_names_only_those_who_differ(client, motion, ballot, keeper):
    first, second, third = make.seats(motion)
    as_(client, keeper)
    assert client.post(url("ballot_hands", ballot.pk), {"rest": "for", f"seat-{second.pk}": "against"}).status_code == 302
    assert dict(Vote.objects.values_list("seat", "choice")) == {first.pk: "for", second.pk: "against", third.pk: "for"}
    assert client.post(url("ballot_hands", ballot.pk), {"rest": "for", f"seat-{second.pk}": "none"}).status_code == 302
    assert dict(Vote.objects.values_list("seat", "choice")) == {first.pk: "for", third.pk: "for"}
    assert client.post(url("ballot_hands", ballot.pk), {"rest": "perhaps"}).status_code == 422


def test_what_a_member_cast_stays_when_hands_are_counted(client, motion, ballot, keeper):
    first, *_rest = make.seats(motion)
    ballots.cast(ballot.pk, "against", by=first.user)
    assert as_(client, keeper).post(url("ballot_hands", ballot.pk), {"rest": "for"}).status_code == 302
    assert sorted(Vote.objects.values_list("choice", flat=True)) == ["against", "for", "for"]


def test_hands_are_not_counted_in_a_secret_vote(client, motion, keeper):
    ballot = make.ballot(motion, choice=None, secret=True)
    as_(client, keeper)
    assert client.post(url("ballot_hands", ballot.pk), {"rest": "for"}).url == url("resolution_detail", motion.pk)
    assert not BallotMark.objects.exists() and not Vote.objects.exists()


# --- the count -----------------------------------------------------------------------------------


def test_counting_decides_and_the_page_shows_the_arithmetic(client, motion, keeper, in_english):
    ballot = make.ballot(motion, choice="for")
    as_(client, keeper)
    assert "cannot be undone" in client.get(url("ballot_close", ballot.pk)).content.decode()
    assert client.post(url("ballot_close", ballot.pk)).status_code == 302
    page = client.get(url("resolution_detail", motion.pk)).content.decode()
    assert "3 for, 0 against, 0 abstained." in page and "Out of 3 that is at least 2 for it." in page and "carried" in page
    motion.refresh_from_db()
    assert motion.status == "adopted" and motion.number
    assert client.post(url("ballot_close", ballot.pk)).status_code == 302
    assert Resolution.objects.filter(number__isnull=False).count() == 1


def test_a_count_without_a_quorum_is_refused_with_the_sentence(client, motion, keeper, ballot, in_english):
    from secretariat.services import meetings

    seats = make.seats(motion)
    make.seat(motion.council)
    for seat in seats[1:]:
        meetings.leave(motion.meeting_id, seat.pk, by=keeper)
    answer = as_(client, keeper).post(url("ballot_close", ballot.pk))
    assert answer.status_code == 422 and "break the ballot off" in answer.content.decode()
    ballot.refresh_from_db()
    assert ballot.status == "open"


def test_a_vote_is_broken_off_with_a_reason_and_held_anew(client, motion, keeper, ballot):
    as_(client, keeper)
    assert client.post(url("ballot_break_off", ballot.pk), {"why": ""}).status_code == 422
    assert client.post(url("ballot_break_off", ballot.pk), {"why": "اشتباه در پرسش"}).status_code == 302
    assert "اشتباه در پرسش" in client.get(url("resolution_detail", motion.pk)).content.decode()
    assert client.post(url("ballot_open", motion.pk), {"secrecy": "open"}).status_code == 302
    assert list(motion.ballots.order_by("number").values_list("status", flat=True)) == ["void", "open"]


def tied(motion, keeper):
    ballot = make.ballot(motion, choice=None)
    first, second, third = make.seats(motion)
    ballots.record_hands(ballot.pk, {first.pk: "for", second.pk: "against", third.pk: "abstain"}, by=keeper)
    return ballots.close_ballot(ballot.pk, by=keeper)


@pytest.mark.parametrize(("word", "status"), [("for", "adopted"), ("against", "rejected")])
def test_the_chair_decides_at_equal_votes(client, motion, keeper, word, status):
    ballot = tied(motion, keeper)
    chair, member, _third = make.seats(motion)
    address = url("ballot_casting", ballot.pk)
    assert as_(client, member.user).post(address, {"choice": word}).status_code == 404
    as_(client, chair.user)
    assert client.post(address, {"choice": "abstain"}).status_code == 422
    assert client.post(address, {"choice": word}).status_code == 302
    motion.refresh_from_db()
    assert motion.status == status
    assert client.get(url("resolution_detail", motion.pk)).status_code == 200


def test_without_the_chairs_word_it_is_not_carried_and_the_reason_stands(client, motion, keeper):
    ballot = tied(motion, keeper)
    as_(client, keeper)
    address = url("ballot_casting", ballot.pk)
    assert client.post(address, {"choice": "for"}).status_code == 422  # the secretary gives no casting vote
    assert client.post(address, {"why": "رئیس رأی نداد"}).status_code == 302
    motion.refresh_from_db()
    assert motion.status == "rejected"
    assert client.post(address, {"why": "باز"}).url == url("resolution_detail", motion.pk)


def test_a_secret_vote_shows_its_sum_and_nobody(client, motion, keeper, in_english):
    ballot = make.ballot(motion, choice=None, secret=True)
    for seat, choice in zip(make.seats(motion), ("for", "for", "against"), strict=True):
        ballots.cast(ballot.pk, choice, by=seat.user)
    ballots.close_ballot(ballot.pk, by=keeper)
    page = as_(client, keeper).get(url("resolution_detail", motion.pk)).content.decode()
    assert "2 for, 1 against" in page and "who voted how was never kept" in page and "How each member voted" not in page


def test_the_arithmetic_names_the_least_that_was_asked(in_english):
    two_thirds = VotingRule(share=Fraction(2, 3), strict=False, of="present", casting=False)
    lines = dict(arithmetic(two_thirds, Standing(seats=9, present=7, recused=2, recused_present=1, votes_for=4, votes_against=2)))
    assert lines["Quorum"] == "7 of 9 voting seats were present; at least 6 are asked."
    assert lines["Without the recused"] == "2 recused; of the 7 others 6 were present; at least 5 are asked."
    assert lines["Majority"] == "At least two thirds of those present. Out of 6 that is at least 4 for it."
