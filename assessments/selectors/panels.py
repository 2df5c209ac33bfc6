"""A draft of panels as it is read: how full, how even, how fitting and how well joined it is, and what no longer holds."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from django.db.models import Count, F, Prefetch, Q
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Assessor, Assignment, Entry, PanelSeat, SetAside
from assessments.scoring import graphs
from assessments.selectors.panel_inputs import panel_inputs
from assessments.selectors.rounds import plan

Source = rules.SeatSource


def living_draft(round_):
    return round_.drafts.living().select_related("made_by", "round").first()


def kept_and_barred(draft):
    """(entry, assessor) keys of the seats that a filling leaves alone, and of those that it must not make."""
    rows = list(draft.seats.values_list("entry", "assessor", "source", "is_locked"))
    kept = [(entry, assessor) for entry, assessor, source, locked in rows if source in rules.NEW_SEATS and locked]
    return kept, [(entry, assessor) for entry, assessor, source, _locked in rows if source == Source.BARRED]


# --- what no longer holds ------------------------------------------------------------------------


def troubles(draft, told=None):
    """{(entry key, assessor key): (entry, assessor, sentence)} of new seats that could not be given now. Constant queries.

    With the draft's Preview, only seats that its matrices make doubtful are looked at again.
    """
    seats = _new_seats(draft)
    wrong = _out_of_place(draft, seats)
    doubtful = [seat.pair for seat in seats if seat.pair not in wrong and (told is None or told.is_doubtful(seat.pair))]
    refused = [line for line in plan(draft.round, doubtful) if line.refusal] if doubtful else []
    return _named(wrong) | {(line.entry.pk, line.assessor.pk): (line.entry, line.assessor, line.refusal) for line in refused}


def out_of_place(draft):
    """As `troubles`, but only of seats whose product needs nobody any more, whoever it is."""
    return _named(_out_of_place(draft, _new_seats(draft)))


@dataclass(frozen=True)
class _NewSeat:
    entry: int
    assessor: int
    is_free: bool  # the portal filled it, and nobody locked it
    is_left_out: bool
    is_calibration: bool

    @property
    def pair(self):
        return self.entry, self.assessor


def _new_seats(draft):
    """Those that somebody placed or locked come first."""
    rows = draft.seats.new().order_by("-is_locked", "source", "pk")
    columns = ("entry", "assessor", "source", "is_locked", "entry__excluded_at", "entry__is_calibration")
    return [
        _NewSeat(entry, assessor, source == Source.SOLVER and not locked, excluded is not None, calibration)
        for entry, assessor, source, locked, excluded, calibration in rows.values_list(*columns)
    ]


def _out_of_place(draft, seats):
    """{pair: sentence} of products left out, and of panels that others have completed meanwhile: free seats are too many then."""
    aside = SetAside.objects.filter(round=draft.round, ended_at=None).values("assessor")
    asked = Assignment.objects.filter(entry__round=draft.round, status__in=rules.ACTIVE_ASSIGNMENTS).exclude(assessor__in=aside)
    present, found = dict(asked.order_by().values_list("entry").annotate(Count("pk"))), {}
    for seat in seats:
        if seat.is_left_out:
            found[seat.pair] = _("The product is left out of the results.")
        elif not seat.is_calibration:
            present[seat.entry] = present.get(seat.entry, 0) + 1
            if seat.is_free and present[seat.entry] > draft.round.panel_size:
                found[seat.pair] = _("The panel is complete without him.")
    return found


def _named(found):
    """{pair: sentence} with the entry and the assessor themselves."""
    if not found:
        return {}
    entries = Entry.objects.select_related("subject").in_bulk({entry for entry, _assessor in found})
    people = Assessor.objects.select_related("user").in_bulk({assessor for _entry, assessor in found})
    return {pair: (entries[pair[0]], people[pair[1]], words) for pair, words in found.items()}


# --- the draft as a whole ------------------------------------------------------------------------


@dataclass
class Load:
    """What an assessor would have to do in the round."""

    assessor: Assessor
    existing: int
    new: int
    most: int  # what he has room for in this round
    takes_part: bool

    @property
    def total(self):
        return self.existing + self.new


@dataclass
class Gap:
    """A panel that is not full, and what became of everybody who takes part."""

    missing: int
    seated: int
    conflicted: int
    answered: int  # asked before: declined or taken off
    full: int
    barred: int

    @property
    def free(self):
        """Those who could still be placed by hand."""
        return self.everybody - self.seated - self.conflicted - self.answered - self.full - self.barred

    everybody: int = 0


@dataclass
class Preview:
    """A living draft beside the round as it stands. Read once; everything else follows without the database."""

    draft: object
    inputs: object
    seats: list = field(default_factory=list)  # (entry, assessor, source, locked)

    @cached_property
    def taken(self):
        """Entries × assessors: who sits where."""
        return self._matrix(lambda source: source != Source.BARRED)

    @cached_property
    def new(self):
        return self._matrix(lambda source: source in rules.NEW_SEATS)

    @cached_property
    def barred(self):
        return self._matrix(lambda source: source == Source.BARRED)

    def _matrix(self, wanted):
        found = np.zeros(self.inputs.affinity.shape, dtype=bool)
        for entry, assessor, source, _locked in self.seats:
            if wanted(source) and self.inputs.knows((entry, assessor)):
                found[self.inputs.position((entry, assessor))] = True
        return found

    @cached_property
    def ordinary(self):
        """Which entries have a panel of their own."""
        return np.array([not entry.is_calibration for entry in self.inputs.entries], dtype=bool)

    # -- seats and loads

    @cached_property
    def missing(self):
        """Seats of each entry that are empty."""
        return np.where(self.ordinary, np.maximum(self.draft.round.panel_size - self.taken.sum(axis=1), 0), 0)

    @property
    def seat_count(self):
        return int(self.taken.sum())

    @property
    def new_count(self):
        return int(self.new.sum())

    @property
    def existing_count(self):
        return self.seat_count - self.new_count

    @property
    def ordinary_count(self):
        return int(self.ordinary.sum())

    @property
    def calibration_count(self):
        return len(self.ordinary) - self.ordinary_count

    @property
    def complete(self):
        return self.ordinary_count - self.short

    @property
    def short(self):
        """How many panels are not full."""
        return int((self.missing > 0).sum())

    @cached_property
    def loads(self):
        """Of everybody who takes part or sits somewhere, the busiest first."""
        total, new = self.taken.sum(axis=0), self.new.sum(axis=0)
        found = [
            Load(assessor, int(total[n] - new[n]), int(new[n]), int(total[n] + self.room[n]), bool(self.inputs.taking_part[n]))
            for n, assessor in enumerate(self.inputs.assessors)
            if total[n] or self.inputs.taking_part[n]
        ]
        return sorted(found, key=lambda load: (-load.total, load.assessor.user.sort_key or "", load.assessor.pk))

    @cached_property
    def room(self):
        """How many more products each could be given, the draft counted."""
        room = self.inputs.room - self.new.sum(axis=0)
        if self.draft.ceiling is not None:
            room = np.minimum(room, self.draft.ceiling - self.taken.sum(axis=0))
        return np.maximum(room, 0)

    @property
    def least_load(self):
        return min((load.total for load in self.loads if load.takes_part), default=0)

    @property
    def most_load(self):
        return max((load.total for load in self.loads), default=0)

    def gap(self, entry):
        """The Gap of an entry, or None where its panel is full."""
        n = self.inputs.row[entry.pk]
        if not self.missing[n]:
            return None
        left = self.inputs.taking_part.copy()
        counts = []
        for reason in (
            self.taken[n], self.inputs.conflicted[n], self.inputs.answered[n], self.barred[n], self.room == 0,
        ):  # fmt: skip
            counts.append(int((left & reason).sum()))
            left &= ~reason
        seated, conflicted, answered, barred, full = counts
        return Gap(
            int(self.missing[n]), seated, conflicted, answered, full, barred, everybody=int(self.inputs.taking_part.sum())
        )

    def is_doubtful(self, pair):
        """Whether a new seat may no longer be possible; what is not doubtful is possible."""
        if not self.inputs.knows(pair):
            return True
        row, column = self.inputs.position(pair)
        crowded = self.new[:, column].sum() > self.inputs.room[column]
        return bool(
            crowded
            or self.inputs.conflicted[row, column]
            or self.inputs.answered[row, column]
            or not self.inputs.taking_part[column]
        )

    # -- fit

    @cached_property
    def fit(self):
        """The mean fit of the new seats, 0 to 1; None without any."""
        new = self.new & self.ordinary[:, None]
        return float(self.inputs.affinity[new].mean()) if new.any() else None

    @cached_property
    def best_fit(self):
        """What it would be if every product could have those who fit it best, whatever they have to do besides."""
        new = self.new & self.ordinary[:, None]
        sizes = new.sum(axis=1)
        if not sizes.any():
            return None
        may = self.inputs.taking_part[None, :] & ~self.inputs.conflicted
        ranked = -np.sort(np.where(may, -self.inputs.affinity, np.inf), axis=1)
        best = [ranked[n, :size] for n, size in enumerate(sizes) if size]
        best = np.concatenate(best)
        return float(best[np.isfinite(best)].mean()) if np.isfinite(best).any() else None

    @property
    def fit_percent(self):
        return None if self.fit is None else 100 * self.fit

    @property
    def best_fit_percent(self):
        return None if self.best_fit is None else 100 * self.best_fit

    # -- who meets whom

    @cached_property
    def concurrence(self):
        """{on how many products two assessors meet: how many such pairs}, calibration items apart."""
        panels = self.taken[self.ordinary].astype(int)
        met = panels.T @ panels
        active = np.flatnonzero(panels.any(axis=0))
        upper = met[np.ix_(active, active)][np.triu_indices(len(active), 1)]
        times, pairs = np.unique(upper, return_counts=True)
        return dict(zip(times.tolist(), pairs.tolist(), strict=True))

    @property
    def most_meetings(self):
        return max(self.concurrence, default=0)

    @cached_property
    def connectivity(self):
        return graphs.connectivity(*np.nonzero(self.taken), *self.taken.shape)

    @property
    def parts(self):
        return self.connectivity.count

    @cached_property
    def fragile(self):
        """Assessors without whom ratings on two sides could no longer be compared."""
        return [self.inputs.assessors[n] for n in self.connectivity.splitting_assessors.tolist()]

    @cached_property
    def bridges(self):
        """(assessor, entry) pairs that would join the parts; one each."""
        if self.parts <= 1:
            return []
        inputs, room = self.inputs, self.room
        closed = inputs.conflicted | inputs.answered | self.barred | ~inputs.taking_part | (room == 0)
        links = graphs.joining(
            *np.nonzero(self.taken), *self.taken.shape, forbidden=lambda entry, assessor: bool(closed[entry, assessor])
        )
        return [(inputs.assessors[choices[0].assessor], inputs.entries[choices[0].product]) for choices in links]

    @property
    def is_changed_since(self):
        """Whether settings or seats were changed by hand after the last filling."""
        return self.draft.figures.get("version") not in (None, self.draft.version)


def preview(draft):
    """The Preview of a draft. Constant queries."""
    seats = list(draft.seats.values_list("entry", "assessor", "source", "is_locked"))
    return Preview(draft, panel_inputs(draft.round, draft.taking_part), seats)


# --- lists ---------------------------------------------------------------------------------------


def entries_with_seats(draft):
    """The entries of the draft's round with `seat_count`, `new_count`, `locked_count`, `lacking`, and their `seats` with names."""
    in_draft = Q(panel_seats__draft=draft)
    taken = in_draft & ~Q(panel_seats__source=Source.BARRED)
    seats = PanelSeat.objects.filter(draft=draft).select_related("assessor__user").order_by("assessor__user__sort_key", "pk")
    entries = draft.round.entries.judged().select_related("subject__agency", "round")
    return entries.annotate(
        seat_count=Count("panel_seats", filter=taken),
        new_count=Count("panel_seats", filter=in_draft & Q(panel_seats__source__in=rules.NEW_SEATS)),
        locked_count=Count("panel_seats", filter=in_draft & Q(panel_seats__is_locked=True)),
        hand_count=Count("panel_seats", filter=in_draft & Q(panel_seats__source=Source.HAND)),
        lacking=F("round__panel_size") - Count("panel_seats", filter=taken),
    ).prefetch_related(Prefetch("panel_seats", seats, to_attr="seats"))


def assessors_of(draft):
    """Active assessors and whoever sits somewhere in the draft, with `existing_count`, `new_count` and `total_count` of seats."""
    in_draft = Q(panel_seats__draft=draft)
    seated = PanelSeat.objects.filter(draft=draft).taken().values("assessor")
    rows = Assessor.objects.filter(Q(is_active=True, user__is_active=True) | Q(pk__in=seated)).select_related("user")
    return rows.annotate(
        existing_count=Count("panel_seats", filter=in_draft & Q(panel_seats__source=Source.EXISTING)),
        new_count=Count("panel_seats", filter=in_draft & Q(panel_seats__source__in=rules.NEW_SEATS)),
        total_count=Count("panel_seats", filter=in_draft & ~Q(panel_seats__source=Source.BARRED)),
    )
