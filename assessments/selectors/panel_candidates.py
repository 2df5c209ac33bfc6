"""One panel of a draft from near: who sits in it, who else could, why the others cannot, and who could change places."""

from dataclasses import dataclass, field

import numpy as np
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Assessor
from assessments.selectors.rounds import refusals
from secretariat.calendar import digits

MOST_PARTNERS = 40


@dataclass
class Line:
    """Somebody and this product."""

    assessor: Assessor
    fit: int  # percent
    load: int  # products in the round, the draft counted
    most: int
    seat: object = None
    refusal: str | None = None
    expertise: list = field(default_factory=list)  # indicator sets of the sheet that he is named for


@dataclass
class Panel:
    seated: list
    free: list  # the fittest first
    barred: list  # taken off by hand
    refused: list


def panel_of(told, entry, word=""):
    """The Panel of an entry by the Preview of its draft; of those outside it, people whose names hold a folded `word`.

    Constant queries.
    """
    draft, inputs = told.draft, told.inputs
    seats = {seat.assessor_id: seat for seat in draft.seats.filter(entry=entry)}
    lines = _lines(told, entry)
    seated = [line for pk, line in lines.items() if pk in seats and seats[pk].source != rules.SeatSource.BARRED]
    others = [line for pk, line in lines.items() if pk not in seats or seats[pk].source == rules.SeatSource.BARRED]
    others = [line for line in others if word in (line.assessor.user.search_key or "")]
    for line in seated:
        line.seat = seats[line.assessor.pk]
    why = refusals([entry], Assessor.objects.filter(pk__in=[line.assessor.pk for line in others]))
    # Room is what is left beside the draft.
    room = {inputs.assessors[n].pk: int(room) for n, room in enumerate(told.room)}
    for line in others:
        line.refusal = why.get((entry.pk, line.assessor.pk))
        if line.refusal is None and not room[line.assessor.pk]:
            words = _("Has %(count)s products with this draft, and room for no more.")
            line.refusal = words % {"count": digits(line.load)}
    barred = [line for line in others if line.assessor.pk in seats]
    rest = [line for line in others if line.assessor.pk not in seats]
    free = sorted((line for line in rest if not line.refusal), key=lambda line: (-line.fit, line.load, line.assessor.pk))
    return Panel(seated, free, barred, [line for line in rest if line.refusal])


def _lines(told, entry):
    """{assessor key: Line} of all in the roster and the draft."""
    inputs, row = told.inputs, told.inputs.row.get(entry.pk)
    wanted = set(entry.sheet.parts.values_list("version__set", flat=True))
    named = {}
    for assessor in Assessor.objects.filter(pk__in=inputs.column).prefetch_related("expertise"):
        named[assessor.pk] = [set_ for set_ in assessor.expertise.all() if set_.pk in wanted]
    total = told.taken.sum(axis=0)
    return {
        one.pk: Line(
            one,
            0 if row is None else round(100 * float(inputs.affinity[row, n])),
            int(total[n]),
            int(total[n] + told.room[n]),
            expertise=named.get(one.pk, []),
        )
        for n, one in enumerate(inputs.assessors)
    }


@dataclass
class Partner:
    """A seat of another panel with which one could be exchanged."""

    entry: object
    assessor: Assessor
    gain: int  # of fit, both products together, in percent points

    @property
    def size(self):
        return abs(self.gain)


def partners(told, entry, assessor):
    """With whom of other panels `assessor` of `entry` could change places, where it gains most first. No query."""
    inputs = told.inputs
    if not inputs.knows((entry.pk, assessor.pk)):
        return []
    row, column = inputs.position((entry.pk, assessor.pk))
    closed = told.taken | inputs.conflicted | inputs.answered | told.barred
    fit, found = inputs.affinity, []
    for other_row, other_column in np.argwhere(told.new & told.ordinary[:, None]).tolist():
        if other_row == row or other_column == column or closed[row, other_column] or closed[other_row, column]:
            continue
        gain = fit[row, other_column] + fit[other_row, column] - fit[row, column] - fit[other_row, other_column]
        found.append((-gain, other_row, other_column))
    return [
        Partner(inputs.entries[other_row], inputs.assessors[other_column], round(-100 * loss))
        for loss, other_row, other_column in sorted(found)[:MOST_PARTNERS]
    ]
