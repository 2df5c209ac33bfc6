"""Changing a draft of panels by hand: place, take off, lock, exchange, and choose who takes part. Each leaves a line in its trail."""

from django.db import transaction
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Assessor, Entry, PanelSeat
from assessments.selectors.rounds import plan, refusals
from assessments.services.panels import lock
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers

Source = rules.SeatSource


@transaction.atomic
def add(draft_id, entry_id, assessor_id, *, by):
    """Place somebody by hand; the seat is locked, so that the next filling keeps it. Refused with the reason."""
    draft, entry, assessor = _begin(draft_id, entry_id, assessor_id, by)
    if entry.excluded_at:
        raise RuleBroken(_("The product is left out of the results."))
    seat = draft.seats.filter(entry=entry, assessor=assessor).first()
    if seat is not None and seat.source != Source.BARRED:
        raise RuleBroken(_("%(name)s is in this panel already.") % {"name": assessor})
    # What he has in the draft already counts as his work.
    his = list(draft.seats.new().filter(assessor=assessor).values_list("entry", "assessor"))
    *_rest, line = plan(draft.round, [*his, (entry.pk, assessor.pk)])
    if line.refusal:
        raise RuleBroken(line.refusal)
    if seat is not None:
        seat.delete()
    made = PanelSeat.objects.create(draft=draft, entry=entry, assessor=assessor, source=Source.HAND, is_locked=True)
    _note(draft, "add", by, f"{assessor} → {entry.subject}")
    return made


@transaction.atomic
def drop(draft_id, entry_id, assessor_id, *, by):
    """Take somebody off a panel; the next filling does not place him there again."""
    draft, entry, assessor = _begin(draft_id, entry_id, assessor_id, by)
    seat = _seat(draft, entry, assessor)
    seat.source, seat.is_locked = Source.BARRED, False
    seat.save(update_fields=["source", "is_locked"])
    _note(draft, "drop", by, f"{assessor} → {entry.subject}")


@transaction.atomic
def allow(draft_id, entry_id, assessor_id, *, by):
    """Let the next filling place somebody again who was taken off."""
    draft, entry, assessor = _begin(draft_id, entry_id, assessor_id, by)
    draft.seats.filter(entry=entry, assessor=assessor, source=Source.BARRED).delete()
    _note(draft, "unlock", by, f"{assessor} → {entry.subject}")


@transaction.atomic
def set_lock(draft_id, entry_id, assessor_id, locked, *, by):
    """Keep a seat at the next filling, or leave it to the portal."""
    draft, entry, assessor = _begin(draft_id, entry_id, assessor_id, by)
    seat = _seat(draft, entry, assessor)
    if seat.is_locked != locked:
        seat.is_locked = locked
        seat.save(update_fields=["is_locked"])
        _note(draft, "lock" if locked else "unlock", by, f"{assessor} → {entry.subject}")


@transaction.atomic
def swap(draft_id, one, other, *, by):
    """Exchange the assessors of two panels; each is an (entry key, assessor key) pair. Both seats are locked then."""
    draft, entry, assessor = _begin(draft_id, *one, by)
    _draft, other_entry, other_assessor = _begin(draft_id, *other, by)
    seats = _seat(draft, entry, assessor), _seat(draft, other_entry, other_assessor)
    if entry == other_entry or assessor == other_assessor:
        raise RuleBroken(_("Two different panels and two different assessors are exchanged."))
    if why := why_not_swapped(draft, one, other):
        raise RuleBroken(why)
    draft.seats.filter(entry__in=[entry, other_entry], assessor__in=[assessor, other_assessor], source=Source.BARRED).delete()
    for seat in seats:
        seat.delete()
    for place, person in ((entry, other_assessor), (other_entry, assessor)):
        PanelSeat.objects.create(draft=draft, entry=place, assessor=person, source=Source.HAND, is_locked=True)
    _note(draft, "swap", by, f"{assessor} → {other_entry.subject} · {other_assessor} → {entry.subject}")


def why_not_swapped(draft, one, other):
    """A sentence saying what keeps two seats from being exchanged, or None. Loads stay as they are, so they do not matter."""
    crossed = (one[0], other[1]), (other[0], one[1])
    if draft.seats.taken().filter(entry=one[0], assessor=other[1]).exists():
        return _("He is in that panel already.")
    if draft.seats.taken().filter(entry=other[0], assessor=one[1]).exists():
        return _("He is in that panel already.")
    entries = Entry.objects.filter(pk__in=[one[0], other[0]]).select_related("subject")
    told = refusals(entries, Assessor.objects.filter(pk__in=[one[1], other[1]]))
    return next((told[pair] for pair in crossed if pair in told), None)


@transaction.atomic
def choose(draft_id, assessor_id, takes_part, *, by):
    """Let an assessor take part or leave him out, whatever else is chosen; it counts from the next filling on."""
    only_officers(by=by)
    draft = lock(draft_id)
    _ready(draft)
    assessor = Assessor.objects.select_related("user").get(pk=assessor_id)
    named = {name: [pk for pk in draft.taking_part.get(name, []) if pk != assessor.pk] for name in ("in", "out")}
    named["in" if takes_part else "out"].append(assessor.pk)
    draft.taking_part = {**draft.taking_part, **named}
    draft.save(update_fields=["taking_part"])
    _note(draft, "choose", by, f"{assessor}: {_('takes part') if takes_part else _('left out')}")
    return draft


def _begin(draft_id, entry_id, assessor_id, by):
    only_officers(by=by)
    draft = lock(draft_id)
    _ready(draft)
    entry = Entry.objects.select_related("subject").get(pk=entry_id, round=draft.round_id)
    return draft, entry, Assessor.objects.select_related("user").get(pk=assessor_id)


def _ready(draft):
    if draft.status == rules.DraftStatus.FILLING:
        raise RuleBroken(_("The panels are being filled at this moment. Change them when that is done."))
    if not draft.is_living:
        raise RuleBroken(_("This draft is no longer worked on: it is “%(state)s”.") % {"state": draft.get_status_display()})


def _seat(draft, entry, assessor):
    """The new seat of these two."""
    seat = draft.seats.taken().filter(entry=entry, assessor=assessor).first()
    if seat is None:
        raise RuleBroken(_("%(name)s is not in this panel any more.") % {"name": assessor})
    if seat.source == Source.EXISTING:
        raise RuleBroken(_("%(name)s was asked already: take the assignment back instead.") % {"name": assessor})
    return seat


def _note(draft, action, by, why):
    draft.version += 1
    draft.save(update_fields=["version"])
    draft.moves.create(action=action, source=draft.status, target=draft.status, by=by, why=why)
