"""The external check: officers appoint and confirm, a checker gives his own levels; and what a new tie undoes."""

from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.forms.excellence import read_check
from assessments.models import Affiliation, Assessor, CheckAnswer, ExcellenceCheck, SelfAssessment, SelfScore
from assessments.rules import excellence as rules
from assessments.selectors import excellence as selectors
from assessments.selectors.conflicts import agency_ties
from assessments.services.self_assessments import keep_scores
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import RoleGrant
from secretariat.rules import only_officers
from secretariat.services.notices import tell, tell_agency, tell_officers
from secretariat.workflow import advance

APPOINTED = gettext_lazy("You are asked to check the self-assessment of %(agency)s for %(year)s until %(deadline)s.")
TAKEN_OFF = gettext_lazy("You need not check the self-assessment of %(agency)s for %(year)s any more. Reason: %(why)s")
DECLINED = gettext_lazy("%(name)s cannot check the self-assessment of %(agency)s. Reason: %(why)s")
CHECKED = gettext_lazy("The external check of %(agency)s for %(year)s was handed in and waits to be confirmed.")
GIVEN_BACK = gettext_lazy("Your check of %(agency)s for %(year)s was given back to you. Reason: %(why)s")
CONFIRMED = gettext_lazy("Your agency's self-assessment of %(year)s is confirmed; its result can be read.")
ENDED = gettext_lazy("%(name)s may not check %(agency)s any more: %(why)s. Appoint somebody else.")


class Unfinished(RuleBroken):
    """The check is not ready; `problems` are (Criterion, sentence)."""

    def __init__(self, problems):
        super().__init__(_("The check is not complete yet."))
        self.problems = problems


@dataclass
class SavedCheck:
    """What came of saving: the check, the levels as they now stand, and what could not be kept."""

    check: ExcellenceCheck
    answers: dict  # criterion id → Answer
    errors: dict
    typed: dict


# --- officers ------------------------------------------------------------------------------------


@transaction.atomic
def appoint(self_assessment_id, assessor_id, *, by):
    """Ask an assessor to check what was drawn; whoever has the task now is not replaced by this."""
    only_officers(by=by)
    drawn = _locked(self_assessment_id)
    if drawn.status != rules.SelfStatus.CHECKING:
        raise RuleBroken(_("Only what was drawn and is not checked yet takes a checker."))
    assessor = Assessor.objects.active().select_related("user").filter(pk=assessor_id).first()
    if assessor is None:
        raise RuleBroken(_("Choose a checker."), field="assessor")
    if tied := agency_ties({drawn.agency_id}, [assessor]).get((assessor.pk, drawn.agency_id)):
        raise RuleBroken(tied, field="assessor")
    try:
        with transaction.atomic():
            check = ExcellenceCheck.objects.create(self_assessment=drawn, assessor=assessor, appointed_by=by)
    except IntegrityError as error:
        if "one_checker_at_a_time" in str(error):
            raise RuleBroken(_("Somebody checks this already. Take him off first.")) from None
        raise RuleBroken(_("This person is tied to the agency."), field="assessor") from None
    _note(drawn, "appoint", by, assessor.user.display_name)
    year = drawn.year
    texts = both(APPOINTED, agency=drawn.agency, year=year.year, deadline=year.checks_due)
    tell(assessor.user, "check_appointed", *texts, link=check.get_absolute_url())
    return check


@transaction.atomic
def withdraw(check_id, *, by, why):
    """Take a checker off, with the reason; what he wrote stays on record."""
    only_officers(by=by)
    check, why = _locked_check(check_id), why.strip()
    _refuse_unless_open(check)
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    _end(check, "withdraw", by, why)
    drawn = check.self_assessment
    texts = both(TAKEN_OFF, agency=drawn.agency, year=drawn.year.year, why=why)
    tell(check.assessor.user, "check_withdrawn", *texts)
    return check


@transaction.atomic
def give_back(check_id, *, by, why):
    """Give a check that was handed in back to its checker, with the reason."""
    only_officers(by=by)
    check = _locked_check(check_id)
    if check.withdrawn_at is not None:
        raise RuleBroken(_("This check has ended."))
    drawn = advance(_rows(), check.self_assessment_id, "recheck", by=by, why=why)
    _reopen(check)
    texts = both(GIVEN_BACK, agency=drawn.agency, year=drawn.year.year, why=why.strip())
    tell(check.assessor.user, "check_given_back", *texts, link=check.get_absolute_url())
    return check


@transaction.atomic
def confirm(self_assessment_id, *, by):
    """Let the agency's levels and the checker's stand side by side; the agency reads both from now on."""
    only_officers(by=by)
    if by is not None and ExcellenceCheck.objects.active().filter(self_assessment=self_assessment_id, assessor__user=by).exists():
        raise RuleBroken(_("You checked this yourself: let another officer confirm it."))
    return _tell_result(advance(_rows(), self_assessment_id, "confirm", by=by))


@transaction.atomic
def release(self_assessment_id, *, by, why):
    """Let what was drawn stand without a check, with the reason; a checker at work is taken off."""
    only_officers(by=by)
    _locked(self_assessment_id)
    for check in ExcellenceCheck.objects.active().filter(self_assessment=self_assessment_id):
        if why.strip():
            withdraw(check.pk, by=by, why=why)
    return _tell_result(advance(_rows(), self_assessment_id, "release", by=by, why=why))


def _tell_result(confirmed):
    link = reverse("self_assessment_result", args=[confirmed.pk])
    tell_agency(confirmed.agency_id, "excellence_confirmed", *both(CONFIRMED, year=confirmed.year.year), link=link)
    return confirmed


# --- checkers ------------------------------------------------------------------------------------


@transaction.atomic
def save_check(check_id, values, *, by, version):
    """Keep what the checker typed (fields as in `forms.excellence.read_check`); what cannot be read is told, the rest kept.

    Raises Stale when another window has saved since; then nothing is written, and `current` is a SavedCheck.
    """
    check = _own(check_id, by)
    sheet = selectors.SelfSheet(check.self_assessment.year.framework_id)
    known = selectors.check_answers(check.pk)
    reading = read_check(values, sheet.leaves, known)
    if reading.answers and version != check.version:
        raise Stale(_("This check was saved from another window meanwhile."), SavedCheck(check, known, {}, {}))
    if reading.answers:
        CheckAnswer.objects.bulk_create(
            [
                CheckAnswer(external_check=check, indicator_id=pk, state=answer.state, value=answer.value, reason=answer.comment)
                for pk, answer in reading.answers.items()
            ],
            update_conflicts=True,
            unique_fields=["external_check", "indicator"],
            update_fields=["state", "value", "reason"],
        )
        check.version += 1
        check.save(update_fields=["version", "saved_at"])
    return SavedCheck(check, {**known, **reading.answers}, reading.errors, reading.typed)


@transaction.atomic
def submit_check(check_id, *, by, version):
    """Hand the check in: it is frozen, and the scores of its levels are kept beside the agency's."""
    check = _own(check_id, by)
    if check.version != version:
        raise Stale(_("This check was saved from another window meanwhile. Look at it again before you hand it in."), check)
    sheet = selectors.with_check(selectors.sheet_of(check.self_assessment), check)
    if problems := selectors.check_problems(sheet):
        raise Unfinished(problems)
    check.submitted_at = timezone.now()
    check.version += 1
    check.save(update_fields=["submitted_at", "version", "saved_at"])
    drawn = advance(_rows(), check.self_assessment_id, "check", by=by)
    keep_scores(drawn, SelfScore.Source.CHECK, {one.pk: (one.check.state, one.check.value) for one in sheet.criteria})
    texts = both(CHECKED, agency=drawn.agency, year=drawn.year.year)
    tell_officers("excellence_checked", *texts, link=drawn.get_absolute_url(), mail=False)
    return check


@transaction.atomic
def decline(check_id, *, by, why):
    """The checker cannot do it: he is free, and the officers appoint somebody else."""
    check, why = _own(check_id, by), why.strip()
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    _end(check, "decline", by, why)
    drawn = check.self_assessment
    texts = both(DECLINED, name=check.assessor, agency=drawn.agency, why=why)
    tell_officers("check_declined", *texts, link=reverse("checker_appoint", args=[drawn.pk]))
    return check


# --- both ----------------------------------------------------------------------------------------


def _rows():
    return SelfAssessment.objects.select_related("year", "agency")


def _locked(self_assessment_id):
    return _rows().select_for_update(of=("self",), no_key=True).get(pk=self_assessment_id)


def _locked_check(check_id):
    """A check with what it is about, both locked."""
    checks = ExcellenceCheck.objects.select_related("self_assessment__year", "self_assessment__agency", "assessor__user")
    return checks.select_for_update(of=("self", "self_assessment"), no_key=True).get(pk=check_id)


def _own(check_id, by):
    """The checker's own check, locked, if he may write now."""
    if not ExcellenceCheck.objects.filter(pk=check_id, assessor__user=by, withdrawn_at=None).exists():
        raise ExcellenceCheck.DoesNotExist
    check = _locked_check(check_id)
    if refusal := rules.why_not_checkable(check):
        raise RuleBroken(refusal)
    return check


def _refuse_unless_open(check):
    if refusal := rules.why_not_checkable(check):
        raise RuleBroken(refusal)


def _note(drawn, action, by, why):
    drawn.moves.create(action=action, source=drawn.status, target=drawn.status, by=by, why=why)


def _end(check, action, by, why):
    check.withdrawn_at, check.withdrawn_why = timezone.now(), why[:500]
    check.save(update_fields=["withdrawn_at", "withdrawn_why"])
    _note(check.self_assessment, action, by, f"{check.assessor.user.display_name}: {why}")


def _reopen(check):
    check.self_assessment.scores.filter(source=SelfScore.Source.CHECK).delete()
    check.submitted_at = None
    check.version += 1
    check.save(update_fields=["submitted_at", "version"])


# --- what a new tie undoes -----------------------------------------------------------------------


def _end_tied(assessors, agency_id, why):
    """End the live checks of `assessors` in an agency; a check that was handed in is open again for somebody else.

    The assessors' rows are locked first, against checks being made at this moment (see the triggers beside the models).
    """
    tied = list(assessors.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    live = ExcellenceCheck.objects.active().filter(
        assessor__in=tied, self_assessment__agency=agency_id, self_assessment__status__in=rules.LIVE_CHECKS
    )
    for pk in list(live.values_list("pk", flat=True)):
        check = _locked_check(pk)
        drawn = check.self_assessment
        if drawn.status == rules.SelfStatus.CHECKED:
            drawn = advance(_rows(), drawn.pk, "recheck", by=None, why=why)
            drawn.scores.filter(source=SelfScore.Source.CHECK).delete()
        _end(check, "withdraw", None, why)
        texts = both(ENDED, name=check.assessor, agency=drawn.agency, why=why)
        tell_officers("check_ended", *texts, link=reverse("checker_appoint", args=[drawn.pk]), mail=False)
        tell(check.assessor.user, "check_withdrawn", *both(TAKEN_OFF, agency=drawn.agency, year=drawn.year.year, why=why))


def end_for_affiliation(sender, instance, raw=False, **kwargs):
    """A saved affiliation ends the checks it forbids. Receiver of post_save."""
    if raw or not Affiliation.objects.binding().filter(pk=instance.pk).exists():
        return
    with transaction.atomic():
        why = _("Affiliated with %(agency)s.") % {"agency": instance.agency.name}
        _end_tied(Assessor.objects.filter(pk=instance.assessor_id), instance.agency_id, why)


def end_for_role(sender, instance, raw=False, **kwargs):
    """A saved role in an agency or its unit ends the checks it forbids. Receiver of post_save."""
    agency = instance.agency or (instance.unit and instance.unit.agency)
    if raw or agency is None or (instance.until is not None and instance.until < timezone.now()):
        return
    with transaction.atomic():
        why = _("Has the role “%(role)s” in %(agency)s.") % {"role": instance.get_role_display(), "agency": agency.name}
        _end_tied(Assessor.objects.filter(user=instance.user_id), agency.pk, why)


def listen():
    """Connect the receivers; called once when the room is ready."""
    from django.db.models.signals import post_save

    post_save.connect(end_for_affiliation, Affiliation, dispatch_uid="end_checks_for_affiliation")
    post_save.connect(end_for_role, RoleGrant, dispatch_uid="end_checks_for_role")
