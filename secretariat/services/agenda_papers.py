"""Papers of an agenda: handed out with an item, and taken back while the meeting is still to come or goes on."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from secretariat import rules
from secretariat.errors import RuleBroken
from secretariat.models import AgendaItem, AgendaPaper
from secretariat.private_files import ask_room, kept_with_rows
from secretariat.services.meetings import locked


def attach(item_id, upload, *, by):
    """Check one uploaded file and hand it out with an agenda item."""
    row, content = AgendaPaper.of(upload, by=by, item_id=item_id)
    with kept_with_rows() as kept, transaction.atomic():
        item = _open(item_id, by)
        ask_room(row, item.papers.filter(removed_at=None))
        row.file.save(row.name, content, save=False)
        kept.append(row.file)
        row.save()
        return row


@transaction.atomic
def take_back(paper_id, *, by):
    """Take a paper off the agenda; it stays on record. Doing it twice is no harm."""
    paper = AgendaPaper.objects.get(pk=paper_id)
    _open(paper.item_id, by)
    if paper.removed_at is None:
        paper.removed_at = timezone.now()
        paper.save(update_fields=["removed_at"])
    return paper


def _open(item_id, by):
    """The item, its meeting locked, while papers may still change."""
    item = AgendaItem.objects.get(pk=item_id)
    meeting = locked(item.meeting_id, by=by)
    if meeting.status not in rules.LIVE_MEETINGS:
        raise RuleBroken(_("The meeting is over: its agenda stays as it was."))
    return item
