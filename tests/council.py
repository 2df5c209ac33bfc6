"""Makers of councils, meetings and marks for tests: each gives valid rows, any field may be said otherwise."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from assessments.models import Entry, Round, Score, ScoringRun
from assessments.rules import SETTLED_ROUNDS
from secretariat.models import AgendaItem, Attendance, Council, DecisionRule, Meeting, Presence, Resolution, Seat
from secretariat.models.bodies import columns_of
from secretariat.services import ballots
from tests import factories

serial = factories.serial


def council(rule=None, **fields):
    """A council; `rule` is its general rule of voting, where it has one of its own."""
    n = next(serial)
    made = Council.objects.create(
        **{"kind": "policy", "name_fa": f"شورای {n}", "name_en": f"Council {n}", "grants_marks": True, **fields}
    )
    made.refresh_from_db()
    if rule is not None:
        follow(made, rule)
    return made


def follow(council_, rule, decision="general"):
    """Let a council take decisions of a kind by a rule."""
    return DecisionRule.objects.create(council=council_, decision=decision, **columns_of(rule))


def seat(council_, user=None, role="member", **fields):
    fields.setdefault("starts_on", timezone.localdate() - timedelta(days=100))
    return Seat.objects.create(council=council_, user=user or factories.user(), role=role, **fields)


def meeting(council_, **fields):
    """A meeting, planned unless said otherwise; with whatever its state asks for."""
    told = {"council": council_, "starts_at": timezone.now(), **fields}
    if told.get("status", "planned") not in ("planned", "cancelled"):
        told = {"year": 1405, "number": next(serial), **told}
    if told.get("status") in ("in_session", "held"):
        told.setdefault("started_at", told["starts_at"])
    if told.get("status") == "held":
        told.setdefault("ended_at", told["started_at"] + timedelta(hours=2))
    return Meeting.objects.create(**told)


def in_session(council_, **fields):
    """A meeting that has just begun, numbered."""
    return meeting(council_, **{"status": "in_session", "starts_at": timezone.now() - timedelta(minutes=5), **fields})


def presence(meeting_, seat_, **fields):
    """A seat filled at a meeting since it began."""
    line, _made = Attendance.objects.get_or_create(meeting=meeting_, seat=seat_)
    return Presence.objects.create(**{"attendance": line, "user": seat_.user, "arrived_at": meeting_.started_at, **fields})


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


def item(meeting_, **fields):
    """A point on the agenda of a meeting."""
    return AgendaItem.objects.create(meeting=meeting_, **{"title": "دستور", "kind": "discussion", "position": next(serial), **fields})


def motion(members=3, council_=None, **fields):
    """A motion in words at a meeting in session, on its agenda, with `members` voting seats present."""
    council_ = council_ or council()
    meeting_ = in_session(council_)
    for n in range(members):
        presence(meeting_, seat(council_, role="chair" if n == 0 else "member"))
    return resolution(council_, meeting_, agenda_item=item(meeting_), **{"kind": "general", "title": "آیین‌نامهٔ داوری", **fields})


def keeper(council_):
    """The council's secretary by role."""
    return factories.granted("council_secretary", council=council_)


def session(members=3, council_=None, **fields):
    """A draft resolution at a meeting in session with `members` voting seats present; nobody has voted yet."""
    council_ = council_ or council()
    made = resolution(council_, in_session(council_), **fields)
    for n in range(members):
        presence(made.meeting, seat(council_, role="chair" if n == 0 else "member"))
    return made


def seats(resolution_):
    """The seats that are at the meeting of a resolution, in the order in which they came."""
    return list(Seat.objects.filter(attendances__meeting=resolution_.meeting_id).order_by("pk"))


def ballot(resolution_, choice="for", **voting):
    """An open ballot in which everybody who may has voted `choice` by show of hands (None: nobody has)."""
    by = keeper(resolution_.council)
    made = ballots.open_ballot(resolution_.pk, by=by, **voting)
    if choice:
        recused = set(made.resolution.recusals.values_list("seat", flat=True))
        hands = {one.pk: choice for one in seats(resolution_) if one.votes and one.pk not in recused}
        ballots.record_hands(made.pk, hands, by=by)
    return made


def voted(resolution_, *choices):
    """A ballot in which the seats present have voted these choices themselves, "" for none; gives the ballot."""
    opened = ballot(resolution_, None)
    for one, choice in zip(seats(resolution_), choices, strict=True):
        if choice:
            ballots.cast(opened.pk, choice, by=one.user)
    return opened


def adopted(resolution_=None, choice="for"):
    """A resolution on which everybody voted `choice`, and what came of it."""
    resolution_ = resolution_ or session()
    made = ballot(resolution_, choice)
    ballots.close_ballot(made.pk, by=keeper(resolution_.council))
    return Resolution.objects.select_related("council", "meeting").get(pk=resolution_.pk)


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
            round_id=entry.round_id,
            status="done",
            method="mean",
            algorithm="fair/1",
            finished_at=timezone.now(),
            phase="moderation",
        )
        total = Score.objects.create(run=again, entry=entry, value=value, low=value - 5, high=value + 5, raters=3, coverage=1)
        Round.objects.filter(pk=entry.round_id).update(run=again)
        Entry.objects.filter(pk=entry.pk).update(result=total)
    factories.settled(entry.round)


def propose(product, resolution_=None, level="quality", **fields):
    """Propose a mark for a product, in a draft resolution of a meeting in session; gives the mark."""
    from products.services import marks

    return marks.propose((resolution_ or session()).pk, product.pk, level, by=factories.officer(), **fields)


def proposed_mark(value=85.0, level="quality", resolution_=None, product=None, **fields):
    """A mark proposed in a draft resolution of a meeting in session."""
    return propose(product or scored_product(value, **fields), resolution_, level)


def withheld(resolution_, product, outcome="deferred", reason="شواهد کامل نیست"):
    """A product that a draft resolution puts off or gives no mark."""
    from products.services import mark_motions

    return mark_motions.withhold(resolution_.pk, product.pk, outcome, by=keeper(resolution_.council), reason=reason)


def adopted_mark(**fields):
    """A mark still proposed in an adopted resolution."""
    mark = proposed_mark(**fields)
    mark.resolution = adopted(mark.resolution)
    return mark


def granted_mark(publish=True, **fields):
    """A mark granted by an adopted resolution through the services."""
    from products.services import marks

    mark = adopted_mark(**fields)
    return marks.grant(mark.pk, by=keeper(mark.resolution.council), publish=publish)
