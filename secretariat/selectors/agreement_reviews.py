"""Which agreements are due for their yearly review, and which of those wait because their council plans no meeting."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from secretariat import calendar
from secretariat.models import ActionItem, Agreement, AgreementReview, Meeting, ReviewOnAgenda
from secretariat.persian import dates
from secretariat.rules import MeetingStatus
from secretariat.rules import actions as rules


@dataclass(frozen=True)
class Due:
    """An agreement whose review has come, since a day."""

    agreement: Agreement
    due_on: date


def anniversary(first, today):
    """The last Jalali anniversary of a day that has come; None within its first year."""
    began, now = dates.to_jalali(calendar.day_of(first)), dates.to_jalali(today)
    for year in (now.year, now.year - 1):
        found = dates.to_gregorian(year, began.month, min(began.day, dates.days_in_month(year, began.month)))
        if found <= today:
            return found if year > began.year else None
    return None


def due(today=None):
    """What is due: neither on an agenda that stands, nor taken off it, nor reviewed by hand since."""
    today = today or calendar.today()
    promised = ActionItem.objects.filter(agreement=OuterRef("pk")).exclude(status=rules.ActionStatus.CANCELLED)
    rows = Agreement.objects.filter(Exists(promised), status=rules.AgreementStatus.SIGNED, valid_from__isnull=False)
    found = [Due(one, day) for one in rows.select_related("council", "agency").order_by("pk") if (day := anniversary(one.valid_from, today))]
    agreements = [one.agreement.pk for one in found]
    # The paper of a review that stands on the agenda of a cancelled meeting has served nobody.
    standing = ReviewOnAgenda.objects.filter(agreement__in=agreements).exclude(item__meeting__status=MeetingStatus.CANCELLED)
    settled = set(standing.values_list("agreement", "due_on"))
    put = ReviewOnAgenda.objects.filter(agreement__in=agreements).values("paper")
    by_hand = AgreementReview.objects.filter(agreement__in=agreements).exclude(pk__in=put)
    last = {}
    for agreement, made_at in by_hand.order_by("made_at", "pk").values_list("agreement", "made_at"):
        last[agreement] = timezone.localdate(made_at)
    return [
        one
        for one in found
        if (one.agreement.pk, one.due_on) not in settled and last.get(one.agreement.pk, date.min) < one.due_on
    ]


def next_meeting(council_id):
    """The next meeting of a council that is being planned; once called, its agenda is what people were told."""
    planned = Meeting.objects.filter(council=council_id, status=MeetingStatus.PLANNED, starts_at__gt=timezone.now())
    return planned.order_by("starts_at", "pk").first()


def waiting(served):
    """Reviews that are due and have no meeting to go to, of these councils (None: of all)."""
    found = due()
    councils = {one.agreement.council_id for one in found}
    planned = Meeting.objects.filter(
        Q(council__in=councils), status=MeetingStatus.PLANNED, starts_at__gt=timezone.now()
    ).values_list("council", flat=True)
    planned = set(planned)
    return [
        one
        for one in found
        if one.agreement.council_id not in planned and (served is None or one.agreement.council_id in served)
    ]
