"""The desk of who sits in councils or keeps their papers: the next meeting, answers and votes owed, minutes to sign."""

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.selectors import desk_exemplars
from portal.selectors.desk_parts import Card, Row, Section
from products.models import QualityMark
from secretariat import matters
from secretariat.models import Meeting, Resolution
from secretariat.rules import LIVE_MEETINGS, MeetingStatus
from secretariat.selectors import agreement_reviews
from secretariat.selectors import meeting_room as room

SHOWN = 8


def section(user, served, councils):
    """What councils bring to a desk: `served` are those whose papers the person keeps, `councils` those read; None for all."""
    mine = Q() if councils is None else Q(council__in=councils)
    answers, votes = room.unanswered(user).count(), list(room.votes_asked(user)[:SHOWN])
    to_sign = list(room.to_sign(user)[:SHOWN])
    meetings = list(
        Meeting.objects.filter(mine, status__in=LIVE_MEETINGS).select_related("council").order_by("starts_at", "pk")[:SHOWN]
    )
    drafts = Resolution.objects.filter(mine, status="draft").select_related("council", "meeting").order_by("meeting__starts_at", "pk")
    undecided = drafts.count()
    url = reverse("meeting_list")
    return Section(
        _("Councils"),
        cards=[
            Card(_("Votes open for you"), len(votes), reverse("ballot_vote", args=[votes[0].pk]) if len(votes) == 1 else url,
                 "hand-index-thumb", tone="danger" if votes else ""),
            Card(_("Meetings to answer"), answers, url, "envelope-open", tone="warning" if answers else ""),
            Card(_("Minutes to sign"), len(to_sign), reverse("minutes_detail", args=[to_sign[0].pk]) if len(to_sign) == 1 else
                 reverse("meeting_archive"), "pen", tone="warning" if to_sign else ""),
            Card(_("Resolutions to decide"), undecided, url, "bank"),
            *_to_grant(served),
            *desk_exemplars.council_cards(served),
        ],
        rows=[_vote(ballot) for ballot in votes]
        + [_review(one) for one in _reviews(served)]
        + [_meeting(meeting) for meeting in meetings]
        + [_to_sign(meeting) for meeting in to_sign]
        + [_draft(resolution) for resolution in drafts.exclude(ballots__in=votes)[: max(0, SHOWN - len(meetings))]],
        rows_title=_("Meetings and resolutions"),
        empty=_("No meeting is planned and no resolution waits."),
        empty_url=reverse("meeting_new") if served is None or served else "",
        empty_action=_("Plan a meeting"),
    )  # fmt: skip


def _to_grant(served):
    """Marks that a council has decided on and nobody has granted yet; for those who keep its papers."""
    if served is not None and not served:
        return []
    waiting = QualityMark.objects.filter(status="proposed", resolution__status="adopted")
    if served is not None:
        waiting = waiting.filter(resolution__council__in=served)
    return [Card(_("Adopted, marks still to grant"), waiting.count(), f"{reverse('resolution_list')}?kind=grant_marks&status=adopted", "award")]


def _reviews(served):
    """Yearly reviews that are due and find no meeting, for those who keep the council's papers."""
    return [] if served is not None and not served else agreement_reviews.waiting(served)[:SHOWN]


def _review(found):
    return Row(
        _("Annual review: %(title)s") % {"title": found.agreement},
        f"{reverse('meeting_new')}?council={found.agreement.council_id}",
        note=_("No meeting of %(council)s is being planned: plan one, and it comes on the agenda.") % {"council": found.agreement.council},
        due=found.due_on,
        status="late",
        status_text=_("review due"),
    )


def _vote(ballot):
    resolution = ballot.resolution
    return Row(
        resolution.title,
        reverse("ballot_vote", args=[ballot.pk]),
        note=str(resolution.meeting),
        status=ballot.status,
        status_text=_("voting is open"),
    )


def _meeting(meeting):
    return Row(
        str(meeting),
        reverse("meeting_detail", args=[meeting.pk]),
        note=meeting.place,
        due=None if meeting.status == MeetingStatus.IN_SESSION else meeting.starts_at,
        status=meeting.status,
        status_text=meeting.get_status_display(),
    )


def _to_sign(meeting):
    return Row(
        str(meeting),
        reverse("minutes_detail", args=[meeting.pk]),
        status="offered",
        status_text=_("minutes to sign"),
    )


def _draft(resolution):
    return Row(
        resolution.title,
        matters.page_of(resolution),
        note=str(resolution.meeting),
        status=resolution.status,
        status_text=resolution.get_status_display(),
    )
