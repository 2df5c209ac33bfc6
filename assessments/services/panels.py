"""Drafts of a round's panels: asked for, filled in the background, stopped, applied in one piece, or discarded."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import PanelDraft, PanelSeat, Round
from assessments.scoring.filling import fill as computed
from assessments.selectors import panels as selectors
from assessments.selectors.panel_inputs import panel_inputs
from assessments.services import rounds
from secretariat.background import after_commit
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import only_officers
from secretariat.workflow import advance

Status = rules.DraftStatus
Source = rules.SeatSource
SETTINGS = ("floor", "ceiling", "weight", "taking_part", "seed")
LOST = timedelta(seconds=60)  # a filling without a sign of life for so long went down with its worker
BEAT = timedelta(seconds=1)
MOST_NAMED = 60  # of whom a shortage names


class NotApplicable(RuleBroken):
    """Some seats no longer hold; `troubles` says which and why."""

    def __init__(self, troubles):
        super().__init__(_("Some places can no longer be given as they stand: nobody was asked yet."))
        self.troubles = troubles


class Stopped(Exception):
    """Nobody wants this filling any more."""


# --- officers' steps -----------------------------------------------------------------------------


@transaction.atomic
def start(round_id, *, by, **settings):
    """Begin a draft with these settings and have it filled; a round has one living draft at most."""
    only_officers(by=by)
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    if round_.status not in rules.EDITABLE_ROUNDS:
        raise RuleBroken(_("Assessors are appointed only while the round is in preparation or open."))
    if not round_.entries.judged().exists():
        raise RuleBroken(_("Add at least one product to the round first."))
    try:
        with transaction.atomic():
            draft = PanelDraft.objects.create(round=round_, made_by=by, **_known(settings))
    except IntegrityError:
        raise RuleBroken(_("There is a draft of the panels already.")) from None
    draft.moves.create(action="fill", source="", target=draft.status, by=by)
    after_commit("assessments.tasks.fill_panels", draft.pk)
    return draft


@transaction.atomic
def refill(draft_id, *, by, version=None, **settings):
    """Fill again what is neither locked nor placed by hand, with other settings where they are given."""
    only_officers(by=by)
    draft = lock(draft_id, version)
    fresh = {"attempt": draft.attempt + 1, "version": draft.version + 1, "progress": 0, "beat_at": None}
    moved = advance(_drafts(), draft_id, "fill", by=by, **fresh, **_known(settings))
    after_commit("assessments.tasks.fill_panels", draft.pk)
    return moved


def _known(settings):
    return {name: settings[name] for name in SETTINGS if name in settings}


@transaction.atomic
def stop(draft_id, *, by):
    """Stop a filling: the draft stays as it was before; one that was never filled is left empty."""
    return advance(_drafts(), draft_id, "stop", by=by)


@transaction.atomic
def discard(draft_id, *, by):
    """Put a draft away; it stays on record."""
    return advance(_drafts(), draft_id, "discard", by=by)


@transaction.atomic
def mend(draft_id, *, by):
    """Take out what no longer holds, and fill again what is missing then."""
    only_officers(by=by)
    draft = lock(draft_id)
    troubles = selectors.troubles(draft)
    wrong = [seat.pk for seat in draft.seats.new() if (seat.entry_id, seat.assessor_id) in troubles]
    draft.seats.filter(pk__in=wrong).delete()
    draft.moves.create(action="mend", source=draft.status, target=draft.status, by=by, why=_named(troubles))
    return refill(draft_id, by=by)


@transaction.atomic
def apply(draft_id, *, by, version):
    """Ask everybody whom the draft places; gives how many. All or nothing: NotApplicable names what no longer holds.

    In an open round each is told at once, by one notice a person; in one in preparation when it opens.
    """
    only_officers(by=by)
    round_id = PanelDraft.objects.values_list("round", flat=True).get(pk=draft_id)
    # As assign_many locks: the round first.
    Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    draft = lock(draft_id, version)
    moved = advance(_drafts(), draft_id, "apply", by=by)
    wrong = selectors.out_of_place(draft)
    pairs = list(draft.seats.new().order_by("entry", "assessor").values_list("entry", "assessor"))
    if not pairs:
        raise RuleBroken(_("The draft places nobody: there is nothing to apply."))
    made, refused = rounds.assign_many(round_id, pairs, by=by)
    if wrong or refused:
        raise NotApplicable(wrong | {(entry.pk, assessor.pk): (entry, assessor, why) for entry, assessor, why in refused})
    return moved, len(made)


def lock(draft_id, version=None):
    """The draft, locked; Stale where `version` is given and somebody has changed it since."""
    draft = PanelDraft.objects.select_for_update(of=("self",), no_key=True).select_related("round").get(pk=draft_id)
    if version is not None and draft.version != version:
        raise Stale(_("Somebody else changed the draft while you were looking at it. Look again before you go on."), draft)
    return draft


def _drafts():
    return PanelDraft.objects.select_related("round")


def _named(troubles):
    return " · ".join(f"{assessor} – {entry.subject}: {why}" for entry, assessor, why in list(troubles.values())[:20])


# --- the filling itself --------------------------------------------------------------------------


def fill(draft_id):
    """Fill a draft that waits for it; gives the draft, or None where nothing is to be done or somebody is at it.

    Safe to repeat, to run twice at once and to kill: nothing is written before the end, and then by one of them.
    """
    now = timezone.now()
    waiting = PanelDraft.objects.filter(pk=draft_id, status=Status.FILLING).filter(Q(beat_at=None) | Q(beat_at__lt=now - LOST))
    if not waiting.update(beat_at=now):
        return None
    draft = _drafts().get(pk=draft_id)
    try:
        inputs = panel_inputs(draft.round, draft.taking_part)
        kept, barred = selectors.kept_and_barred(draft)
        found = computed(_wish(draft, inputs, kept, barred), _Beat(draft))
        return _store(draft, inputs, found, kept, timezone.now() - now)
    except Stopped:
        return None
    except BaseException:
        _fail(draft)
        raise


def _wish(draft, inputs, kept, barred):
    sizes = [draft.round.panel_size] * len(inputs.entries)
    limits = {"floor": draft.floor, "ceiling": draft.ceiling, "price": rules.PRICES[draft.weight], "seed": draft.seed}
    return inputs.wish(sizes=sizes, kept=kept, barred=barred, **limits)


class _Beat:
    """Tells how far a filling is; raises Stopped once nobody wants it any more."""

    def __init__(self, draft):
        self.draft, self.last = draft, timezone.now()

    def __call__(self, share):
        now = timezone.now()
        if now - self.last < BEAT:
            return
        self.last = now
        wanted = PanelDraft.objects.filter(pk=self.draft.pk, status=Status.FILLING, attempt=self.draft.attempt)
        if not wanted.update(beat_at=now, progress=int(100 * share)):
            raise Stopped


@transaction.atomic
def _store(read, inputs, found, kept, took):
    draft = PanelDraft.objects.select_for_update(of=("self",), no_key=True).get(pk=read.pk)
    if draft.status != Status.FILLING or draft.attempt != read.attempt:
        raise Stopped
    standing = [pair for pair in kept if inputs.knows(pair)]
    former = draft.seats.filter(Q(source=Source.EXISTING) | Q(source=Source.SOLVER, is_locked=False))
    former.delete()
    existing = set(inputs.keys(inputs.existing))
    # What was placed by hand and has been asked meanwhile is told once, as what stands.
    draft.seats.filter(pk__in=[seat.pk for seat in draft.seats.all() if (seat.entry_id, seat.assessor_id) in existing]).delete()
    seats = [(pair, Source.EXISTING) for pair in sorted(existing)] + [(pair, Source.SOLVER) for pair in inputs.keys(found.added)]
    PanelSeat.objects.bulk_create(
        PanelSeat(draft=draft, entry_id=entry, assessor_id=assessor, source=source) for (entry, assessor), source in seats
    )
    figures = {
        "seconds": round(took.total_seconds(), 2),
        "added": len(found.added),
        "kept": len(set(standing) - existing),
        "problem": _problem(found.reason, inputs),
        "version": draft.version,
    }
    done = {"figures": figures, "filled_at": timezone.now(), "progress": 100, "beat_at": None}
    return advance(_drafts(), draft.pk, "filled", by=None, **done)


def _problem(reason, inputs):
    """Why some panels are short or some floors not reached, by the keys of those concerned; None when nothing is."""
    if reason is None:
        return None
    rows = inputs.entries if reason.side == "products" else inputs.assessors
    return {
        "side": reason.side,
        "members": [rows[place].pk for place in reason.members[:MOST_NAMED]],
        "count": len(reason.members),
        "everyone": reason.everyone,
        "needed": reason.needed,
        "available": reason.available,
    }


@transaction.atomic
def _fail(read):
    draft = PanelDraft.objects.select_for_update(of=("self",), no_key=True).get(pk=read.pk)
    if draft.status == Status.FILLING and draft.attempt == read.attempt:
        advance(_drafts(), draft.pk, "fail", by=None, figures={**draft.figures, "failed": True}, beat_at=None)
