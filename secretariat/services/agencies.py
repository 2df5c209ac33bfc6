"""Writes about agencies, their units and those who represent them."""

import pghistory
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import rules
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Agency, RoleGrant, Unit
from secretariat.refusals import why_too_long
from secretariat.services.notices import tell
from secretariat.services.passwords import sign_out_everywhere


@transaction.atomic
def save_agency(agency_id, values, *, by, version):
    """Store an agency's particulars, unless somebody saved them since `version` was read."""
    if not rules.is_officer(by):
        raise RuleBroken(_("You may not do this."))
    return _store(Agency.objects.select_for_update(no_key=True).get(pk=agency_id), values, version)


@transaction.atomic
def add_unit(agency, values, *, by):
    """Put a new unit into the tree of an agency."""
    _may_keep_units(agency.pk, by)
    return _written(Unit(agency=agency, **values))


@transaction.atomic
def save_unit(unit_id, values, *, by, version):
    """Store a unit's particulars or its new place in the tree."""
    unit = Unit.objects.select_for_update(no_key=True).get(pk=unit_id)
    _may_keep_units(unit.agency_id, by)
    return _store(unit, values, version)


@transaction.atomic
def remove_unit(unit_id, *, by):
    """Take out a unit that nothing hangs on."""
    unit = Unit.objects.select_for_update().get(pk=unit_id)
    _may_keep_units(unit.agency_id, by)
    try:
        with transaction.atomic():
            unit.delete()
    except (ProtectedError, IntegrityError):
        raise RuleBroken(_("This unit cannot be removed: other units, people or products belong to it.")) from None


@transaction.atomic
def end_role(grant_id, *, by, why):
    """End a person's role now. The row stays as history; what the role opened closes at once."""
    why = why.strip()
    grant = RoleGrant.objects.select_for_update(of=("self",)).select_related("user", "agency").get(pk=grant_id)
    if not (rules.is_secretary(by) if grant.role in RoleGrant.SECRETARIAT_ROLES else rules.is_officer(by)):
        raise RuleBroken(_("You may not do this."))
    if grant.until is not None and grant.until <= timezone.now():
        raise RuleBroken(_("This role has already ended."))
    if not why:
        raise RuleBroken(_("Write the reason."), field="why")
    if told := why_too_long(why, RoleGrant._meta.get_field("end_reason").max_length):
        raise RuleBroken(told, field="why")
    with pghistory.context(why=why):
        grant.until, grant.end_reason = timezone.now(), why
        grant.save(update_fields=["until", "end_reason"])
    sign_out_everywhere(grant.user)
    text = gettext_lazy("Your role “%(role)s” has ended. Reason: %(why)s")
    tell(grant.user, "role_ended", *both(text, role=grant, why=why), once=f"role-ended:{grant.pk}")
    return grant


def _may_keep_units(agency_id, by):
    if not (rules.is_officer(by) or rules.represents(by, agency_id)):
        raise RuleBroken(_("You may not do this."))


def _store(row, values, version):
    if row.version != version:
        raise Stale(
            _("Somebody else saved this after you opened the form. Nothing of yours is lost: compare the two, then save again."),
            row,
        )
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    return _written(row)


def _written(row):
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as refused:
        if "unit_named_once" in str(refused):
            raise RuleBroken(_("A unit of this name stands already at this place."), field="name_fa") from None
        if "unit_stays_in_its_tree" in str(refused) or "below itself" in str(refused) or "another agency" in str(refused):
            raise RuleBroken(_("A unit cannot be part of itself or of a unit below it."), field="parent") from None
        raise
    return row
