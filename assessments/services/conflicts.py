"""Conflicts of interest: recording them, who is behind a subject, and taking assessors off what they must not judge."""

import datetime

import pghistory
from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments import rules
from assessments.models import (
    Affiliation,
    Assessor,
    Assignment,
    ConflictOfInterest,
    ConflictWaiver,
    Relation,
    Round,
    Subject,
    SubjectMaker,
)
from assessments.models.conflicted import Conflicted
from assessments.selectors.conflicts import conflicts
from assessments.services import disagreements, runs
from secretariat import persian
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.models import Agency, RoleGrant, User
from secretariat.rules import only_officers
from secretariat.services.notices import tell, tell_officers
from secretariat.workflow import advance

RECUSED = gettext_lazy("Your assignment for “%(title)s” was taken back because of a conflict of interest.")
RECUSED_STAFF = gettext_lazy("%(name)s was taken off “%(title)s” because of a conflict of interest. Appoint somebody else.")
REVISED = gettext_lazy("The scores of “%(round)s” were fixed, but an assessor has a conflict of interest: it is in moderation again.")

Source = ConflictOfInterest.Source


# --- recording ------------------------------------------------------------------------------------


@transaction.atomic
def set_conflict(assessor_id, subject_id, reason, *, by, source=Source.STAFF, kind="", since=None, until=None):
    """Record that an assessor may not judge a subject; whatever he has to do with it ends at once.

    What he declared himself is kept as he said it; what staff recorded gives way to his own word, or is renewed.
    """
    reason = reason.strip()
    if not reason:
        raise RuleBroken(_("Write the reason."), field="reason")
    if source == Source.STAFF:
        only_officers(by=by)
    if since and until and until < since:
        raise RuleBroken(_("This is before the beginning."), field="until")
    said = {"source": source, "kind": kind, "reason": reason[:300], "since": since, "until": until, "by": by}
    rows = ConflictOfInterest.objects.select_for_update(of=("self",), no_key=True)
    row, made = rows.get_or_create(assessor_id=assessor_id, subject_id=subject_id, defaults=said)
    if not made and row.source != Source.DECLARED:
        for name, value in said.items():
            setattr(row, name, value)
        row.save()
    return row


@transaction.atomic
def end_conflict(conflict_id, *, by, why):
    """End a conflict that staff recorded, from today; what the assessor declared himself stays."""
    only_officers(by=by)
    why = why.strip()
    row = ConflictOfInterest.objects.select_for_update(of=("self",), no_key=True).get(pk=conflict_id)
    if row.source == Source.DECLARED:
        raise RuleBroken(_("What an assessor declared himself is not taken back by others."))
    if not ConflictOfInterest.objects.binding().filter(pk=row.pk).exists():
        raise RuleBroken(_("This is over already."))
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    with pghistory.context(why=why):
        row.until = timezone.localdate() - datetime.timedelta(days=1)
        if row.since and row.since.togregorian() > row.until:
            row.since = row.until
        row.save(update_fields=["since", "until"])
    return row


@transaction.atomic
def set_makers(subject_id, makers):
    """Make these the ones behind a subject: (name, part in the work, account or None); the room of the subject calls it.

    Whoever judges the subject and is one of them, or related to one, is taken off.
    """
    Subject.objects.select_for_update(no_key=True).get(pk=subject_id)
    wanted = {}
    for name, part, user in makers:
        key = persian.name_key(name)
        if key:
            said = wanted.setdefault(key, {"name": name[:200], "part": part[:200], "user": user})
            said["user"] = said["user"] or user
    present = {row.name_key: row for row in SubjectMaker.objects.filter(subject=subject_id)}
    SubjectMaker.objects.filter(pk__in=[row.pk for key, row in present.items() if key not in wanted]).delete()
    for key in sorted(wanted.keys() & present.keys()):
        row, said = present[key], wanted[key]
        if (row.name, row.part, row.user) != (said["name"], said["part"], said["user"]):
            row.name, row.part, row.user = said["name"], said["part"], said["user"]
            row.save()
    fresh = sorted(wanted.keys() - present.keys())
    _hold_names(*fresh)
    SubjectMaker.objects.bulk_create((SubjectMaker(subject_id=subject_id, **wanted[key]) for key in fresh), ignore_conflicts=True)
    recuse_conflicted(Assessor.objects.filter(assignments__entry__subject=subject_id))


# --- what a tie undoes ----------------------------------------------------------------------------


@transaction.atomic
def recuse_conflicted(assessors):
    """Take these assessors off all that they must not judge; scores that counted one of them become stale.

    Where the scores were fixed already, the round goes back to moderation: they stand on a judgement that must not count.
    The assessors' rows are locked first, against assignments being made at this moment (see the triggers beside
    the models): whichever comes second sees the first.
    """
    keys = _lock(assessors)
    live = Assignment.objects.active().filter(assessor__in=keys, entry__round__status__in=rules.BINDING_ROUNDS)
    conflicted = list(live.filter(Conflicted("assessor", "entry__subject")).values_list("pk", flat=True))
    if not conflicted:
        return
    live = Assignment.objects.filter(pk__in=conflicted)
    fixed = Round.objects.filter(status__in=rules.FIXED_ROUNDS, entries__assignments__in=live.filter(status="submitted"))
    for round_id in list(fixed.order_by("pk").distinct().values_list("pk", flat=True)):
        round_ = advance(Round.objects.all(), round_id, "revise", by=None, why=_("An assessor has a conflict of interest."))
        tell_officers("round_revised", *both(REVISED, round=round_), link=round_.get_absolute_url(), mail=True)
    rows = live.select_related("assessor__user", "entry__subject", "entry__round").order_by("pk")
    rows = list(rows.select_for_update(of=("self",), no_key=True))
    whys = conflicts({row.entry.subject for row in rows}, {row.assessor for row in rows})
    for row in rows:
        if row.status in rules.ACTIVE_ASSIGNMENTS:  # it may have been declined while we waited for its row
            _recuse(row, str(whys.get((row.entry.subject_id, row.assessor_id)) or _("Conflict of interest")))


def _recuse(assignment, why):
    counted = assignment.status == rules.AssignmentStatus.SUBMITTED
    advance(Assignment.objects.all(), assignment.pk, "recuse", by=None, why=why)
    disagreements.lapse(assignment, why)
    if counted:
        runs.inputs_changed(assignment.entry_id)
    if assignment.entry.round.status == rules.RoundStatus.DRAFT:
        return  # the assessor was not told of it yet
    title = assignment.entry.subject
    tell(assignment.assessor.user, "assignment_recused", *both(RECUSED, title=title))
    tell_officers(
        "assignment_recused",
        *both(RECUSED_STAFF, name=assignment.assessor, title=title),
        link=reverse("replacement_list"),
        mail=False,
    )


def _lock(assessors):
    """Lock assessors in the order of their keys and give those keys."""
    chosen = Assessor.objects.filter(pk__in=assessors.values("pk")).order_by("pk")
    return list(chosen.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def _hold_names(*keys):
    """Line up with whoever writes one of these names at this moment: a relation, and the maker whom it meets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('name ' || k, 0)) FROM"
            " (SELECT DISTINCT k FROM unnest(%s::text[]) k WHERE k <> '' ORDER BY k) named",
            [list(keys)],
        )


def _known_by(*keys):
    """Assessors who named somebody with one of these names."""
    return Relation.objects.filter(name_key__in=[key for key in keys if key]).values("assessor")


# --- receivers of post_save ------------------------------------------------------------------------


def recuse_for_tie(sender, instance, raw=False, **kwargs):
    """A saved affiliation, relation, conflict or waiver ends the assignments that it forbids."""
    if raw:
        return
    with transaction.atomic():
        if sender is Relation:
            instance.refresh_from_db(fields=["name_key"])
            _hold_names(instance.name_key)
        recuse_conflicted(Assessor.objects.filter(pk=instance.assessor_id))


def recuse_for_role(sender, instance, raw=False, **kwargs):
    """A saved role in an agency or its unit is a tie of its holder, and of those related to him."""
    if not raw and (instance.agency_id or instance.unit_id):
        _recuse_for_person(instance.user_id)


def recuse_for_name(sender, instance, created=False, raw=False, update_fields=None, **kwargs):
    """A person's other name may be that of a maker or of somebody's relation."""
    named = update_fields is None or not {"first_name", "last_name", "name_en"}.isdisjoint(update_fields)
    if named and not created and not raw:
        _recuse_for_person(instance.pk)


def _recuse_for_person(user_id):
    with transaction.atomic():
        keys = User.objects.values_list("name_key", "name_en_key").get(pk=user_id)
        _hold_names(*keys)
        recuse_conflicted(Assessor.objects.filter(Q(user=user_id) | Q(pk__in=_known_by(*keys))))


def recuse_for_head(sender, instance, created=False, raw=False, update_fields=None, **kwargs):
    """An agency's other head may be somebody's relation."""
    if raw or created or (update_fields is not None and "head" not in update_fields) or not instance.head:
        return
    with transaction.atomic():
        key = Agency.objects.values_list("head_key", flat=True).get(pk=instance.pk)
        _hold_names(key)
        recuse_conflicted(Assessor.objects.filter(pk__in=_known_by(key)))


def listen():
    """Connect the receivers; called once when the room is ready."""
    from django.db.models.signals import post_save

    for model in (Affiliation, Relation, ConflictOfInterest, ConflictWaiver):
        post_save.connect(recuse_for_tie, model, dispatch_uid=f"recuse_for_{model._meta.model_name}")
    post_save.connect(recuse_for_role, RoleGrant, dispatch_uid="recuse_for_role")
    post_save.connect(recuse_for_name, User, dispatch_uid="recuse_for_name")
    post_save.connect(recuse_for_head, Agency, dispatch_uid="recuse_for_head")
