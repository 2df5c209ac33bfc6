"""Meetings, attendance, votes and resolutions through the admin's own forms."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from secretariat.models import Attendance, Meeting, Notice, Presence, Resolution, Vote
from secretariat.services import ballots, meetings
from tests import council as make
from tests.secretariat.admin_forms import inline, jalali, page, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    return signed_in(client)


def words(resolution, **votes):
    return {"kind": resolution.kind, "decision": "general", "title": resolution.title, "text": resolution.text, **votes}


def test_only_those_present_with_a_vote_are_asked_for_it(admin):
    resolution = make.session()
    absent, foreign = make.seat(resolution.council), make.seat(make.council())
    observer = make.seat(resolution.council, role="observer")
    make.presence(resolution.meeting, observer)
    change = page("secretariat_resolution_change", resolution.pk)
    fields = admin.get(change).context["adminform"].form.fields
    asked = {name for name in fields if name.startswith("vote_")}
    assert asked == {f"vote_{seat.pk}" for seat in make.seats(resolution) if seat != observer}
    strangers = {f"vote_{seat.pk}": "for" for seat in (absent, foreign, observer)}
    assert admin.post(change, words(resolution, **strangers)).status_code == 302
    assert not Vote.objects.exists()


def test_votes_are_recorded_corrected_and_refused_together(admin, in_english):
    resolution = make.session(members=4)
    seats, change = make.seats(resolution), page("secretariat_resolution_change", resolution.pk)
    votes = dict(zip((f"vote_{seat.pk}" for seat in seats), ["for", "for", "against", "recused"], strict=True))
    admin.post(change, words(resolution, **votes))
    assert sorted(Vote.objects.values_list("choice", flat=True)) == ["against", "for", "for"]
    assert resolution.recusals.get().seat == seats[3]
    admin.post(change, words(resolution, **{**votes, f"vote_{seats[2].pk}": ""}))
    assert sorted(Vote.objects.values_list("choice", flat=True)) == ["for", "for"]
    # While they vote the words stand.
    answer = admin.post(change, words(resolution, **votes) | {"text": "دیگر"}, follow=True)
    assert "Nothing was saved" in answer.content.decode()
    resolution.refresh_from_db()
    assert resolution.text != "دیگر"


def test_nobody_reads_how_members_vote_before_the_count(admin, in_english):
    """Nor who keeps the papers: not on the page of the resolution, not before the decision, not where votes are recorded."""
    resolution = make.session()
    chair, *others = make.seats(resolution)
    ballot = make.ballot(resolution, None)
    for seat, choice in ((chair, "against"), (others[0], "against")):
        ballots.cast(ballot.pk, choice, by=seat.user)
    change, decide = page("secretariat_resolution_change", resolution.pk), page("secretariat_resolution_decide", resolution.pk, "adopt")
    asked = admin.get(change).context["adminform"].form.fields
    assert {name for name in asked if name.startswith("vote_")} == {f"vote_{others[1].pk}"}
    record = reverse("resolution_record", args=[resolution.pk])
    for address in (change, decide, record):
        text = admin.get(address).content.decode()
        assert "2 against" not in text and 'value="against" selected' not in text and "Not carried" not in text, address
    assert "2 of 3 who may vote have voted." in admin.get(change).content.decode()
    admin.post(change, words(resolution, **{f"vote_{others[1].pk}": "for"}))
    assert sorted(Vote.objects.values_list("choice", flat=True)) == ["against", "against", "for"]
    ballots.close_ballot(ballot.pk, by=admin.person)
    assert "1 for, 2 against" in admin.get(change).content.decode()


def test_who_voted_stays_on_the_attendance_list(admin):
    resolution = make.session()
    make.ballot(resolution)
    meeting = resolution.meeting
    rows = [{"id": a.pk, "meeting": meeting.pk, "seat": a.seat_id} for a in meeting.attendances.all()]  # nobody ticked as present
    local = timezone.localtime(meeting.starts_at)
    fields = {
        "starts_at_0": jalali(local.date()), "starts_at_1": f"{local:%H:%M}", "place": "", "minutes_planned": 120, "minutes": "",
        **inline("agenda", []), **inline("attendances", rows, len(rows)),
    }  # fmt: skip
    answer = admin.post(page("secretariat_meeting_change", meeting.pk), fields)
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert Presence.objects.count() == 3


def test_a_meeting_is_cancelled_with_a_reason(admin):
    meeting = make.meeting(make.council(), starts_at=timezone.now() + timedelta(days=3))
    step = page("secretariat_meeting_step", meeting.pk, "cancel")
    assert admin.post(step, {"confirmed": "yes", "why": " "}).status_code == 400
    assert admin.post(step, {"confirmed": "yes", "why": "تعطیلی"}).status_code == 302
    meeting.refresh_from_db()
    assert meeting.status == "cancelled"
    assert meeting.moves.get().why == "تعطیلی"
    assert admin.get(step).status_code == 404
    assert admin.get(page("secretariat_meeting_step", meeting.pk, "nothing")).status_code == 404


def test_a_meeting_moved_after_the_call_is_told_again(admin):
    council = make.council()
    seat = make.seat(council)
    meeting = meetings.plan(council.pk, timezone.now() + timedelta(days=3), by=make.keeper(council), place="تهران")
    meetings.call(meeting.pk, by=make.keeper(council))
    line = meeting.attendances.get()
    fields = {
        "starts_at_0": jalali(timezone.localdate() + timedelta(days=4)), "starts_at_1": "10:00", "place": "قم", "minutes_planned": 120,
        "minutes": "", **inline("agenda", []), **inline("attendances", [{"id": line.pk, "meeting": meeting.pk, "seat": seat.pk}], 1),
    }  # fmt: skip
    answer = admin.post(page("secretariat_meeting_change", meeting.pk), fields)
    assert answer.status_code == 302, answer.context["errors"]
    assert [notice.kind for notice in Notice.objects.order_by("pk")] == ["meeting_called", "meeting_changed"]
    assert "قم" in Notice.objects.latest("pk").text_fa


@pytest.mark.parametrize(("day", "clock"), [("1404/13/01", "10:00"), ("2025-01-01", "10:00"), ("1404/11/05", "25:99"), ("", "")])
def test_impossible_moments_are_explained(admin, day, clock):
    council = make.council()
    fields = {
        "council": council.pk,
        "starts_at_0": day,
        "starts_at_1": clock,
        "minutes_planned": 60,
        "place": "باغ کتاب",
        **inline("agenda", []),
    }
    answer = admin.post(page("secretariat_meeting_add"), fields)
    assert answer.status_code == 200
    assert "باغ کتاب" in answer.content.decode()
    assert not Meeting.objects.exists()


def test_without_quorum_the_admin_adopts_nothing_and_says_why(admin):
    resolution = make.session()
    make.ballot(resolution, None)
    for seat in make.seats(resolution)[:2]:
        meetings.leave(resolution.meeting_id, seat.pk, by=make.keeper(resolution.council))
    answer = admin.post(page("secretariat_resolution_decide", resolution.pk, "adopt"), {"confirmed": "yes"}, follow=True)
    assert answer.status_code == 200
    resolution.refresh_from_db()
    assert resolution.status == "draft"


def test_several_are_rejected_by_an_action_that_asks_once_more(admin):
    chosen = [make.ballot(make.session(), "against").resolution for _n in range(2)]
    fields = {"action": "reject_chosen", "_selected_action": [one.pk for one in chosen]}
    answer = admin.post(page("secretariat_resolution_changelist"), fields)
    assert answer.status_code == 200
    assert set(Resolution.objects.values_list("status", flat=True)) == {"draft"}
    admin.post(page("secretariat_resolution_changelist"), {**fields, "confirmed": "yes", "why": "رأی نیاورد"})
    assert set(Resolution.objects.values_list("status", flat=True)) == {"rejected"}


def test_a_meeting_that_is_over_says_who_was_there(admin):
    council = make.council()
    meeting = make.meeting(council, status="held")
    here, away = make.seat(council), make.seat(council)
    make.presence(meeting, here, left_at=meeting.ended_at)
    Attendance.objects.create(meeting=meeting, seat=away)
    page = admin.get(reverse("admin:secretariat_meeting_change", args=[meeting.pk])).text
    assert "None" not in page and page.count('alt="True"') == page.count('alt="False"') == 1
