"""What the pages of an agency show."""

from secretariat.models import Invitation, RoleGrant, Unit


def unit_tree(agency):
    """The units of an agency as nested nodes {"unit", "below"}, in one query."""
    units = Unit.objects.filter(agency=agency).select_related("province")
    nodes = {unit.pk: {"unit": unit, "below": []} for unit in units}
    roots = []
    for node in nodes.values():
        above = nodes.get(node["unit"].parent_id)
        (above["below"] if above else roots).append(node)
    return roots


def representatives(agency):
    """Those who represent the agency now, and those who did: (present, past)."""
    grants = list(
        RoleGrant.objects.filter(agency=agency, role=RoleGrant.Role.REPRESENTATIVE)
        .select_related("user", "agency", "granted_by")
        .order_by("user__sort_key", "-since", "pk")
    )
    current = set(RoleGrant.objects.current().filter(agency=agency).values_list("pk", flat=True))
    return [grant for grant in grants if grant.pk in current], [grant for grant in grants if grant.pk not in current]


def waiting_invitations(agency):
    """Invitations to represent the agency that nobody has accepted or taken back; expired ones too."""
    return Invitation.objects.filter(agency=agency, accepted_at=None, revoked_at=None).select_related("invited_by")
