"""Makers of councils, meetings and marks for tests: each gives valid rows, any field may be said otherwise."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from assessments.models import Entry, Round, Score, ScoringRun
from assessments.rules import SETTLED_ROUNDS
from secretariat.models import Attendance, Council, Meeting, Resolution, Seat, Vote
from tests import factories

serial = factories.serial


def council(**fields):
    n = next(serial)
    made = Council.objects.create(
        **{"kind": "policy", "name_fa": f"شورای {n}", "name_en": f"Council {n}", "grants_marks": True, **fields}
    )
    made.refresh_from_db()
    return made


def seat(council_, user=None, role="member", **fields):
    fields.setdefault("starts_on", timezone.localdate() - timedelta(days=100))
    return Seat.objects.create(council=council_, user=user or factories.user(), role=role, **fields)


def meeting(council_, **fields):
    return Meeting.objects.create(**{"council": council_, "number": next(serial), "starts_at": timezone.now(), **fields})


def resolution(council_=None, meeting_=None, **fields):
    council_ = council_ or council()
    return Resolution.objects.create(
        **{
            "council": council_,
            "meeting": meeting_ or meeting(council_),
            "kind": "grant_marks",
            "title": "اعطای نشان کیفیت",
            "text": "متن مصوبه",
            **fields,
        }
    )


def keeper(council_):
    """The council's secretary by role."""
    return factories.granted("council_secretary", council=council_)


def session(members=3, council_=None, choice="for", **fields):
    """A draft resolution with `members` voting seats present, all of whom have voted `choice` (None: nobody)."""
    made = resolution(council_, **fields)
    for n in range(members):
        one = seat(made.council, role="chair" if n == 0 else "member")
        Attendance.objects.create(meeting=made.meeting, seat=one)
        if choice:
            Vote.objects.create(resolution=made, seat=one, choice=choice)
    return made


def scored_product(value=85.0, low=80.0, high=90.0, round_status="scored", stale=False, gate_failed=False, **fields):
    """An accepted product with the total score of one round; gives the product."""
    product = fields.pop("product", None) or factories.product(status="accepted", **fields)
    entry = factories.entry(factories.round_(status="open"), product.subject)
    factories.score(entry, value, low=low, high=high, gate_failed=gate_failed)
    Entry.objects.filter(pk=entry.pk).update(inputs_version=2, scored_version=1 if stale else 2)
    if round_status in SETTLED_ROUNDS:
        factories.settled(entry.round, round_status)
    else:
        type(entry.round).objects.filter(pk=entry.round_id).update(status=round_status)
    return product


def scored_anew(mark, value):
    """The round of the mark's score was taken back, computed anew and fixed again: the product's total is `value` now."""
    entry = mark.score.entry
    with transaction.atomic():
        Round.objects.filter(pk=entry.round_id).update(status="moderation")
        again = ScoringRun.objects.create(
            round_id=entry.round_id, status="done", method="mean", algorithm="fair/1", finished_at=timezone.now(), phase="moderation"
        )
        total = Score.objects.create(run=again, entry=entry, value=value, low=value - 5, high=value + 5, raters=3, coverage=1)
        Round.objects.filter(pk=entry.round_id).update(run=again)
        Entry.objects.filter(pk=entry.pk).update(result=total)
    factories.settled(entry.round)


def proposed_mark(value=85.0, level="quality", resolution_=None, product=None, **fields):
    """A mark proposed in a draft resolution that would be carried."""
    from products.services import marks

    resolution_ = resolution_ or session()
    product = product or scored_product(value, **fields)
    return marks.propose(resolution_.pk, product.pk, level, by=factories.officer())


def adopted_mark(**fields):
    """A mark still proposed in an adopted resolution."""
    from secretariat.services import councils

    mark = proposed_mark(**fields)
    mark.resolution = councils.adopt(mark.resolution_id, by=keeper(mark.resolution.council))
    return mark


def granted_mark(publish=True, **fields):
    """A mark granted by an adopted resolution through the services."""
    from products.services import marks

    mark = adopted_mark(**fields)
    return marks.grant(mark.pk, by=keeper(mark.resolution.council), publish=publish)
