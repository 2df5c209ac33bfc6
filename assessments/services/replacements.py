"""Who takes the place of those whom a panel has lost: accepted by officers, or asked at once where the round says so."""

from django.db import transaction
from django.db.models.signals import post_save
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.models import Assignment, AssignmentMove, Entry, PanelGap, Round
from assessments.selectors import replacements as selectors
from assessments.services import news, rounds
from secretariat.background import after_commit
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers
from secretariat.services.notices import tell, tell_officers
from secretariat.workflow import advance

ASKED_INSTEAD = gettext_lazy("%(name)s was asked about “%(title)s”, whose panel had lost somebody.")
WITHDRAWN_MANY = gettext_lazy("You need not assess %(count)s products in “%(round)s” any more. Reason: %(why)s")


@transaction.atomic
def accept(pairs, *, by, until=None):
    """Ask the assessors of these (entry pk, assessor pk) pairs, of any rounds, and about the calibration items they lack.

    Gives (assignments about those entries, refusals as (entry, assessor, sentence)). Raises RuleBroken where a round's
    deadline has passed and no later one is given.
    """
    only_officers(by=by)
    made, refused = [], []
    for round_, group in _by_round(pairs).items():
        if max(round_.deadline, until or round_.deadline) <= timezone.now():
            words = _("The deadline of “%(round)s” has passed: extend it first, or give those whom you ask a deadline of their own.")
            raise RuleBroken(words % {"round": round_}, field="until")
        more = selectors.calibration_pairs(round_, {assessor for _entry, assessor in group})
        asked, not_asked = rounds.assign_many(round_.pk, [*group, *more], by=by, until=until)
        wanted = {entry for entry, _assessor in group}
        made += [row for row in asked if row.entry_id in wanted]
        refused += [line for line in not_asked if line[0].pk in wanted]
    return made, refused


def _by_round(pairs):
    """{Round: its pairs}, in the order in which everybody locks rounds."""
    of_entry = {entry.pk: entry.round for entry in Entry.objects.filter(pk__in={pair[0] for pair in pairs}).select_related("round")}
    found = {}
    for pair in pairs:
        if pair[0] in of_entry:
            found.setdefault(of_entry[pair[0]], []).append(pair)
    return dict(sorted(found.items(), key=lambda item: item[0].pk))


@transaction.atomic
def leave(entry_ids, *, by, why):
    """Leave panels as short as they are now, for a stated reason; one that loses yet another is shown again."""
    only_officers(by=by)
    why = why.strip()
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    short = list(selectors.short_panels().filter(pk__in=entry_ids).select_related("subject"))
    if not short:
        raise RuleBroken(_("These panels lack nobody any more."))
    for entry in short:
        if not entry.assignments.exists():
            words = _("Nobody was asked about “%(title)s” yet: appoint assessors, or take it out of the round.")
            raise RuleBroken(words % {"title": entry.subject})
    return PanelGap.objects.bulk_create(PanelGap(entry=entry, missing=entry.missing, why=why[:500], by=by) for entry in short)


@transaction.atomic
def take_back_many(assignment_ids, *, by, why, pairs=(), until=None):
    """Take back several assignments that were not submitted, for one reason, and ask `pairs` in their place.

    Gives (assignments taken back, assignments made, refusals). Each person is told once.
    """
    only_officers(by=by)
    why = why.strip()
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    rows = Assignment.objects.filter(pk__in=assignment_ids, status__in=rules.PENDING_ASSIGNMENTS)
    for round_id in sorted(set(rows.values_list("entry__round", flat=True))):
        Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    loaded = Assignment.objects.select_related("assessor__user", "entry__subject", "entry__round")
    taken = [advance(loaded, pk, "withdraw", by=by, why=why) for pk in list(rows.order_by("pk").values_list("pk", flat=True))]
    if not taken:
        raise RuleBroken(_("None of these assignments can be taken back any more."))
    _tell_taken(taken, why)
    made, refused = accept(pairs, by=by, until=until) if pairs else ([], [])
    return taken, made, refused


def _tell_taken(taken, why):
    told = {}
    for row in taken:
        if row.entry.round.status != rules.RoundStatus.DRAFT:
            told.setdefault((row.assessor, row.entry.round), []).append(row)
    for (assessor, round_), rows in told.items():
        if len(rows) == 1:
            words = both(news.WITHDRAWN, title=rows[0].entry.subject, why=why)
        else:
            words = both(WITHDRAWN_MANY, count=len(rows), round=round_, why=why)
        tell(assessor.user, "assignment_withdrawn", *words, link=reverse("my_assessments"))


# --- rounds that replace by themselves -----------------------------------------------------------


@transaction.atomic
def replace_lost(round_id):
    """Ask the best who may be asked in the place of those whom panels of this round have lost; gives the assignments made.

    Only where the round says so and its deadline lies ahead. Safe to repeat: what was filled is missing no more.
    """
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    if not (round_.replaces_itself and round_.is_open and round_.deadline > timezone.now()):
        return []
    short = list(selectors.short_panels().filter(round=round_, lost_count__gt=0).select_related("subject", "round"))
    if not short:
        return []
    proposed = selectors.proposals(short)
    pairs = [(entry.pk, one.assessor.pk) for entry in short for one in proposed[entry.pk][: entry.lost_count]]
    if not pairs:
        return []
    made, _refused = accept(pairs, by=None)
    for row in made:
        words = both(ASKED_INSTEAD, name=row.assessor, title=row.entry.subject)
        link = reverse("entry_detail", args=[row.entry_id])
        tell_officers("replacement_asked", *words, link=link, once=f"replacement:{row.pk}", mail=False)
    return made


def look_for_replacement(sender, instance, raw=False, **kwargs):
    """A panel has lost somebody: have the round looked at, if it replaces by itself. Receiver of post_save."""
    lost = instance.source in rules.ACTIVE_ASSIGNMENTS and instance.target not in rules.ACTIVE_ASSIGNMENTS
    if raw or not lost:
        return
    round_id = Round.objects.filter(entries__assignments=instance.assignment_id, replaces_itself=True).values_list("pk", flat=True)
    for pk in round_id:
        after_commit("assessments.tasks.replace_lost", pk, wait=2)


def listen():
    """Connect the receiver; called once when the room is ready."""
    post_save.connect(look_for_replacement, AssignmentMove, dispatch_uid="look_for_replacement")
