"""Inviting people, and the page to which their letter leads."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from secretariat import rules
from secretariat.errors import RuleBroken, refusals_told
from secretariat.forms.agencies import AcceptForm, InvitationForm
from secretariat.gate import once
from secretariat.lists import Choice, Column, ListPage
from secretariat.models import Agency, Invitation, User
from secretariat.services import invitations as service

STATES = {
    "open": (gettext_lazy("waiting"), lambda rows: rows.open()),
    "accepted": (gettext_lazy("accepted"), lambda rows: rows.exclude(accepted_at=None)),
    "revoked": (gettext_lazy("taken back"), lambda rows: rows.exclude(revoked_at=None)),
    "expired": (
        gettext_lazy("expired"),
        lambda rows: rows.filter(accepted_at=None, revoked_at=None, expires_at__lte=timezone.now()),
    ),
}


class InvitationList(ListPage):
    name = "invitations"
    caption = gettext_lazy("Invitations")
    columns = [
        Column("person", gettext_lazy("Person"), sort="full_name", value="full_name"),
        Column("email", gettext_lazy("E-mail address"), sort="email", kind="code"),
        Column("purpose", gettext_lazy("Invited as"), sort="purpose", value="get_purpose_display"),
        Column("agency", gettext_lazy("Agency"), sort="agency__sort_key", value="agency.name"),
        Column("sent", gettext_lazy("Sent on"), sort="invited_at", value="invited_at", kind="date"),
        Column("state", gettext_lazy("State"), value=lambda row: str(STATES[row.state][0])),
        Column("actions", gettext_lazy("Actions"), value=lambda row: "", template="secretariat/parts/invitation_cell.html"),
    ]
    filters = [
        Choice(
            "state",
            gettext_lazy("State"),
            [(key, label) for key, (label, _rows) in STATES.items()],
            apply=lambda queryset, value: STATES[value][1](queryset),
        ),
        Choice("purpose", gettext_lazy("Invited as"), Invitation.Purpose.choices),
    ]
    search = ("full_name", "email", "agency__search_key")
    default_sort = "-sent"
    empty_title = gettext_lazy("No invitation fits")
    exports = False  # addresses of people do not leave by the sheet

    def queryset(self):
        return Invitation.objects.visible_to(self.request.user).select_related("agency")


@require_safe
def invitation_list(request):
    """Every invitation and what became of it; for officers."""
    if not rules.is_officer(request.user):
        raise Http404
    return InvitationList(request).respond("secretariat/invitation_list.html")


@once
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_new(request):
    """Invite a representative, an assessor or an officer."""
    if not rules.is_officer(request.user):
        raise Http404
    agency = Agency.objects.filter(slug=request.GET.get("agency", "")).first()
    purpose = request.GET.get("purpose", Invitation.Purpose.REPRESENTATIVE)
    form = InvitationForm(request.POST or None, by=request.user, initial={"agency": agency, "purpose": purpose})
    if request.method == "POST" and form.is_valid():
        try:
            invitation = service.invite(by=request.user, **form.cleaned_data)
        except RuleBroken as refused:
            refused.show_in(form)
        else:
            messages.success(request, _("The invitation is on its way to %(email)s.") % {"email": invitation.email})
            return _back(invitation)
    return render(request, "secretariat/invitation_new.html", {"form": form, "agency": agency})


def _back(invitation):
    return redirect("agency_people", invitation.agency.slug) if invitation.agency else redirect("invitation_list")


def _changed(request, pk, change, sentence):
    if not rules.is_officer(request.user):
        raise Http404
    invitation = get_object_or_404(Invitation.objects.visible_to(request.user).select_related("agency"), pk=pk)
    with refusals_told(request):
        change(pk, by=request.user)
        messages.success(request, sentence % {"email": invitation.email})
    return _back(invitation)


@require_POST
@once
def invitation_resend(request, pk):
    """Send the letter again, with a new link."""
    return _changed(request, pk, service.resend, _("A new link is on its way to %(email)s; the old one works no more."))


@require_POST
@once
def invitation_revoke(request, pk):
    """Take the invitation back."""
    return _changed(request, pk, service.revoke, _("The invitation to %(email)s is taken back."))


@login_not_required
@sensitive_post_parameters("new_password1", "new_password2")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request, token):
    """Read the invitation, and accept it with the account one has or a new one."""
    invitation = service.find(token)
    if invitation is None:
        raise Http404
    if closed := service.why_closed(invitation):
        return render(request, "secretariat/invitation_closed.html", {"invitation": invitation, "closed": closed}, status=410)
    if request.user.is_authenticated:
        return _accept_signed_in(request, token, invitation)
    known = User.objects.filter(email__iexact=invitation.email).exists()
    first, _space, last = invitation.full_name.partition(" ")
    form = None
    if not known:
        person = User(email=invitation.email, username=invitation.email)
        form = AcceptForm(person, request.POST or None, initial={"first_name": first, "last_name": last})
    refused = None
    if request.method == "POST" and form is not None and form.is_valid():
        fields = {name: form.cleaned_data[name] for name in ("first_name", "last_name", "mobile")}
        try:
            user = service.accept_as_new(token, password=form.cleaned_data["new_password1"], **fields)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            login(request, user, backend="secretariat.sign_in.AnyNameBackend")
            return _welcome(request)
    words = {"invitation": invitation, "form": form, "known": known, "refused": refused}
    return render(request, "secretariat/invitation_accept.html", words)


def _accept_signed_in(request, token, invitation):
    refused = None
    if request.method == "POST":
        try:
            service.accept(token, user=request.user)
        except RuleBroken as broken:
            refused = broken.message
        else:
            request.session.cycle_key()  # the person may do more from here on
            return _welcome(request)
    other = (request.user.email or "").lower() != invitation.email.lower()
    words = {"invitation": invitation, "form": None, "signed_in": True, "other_address": other, "refused": refused}
    return render(request, "secretariat/invitation_accept.html", words)


def _welcome(request):
    messages.success(request, _("Welcome. The invitation is accepted."))
    return redirect(settings.LOGIN_REDIRECT_URL)
