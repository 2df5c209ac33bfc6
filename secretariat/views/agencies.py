"""The register of agencies: public pages, and the officers' and representatives' pages behind them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from secretariat import rules
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.forms.agencies import AgencyForm, UnitForm
from secretariat.gate import once
from secretariat.lists import Choice, Column, ListPage
from secretariat.models import Agency, RoleGrant, Unit
from secretariat.selectors import agencies as selectors
from secretariat.selectors.agreements import public_of
from secretariat.services import agencies as service


class AgencyList(ListPage):
    name = "agencies"
    caption = gettext_lazy("Member agencies")
    columns = [
        Column("name", gettext_lazy("Name"), sort="sort_key", link=True),
        Column("kind", gettext_lazy("Kind"), sort="kind", value="get_kind_display"),
        Column("province", gettext_lazy("Province"), sort="province__sort_key", value="province.name"),
        Column("units", gettext_lazy("Units"), sort="unit_count", value="unit_count", kind="number"),
        Column("joined", gettext_lazy("Member since"), sort="joined_on", value="joined_on", kind="date", shown=False),
    ]
    filters = [Choice("kind", gettext_lazy("Kind"), Agency.Kind.choices)]
    search = ("search_key",)
    search_label = gettext_lazy("Name of the agency")
    default_sort = "name"
    size = 50
    empty_title = gettext_lazy("No agency fits")

    def queryset(self):
        units = Unit.objects.filter(agency=OuterRef("pk")).order_by().values("agency").annotate(n=Count("pk")).values("n")
        return (
            Agency.objects.visible_to(self.request.user)
            .select_related("province")
            .annotate(unit_count=Coalesce(Subquery(units), 0))
        )


@login_not_required
@require_safe
def agency_list(request):
    """The public register of member agencies; officers see the others too."""
    return AgencyList(request).respond("secretariat/agency_list.html", {"may_edit": rules.is_officer(request.user)})


@login_not_required
@require_safe
def agency_detail(request, slug):
    """A member's public page: what it is and what it consists of; its own people find their tools here."""
    agency = get_object_or_404(Agency.objects.visible_to(request.user).select_related("province"), slug=slug)
    return render(
        request,
        "secretariat/agency_detail.html",
        {
            "agency": agency,
            "tree": selectors.unit_tree(agency),
            "may_edit": rules.is_officer(request.user),
            "is_own": _is_own(request.user, agency),
            "agreements": public_of(agency),
        },
    )


def _is_own(user, agency):
    return rules.is_officer(user) or rules.represents(user, agency.pk)


@once
@require_http_methods(["GET", "HEAD", "POST"])
def agency_edit(request, slug):
    """Officers keep the register; a form that went stale shows what now stands beside what was typed."""
    if not rules.is_officer(request.user):
        raise Http404
    agency = get_object_or_404(Agency.objects.visible_to(request.user), slug=slug)
    form, beside = AgencyForm(request.POST or None, instance=agency), None
    if request.method == "POST" and form.is_valid():
        try:
            service.save_agency(agency.pk, form.values(), by=request.user, version=form.cleaned_data["version"])
        except Stale as stale:
            beside = stale.stand_beside(form)
        except RuleBroken as refused:
            refused.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect(agency)
    words = {"form": form, "agency": agency, "beside": beside}
    return render(request, "secretariat/agency_edit.html", words, status=409 if beside is not None else 200)


@once
@require_http_methods(["GET", "HEAD", "POST"])
def unit_new(request, slug):
    """A new unit of one's own agency; officers may add to any."""
    agency = get_object_or_404(Agency.objects.managed_by(request.user), slug=slug)
    form = UnitForm(request.POST or None, instance=Unit(agency=agency), initial={"parent": request.GET.get("parent")})
    if request.method == "POST" and form.is_valid():
        try:
            unit = service.add_unit(agency, form.values(), by=request.user)
        except RuleBroken as refused:
            refused.show_in(form)
        else:
            messages.success(request, _("“%(unit)s” is added.") % {"unit": unit})
            return redirect(agency)
    return render(request, "secretariat/unit_edit.html", {"form": form, "agency": agency, "unit": None})


@once
@require_http_methods(["GET", "HEAD", "POST"])
def unit_edit(request, pk):
    """Change a unit or its place."""
    unit = get_object_or_404(Unit.objects.managed_by(request.user).select_related("agency"), pk=pk)
    form, beside = UnitForm(request.POST or None, instance=unit), None
    if request.method == "POST" and form.is_valid():
        try:
            service.save_unit(unit.pk, form.values(), by=request.user, version=form.cleaned_data["version"])
        except Stale as stale:
            beside = stale.stand_beside(form)
        except RuleBroken as refused:
            refused.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect(unit.agency)
    words = {"form": form, "agency": unit.agency, "unit": unit, "beside": beside}
    return render(request, "secretariat/unit_edit.html", words, status=409 if beside is not None else 200)


@require_POST
def unit_remove(request, pk):
    """Take out a unit on which nothing hangs."""
    unit = get_object_or_404(Unit.objects.managed_by(request.user).select_related("agency"), pk=pk)
    with refusals_told(request):
        service.remove_unit(unit.pk, by=request.user)
        messages.success(request, _("“%(unit)s” is removed.") % {"unit": unit})
        return redirect(unit.agency)
    return redirect("unit_edit", pk)


@require_safe
def agency_people(request, slug):
    """Who represents the agency, who did, and who is invited to."""
    agency = get_object_or_404(Agency.objects.managed_by(request.user), slug=slug)
    present, past = selectors.representatives(agency)
    return render(
        request,
        "secretariat/agency_people.html",
        {
            "agency": agency,
            "present": present,
            "past": past,
            "invitations": selectors.waiting_invitations(agency),
            "may_change": rules.is_officer(request.user),
        },
    )


@once
@require_http_methods(["GET", "HEAD", "POST"])
def representative_end(request, pk):
    """End a representative's role, with a reason that the person is told."""
    grants = RoleGrant.objects.current().filter(role=RoleGrant.Role.REPRESENTATIVE).select_related("user", "agency")
    grant = get_object_or_404(grants, pk=pk) if rules.is_officer(request.user) else None
    if grant is None:
        raise Http404
    refused, why = None, request.POST.get("why", "")
    if request.method == "POST":
        try:
            service.end_role(grant.pk, by=request.user, why=why)
        except RuleBroken as broken:
            refused = broken.message
        else:
            messages.success(
                request, _("%(person)s no longer represents %(agency)s.") % {"person": grant.user, "agency": grant.agency}
            )
            return redirect("agency_people", grant.agency.slug)
    return render(request, "secretariat/representative_end.html", {"grant": grant, "why": why, "refused": refused}, status=422 if refused else 200)
