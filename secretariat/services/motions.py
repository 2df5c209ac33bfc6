"""Motions: what is put before the council in words, before anybody votes on it."""

import hashlib

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import rules
from secretariat.errors import RuleBroken, Stale
from secretariat.models import AgendaItem, Resolution
from secretariat.rules import Decision, ResolutionStatus
from secretariat.selectors.ballots import ballot_of
from secretariat.services import meetings
from secretariat.services.ballots import locked_resolution

WORDS = ("title", "text", "decision", "in_force_from", "in_force_until", "supersedes")
# What the rooms above draw up, by the kind of resolution: never put in words alone.
MARKS = (Decision.MARK_COMMENDED, Decision.MARK_QUALITY, Decision.MARK_GOLD)
DRAWN_UP = {
    **dict.fromkeys(MARKS, gettext_lazy("Quality marks are proposed from a round of assessment.")),
    Decision.EXEMPLAR: gettext_lazy("Exemplars are proposed from their nominations."),
}


def seen(resolution):
    """What somebody has read of a motion, as a short sign: another one once its words are others."""
    told = "\x1f".join(str(getattr(resolution, name)) for name in WORDS if name != "supersedes")
    return hashlib.sha256(f"{told}\x1f{resolution.supersedes_id}".encode()).hexdigest()[:16]


@transaction.atomic
def put(item_id, *, by, **words):
    """Put a motion on an agenda item; `words` are WORDS. Raises RuleBroken when the meeting is over or its rule cannot apply."""
    item = AgendaItem.objects.get(pk=item_id)
    meeting = meetings.locked(item.meeting_id, by=by)
    if meeting.status not in rules.LIVE_MEETINGS:
        raise RuleBroken(_("The meeting is over: nothing is put to the vote any more."))
    _check(meeting.council_id, words)
    return Resolution.objects.create(council=meeting.council, meeting=meeting, agenda_item=item, **words)


@transaction.atomic
def reword(resolution_id, *, by, seen_as, **words):
    """Change the words of a motion nobody votes on yet. Raises Stale when they are others than `seen_as` says."""
    resolution = locked_resolution(resolution_id)
    if not rules.serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    if resolution.status != ResolutionStatus.DRAFT or ballot_of(resolution) is not None:
        raise RuleBroken(_("Voting has begun: the words stay as they are."))
    if seen(resolution) != seen_as:
        raise Stale(_("Somebody else has changed this motion meanwhile. What stands now is beside what you typed."), resolution)
    _check(resolution.council_id, words, resolution)
    for name, value in words.items():
        setattr(resolution, name, value)
    resolution.save(update_fields=list(words))
    return resolution


def _check(council_id, words, resolution=None):
    in_words = resolution is None or resolution.kind == Resolution.Kind.GENERAL
    if in_words and words["decision"] in DRAWN_UP:
        raise RuleBroken(DRAWN_UP[words["decision"]], field="decision")
    earlier = words.get("supersedes")
    if earlier is not None and (earlier.council_id != council_id or earlier.status != ResolutionStatus.ADOPTED):
        raise RuleBroken(_("Only an adopted resolution of this council can be superseded."), field="supersedes")
