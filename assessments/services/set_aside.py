"""Leaving an assessor's ratings out of a round's scores, and counting them again: a person's decision, on record and reversible."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments import rules
from assessments.models import Assessor, Round, ScoringRun, SetAside
from assessments.selectors import set_aside as selectors
from assessments.selectors.readers import still_judges
from assessments.services import flags, runs
from secretariat.errors import RuleBroken
from secretariat.rules import is_officer


@transaction.atomic
def set_aside(round_id, assessor_id, *, by, why):
    """Count nothing of what this assessor gave in the round, for a stated reason. Nobody is told.

    The results so far are kept for comparison, and open questions about him are answered by this. Raises RuleBroken
    where the results stand already, for one's own ratings, and where a product would be left with too few assessments.
    """
    round_, assessor, why = _lock(round_id, by), Assessor.objects.get(pk=assessor_id), why.strip()
    if refusal := selectors.why_not(round_, assessor, by):
        raise RuleBroken(refusal)
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    made = SetAside.objects.create(round=round_, assessor=assessor, why=why, by=by)
    flags.answer_by_setting_aside(made)
    _leave_trail(round_, assessor, "set_aside", by, why, _("before %(name)s was set aside"))
    return made


@transaction.atomic
def take_back(round_id, assessor_id, *, by, why):
    """Count the ratings of an assessor who was set aside again; the questions that this had answered are open again."""
    round_, why = _lock(round_id, by), why.strip()
    ended = selectors.in_force(round_).select_for_update(of=("self",)).filter(assessor=assessor_id).first()
    if ended is None:
        raise RuleBroken(_("The ratings of this assessor are counted already."))
    if ended.assessor.user_id == by.pk:
        raise RuleBroken(_("Nobody decides on his own ratings: ask a colleague."))
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    ended.ended_by, ended.ended_at = by, timezone.now()
    ended.save(update_fields=["ended_by", "ended_at"])
    flags.ask_again(ended)
    _leave_trail(round_, ended.assessor, "take_back", by, why, _("before %(name)s was counted again"))
    return ended


def _lock(round_id, by):
    """The round, locked against publishing and storing, while its results do not stand yet."""
    if by is None or not is_officer(by):
        raise RuleBroken(_("You may not do this."))
    round_ = Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    if round_.status not in rules.LIVE_ROUNDS:
        raise RuleBroken(_("The results of this round stand: they are not changed any more."))
    if still_judges(by, round_):
        raise RuleBroken(_("You still have to judge in this round yourself."))
    return round_


def _leave_trail(round_, assessor, action, by, why, kept_because):
    kept = ScoringRun._meta.get_field("kept_because").max_length
    ScoringRun.objects.filter(pk=round_.run_id, kept_because="").update(kept_because=(kept_because % {"name": assessor})[:kept])
    round_.moves.create(action=action, source=round_.status, target=round_.status, by=by, why=f"{assessor}: {why}")
    runs.round_changed(round_.pk, selectors.judged_entries(round_, assessor))
