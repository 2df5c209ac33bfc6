"""Secret ballots: counted rightly, and nothing in the whole database says who voted how, not even from vote to vote."""

import json
import logging
import re
import uuid
from itertools import pairwise, permutations

import pytest
import sentry_sdk
from django.conf import settings as configured
from django.db import connection
from django.urls import reverse

from secretariat import sealing
from secretariat.errors import RuleBroken
from secretariat.forms.motions import VoteForm
from secretariat.models import Ballot, BallotMark, FormKey, SealedTally, User, Vote
from secretariat.services import ballots, meetings, recusals
from tests import council as make

pytestmark = pytest.mark.django_db

CHOICES = ("for", "against", "abstain")


def session(members=3):
    resolution = make.session(members=members)
    return resolution, make.ballot(resolution, None, secret=True)


def closed(ballot):
    return ballots.close_ballot(ballot.pk, by=make.keeper(ballot.resolution.council))


def whole_database():
    """{table: [each row as text]} of every table there is, the library's and the history's too; with what PostgreSQL notes of rows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        found = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT row_to_json(t)::text || t.xmin::text FROM "{table}" t')
            found[table] = sorted(row for (row,) in cursor.fetchall())
    return found


def changed(before, after):
    """{table: (rows that went, rows that came)} between two pictures of the database."""
    return {
        table: (sorted(set(before[table]) - set(after[table])), sorted(set(after[table]) - set(before[table])))
        for table in after
        if before[table] != after[table]
    }


def test_the_count_is_right_and_the_sealed_sum_is_gone():
    resolution, ballot = session(members=5)
    for seat, choice in zip(make.seats(resolution), ["for", "against", "for", "abstain", "for"], strict=True):
        ballots.cast(ballot.pk, choice, by=seat.user)
    ballot = closed(ballot)
    assert (ballot.votes_for, ballot.votes_against, ballot.votes_abstain, ballot.verdict) == (3, 1, 1, "carried")
    assert BallotMark.objects.count() == 5
    assert not SealedTally.objects.exists()
    assert not Vote.objects.exists()


@pytest.mark.parametrize("order", list(permutations(CHOICES)))
def test_a_thief_with_the_database_after_every_vote_learns_no_choice(order, caplog):
    """Between two votes exactly two rows change: a mark, and the sealed sum, which is as long and as random as before."""
    caplog.set_level(logging.DEBUG)
    resolution, ballot = session()
    pictures = [whole_database()]
    for seat, choice in zip(make.seats(resolution), order, strict=True):
        ballots.cast(ballot.pk, choice, by=seat.user)
        pictures.append(whole_database())
    for before, after in pairwise(pictures):
        difference = changed(before, after)
        assert set(difference) == {"secretariat_ballotmark", "secretariat_sealedtally"}
        (_gone, [mark]), ([was], [now]) = difference["secretariat_ballotmark"], difference["secretariat_sealedtally"]
        assert len(was) == len(now)
        assert not any(f'"{word}"' in mark for word in CHOICES)
    assert not any(f"'{word}'" in record.getMessage() for record in caplog.records for word in CHOICES)
    # What is told of two orders of the same votes is the same but for chance: each sealed sum occurs once only.
    sums = [row for picture in pictures for row in picture["secretariat_sealedtally"]]
    assert len(set(sums)) == len(sums) == 4


# --- from the page to the row: requests, sessions, keys of forms, the log ------------------------


def _walk(client, address, choice):
    """What stands in the log of a web server of one member's vote: the lengths of each request and answer, in turn."""
    posted = {"choice": VoteForm.POSTED(choice), "csrfmiddlewaretoken": "x" * 64}
    sizes = []
    for more in ({}, {"confirmed": "1", "once_key": str(uuid.uuid4())}):
        answer = client.post(address, {**posted, **more})
        page = re.sub(rb'once_key" value="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"', b"", answer.content)
        sizes.append((answer.wsgi_request.META["CONTENT_LENGTH"], answer.status_code, len(page), answer.headers.get("Location")))
        assert "no-store" in answer.headers["Cache-Control"]
    return sizes


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_way_from_the_page_to_the_row_tells_no_choice(client, language, caplog):
    """Sessions, keys of forms, history, letters, the log and all lengths are the same whatever was chosen."""
    caplog.set_level(logging.DEBUG)
    client.cookies[configured.LANGUAGE_COOKIE_NAME] = language
    resolution, ballot = session(members=4)
    _chair, *members = make.seats(resolution)
    User.objects.update(first_name="نام", last_name="نام خانوادگی")  # which stands at the head of each page
    address, sizes = reverse("ballot_vote", args=[ballot.pk]), []
    for seat, choice in zip(members, CHOICES, strict=True):
        client.force_login(seat.user)
        client.get(address)
        before = whole_database()
        sizes.append(_walk(client, address, choice))
        difference = changed(before, whole_database())
        assert {"secretariat_ballotmark", "secretariat_sealedtally"} <= set(difference)
        assert set(difference) <= {"secretariat_ballotmark", "secretariat_sealedtally", "secretariat_formkey", "django_session"}
        rows = "".join(row for _gone, came in difference.values() for row in came)
        assert not re.search(r"for\.{4}|against|abstain", rows)
    assert sizes[0] == sizes[1] == sizes[2]
    assert FormKey.objects.filter(path=address, result=address).count() == 3
    assert not re.search(r"for\.{4}|against|abstain", caplog.text)


def test_an_error_while_voting_reports_no_choice(client, settings):
    """What goes to whoever watches for errors holds neither what was posted nor what the functions held."""
    told = []
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:9/1", default_integrations=True, before_send=lambda event, _hint: told.append(event), **settings.SENTRY
    )
    try:
        resolution, ballot = session()
        client.force_login(make.seats(resolution)[0].user)
        client.raise_request_exception = False
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE secretariat_sealedtally RENAME TO gone")
        posted = {"choice": "against", "confirmed": "1"}
        answer = client.post(reverse("ballot_vote", args=[ballot.pk]), posted)
    finally:
        sentry_sdk.init()
    assert answer.status_code == 500
    assert told and "sealedtally" in json.dumps(told, default=str)
    frames = [frame for event in told for one in event["exception"]["values"] for frame in one["stacktrace"]["frames"]]
    assert not any("vars" in frame for frame in frames)
    assert not any(event.get("request", {}).get("data") for event in told)


def test_the_key_alone_or_the_database_alone_opens_nothing_both_together_tell(settings):
    """What is not held, so that nobody promises it: with the installation's key and two copies, one vote is their difference."""
    resolution, ballot = session()
    sums = []
    for seat, choice in zip(make.seats(resolution), ("for", "against", "abstain"), strict=True):
        ballots.cast(ballot.pk, choice, by=seat.user)
        sums.append(bytes(SealedTally.objects.get(ballot=ballot).sealed))
    assert sealing.opened(sums[0], ballot=ballot.pk, marks=1) == (1, 0, 0)
    assert sealing.opened(sums[1], ballot=ballot.pk, marks=2) == (1, 1, 0)  # so the second vote was against
    # A key that was replaced and thrown away opens no copy, however old.
    settings.SECRET_KEY = "another"
    for marks, one in enumerate(sums, 1):
        with pytest.raises(sealing.SealBroken):
            sealing.opened(one, ballot=ballot.pk, marks=marks)


# --- the arithmetic ------------------------------------------------------------------------------


def test_two_first_votes_look_alike_whatever_they_are():
    """The same person, the same ballot, another choice: nothing but the nonce differs, and it does so for the same choice too."""
    lengths, seals = set(), set()
    for choice in [*CHOICES, "for"]:
        resolution, ballot = session()
        ballots.cast(ballot.pk, choice, by=make.seats(resolution)[0].user)
        sealed = bytes(SealedTally.objects.get(ballot=ballot).sealed)
        lengths.add(len(sealed))
        seals.add(sealed)
    assert lengths == {sealing.LENGTH}
    assert len(seals) == 4


def test_nobody_votes_twice_and_hands_are_not_shown():
    resolution, ballot = session()
    seat = make.seats(resolution)[0]
    ballots.cast(ballot.pk, "for", by=seat.user)
    for act in (
        lambda: ballots.cast(ballot.pk, "against", by=seat.user),
        lambda: ballots.record_hands(ballot.pk, {seat.pk: "for"}, by=make.keeper(resolution.council)),
        lambda: recusals.declare(resolution.pk, "دیر", by=seat.user),
    ):
        with pytest.raises(RuleBroken):
            act()
    assert BallotMark.objects.count() == 1


def test_too_few_for_a_secret():
    resolution = make.session(members=2)
    with pytest.raises(RuleBroken):
        make.ballot(resolution, None, secret=True)
    resolution, ballot = session()
    for seat in make.seats(resolution)[:2]:
        ballots.cast(ballot.pk, "for", by=seat.user)
    with pytest.raises(RuleBroken):
        closed(ballot)
    assert SealedTally.objects.exists()


def _lose(ballot):
    SealedTally.objects.filter(ballot=ballot).delete()


def _alter(ballot):
    sealed = bytearray(SealedTally.objects.get(ballot=ballot).sealed)
    sealed[20] ^= 1
    SealedTally.objects.filter(ballot=ballot).update(sealed=bytes(sealed))


def _stuff(ballot):
    """A mark without a vote, by somebody who may."""
    resolution = ballot.resolution
    seat = make.seat(resolution.council)
    make.presence(resolution.meeting, seat)
    BallotMark.objects.create(ballot=ballot, seat=seat, cast_by=seat.user)


def _bring_back(ballot):
    """An earlier sum, kept from a backup, is put in the place of the last one."""
    SealedTally.objects.filter(ballot=ballot).update(sealed=sealing.seal((2, 0, 0), ballot=ballot.pk, marks=2))


@pytest.mark.parametrize("tamper", [_lose, _alter, _stuff, _bring_back])
def test_tampering_is_noticed_and_the_ballot_counts_for_nothing(tamper):
    resolution, ballot = session()
    for seat in make.seats(resolution):
        ballots.cast(ballot.pk, "for", by=seat.user)
    tamper(ballot)
    assert closed(ballot).status == "void"
    assert ballot.moves.get().by is None
    resolution.refresh_from_db()
    assert resolution.status == "draft"
    assert not SealedTally.objects.filter(ballot=ballot).exists()
    assert make.ballot(resolution, None, secret=True).number == 2


def test_a_vote_on_a_broken_seal_is_refused():
    resolution, ballot = session()
    _alter(ballot)
    with pytest.raises(RuleBroken):
        ballots.cast(ballot.pk, "for", by=make.seats(resolution)[0].user)
    assert not BallotMark.objects.exists()


def test_at_equal_secret_votes_the_chair_decides_openly():
    resolution, ballot = session(members=4)
    seats = make.seats(resolution)
    for seat, choice in zip(seats, ["for", "for", "against", "against"], strict=True):
        ballots.cast(ballot.pk, choice, by=seat.user)
    assert closed(ballot).status == "tied"
    ballot = ballots.give_casting_vote(ballot.pk, "for", by=seats[0].user)
    assert (ballot.verdict, ballot.votes_for, ballot.casting_by) == ("carried", 2, seats[0].user)


def test_who_voted_secretly_was_present():
    resolution, ballot = session()
    seat, by = make.seats(resolution)[0], make.keeper(resolution.council)
    ballots.cast(ballot.pk, "for", by=seat.user)
    with pytest.raises(RuleBroken):
        meetings.attend(resolution.meeting_id, {seat.pk: False}, by=by)
    assert Ballot.objects.get().status == "open"
