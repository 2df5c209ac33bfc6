"""Recording what became of the questions that a round's ratings raise: who decided what, and why."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from assessments.models import Round, ScoringFlag, SetAside
from assessments.selectors.readers import still_judges
from assessments.services import disagreements
from secretariat.errors import RuleBroken, Stale
from secretariat.rules import is_officer

Decision = ScoringFlag.Decision
_UNANSWERED = {"decision": "", "answer": "", "answered_by": None, "answered_at": None}


@transaction.atomic
def answer_flag(flag_id, decision, answer, *, by, seen=None):
    """Record what was decided on a question, and why; an answer may be changed, its former words stay in the history.

    `seen` is the moment of the answer that stood when the form was opened (None: there was none); raises Stale when it
    is another one now. RuleBroken for everybody but officers, for those whom the question concerns, and for “set aside”
    while nobody of them is.
    """
    flag = _locked(flag_id)
    answer = answer.strip()
    if by is None or not is_officer(by):
        raise RuleBroken(_("You may not do this."))
    if by.pk in concerned(flag):
        raise RuleBroken(_("Nobody answers a question about himself: ask a colleague."))
    if still_judges(by, flag.round):
        raise RuleBroken(_("You still have to judge in this round yourself."))
    if decision not in Decision.values:
        raise RuleBroken(_("Choose what was decided."), field="decision")
    if not answer:
        raise RuleBroken(_("Write what was found, in a sentence or two."), field="answer")
    if flag.answered_at != seen:
        raise Stale(_("Somebody else answered this question while you were writing. Nothing of yours was saved yet."), flag)
    if decision == Decision.SET_ASIDE and not _somebody_is_aside(flag):
        raise RuleBroken(_("Nobody whom this question concerns is set aside: do that first, with its reason."), field="decision")
    former = flag.decision
    flag.decision, flag.answer, flag.answered_by, flag.answered_at = decision, answer, by, timezone.now()
    flag.save(update_fields=list(_UNANSWERED))
    if Decision.REVIEW in (decision, former) or flag.round.gap_flags:
        disagreements.find(flag.round_id)
    return flag


def concerned(flag):
    """The users whom a question is about."""
    return {assessor.user_id for assessor in (flag.assessor, flag.other) if assessor is not None}


def answer_by_setting_aside(aside):
    """Setting an assessor aside answers the open questions about him: they would be asked no more, and be lost."""
    _about(aside).filter(decision="").update(
        decision=Decision.SET_ASIDE, answer=aside.why, answered_by=aside.by, answered_at=aside.at
    )


def ask_again(aside):
    """What setting aside had answered is asked again once the ratings count, unless the other of a pair is still set aside."""
    still = SetAside.objects.filter(round=aside.round_id, ended_at=None).values("assessor")
    _about(aside).filter(decision=Decision.SET_ASIDE).exclude(Q(assessor__in=still) | Q(other__in=still)).update(**_UNANSWERED)


def _about(aside):
    return ScoringFlag.objects.filter(Q(assessor=aside.assessor_id) | Q(other=aside.assessor_id), round=aside.round_id)


def _somebody_is_aside(flag):
    return SetAside.objects.filter(round=flag.round_id, ended_at=None, assessor__in=[flag.assessor_id, flag.other_id]).exists()


def _locked(flag_id):
    # A run brings the flags up to date under the round's lock: an answer must not come between its reading and writing.
    round_id = ScoringFlag.objects.values_list("round", flat=True).get(pk=flag_id)
    Round.objects.select_for_update(of=("self",), no_key=True).get(pk=round_id)
    flags = ScoringFlag.objects.select_for_update(of=("self",), no_key=True)
    return flags.select_related("round", "assessor", "other").get(pk=flag_id)
