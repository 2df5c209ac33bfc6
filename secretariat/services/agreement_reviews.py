"""The yearly review of an agreement comes on its council's agenda by itself, with the paper of that day; it may be taken off."""

import logging

from django.db import transaction
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.models import AgendaItem, Agreement, Meeting, ReviewOnAgenda
from secretariat.rules import MeetingStatus
from secretariat.rules.actions import AgreementStatus
from secretariat.selectors import agreement_reviews as selectors
from secretariat.selectors.actions import keepers_of
from secretariat.services import agreements, notices

log = logging.getLogger(__name__)

PUT = gettext_lazy("The annual review of “%(title)s” is due; it stands on the agenda of %(meeting)s, with its paper.")
NO_MEETING = gettext_lazy("The annual review of “%(title)s” is due since %(day)s, and no meeting of %(council)s is being planned.")


def put_due():
    """Put every review that is due on the next agenda of its council; gives how many. Safe to repeat and to run twice at once."""
    put = 0
    for one in selectors.due():
        try:
            put += _put(one)
        except Exception:
            log.exception("the review of agreement %s could not be put on an agenda", one.agreement.pk)
    return put


@transaction.atomic
def _put(found):
    # Locked: whoever comes second finds the row of the first.
    agreement = Agreement.objects.select_for_update(of=("self",), no_key=True).select_related("council").get(pk=found.agreement.pk)
    row = ReviewOnAgenda.objects.filter(agreement=agreement, due_on=found.due_on).select_related("item__meeting").first()
    if agreement.status != AgreementStatus.SIGNED or (row and (row.item is None or row.item.meeting.status != MeetingStatus.CANCELLED)):
        return 0
    meeting = selectors.next_meeting(agreement.council_id)
    if meeting is None:
        words = both(NO_MEETING, title=agreement, day=found.due_on, council=agreement.council)
        _tell(agreement, words, agreement.get_absolute_url(), f"review-waits-{agreement.pk}-{found.due_on}")
        return 0
    meeting = Meeting.objects.select_for_update(of=("self",), no_key=True).get(pk=meeting.pk)
    if meeting.status != MeetingStatus.PLANNED:
        return 0  # called at this moment: the next run looks for another one
    with translation.override("fa"):
        title = _("Annual review of the agreement “%(title)s”") % {"title": agreement.title_fa}
    last = meeting.agenda.aggregate(last=Max("position"))["last"] or 0
    item = AgendaItem.objects.create(meeting=meeting, title=title[:300], position=last + 1)
    paper = agreements.review(agreement.pk, by=None)
    if row is None:
        ReviewOnAgenda.objects.create(agreement=agreement, due_on=found.due_on, item=item, paper=paper)
    else:
        row.item, row.paper = item, paper
        row.save(update_fields=["item", "paper"])
    words = both(PUT, title=agreement, meeting=meeting)
    _tell(agreement, words, meeting.get_absolute_url(), f"review-put-{agreement.pk}-{found.due_on}-{meeting.pk}")
    return 1


def take_off(item, why, *, by):
    """Let a review leave the agenda, with the reason; it is not put on another one this year. Called under the meeting's lock."""
    row = ReviewOnAgenda.objects.select_for_update(no_key=True).get(item=item)
    if not why.strip():
        raise RuleBroken(_("Write why “%(item)s” is taken off the agenda.") % {"item": item})
    row.item, row.taken_off_at, row.taken_off_by, row.why = None, timezone.now(), by, why.strip()[:300]
    row.save(update_fields=["item", "taken_off_at", "taken_off_by", "why"])
    return row


def _tell(agreement, words, link, once):
    notices.tell_all(keepers_of(agreement), "agreement_review", *words, link=link, once=once, mail=False)
