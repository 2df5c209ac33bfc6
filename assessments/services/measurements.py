"""What the secretariat measures once for a whole panel: audience reached, share of loans returned …."""

from django.db import transaction
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Indicator, Measurement
from assessments.services import runs
from assessments.services.rounds import lock_judged
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers


@transaction.atomic
def set_measurement(entry_id, indicator_id, *, by, value=None, target=None, not_applicable=False, note=""):
    """Write the value that the secretariat measured for a whole panel; without value and "not applicable", remove it.

    Returns the Measurement or None. Scores become stale only when something changed that they are made of.
    """
    only_officers(by=by)
    entry, _round = lock_judged(entry_id)
    indicator = (
        Indicator.objects.select_related("scale")
        .filter(pk=indicator_id, rater=Indicator.Rater.SECRETARIAT, version__sheet_parts__sheet=entry.sheet_id)
        .first()
    )
    if indicator is None:
        raise RuleBroken(_("The secretariat does not measure this indicator for this product."))
    present = Measurement.objects.filter(entry=entry, indicator=indicator).first()
    if value is None and not not_applicable:
        if present:
            present.delete()
            runs.inputs_changed(entry.pk)
        return None
    if refusal := rules.why_not_measurable(indicator, value, target, not_applicable):
        raise RuleBroken(*refusal)
    wanted = {
        "value": None if not_applicable else value,
        "target": None if not_applicable else target,
        "not_applicable": not_applicable,
    }
    row = present or Measurement(entry=entry, indicator=indicator)
    counts = not present or any(getattr(row, name) != new for name, new in wanted.items())
    if not counts and row.note == note:
        return row
    for name, new in wanted.items():
        setattr(row, name, new)
    row.note, row.by = note, by
    row.save()
    if counts:
        runs.inputs_changed(entry.pk)
    return row
