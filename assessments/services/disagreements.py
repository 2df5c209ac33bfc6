"""Disagreements are found by rule: raised, kept in step with the ratings, withdrawn when nothing is left of them."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import rules
from assessments.models import Moderation, ModerationMove, ModerationReason, Round
from assessments.selectors import disagreements as selectors
from assessments.selectors.score_inputs import round_inputs
from secretariat.background import after_commit
from secretariat.bilingual import both
from secretariat.calendar import digits
from secretariat.services.notices import tell_officers
from secretariat.workflow import advance

Status = rules.ModerationStatus


@transaction.atomic
def find(round_id):
    """Look at the ratings of a round as they stand now."""
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    if round_.status in rules.MODERATED_ROUNDS:
        apply(round_, round_inputs(round_id))


def apply(round_, read):
    """Bring the disagreements of a round in step with its inputs `read` (RoundInputs). The round is locked by the caller."""
    if round_.status not in rules.MODERATED_ROUNDS:
        return
    found = selectors.found(round_, read)
    living = Moderation.objects.living().filter(entry__round=round_).select_related("entry")
    living = {row.entry_id: row for row in living.select_for_update(of=("self",), no_key=True).order_by("pk")}
    _keep_in_step(living, found)
    made = _raise(round_, {entry: reasons for entry, reasons in found.items() if entry not in living})
    if made:
        _tell(round_, len(made))
    if round_.summons_itself and round_.moderation == rules.Summons.THIRD:
        after_commit("assessments.tasks.summon_waiting", round_.pk)


def _keep_in_step(living, found):
    stands, ended, fresh = {}, [], []
    for reason in ModerationReason.objects.filter(moderation__in=living.values(), gone_at=None).order_by("pk"):
        stands.setdefault(reason.moderation_id, {})[reason.kind, reason.indicator_id, reason.flag] = reason
    for entry, moderation in living.items():
        reasons = found.get(entry, []) if moderation.entry.is_ranked else []
        told = stands.get(moderation.pk, {})
        kept = {one.key for one in reasons if one.key in told and one.is_told_by(told[one.key])}
        ended += [reason.pk for key, reason in told.items() if key not in kept]
        fresh += [_row(moderation, one) for one in reasons if one.key not in kept]
    ModerationReason.objects.filter(pk__in=ended).update(gone_at=timezone.now())
    ModerationReason.objects.bulk_create(fresh)
    for entry, moderation in living.items():
        # What people have begun, a person ends.
        if moderation.status == Status.RAISED and not (moderation.entry.is_ranked and entry in found):
            advance(
                Moderation.objects.all(), moderation.pk, "withdraw", by=None, why=_("Nothing reaches the limits of the round any more.")
            )


def _raise(round_, found):
    complete, weighed = selectors.complete(round_, found), selectors.weighed_before(found)
    fresh = {
        entry: reasons
        for entry, reasons in found.items()
        if entry in complete and any(selectors.is_new(one, weighed.get(entry, {})) for one in reasons)
    }
    made = Moderation.objects.bulk_create(Moderation(entry_id=entry) for entry in sorted(fresh))
    ModerationMove.objects.bulk_create(
        ModerationMove(moderation=row, action="raise", source="", target=Status.RAISED, by=None) for row in made
    )
    ModerationReason.objects.bulk_create(_row(row, one) for row in made for one in fresh[row.entry_id])
    return made


def _row(moderation, one):
    return ModerationReason(
        moderation=moderation, kind=one.kind, indicator_id=one.indicator_id, flag=one.flag, gap=one.gap, limit=one.limit
    )


def _tell(round_, count):
    def words():
        return ngettext(
            "In “%(round)s” the assessors of %(count)s product disagree.",
            "In “%(round)s” the assessors of %(count)s products disagree.",
            count,
        ) % {"round": round_, "count": digits(count)}

    tell_officers("moderation_raised", *both(words), link=reverse("round_moderation", args=[round_.pk]), mail=False)


# --- the further assessor ------------------------------------------------------------------------


def lapse(assignment, why):
    """The assessor whom a disagreement summoned is off the panel: it waits for a decision again."""
    if assignment.summoned_by_id is None:
        return
    waits = Moderation.objects.filter(pk=assignment.summoned_by_id, status=Status.THIRD)
    if waits.select_for_update(of=("self",), no_key=True).exists():
        advance(Moderation.objects.all(), assignment.summoned_by_id, "lapse", by=None, why=why)
        after_commit("assessments.tasks.summon_waiting", assignment.entry.round_id)
