"""Calibration items: products that everybody at work in a round rates, so that all can be compared; no part of its results."""

from django.db import transaction
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Entry, Round
from assessments.services import runs
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers


@transaction.atomic
def set_calibration(entry_id, chosen, *, by):
    """Make an entry a calibration item, or an ordinary product again; scores that rest on it become stale."""
    only_officers(by=by)
    round_id = Entry.objects.values_list("round", flat=True).get(pk=entry_id)
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    if round_.status not in rules.EDITABLE_ROUNDS:
        raise RuleBroken(_("Calibration items are chosen only while the round is in preparation or open."))
    entry = Entry.objects.select_for_update(of=("self",), no_key=True).select_related("subject").get(pk=entry_id)
    if entry.is_calibration == chosen:
        return entry
    if chosen and entry.excluded_at:
        raise RuleBroken(_("The product is left out of the results."))
    entry.is_calibration = chosen
    entry.save(update_fields=["is_calibration"])
    action = "calibrate" if chosen else "uncalibrate"
    round_.moves.create(action=action, source=round_.status, target=round_.status, by=by, why=str(entry.subject))
    runs.round_changed(round_.pk)
    return entry
