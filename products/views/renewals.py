"""Renewal of marks as agencies ask for it: begun on the mark's page, written, sent; the secretariat's list and its answer."""

from http import HTTPStatus
from types import SimpleNamespace

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from products import rules
from products.forms.renewals import AcceptForm, ChangesForm, DeclineForm
from products.models import QualityMark, RenewalFile, RenewalRequest
from products.selectors.renewals import names_maker
from products.services import renewal_requests as services
from secretariat.calendar import clock
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage
from secretariat.private_files import answer
from secretariat.rules import is_officer, represented_agencies, represents
from secretariat.typed import whole
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])


class RenewalList(ListPage):
    """Requests for renewal, those that wait for an answer in front for who answers them."""

    name = "renewals"
    caption = gettext_lazy("Requests for renewal")
    columns = [
        Column("product", gettext_lazy("Product"), sort="mark__product__sort_key", value="mark.product.title", link=True),
        Column("agency", gettext_lazy("Agency"), sort="mark__product__agency__sort_key", value="mark.product.agency.name"),
        Column("level", gettext_lazy("Level"), value="mark.get_level_display"),
        Column("until", gettext_lazy("Valid until"), sort="mark__valid_until", value="mark.valid_until", kind="date"),
        Column("sent", gettext_lazy("Request sent on"), sort="sent_at", value="sent_at", kind="date"),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("round", gettext_lazy("Round"), value=lambda row: row.round.title if row.round else "", shown=False),
    ]
    filters = [Choice("status", gettext_lazy("State"), rules.RenewalStatus.choices)]
    search = ("mark__product__search_key", "mark__product__agency__search_key", "mark__serial")
    default_sort = "-sent"
    empty_title = gettext_lazy("No renewal was asked for yet.")
    empty_text = gettext_lazy("Agencies ask on the page of a mark, in its last ninety days.")

    def queryset(self):
        return RenewalRequest.objects.visible_to(self.request.user).select_related("mark__product__agency", "round")


@require_safe
def renewal_list(request):
    """Who asks for which mark to be renewed; an agency reads its own."""
    if not (is_officer(request.user) or represented_agencies(request.user)):
        raise Http404
    return RenewalList(request).respond("products/renewal_list.html")


def _request(request, pk):
    rows = RenewalRequest.objects.visible_to(request.user).select_related("mark__product__agency", "mark__product__kind", "round")
    return get_object_or_404(rows, pk=pk)


def _mine(request, pk):
    """The request, for the agency whose it is; to others this form does not exist."""
    found = _request(request, pk)
    if not represents(request.user, found.mark.product.agency_id):
        raise Http404
    return found


@require_POST
@once
def renewal_start(request, pk):
    """Begin to ask for the renewal of a mark, or go on where it was begun."""
    marks = QualityMark.objects.filter(product__agency__in=represented_agencies(request.user), published_at__isnull=False)
    mark = get_object_or_404(marks, pk=pk)
    with refusals_told(request):
        made = services.start(mark.pk, by=request.user)
        return redirect("renewal_edit" if made.is_draft else "renewal_detail", made.pk)
    return redirect("product_detail", mark.product_id)


@require_safe
def renewal_detail(request, pk):
    """A request: what it says, how it stands, and what may be done about it."""
    found = _request(request, pk)
    steps = open_steps(found, request.user)
    context = {
        "asked": found,
        "mark": found.mark,
        "steps": steps,
        "may_answer": {"accept", "decline"} & steps.keys(),
        "files": file_rows_of(found),
        "moves": found.moves.select_related("by"),
        "reason": found.moves.filter(action="decline").last(),
        "staff": is_officer(request.user),
    }
    return render(request, "products/renewal_detail.html", context)


def file_rows_of(found, *, removable=False):
    """Its files as the list of files shows them."""
    return [
        SimpleNamespace(
            name=file.name,
            size=file.size,
            content_type=file.content_type,
            url=reverse("renewal_file", args=[file.pk]),
            remove_url=reverse("renewal_file_remove", args=[file.pk]) if removable else "",
        )
        for file in found.files.filter(removed_at=None)
    ]


# --- write ---------------------------------------------------------------------------------------


@form_page
@once
def renewal_edit(request, pk):
    """What has changed since the mark: kept while it is written, sent once."""
    found = _mine(request, pk)
    if not found.is_draft:
        return redirect(found)
    posted = request.POST if request.method == "POST" else None
    form = ChangesForm(posted, request.FILES or None, initial={"changes": found.changes})
    version, stands = found.version, None
    if posted is not None and form.is_valid():
        try:
            return _saved(request, found, form)
        except Stale as stale:
            form.add_error(None, stale.message)
            stands, version = stale.current.changes, stale.current.version
        except RuleBroken as broken:
            broken.show_in(form)
    context = {
        "asked": found,
        "mark": found.mark,
        "form": form,
        "version": version,
        "stands": stands,
        "refusal": rules.why_not_renewed(found.mark),
        "files": file_rows_of(found, removable=True),
    }
    return render(request, "products/renewal_edit.html", context, status=422 if form.errors else 200)


def _saved(request, found, form):
    services.save_draft(found.pk, form.cleaned_data["changes"], by=request.user, version=whole(request.POST.get("version")))
    for upload in request.FILES.getlist("file"):
        services.attach(found.pk, upload, by=request.user)
    if request.POST.get("then") != "send":
        messages.success(request, _("Saved."))
        return redirect("renewal_edit", found.pk)
    services.send(found.pk, by=request.user)
    messages.success(request, _("The request was sent; the secretariat was told."))
    return redirect("renewal_detail", found.pk)


@require_POST
def renewal_autosave(request, pk):
    """Keep what is being typed; answers JSON for the page's script."""
    found = _mine(request, pk)
    form = ChangesForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        kept = services.save_draft(found.pk, form.cleaned_data["changes"], by=request.user, version=whole(request.POST.get("version")))
    except Stale as stale:
        told = {"message": str(stale), "url": reverse("renewal_edit", args=[pk]), "compare": _("Compare the two")}
        return JsonResponse(told, status=HTTPStatus.CONFLICT)
    except RuleBroken as refusal:
        return JsonResponse({"message": str(refusal), "errors": {}}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return JsonResponse({"version": kept.version, "saved_at": clock(timezone.now())})


@require_POST
@once
def renewal_withdraw(request, pk):
    """Take the request back."""
    found = _mine(request, pk)
    with refusals_told(request):
        services.withdraw(found.pk, by=request.user)
        messages.success(request, _("The request was withdrawn."))
    return redirect("renewal_detail", pk)


# --- files ---------------------------------------------------------------------------------------


@require_safe
def renewal_file(request, pk):
    """A file beside a request, for those who read the request and for the council that decides on the product."""
    file = get_object_or_404(RenewalFile.objects.visible_to(request.user), pk=pk)
    return answer(request, file, file.name)


@require_POST
@once
def renewal_file_remove(request, pk):
    """Take a file out of a request that is still being written."""
    rows = RenewalFile.objects.filter(request__in=RenewalRequest.objects.visible_to(request.user))
    file = get_object_or_404(rows, pk=pk)
    _mine(request, file.request_id)
    with refusals_told(request):
        services.detach(file.pk, by=request.user)
        messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    return redirect("renewal_edit", file.request_id)


# --- answer --------------------------------------------------------------------------------------


@officers_only
@form_page
@once
def renewal_answer(request, pk):
    """Accept the product into a round to be judged anew, or decline with a reason."""
    found = _request(request, pk)
    if not {"accept", "decline"} & open_steps(found, request.user).keys():
        return redirect(found)
    action = request.POST.get("action", "") if request.method == "POST" else ""
    accept = AcceptForm(request.POST if action == "accept" else None, user=request.user)
    decline = DeclineForm(request.POST if action == "decline" else None)
    form = {"accept": accept, "decline": decline}.get(action)
    if form is not None and form.is_valid():
        try:
            if action == "accept":
                services.accept(pk, form.cleaned_data["round"].pk, by=request.user)
            else:
                services.decline(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Done; the agency was told."))
            return redirect("renewal_detail", pk)
    context = {
        "asked": found,
        "mark": found.mark,
        "accept": accept,
        "decline": decline,
        "refused": form,
        "named": names_maker(found.mark.product.versions.select_related("product__agency").first(), found.changes),
        "obstacle": rules.why_not_renewed(found.mark),
    }
    return render(
        request, "products/renewal_answer.html", context, status=422 if form is not None or request.method == "POST" else 200
    )
