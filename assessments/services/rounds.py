"""Running a round: what is judged in it, until when, who is asked, and when its results stand."""

from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import rules
from assessments.blindness import shown_to
from assessments.models import (
    Assessment,
    Assessor,
    Assignment,
    AssignmentMove,
    ConflictOfInterest,
    Entry,
    Round,
    SetVersion,
    Sheet,
    SheetPart,
    Subject,
)
from assessments.selectors import rounds as selectors
from assessments.services import deadlines, disagreements, news, runs
from assessments.services.conflicts import set_conflict
from secretariat import calendar
from secretariat.bilingual import both
from secretariat.calendar import digits, last_moment
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import only_officers
from secretariat.services.notices import tell, tell_officers
from secretariat.workflow import advance

Status = rules.RoundStatus
# What the assessors are shown is settled before anybody is asked.
SIGHT = ("see_submitter", "see_ratings", "see_names", "see_aggregates")
# What disagreement is, and what it summons.
LIMITS = ("gap_indicator", "gap_total", "gap_flags")
SUMMONS = ("moderation", "moderation_days", "summons_itself")
# What may be written in which state of the round; the deadline of an open round is moved by extend_deadline alone.
REMINDERS = ("answer_days", "remind_offers", "remind_before", "remind_after", "escalate_after")
AFTERWARDS = ("publish_at", "appeal_days")
ALWAYS = (
    *("title_fa", "title_en", "panel_size", "note", "cuts", "top", "closes_itself", "needs_second", "replaces_itself"),
    *(*LIMITS, *SUMMONS, *REMINDERS, *AFTERWARDS),
)
WRITABLE = {
    Status.DRAFT: ("deadline", "opens_at", *SIGHT, *ALWAYS),
    Status.OPEN: ALWAYS,
    Status.MODERATION: ("needs_second", *AFTERWARDS),
    Status.SCORED: AFTERWARDS,
    Status.CONFIRMED: AFTERWARDS,
    Status.PUBLISHED: ("appeal_days",),
}

class NotPublishable(RuleBroken):
    """The results cannot stand yet; `problems` are sentences, one a reason."""

    def __init__(self, problems):
        super().__init__(" ".join(problems))
        self.problems = problems


class Disconnected(NotPublishable):
    """Parts of the round that no assessor joins: they can be joined, or published as separate lists."""


# --- the round itself ----------------------------------------------------------------------------


@transaction.atomic
def create_round(*, by, **fields):
    """Make a round in preparation."""
    only_officers(by=by)
    round_ = Round(created_by=by, **fields)
    _check_dates(round_)
    round_.save()
    return round_


@transaction.atomic
def edit_round(round_id, *, by, version, **fields):
    """Save the form of a round; what its state does not let change is refused, not passed over."""
    only_officers(by=by)
    round_ = _lock_round(round_id)
    if round_.version != version:
        raise Stale(_("Somebody else saved this round while you were working. Nothing of yours was saved yet."), round_)
    allowed = WRITABLE.get(round_.status, ())
    changed = [name for name, value in fields.items() if getattr(round_, name) != value]
    for name in changed:
        if name not in allowed:
            raise RuleBroken(
                _("This can no longer be changed: the round is “%(state)s”.") % {"state": round_.get_status_display()},
                field=name,
            )
        setattr(round_, name, fields[name])
    _check_dates(round_)
    round_.version += 1
    round_.save(update_fields=[*changed, "version"])
    if {"cuts", "top"} & set(changed):
        runs.round_changed(round_.pk)
    if set(LIMITS) & set(changed):
        disagreements.find(round_.pk)
    return round_


def _check_dates(round_):
    if (fault := rules.fault_of_dates(round_)) is not None:
        raise RuleBroken(fault[0], field=fault[1])


@transaction.atomic
def extend_deadline(round_id, deadline, *, by, why):
    """Give the assessors of an open round more time; leaves a row in the round's trail and tells those still at work."""
    only_officers(by=by)
    round_ = _lock_round(round_id)
    why = why.strip()
    if round_.status != Status.OPEN:
        raise RuleBroken(_("Only the deadline of an open round is extended."))
    if deadline <= max(round_.deadline, timezone.now()):
        raise RuleBroken(_("Choose a time later than now and later than the present deadline."), field="deadline")
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    if round_.publish_at and round_.publish_at <= deadline:
        raise RuleBroken(_("The results are to be published before that. Choose a later day for them first."), field="deadline")
    Round.objects.filter(pk=round_.pk).update(deadline=deadline, version=round_.version + 1)
    round_.refresh_from_db()
    round_.moves.create(action="extend", source=round_.status, target=round_.status, by=by, why=why)
    news.tell_pending(round_, "round_extended", news.EXTENDED, round=round_, deadline=deadline, why=why)
    return round_


@transaction.atomic
def move_round(round_id, action, *, by, why="", separate_lists=False):
    """Take a round a step on or back, as rules.ROUND_MOVES allows.

    Scores that no assessor joins are fixed only as `separate_lists`: one ranking of them would be made up.
    """
    only_officers(by=by)
    round_ = _lock_round(round_id)
    if round_.status in round_.MOVES[action].sources:
        if action == "close":
            _check_close(round_, why)
        if action == "score":
            if problems := selectors.why_not_publishable(round_):
                raise NotPublishable(problems)
            if not (round_.run.is_connected or separate_lists):
                raise Disconnected([selectors.disconnected_sentence(round_.run)])
            runs.freeze(round_, separate_lists=not round_.run.is_connected)
    changes = {"appeals_until": _last_day_of_appeals(round_)} if action == "open_appeals" else {}
    moved = advance(Round.objects.all(), round_id, action, by=by, why=why, **changes)
    if action in ("open", "reopen"):
        deadlines.start_answers(moved, Assignment.objects.filter(entry__round=moved))
    if action == "close":
        disagreements.find(round_id)  # of panels, too, that are not awaited any more
    news.tell_move(moved, action, why.strip())
    if action == "publish" and moved.appeal_days:
        return move_round(round_id, "open_appeals", by=None)
    return moved


def _last_day_of_appeals(round_):
    return last_moment(calendar.deadline(calendar.today(), round_.appeal_days).due)


def _check_close(round_, why):
    """Before the deadline, with assessors still at work, a round is closed only for a stated reason."""
    in_time = Assignment.objects.filter(entry__round=round_).pending().with_due().filter(due__gt=timezone.now())
    if (pending := in_time.count()) and not why.strip():
        raise RuleBroken(
            ngettext(
                "%(count)s assessment is still awaited and the deadline has not passed. To close the round now, write the reason.",
                "%(count)s assessments are still awaited and the deadline has not passed. To close the round now, write the reason.",
                pending,
            )
            % {"count": digits(pending)},
            field="why",
        )


def _lock_round(round_id):
    return Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)


def _lock_editable(round_id):
    round_ = _lock_round(round_id)
    if round_.status not in rules.EDITABLE_ROUNDS:
        raise RuleBroken(
            _("Nothing can be added to or taken from this round: it is “%(state)s”.") % {"state": round_.get_status_display()}
        )
    return round_


# --- what is judged ------------------------------------------------------------------------------


@transaction.atomic
def add_subject(round_id, subject_id, versions, *, by):
    """Enter a subject into a round, to be judged by `versions`: (SetVersion, weight) pairs that weigh 100 together."""
    return add_subjects(round_id, [(subject_id, versions)], by=by)[0]


@transaction.atomic
def add_subjects(round_id, wanted, *, by):
    """Enter subjects into a round, all or none: (subject pk, versions) pairs as in `add_subject`. Gives the entries."""
    only_officers(by=by)
    round_ = _lock_editable(round_id)
    subjects = Subject.objects.in_bulk([subject_id for subject_id, _versions in wanted])
    there = round_.entries.filter(subject__in=subjects).select_related("subject").first()
    if there is not None:
        raise RuleBroken(_("“%(title)s” is in this round already.") % {"title": there.subject})
    sheets, entries = {}, []
    for subject_id, versions in wanted:
        composition = tuple((version.pk, weight) for version, weight in versions)
        if composition not in sheets:
            sheets[composition] = _sheet(round_, versions)
        entries.append(Entry(round=round_, subject=subjects[subject_id], sheet=sheets[composition]))
    return Entry.objects.bulk_create(entries)


def _sheet(round_, versions):
    """The round's sheet of this composition, made at the first need. The round is locked."""
    if not versions:
        raise RuleBroken(_("No published indicator set fits this product."))
    # FOR KEY SHARE of the foreign keys does not keep a version from being retired meanwhile; retired is still readable.
    for version, _weight in versions:
        if not SetVersion.objects.published().filter(pk=version.pk).exists():
            raise RuleBroken(_("%(version)s is not published: only published versions are judged by.") % {"version": version})
    weights = [Decimal(str(weight)) for _version, weight in versions]
    if sum(weights) != 100 or min(weights) <= 0:
        raise RuleBroken(_("The indicator sets of a sheet must weigh 100 together."))
    key = "+".join(f"{version.set.code}:{version.number}" for version, _weight in versions)
    sheet, made = Sheet.objects.get_or_create(round=round_, key=key)
    if made:
        SheetPart.objects.bulk_create(
            SheetPart(sheet=sheet, version=version, weight=weight, position=position)
            for position, ((version, _weight), weight) in enumerate(zip(versions, weights, strict=True), 1)
        )
    elif list(sheet.parts.values_list("weight", flat=True)) != weights:
        raise RuleBroken(_("In this round the same indicator sets are joined with other weights already."))
    return sheet


@transaction.atomic
def remove_entry(entry_id, *, by):
    """Take a subject out of a round to which nobody was ever assigned; returns the round."""
    only_officers(by=by)
    round_ = _lock_editable(Entry.objects.values_list("round", flat=True).get(pk=entry_id))
    entry = Entry.objects.select_for_update(of=("self",)).select_related("sheet", "subject").get(pk=entry_id)
    if entry.assignments.exists():
        raise RuleBroken(
            _("Assessors were asked about “%(title)s”: leave it out of the results with a reason instead.")
            % {"title": entry.subject}
        )
    entry.measurements.all().delete()
    entry.delete()
    round_.moves.create(action="remove", source=round_.status, target=round_.status, by=by, why=str(entry.subject))
    if not entry.sheet.entries.exists():
        with transaction.atomic():
            entry.sheet.parts.all().delete()
            entry.sheet.delete()
    return round_


@transaction.atomic
def exclude_entry(entry_id, *, by, why):
    """Leave an entry out of the round's results, with the reason; its assessments stay on record."""
    only_officers(by=by)
    entry, round_ = lock_judged(entry_id)
    why = why.strip()
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    if entry.excluded_at:
        raise RuleBroken(_("This product is left out of the results already."))
    return _leave_out(entry, round_, by, why)


def _leave_out(entry, round_, by, why):
    entry.excluded_at, entry.excluded_by, entry.excluded_why = timezone.now(), by, why[:500]
    entry.save(update_fields=["excluded_at", "excluded_by", "excluded_why"])
    runs.round_changed(round_.pk)
    round_.moves.create(action="exclude", source=round_.status, target=round_.status, by=by, why=f"{entry.subject}: {why}")
    return entry


@transaction.atomic
def take_back_subject(subject_id, *, by, why):
    """Its owner takes a subject back: rounds that are not published leave it out, and whoever is at work on it is told.

    What was judged already stays on record. The right of `by` to do so is the caller's to know.
    """
    live = Entry.objects.filter(subject=subject_id, excluded_at=None, round__status__in=rules.LIVE_ROUNDS).order_by("round", "pk")
    for entry_id in list(live.values_list("pk", flat=True)):
        entry, round_ = lock_judged(entry_id)
        _leave_out(entry, round_, by, why.strip())
        pending = entry.assignments.filter(status__in=rules.PENDING_ASSIGNMENTS).select_related("entry__round")
        for assignment in pending:
            # What the owner writes may say who he is.
            told = why if shown_to(assignment).submitter else news.TAKEN_BACK
            withdraw(assignment.pk, by=None, why=why, told=told)


@transaction.atomic
def include_entry(entry_id, *, by):
    """Take an entry that was left out back into the results."""
    only_officers(by=by)
    entry, round_ = lock_judged(entry_id)
    if not entry.excluded_at:
        raise RuleBroken(_("This product is in the results already."))
    entry.excluded_at, entry.excluded_by, entry.excluded_why = None, None, ""
    entry.save(update_fields=["excluded_at", "excluded_by", "excluded_why"])
    runs.round_changed(round_.pk)
    round_.moves.create(action="include", source=round_.status, target=round_.status, by=by, why=str(entry.subject))
    return entry


def lock_judged(entry_id):
    """The entry and its round, both locked, while the results do not stand yet."""
    round_ = _lock_round(Entry.objects.values_list("round", flat=True).get(pk=entry_id))
    if round_.status not in rules.LIVE_ROUNDS:
        raise RuleBroken(_("The results of this round stand: they are not changed any more."))
    entry = Entry.objects.select_for_update(of=("self",), no_key=True).select_related("subject").get(pk=entry_id)
    return entry, round_


# --- who judges ----------------------------------------------------------------------------------


@transaction.atomic
def assign(entry_id, assessor_id, *, by):
    """Ask one assessor about one entry; raises RuleBroken with the reason when he must not or cannot be asked."""
    round_id = Entry.objects.values_list("round", flat=True).get(pk=entry_id)
    Assessor.objects.only("pk").get(pk=assessor_id)
    made, refused = assign_many(round_id, [(entry_id, assessor_id)], by=by)
    if refused:
        raise RuleBroken(refused[0][2])
    return made[0]


@transaction.atomic
def assign_many(round_id, pairs, *, by, until=None):
    """Ask assessors about entries of one round: (entry pk, assessor pk) pairs; they may have time `until` after its deadline.

    Gives (assignments made, refusals as (entry, assessor, sentence)): a pair that a rule forbids is refused, the
    others go through. Locks in one order for all callers (round, assessors, entries), so that two officers at
    once wait for each other and the second one sees what the first one did.
    """
    only_officers(by=by)
    round_ = _lock_editable(round_id)
    pairs = list(dict.fromkeys(pairs))
    assessors = Assessor.objects.filter(pk__in={pair[1] for pair in pairs}).order_by("pk")
    list(assessors.select_for_update(of=("self",), no_key=True).values_list("pk"))
    entries = Entry.objects.filter(pk__in={pair[0] for pair in pairs}, round=round_).order_by("pk")
    list(entries.select_for_update(of=("self",), no_key=True).values_list("pk"))
    plan = selectors.plan(round_, pairs)
    refused = [(line.entry, line.assessor, line.refusal) for line in plan if line.refusal]
    accepted = [line for line in plan if not line.refusal]
    made = _create([line for line in accepted if line.former is None], by)
    for line in accepted:
        if line.former is not None:
            made.append(_ask_again(line.former, by))
    if round_.is_open:
        asked = Assignment.objects.filter(pk__in=[assignment.pk for assignment in made])
        later = until is not None and until > round_.deadline
        if later and made:
            deadlines.give_time(round_.pk, [row.pk for row in made], until, by=by, why=_("Asked later than the others."), tells=False)
        deadlines.start_answers(round_, asked, until if later else None)
        news.tell_asked(round_, asked.select_related("assessor__user", "entry__subject", "entry__round"))
    return made, refused


def _create(lines, by):
    aliases = dict(
        Assignment.objects.filter(entry__in=[line.entry.pk for line in lines])
        .order_by()
        .values("entry")
        .annotate(last=Max("alias"))
        .values_list("entry", "last")
    )
    fresh = []
    for line in lines:
        aliases[line.entry.pk] = aliases.get(line.entry.pk, 0) + 1
        fresh.append(Assignment(entry=line.entry, assessor=line.assessor, offered_by=by, alias=aliases[line.entry.pk]))
    made = Assignment.objects.bulk_create(fresh)
    AssignmentMove.objects.bulk_create(
        AssignmentMove(assignment=row, action="offer", source="", target=row.status, by=by) for row in made
    )
    return made


def _ask_again(assignment, by):
    Assessment.objects.filter(assignment=assignment, submitted_at__isnull=False).update(submitted_at=None)
    return advance(Assignment.objects.all(), assignment.pk, "offer", by=by, offered_by=by)


@transaction.atomic
def answer(assignment_id, decision, *, by, why="", conflict=False, kind=""):
    """The assessor's "accept" or "decline"; a decline for a conflict of interest, of a `kind` if he says one, bars him for good."""
    if decision not in ("accept", "decline"):
        raise ValueError(decision)
    if decision == "accept" and conflict:
        raise RuleBroken(_("With a conflict of interest you cannot accept. Please decline."), field="conflict")
    own = Assignment.objects.filter(assessor__user=by)
    own = own.select_related("assessor__user", "entry__subject", "entry__round", "summoned_by")
    assignment = advance(own, assignment_id, decision, by=by, why=why)
    if decision == "decline":
        disagreements.lapse(assignment, why)
        if conflict:
            declared = ConflictOfInterest.Source.DECLARED
            set_conflict(assignment.assessor_id, assignment.entry.subject_id, why, by=by, source=declared, kind=kind)
        tell_officers(
            "assignment_declined",
            *both(news.DECLINED, name=assignment.assessor, title=assignment.entry.subject, why=why.strip()),
            link=reverse("replacement_list"),
            mail=False,
        )
    return assignment


@transaction.atomic
def withdraw(assignment_id, *, by, why, told=None):
    """Take an assignment back that was not submitted yet; `told` is what its assessor reads instead of the reason."""
    only_officers(by=by)
    rows = Assignment.objects.select_related("assessor__user", "entry__subject", "entry__round")
    assignment = advance(rows, assignment_id, "withdraw", by=by, why=why)
    disagreements.lapse(assignment, why)
    if assignment.entry.round.status != Status.DRAFT:
        tell(
            assignment.assessor.user,
            "assignment_withdrawn",
            *both(news.WITHDRAWN, title=assignment.entry.subject, why=told or why.strip()),
            link=reverse("my_assessments"),
        )
    return assignment
