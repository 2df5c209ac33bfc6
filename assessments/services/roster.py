"""The roster of assessors: who is on it, to whom they are tied, and what a new tie undoes."""

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.models import Affiliation, Assessor, Assignment, ConflictOfInterest, Round
from assessments.services import runs
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Invitation, RoleGrant
from secretariat.rules import only_officers
from secretariat.services.notices import tell, tell_officers
from secretariat.workflow import advance

FIELDS = ("field_fa", "field_en", "capacity", "is_active")
RECUSED = gettext_lazy("Your assignment for “%(title)s” was taken back because of a conflict of interest.")
RECUSED_STAFF = gettext_lazy("%(name)s was taken off “%(title)s” because of a conflict of interest. Appoint somebody else.")

REVISED = gettext_lazy("The scores of “%(round)s” were fixed, but an assessor has a conflict of interest: it is in moderation again.")


@transaction.atomic
def add_assessor(user, *, by, expertise=(), affiliations=(), **fields):
    """Put a person on the roster; `affiliations` are dicts of agency, since, until and note."""
    only_officers(by=by)
    try:
        with transaction.atomic():
            assessor = Assessor.objects.create(user=user, **{name: fields[name] for name in FIELDS if name in fields})
    except IntegrityError:
        raise RuleBroken(_("This person is on the roster already."), field="user") from None
    assessor.expertise.set(expertise)
    _write_affiliations(assessor, affiliations)
    return assessor


@transaction.atomic
def edit_assessor(assessor_id, *, by, version, expertise, affiliations, **fields):
    """Save the form of an assessor whole; ties that are new take effect on the assignments at once."""
    only_officers(by=by)
    assessor = Assessor.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=assessor_id)
    if assessor.version != version:
        raise Stale(_("Somebody else saved this assessor while you were working. Nothing of yours was saved yet."), assessor)
    for name in FIELDS:
        if name in fields:
            setattr(assessor, name, fields[name])
    assessor.version += 1
    assessor.save(update_fields=[*FIELDS, "version"])
    assessor.expertise.set(expertise)
    _write_affiliations(assessor, affiliations)
    return assessor


def _write_affiliations(assessor, wanted):
    """Make the assessor's affiliations those of the form: dicts with `id` (None for a new one) and the columns."""
    present = {row.pk: row for row in assessor.affiliations.all()}
    kept = {row["id"] for row in wanted if row.get("id")}
    Affiliation.objects.filter(pk__in=present.keys() - kept).delete()
    try:
        with transaction.atomic():
            for row in wanted:
                columns = {name: row[name] for name in ("agency", "since", "until", "note") if name in row}
                tie = present.get(row.get("id")) or Affiliation(assessor=assessor)
                for name, value in columns.items():
                    setattr(tie, name, value)
                tie.save()
    except IntegrityError:
        raise RuleBroken(_("The same affiliation is named twice, or one ends before it begins."), field="affiliations") from None


@transaction.atomic
def set_conflict(assessor_id, subject_id, reason, *, by, source=ConflictOfInterest.Source.STAFF):
    """Record that an assessor may not judge a subject; whatever he has to do with it ends at once."""
    reason = reason.strip()
    if not reason:
        raise RuleBroken(_("Write the reason."), field="reason")
    if source == ConflictOfInterest.Source.STAFF:
        only_officers(by=by)
    row, _made = ConflictOfInterest.objects.get_or_create(
        assessor_id=assessor_id, subject_id=subject_id, defaults={"source": source, "reason": reason[:300], "by": by}
    )
    return row


# --- what a new tie undoes -----------------------------------------------------------------------


@transaction.atomic
def recuse(assignments, why):
    """Take back every live assignment of `assignments`; scores that counted one become stale.

    Where the scores were fixed already, the round goes back to moderation: they stand on a judgement that must not count.
    The assessors' rows are locked first, against assignments being made at this moment (see the triggers beside
    the models): whichever comes second sees the first.
    """
    live = assignments.filter(status__in=rules.ACTIVE_ASSIGNMENTS, entry__round__status__in=rules.BINDING_ROUNDS)
    fixed = Round.objects.filter(status__in=rules.FIXED_ROUNDS, entries__assignments__in=live.filter(status="submitted"))
    for round_id in list(fixed.order_by("pk").distinct().values_list("pk", flat=True)):
        round_ = advance(Round.objects.all(), round_id, "revise", by=None, why=_("An assessor has a conflict of interest."))
        tell_officers("round_revised", *both(REVISED, round=round_), link=round_.get_absolute_url(), mail=True)
    rows = live.select_related("assessor__user", "entry__subject", "entry__round").order_by("pk")
    for assignment in rows.select_for_update(of=("self",), no_key=True):
        counted = assignment.status == rules.AssignmentStatus.SUBMITTED
        advance(Assignment.objects.all(), assignment.pk, "recuse", by=None, why=why)
        if counted:
            runs.inputs_changed(assignment.entry_id)
        if assignment.entry.round.status == rules.RoundStatus.DRAFT:
            continue  # the assessor was not told of it yet
        title = assignment.entry.subject
        tell(assignment.assessor.user, "assignment_recused", *both(RECUSED, title=title))
        tell_officers(
            "assignment_recused",
            *both(RECUSED_STAFF, name=assignment.assessor, title=title),
            link=reverse("entry_detail", args=[assignment.entry_id]),
            mail=False,
        )


def _lock(assessors):
    """Lock assessors in the order of their keys and give those keys."""
    return list(assessors.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))


def _no_longer(until, today):
    return until is not None and until < today


def recuse_for_affiliation(sender, instance, raw=False, **kwargs):
    """A saved affiliation ends the assignments it forbids. Receiver of post_save."""
    if raw or not Affiliation.objects.binding().filter(pk=instance.pk).exists():
        return
    with transaction.atomic():
        _lock(Assessor.objects.filter(pk=instance.assessor_id))
        why = _("Affiliated with %(agency)s.") % {"agency": instance.agency.name}
        recuse(Assignment.objects.filter(assessor=instance.assessor_id, entry__subject__agency=instance.agency_id), why)


def recuse_for_role(sender, instance, raw=False, **kwargs):
    """A saved role in an agency or its unit ends the assignments it forbids. Receiver of post_save."""
    agency = instance.agency or (instance.unit and instance.unit.agency)
    if raw or agency is None or _no_longer(instance.until, timezone.now()):
        return
    with transaction.atomic():
        if not _lock(Assessor.objects.filter(user=instance.user_id)):
            return
        why = _("Has the role “%(role)s” in %(agency)s.") % {
            "role": instance.get_role_display(),
            "agency": agency.name,
        }
        recuse(Assignment.objects.filter(assessor__user=instance.user_id, entry__subject__agency=agency), why)


def recuse_for_conflict(sender, instance, raw=False, **kwargs):
    """A recorded conflict ends the assignments it forbids. Receiver of post_save."""
    if raw:
        return
    with transaction.atomic():
        _lock(Assessor.objects.filter(pk=instance.assessor_id))
        recuse(Assignment.objects.filter(assessor=instance.assessor_id, entry__subject=instance.subject_id), instance.reason)


def welcome(sender, invitation, user, **kwargs):
    """Whoever accepts an invitation to assess is on the roster. Receiver of invitation_accepted."""
    if invitation.purpose == Invitation.Purpose.ASSESSOR:
        Assessor.objects.get_or_create(user=user)


def listen():
    """Connect the receivers; called once when the room is ready."""
    from django.db.models.signals import post_save

    from secretariat.signals import invitation_accepted

    post_save.connect(recuse_for_affiliation, Affiliation, dispatch_uid="recuse_for_affiliation")
    post_save.connect(recuse_for_role, RoleGrant, dispatch_uid="recuse_for_role")
    post_save.connect(recuse_for_conflict, ConflictOfInterest, dispatch_uid="recuse_for_conflict")
    invitation_accepted.connect(welcome, dispatch_uid="roster_welcome")
