"""What officers do about a disagreement: ask one more assessor, open the panel's discussion, settle it."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Max
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.models import (
    Assessor,
    Assignment,
    AssignmentMove,
    Moderation,
    ModerationMember,
    ModerationPoint,
    Round,
)
from assessments.selectors import moderations as selectors
from assessments.selectors import rounds as round_selectors
from assessments.services import deadlines, news, rounds, runs
from secretariat import calendar
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers
from secretariat.services.notices import tell, tell_officers
from secretariat.workflow import advance

Status, Outcome = rules.ModerationStatus, rules.Outcome

DISCUSS = gettext_lazy("Your panel is asked to discuss “%(title)s”, on which its assessors differ. You stand there under a number.")
SETTLED = gettext_lazy("The discussion of “%(title)s” is over. Thank you for taking part.")
NOBODY = gettext_lazy("Nobody can be asked as one more assessor of “%(title)s”: all who could are tied, busy or on the panel.")
NOT_NEEDED = gettext_lazy("One more assessment is not needed any more.")


def lock(moderation_id, *, by):
    """The disagreement with its entry and round, the round locked: everything done about it comes one after the other."""
    only_officers(by=by)
    entry = Moderation.objects.values_list("entry", "entry__round").get(pk=moderation_id)
    Round.objects.select_for_update(of=("self",), no_key=True).get(pk=entry[1])
    moderation = Moderation.objects.select_related("entry__round", "entry__subject").get(pk=moderation_id)
    if by is not None and (refusal := selectors.why_not_moderated_by(by, moderation)):
        raise RuleBroken(refusal)
    return moderation


# --- one more assessor ---------------------------------------------------------------------------


@transaction.atomic
def summon(moderation_id, assessor_id, *, by, deadline=None):
    """Ask one more assessor about the product; he judges blind, until a deadline of his own, in moderation too.

    `by` is None where the round lets the system ask. Raises RuleBroken with the reason why he must not or cannot be asked.
    """
    moderation = lock(moderation_id, by=by)
    entry = moderation.entry
    deadline = deadline or default_deadline(entry.round)
    if deadline <= timezone.now():
        raise RuleBroken(_("Choose a time later than now."), field="deadline")
    assessor = Assessor.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=assessor_id)
    (line,) = round_selectors.plan(entry.round, [(entry.pk, assessor.pk)])
    if line.refusal:
        raise RuleBroken(line.refusal, field="assessor")
    if line.former is not None:
        raise RuleBroken(_("Was asked about this product before."), field="assessor")
    advance(_moderations(), moderation.pk, "summon", by=by)
    made = _ask(moderation, assessor, deadline, by)
    tell(
        assessor.user,
        "assignment_offered",
        *both(news.ASKED, title=entry.subject, deadline=deadline),
        link=reverse("assignment_answer", args=[made.pk]),
    )
    return made


def _moderations():
    return Moderation.objects.select_related("entry__round")


def _ask(moderation, assessor, deadline, by):
    last = moderation.entry.assignments.aggregate(last=Max("alias"))["last"] or 0
    made = Assignment.objects.create(
        entry=moderation.entry,
        assessor=assessor,
        offered_by=by,
        alias=last + 1,
        summoned_by=moderation,
        due_at=deadline,
        answer_by=deadlines.answer_until(moderation.entry.round, deadline),
    )
    AssignmentMove.objects.create(assignment=made, action="offer", source="", target=made.status, by=by)
    return made


def default_deadline(round_):
    """The end of the day so many days ahead as the round gives a further assessor."""
    return calendar.last_moment(calendar.today() + timedelta(days=round_.moderation_days))


def summon_waiting(round_id):
    """Ask the fittest assessor about every disagreement that waits for one, where the round says so. Safe to repeat."""
    waiting = Moderation.objects.filter(
        entry__round=round_id,
        entry__round__summons_itself=True,
        entry__round__moderation=rules.Summons.THIRD,
        entry__round__status__in=rules.MODERATED_ROUNDS,
        entry__excluded_at=None,
        entry__is_calibration=False,
        status=Status.RAISED,
    )
    for moderation in waiting.select_related("entry__subject", "entry__round").order_by("pk"):
        chosen = selectors.fittest(moderation.entry)
        if chosen is None:
            tell_officers(
                "nobody_to_summon",
                *both(NOBODY, title=moderation.entry.subject),
                link=moderation.get_absolute_url(),
                once=f"nobody_to_summon:{moderation.pk}",
                mail=False,
            )
            continue
        try:
            summon(moderation.pk, chosen.assessor.pk, by=None)
        except RuleBroken:
            continue  # somebody was quicker: with this disagreement, or with this assessor


# --- the panel's discussion ----------------------------------------------------------------------


@transaction.atomic
def discuss(moderation_id, indicator_ids, *, by):
    """Open the discussion of the panel on some indicators: from now on its members read one another's answers to these."""
    moderation = lock(moderation_id, by=by)
    asked = selectors.askable(moderation.entry)
    chosen = [pk for pk in dict.fromkeys(indicator_ids) if pk in asked]
    if not chosen:
        raise RuleBroken(_("Choose at least one indicator to be discussed."), field="indicators")
    panel = list(selectors.counted(moderation.entry).select_related("assessor__user"))
    if len(panel) < 2:
        raise RuleBroken(_("A discussion needs at least two assessors whose assessments count."))
    if moderation.status == Status.RAISED:
        ModerationMember.objects.bulk_create(ModerationMember(moderation=moderation, assignment=row) for row in panel)
        ModerationPoint.objects.bulk_create(ModerationPoint(moderation=moderation, indicator_id=pk) for pk in chosen)
    advance(_moderations(), moderation.pk, "discuss", by=by)
    _tell_panel(moderation, "discussion_opened", DISCUSS)
    return Moderation.objects.get(pk=moderation.pk)


def _tell_panel(moderation, kind, text):
    members = moderation.members.filter(assignment__status=rules.AssignmentStatus.SUBMITTED)
    words = both(text, title=moderation.entry.subject)
    for member in members.select_related("assignment__assessor__user"):
        tell(
            member.assignment.assessor.user,
            kind,
            *words,
            link=moderation.get_absolute_url(),
            once=f"{kind}:{moderation.pk}",
        )


# --- settling ------------------------------------------------------------------------------------


@transaction.atomic
def settle(moderation_id, outcome, why, *, by):
    """Settle a disagreement, with what came of it and why; who is still at work on it is told that it is over."""
    moderation, why = lock(moderation_id, by=by), why.strip()
    if outcome not in Outcome.values:
        raise RuleBroken(_("Choose with what it is settled."), field="outcome")
    if moderation.is_living and (refusal := selectors.why_not_settled_with(moderation, outcome)):
        raise RuleBroken(refusal, field="outcome")
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    if moderation.entry.is_stale:
        # What holds when it is settled is what was weighed: it must be known.
        raise RuleBroken(_("An answer on “%(title)s” has changed: wait until its score is computed.") % {"title": moderation.entry.subject})
    discussed = moderation.is_discussed
    _let_go(moderation)
    moved = advance(
        _moderations(),
        moderation.pk,
        "close",
        by=by,
        why=why,
        outcome=outcome,
        reason=why,
        settled_at=timezone.now(),
        settled_by=by,
    )
    if outcome == Outcome.AGREED:
        runs.inputs_changed(moderation.entry_id)
    if discussed:
        _tell_panel(moderation, "discussion_over", SETTLED)
    return moved


def _let_go(moderation):
    """Nobody goes on working for a disagreement that is settled."""
    for pk in moderation.summoned.filter(status__in=rules.PENDING_ASSIGNMENTS).values_list("pk", flat=True):
        rounds.withdraw(pk, by=None, why=str(NOT_NEEDED))


@transaction.atomic
def settle_as_they_stand(round_id, moderation_ids, why, *, by):
    """Settle several disagreements of a round that wait for a decision, for one reason; gives how many."""
    only_officers(by=by)
    if not why.strip():
        raise RuleBroken(_("Write the reason."), field="why")
    rows = Moderation.objects.filter(pk__in=moderation_ids, entry__round=round_id, status=Status.RAISED)
    chosen = list(rows.order_by("pk").values_list("pk", flat=True))
    if not chosen:
        raise RuleBroken(_("None of them waits for a decision any more."))
    for pk in chosen:
        settle(pk, Outcome.STANDS, why, by=by)
    return len(chosen)
