"""Votes entered afterwards from papers: attendance and votes together, all or nothing, and the decision that follows from what is on record."""

import pytest

from secretariat.models import Ballot, Presence, Vote
from secretariat.selectors.ballots import in_words, why_not_adoptable
from secretariat.services import ballots, meetings, resolutions
from tests import council as make
from tests.refusal import says_no

pytestmark = pytest.mark.django_db


def test_record_takes_attendance_and_votes_together():
    resolution = make.resolution()
    one, two, three, four = (make.seat(resolution.council) for _n in range(4))
    by = make.keeper(resolution.council)
    here = {one.pk: True, two.pk: True, three.pk: True, four.pk: False}
    ballot = ballots.record(resolution.pk, here, {one.pk: "for", two.pk: "for", three.pk: "recused", four.pk: ""}, by=by)
    assert dict(ballot.votes.values_list("seat", "choice")) == {one.pk: "for", two.pk: "for"}
    assert resolution.recusals.get().seat == three
    resolution.meeting.refresh_from_db()
    assert (resolution.meeting.status, resolution.meeting.number) == ("in_session", 1)
    # Corrected until the count: the recusal was a mistake, so the hands are counted anew.
    again = ballots.record(resolution.pk, here, {one.pk: "for", two.pk: "against", three.pk: "for"}, by=by)
    assert (again.number, Ballot.objects.get(pk=ballot.pk).status) == (2, "void")
    ballots.record(resolution.pk, {two.pk: True}, {two.pk: ""}, by=by)
    assert dict(again.votes.values_list("seat", "choice")) == {one.pk: "for", three.pk: "for"}


def test_correcting_a_voter_to_absent_takes_the_vote_back_in_the_same_step():
    resolution = make.resolution()
    one, two, three = (make.seat(resolution.council) for _n in range(3))
    by = make.keeper(resolution.council)
    everybody = dict.fromkeys([one.pk, two.pk, three.pk], True)
    ballot = ballots.record(resolution.pk, everybody, dict.fromkeys(everybody, "for"), by=by)
    says_no(lambda: meetings.attend(resolution.meeting_id, {three.pk: False}, by=by), f"seat-{three.pk}")
    ballots.record(resolution.pk, {three.pk: False}, {three.pk: ""}, by=by)
    assert ballot.votes.count() == 2
    assert not Presence.objects.filter(attendance__seat=three).exists()


def test_record_is_all_or_nothing():
    resolution = make.resolution()
    one, two, absent = (make.seat(resolution.council) for _n in range(3))
    here = {one.pk: True, two.pk: True, absent.pk: False}
    says_no(
        lambda: ballots.record(resolution.pk, here, dict.fromkeys(here, "for"), by=make.keeper(resolution.council)),
        f"seat-{absent.pk}",
    )
    assert not Vote.objects.exists()
    assert not Presence.objects.exists()
    resolution.meeting.refresh_from_db()
    assert resolution.meeting.status == "planned"


def test_decide_counts_what_is_on_record():
    resolution = make.session()
    by = make.keeper(resolution.council)
    says_no(lambda: resolutions.decide(resolution.pk, "adopt", by=by))
    make.ballot(resolution)
    says_no(lambda: resolutions.decide(resolution.pk, "reject", by=by))
    assert resolutions.decide(resolution.pk, "adopt", by=by).number == 1
    says_no(lambda: resolutions.decide(resolution.pk, "adopt", by=by))
    lost = make.session()
    make.ballot(lost, "against")
    by = make.keeper(lost.council)
    says_no(lambda: resolutions.decide(lost.pk, "adopt", by=by))
    says_no(lambda: resolutions.withdraw(lost.pk, by=by))
    assert resolutions.decide(lost.pk, "reject", by=by).status == "rejected"
    unvoted = make.session()
    assert resolutions.decide(unvoted.pk, "reject", by=make.keeper(unvoted.council), why="پس گرفته شد").moves.get().why


def tied_by_hand():
    resolution = make.session(members=2)
    one, other = make.seats(resolution)
    ballots.record(resolution.pk, {}, {one.pk: "for", other.pk: "against"}, by=make.keeper(resolution.council))
    return resolution


def test_decide_at_equal_votes_is_the_chairs():
    resolution = tied_by_hand()
    chair = make.seats(resolution)[0].user
    says_no(lambda: resolutions.decide(resolution.pk, "adopt", by=make.keeper(resolution.council)))
    assert Ballot.objects.get().status == "open"
    assert resolutions.decide(resolution.pk, "adopt", by=chair).status == "adopted"
    resolution = tied_by_hand()
    assert resolutions.decide(resolution.pk, "reject", by=make.keeper(resolution.council)).status == "rejected"


@pytest.mark.parametrize(
    ("choices", "status"), [(("for", "for", "for"), "adopted"), (("against", "against", "for"), "rejected")]
)
@pytest.mark.parametrize("action", ["adopt", "reject"])
def test_nobody_finds_out_by_trying_how_members_vote(action, choices, status):
    """Whichever word is tried, what members have cast themselves is counted and decides; before it nothing is told."""
    resolution = make.session()
    make.voted(resolution, *choices)
    told = " ".join(in_words(resolution))
    assert why_not_adoptable(resolution) is None
    assert all(word not in told for word in ("موافق", "مخالف", "ممتنع")) and "۳ نفر از ۳" in told
    assert resolutions.decide(resolution.pk, action, by=make.keeper(resolution.council)).status == status
