"""Who is invited to the roster and has not come yet."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from assessments.views.roster import roster_tabs
from secretariat.errors import refusals_told
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage, RowAction
from secretariat.models import Invitation
from secretariat.services import invitations
from secretariat.templatetags.portal_parts import address
from secretariat.views.invitations import STATES


class InvitedList(ListPage):
    name = "invited"
    caption = gettext_lazy("Invited to the roster")
    columns = [
        Column("person", gettext_lazy("Person"), sort="full_name", value="full_name"),
        Column("email", gettext_lazy("E-mail address"), sort="email", kind="code"),
        Column("mobile", gettext_lazy("Mobile number"), value=lambda row: _expected(row).get("mobile"), kind="code", shown=False),
        Column("sent", gettext_lazy("Sent on"), sort="invited_at", value="invited_at", kind="date"),
        Column("until", gettext_lazy("Valid until"), sort="expires_at", value="expires_at", kind="date"),
        Column("state", gettext_lazy("State"), value=lambda row: str(STATES[row.state][0])),
        Column("known", gettext_lazy("Profile known"), value=lambda row: bool(_expected(row)), kind="bool"),
        Column("by", gettext_lazy("Invited by"), sort="invited_by__sort_key", value="invited_by", shown=False),
    ]
    filters = [
        Choice(
            "state",
            gettext_lazy("State"),
            [(key, STATES[key][0]) for key in ("open", "expired")],
            apply=lambda rows, value: rows.filter(
                **{"expires_at__gt" if value == "open" else "expires_at__lte": timezone.now()}
            ),
        )
    ]
    search = ("full_name", "email")
    default_sort = "-sent"
    exports = False  # addresses of people do not leave by the sheet
    empty_title = gettext_lazy("Nobody is awaited.")
    empty_text = gettext_lazy("Whom you invite stands here until the invitation is accepted or taken back.")

    def queryset(self):
        rows = Invitation.objects.filter(purpose=Invitation.Purpose.ASSESSOR, accepted_at=None, revoked_at=None)
        return rows.select_related("invited_by", "expected_assessor")

    def row_actions(self, row):
        again = reverse("assessor_invite_again", args=[row.pk])
        return [RowAction(_("Send again"), again, "envelope", post=True)]


def _expected(invitation):
    expected = getattr(invitation, "expected_assessor", None)
    return expected.profile if expected else {}


@officers_only
@require_safe
def assessor_invited(request):
    context = {"invite_url": address("invitation_new"), "tabs": roster_tabs("assessor_invited")}
    return InvitedList(request).respond("assessments/assessor_list.html", context)


@officers_only
@require_POST
@once
def assessor_invite_again(request, pk):
    """Send the invitation again, with a new link."""
    invitation = get_object_or_404(Invitation, pk=pk, purpose=Invitation.Purpose.ASSESSOR)
    with refusals_told(request):
        invitations.resend(pk, by=request.user)
        messages.success(
            request, _("A new link is on its way to %(email)s; the old one works no more.") % {"email": invitation.email}
        )
    return redirect("assessor_invited")
