"""The roster of assessors: who is on it, and to whom they are tied."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from assessments.models import Affiliation, Assessor
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Invitation
from secretariat.rules import only_officers

FIELDS = ("field_fa", "field_en", "capacity", "is_active")


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


def welcome(sender, invitation, user, **kwargs):
    """Whoever accepts an invitation to assess is on the roster. Receiver of invitation_accepted."""
    if invitation.purpose == Invitation.Purpose.ASSESSOR:
        Assessor.objects.get_or_create(user=user)


def listen():
    """Connect the receiver; called once when the room is ready."""
    from secretariat.signals import invitation_accepted

    invitation_accepted.connect(welcome, dispatch_uid="roster_welcome")
