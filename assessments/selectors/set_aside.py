"""Setting an assessor's ratings aside: who is, why it cannot be done, and what it would change, reckoned before it is done."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import rules
from assessments.models import Assignment, Entry, SetAside
from assessments.scoring import whatif
from assessments.selectors.rounds import titles, with_counted
from assessments.selectors.score_inputs import round_inputs
from secretariat.calendar import digits

MOST_SHOWN = 15
# Scores that differ by less are the same to the eye.
SEEN = 0.05


def in_force(round_):
    """Those who are set aside in a round now."""
    return SetAside.objects.filter(round=round_, ended_at=None).select_related("assessor__user", "by")


def judged_entries(round_, assessor):
    """The entries of a round for which the assessor has submitted."""
    mine = Assignment.objects.filter(entry__round=round_, assessor=assessor, status=Assignment.Status.SUBMITTED)
    return Entry.objects.filter(pk__in=mine.values("entry"))


def why_not(round_, assessor, user):
    """A sentence saying why `user` cannot set this assessor aside in the round, or None."""
    if round_.status not in rules.LIVE_ROUNDS:
        return _("The results of this round stand: they are not changed any more.")
    if assessor.user_id == user.pk:
        return _("Nobody decides on his own ratings: ask a colleague.")
    if SetAside.objects.filter(round=round_, assessor=assessor, ended_at=None).exists():
        return _("The ratings of this assessor are set aside already.")
    entries = judged_entries(round_, assessor)
    if not entries.exists():
        return _("This assessor has submitted nothing in this round that could be set aside.")
    # His own is still among those counted.
    short = list(with_counted(entries.ranked(), round_).filter(counted__lte=rules.LEAST_PANEL).select_related("subject"))
    if short:
        return ngettext(
            "This product would be left with fewer than %(least)s assessments: %(titles)s. Ask another assessor about it first.",
            "These products would be left with fewer than %(least)s assessments: %(titles)s. Ask other assessors about them first.",
            len(short),
        ) % {"least": digits(rules.LEAST_PANEL), "titles": titles(short)}
    return None


@dataclass
class Changed:
    """One product before and after."""

    entry: Entry
    score_before: float
    score_after: float
    rank_before: int
    rank_after: int
    enters: bool  # among those sought
    leaves: bool

    @property
    def delta(self):
        return self.score_after - self.score_before

    @property
    def places(self):
        """Places won (positive) or lost."""
        return self.rank_before - self.rank_after


@dataclass
class Preview:
    """What the results would be without the assessor, against what they are with him."""

    rows: list = field(default_factory=list)  # Changed, the largest change first, at most MOST_SHOWN
    products: int = 0
    sheets: int = 0  # of the assessor
    moved: int = 0  # products whose score changes visibly
    other_rank: int = 0
    largest: float = 0.0  # change of a score, points
    most_places: int = 0
    enters: int = 0  # products that come among those sought
    falls_apart: bool = False  # the round would have parts that cannot be compared
    turns_plain: bool = False  # too few ratings would be left to tell severity

    @property
    def is_nothing(self):
        return not (self.moved or self.other_rank)


def preview(round_, assessor_id):
    """Compute the round with and without an assessor, in memory; nothing is stored."""
    read = round_inputs(round_.pk)
    numbers = (read.assessors == assessor_id).nonzero()[0]
    if not len(numbers):
        return Preview(products=len(read.entries))
    before = whatif.totals(read.inputs)
    after = whatif.totals(whatif.without_assessors(read.inputs, numbers))
    told = whatif.compared(before, after)
    both = (told.rank_before > 0) & (told.rank_after > 0)
    order = abs(told.delta[both]).argsort(kind="stable")[::-1]
    places = both.nonzero()[0][order]
    ids = read.entries[places[:MOST_SHOWN]].tolist()
    entries = Entry.objects.select_related("subject").in_bulk(ids)
    return Preview(
        rows=[
            Changed(
                entries[pk],
                float(told.score_before[place]),
                float(told.score_after[place]),
                int(told.rank_before[place]),
                int(told.rank_after[place]),
                bool(told.enters[place]),
                bool(told.leaves[place]),
            )
            for pk, place in zip(ids, places.tolist(), strict=False)
            if abs(told.delta[place]) >= SEEN or told.places[place]
        ],
        products=int(both.sum()),
        sheets=int(sum((group.assessor == numbers[0]).sum() for group in read.inputs.groups)),
        moved=int((abs(told.delta[both]) >= SEEN).sum()),
        other_rank=int((told.places != 0).sum()),
        largest=told.largest,
        most_places=int(abs(told.places).max(initial=0)),
        enters=int(told.enters.sum()),
        falls_apart=bool(after.standings.component.max(initial=0) > before.standings.component.max(initial=0)),
        turns_plain=before.is_fair and not after.is_fair,
    )
