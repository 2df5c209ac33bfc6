"""What panels agreed on, as it is shown beside the scores: agreed values, and the total with them."""

from dataclasses import dataclass

from assessments.models import ModeratedRating, ModeratedScore
from assessments.rules import Outcome
from assessments.scoring.rounding import shown
from assessments.selectors.moderations import Value


@dataclass
class AgreedLine:
    """One indicator on which the panel agreed; who would have what is not told."""

    title: str
    mean: float | None  # of the panel, as it was given blind
    value: Value
    comment: str


@dataclass
class Agreement:
    """The total of a product with the agreed values in the place of the panel's means; the score itself does not change."""

    mean: float
    value: float | None
    lines: list

    @property
    def shown_mean(self):
        return shown(self.mean)

    @property
    def shown_value(self):
        return None if self.value is None else shown(self.value)

    @property
    def shown_change(self):
        return None if self.value is None else self.shown_value - self.shown_mean


def agreement_on(entry, run, means):
    """What the panel of `entry` agreed on, by the figures of `run`; None where it did not.

    `means` are those of the panel, {indicator id: mean or None} in the order of the sheet.
    """
    stored = ModeratedScore.objects.filter(run=run, entry=entry).first()
    if stored is None:
        return None
    rows = ModeratedRating.objects.filter(moderation__entry=entry, moderation__outcome=Outcome.AGREED)
    last = {}
    for row in rows.select_related("indicator__scale").order_by("moderation__settled_at", "moderation", "number"):
        last[row.indicator_id] = row
    lines = [
        AgreedLine(last[pk].indicator.title, mean, Value.of(last[pk].indicator, last[pk].state, last[pk].value), last[pk].comment)
        for pk, mean in means.items()
        if pk in last
    ]
    return Agreement(stored.mean, stored.value, lines)


def agreed_totals(scores):
    """{score id: the total with agreed values} of those root scores beside which one stands; one query."""
    of_entry = {(score.run_id, score.entry_id): score.pk for score in scores}
    rows = ModeratedScore.objects.filter(run__in={run for run, _entry in of_entry}, entry__in={entry for _run, entry in of_entry})
    found = rows.filter(value__isnull=False).values_list("run", "entry", "value")
    return {of_entry[run, entry]: value for run, entry, value in found if (run, entry) in of_entry}
