"""Papers of an agenda: handed out with an item, and taken back while the meeting is still to come or goes on."""

from django.db import transaction
from django.utils.translation import gettext as _

from secretariat import rules
from secretariat.errors import RuleBroken
from secretariat.models import AgendaItem, AgendaPaper
from secretariat.private_files import ask_room, keeping
from secretariat.services.meetings import locked


def attach(item_id, upload, *, by):
    """Check one uploaded file and hand it out with an agenda item."""
    row, content = AgendaPaper.of(upload, by=by, item_id=item_id)
    with keeping(row, content):
        ask_room(row, _open(item_id, by).papers.filter(removed_at=None))
    return row


@transaction.atomic
def take_back(paper_id, *, by):
    """Take a paper off the agenda; it stays on record. Doing it twice is no harm."""
    paper = AgendaPaper.objects.get(pk=paper_id)
    _open(paper.item_id, by)
    paper.take_out()
    return paper


def _open(item_id, by):
    """The item, its meeting locked, while papers may still change."""
    item = AgendaItem.objects.get(pk=item_id)
    meeting = locked(item.meeting_id, by=by)
    if meeting.status not in rules.LIVE_MEETINGS:
        raise RuleBroken(_("The meeting is over: its agenda stays as it was."))
    return item
