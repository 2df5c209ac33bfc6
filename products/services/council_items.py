"""A point of a council's agenda from which this room draws up what the council decides: asked for, opened, undecided."""

from django.utils.translation import gettext as _

from secretariat.errors import RuleBroken
from secretariat.models import AgendaItem, Resolution
from secretariat.rules import LIVE_MEETINGS, ResolutionStatus
from secretariat.selectors.ballots import ballot_of
from secretariat.services import meetings


def opened(item_id, kind, *, by):
    """The agenda item of this kind with its meeting locked, for whoever keeps the council's papers. Raises RuleBroken."""
    item = AgendaItem.objects.get(pk=item_id)
    item.meeting = meetings.locked(item.meeting_id, by=by)
    if item.meeting.status not in LIVE_MEETINGS:
        raise RuleBroken(_("The meeting is over: nothing is put to the vote any more."))
    if item.kind != kind or not item.meeting.council.grants_marks:
        raise RuleBroken(_("This is not what this council, or this point of its agenda, decides on."))
    return item


def drafted(item, kind, title, text):
    """A draft resolution of this kind on an opened item."""
    meeting = item.meeting
    return Resolution.objects.create(
        council=meeting.council, meeting=meeting, agenda_item=item, kind=kind, title=title, text=text
    )


def ask_undecided(resolution):
    """Refuse what would change a resolution that is decided or being voted on."""
    if resolution.status != ResolutionStatus.DRAFT:
        raise RuleBroken(_("This resolution is already decided."))
    if ballot_of(resolution) is not None:
        raise RuleBroken(_("The council is voting on it: what is proposed stays until the ballot is closed or broken off."))
