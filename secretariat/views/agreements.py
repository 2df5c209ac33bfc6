"""Agreements with agencies: for officers to keep, for both sides to follow, and what of them is public."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.forms.actions import AgreementForm, CommitmentForm, EvidenceForm, WhyForm
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage
from secretariat.models import ActionItem, Agreement, AgreementFile, AgreementReview
from secretariat.private_files import answer
from secretariat.rules import actions as rules
from secretariat.rules import is_officer, serves_council
from secretariat.selectors import actions as action_selectors
from secretariat.selectors import agreements as selectors
from secretariat.services import actions as action_services
from secretariat.services import agreements as services
from secretariat.typed import whole
from secretariat.uploads import EXTENSIONS
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])


def find_agreement(request, pk):
    return get_object_or_404(Agreement.objects.visible_to(request.user).select_related("agency", "council"), pk=pk)


class AgreementList(ListPage):
    name = "agreements"
    caption = gettext_lazy("Agreements")
    columns = [
        Column("title", gettext_lazy("Title"), sort="sort_key", link=True),
        Column("agency", gettext_lazy("Agency"), sort="agency__sort_key", value="agency.name"),
        Column("number", gettext_lazy("Number"), sort="number", kind="reference"),
        Column("signed", gettext_lazy("Signed on"), sort="signed_on", value="signed_on", kind="date"),
        Column("until", gettext_lazy("Valid until"), sort="valid_until", value="valid_until", kind="date", shown=False),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("open", gettext_lazy("To be done"), sort="open_count", value="open_count", kind="number"),
        Column("late", gettext_lazy("Late"), sort="late_count", value="late_count", kind="number"),
    ]
    filters = [Choice("status", gettext_lazy("State"), Agreement.Status.choices)]
    search = ("search_key", "agency__search_key")
    default_sort = "-signed"
    empty_title = gettext_lazy("There is no agreement yet.")

    def queryset(self):
        return selectors.with_counts(Agreement.objects.visible_to(self.request.user).select_related("agency"))


@require_safe
def agreement_list(request):
    return AgreementList(request).respond("secretariat/agreement_list.html")


@login_not_required
@require_safe
def agreement_detail(request, pk):
    """An agreement with its commitments for the two sides; for everybody else what was published of it."""
    agreement = find_agreement(request, pk)
    return render(request, "secretariat/agreement_detail.html", page_of(request, agreement))


def page_of(request, agreement, evidence=None):
    """What the page of one agreement shows; `evidence` is a form that came back with errors."""
    inside, staff = selectors.reads_inside(request.user, agreement), is_officer(request.user)
    if not inside:
        return {"agreement": agreement, "inside": False}
    return {
        "agreement": agreement,
        "inside": True,
        "staff": staff,
        "commitments": selectors.commitments(agreement, request.user),
        "files": selectors.file_rows(agreement, removable=staff),
        "evidence": evidence or EvidenceForm(),
        "accept": ",".join(EXTENSIONS),
        "steps": open_steps(agreement, request.user),
        "missing": agreement.missing() if staff and agreement.is_draft else [],
        "reviews": agreement.reviews.select_related("made_by"),
        "on_agendas": agreement.on_agendas.select_related("item__meeting__council", "taken_off_by"),
        "may_review": staff or serves_council(request.user, agreement.council_id),
    }


@officers_only
@form_page
@once
def agreement_new(request):
    form = AgreementForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(services.create(by=request.user, **form.values()))
        except RuleBroken as broken:
            broken.show_in(form)
    context = {"form": form, "agreement": None}
    return render(request, "secretariat/agreement_edit.html", context, status=422 if form.errors else 200)


@officers_only
@form_page
@once
def agreement_edit(request, pk):
    """Change a draft; what went stale stands beside what was typed."""
    agreement = find_agreement(request, pk)
    if not agreement.is_draft:
        messages.info(request, _("A signed agreement stays as it was signed."))
        return redirect(agreement)
    form, beside = AgreementForm(request.POST if request.method == "POST" else None, instance=agreement), None
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(services.save(pk, by=request.user, version=form.cleaned_data["version"], **form.values()))
        except Stale as stale:
            beside = stale.stand_beside(form)
        except RuleBroken as broken:
            broken.show_in(form)
    context = {"form": form, "agreement": agreement, "beside": beside}
    status = 409 if beside is not None else 422 if form.errors else 200
    return render(request, "secretariat/agreement_edit.html", context, status=status)


@officers_only
@form_page
@once
def agreement_move(request, pk, action):
    """Record as signed, or end with a reason."""
    agreement = find_agreement(request, pk)
    step = rules.AGREEMENT_MOVES.get(action)
    if step is None:
        raise Http404
    if request.method != "POST" and action not in open_steps(agreement, request.user):
        return redirect(agreement)
    form = WhyForm(request.POST if request.method == "POST" else None, required=step.needs_reason)
    if request.method == "POST" and form.is_valid():
        version = whole(request.POST.get("version", ""))
        try:
            if action == "sign":
                moved = services.sign(pk, by=request.user, version=version)
            else:
                moved = services.end(pk, by=request.user, version=version, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The agreement is now “%(state)s”.") % {"state": moved.get_status_display()})
            return redirect(moved)
    context = {"agreement": agreement, "step": step, "action": action, "form": form}
    return render(request, "secretariat/agreement_move.html", context, status=422 if form.errors else 200)


@officers_only
@require_POST
@once
def agreement_publish(request, pk):
    """Show its text to everybody, or no longer."""
    agreement, wanted = find_agreement(request, pk), request.POST.get("public") == "1"
    with refusals_told(request):
        services.publish(agreement.pk, by=request.user, is_public=wanted)
        told = _("It stands on the public page of the agency now.") if wanted else _("It is no longer public.")
        messages.success(request, told)
    return redirect(agreement)


@officers_only
@form_page
@once
def commitment_new(request, pk):
    """What one side promised: an action like any other, with a side."""
    agreement = find_agreement(request, pk)
    owners = action_selectors.possible_owners(agreement.council_id, agreement.agency_id)
    form = CommitmentForm(request.POST if request.method == "POST" else None, owners=owners)
    if request.method == "POST" and form.is_valid():
        said = {"side": form.cleaned_data["side"], "owner": form.cleaned_data["owner"], **form.due, **form.words}
        try:
            item = action_services.commit(pk, by=request.user, **said)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("“%(title)s” was given to %(name)s.") % {"title": item, "name": item.owner})
            return redirect(agreement)
    items = ActionItem.objects.visible_to(request.user)
    axes, units = [(axis, axis) for axis in action_selectors.axes(items)], action_selectors.units(items, request.user)
    context = {"form": form, "agreement": agreement, "axes": axes, "units": units}
    return render(request, "secretariat/commitment_new.html", context, status=422 if form.errors else 200)


# --- the annual review ---------------------------------------------------------------------------


@require_POST
@once
def agreement_review_make(request, pk):
    """Make the paper of the review, and open it."""
    agreement = find_agreement(request, pk)
    if not is_officer(request.user) and not serves_council(request.user, agreement.council_id):
        raise Http404
    with refusals_told(request):
        return redirect(services.review(agreement.pk, by=request.user))
    return redirect(agreement)


@require_safe
def agreement_review(request, pk):
    """The paper of a review, to be printed."""
    reviews = AgreementReview.objects.visible_to(request.user).select_related("agreement__agency", "agreement__council")
    review = get_object_or_404(reviews, pk=pk)
    return render(request, "secretariat/agreement_review.html", {"review": review, "parts": selectors.review_parts(review)})


# --- files ---------------------------------------------------------------------------------------


@officers_only
@require_POST
@once
def agreement_file_add(request, pk):
    agreement, form = find_agreement(request, pk), EvidenceForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            file = services.attach(agreement.pk, form.cleaned_data["file"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("“%(name)s” was added.") % {"name": file.name})
            return redirect(reverse("agreement_detail", args=[agreement.pk]) + "#files")
    return render(request, "secretariat/agreement_detail.html", page_of(request, agreement, form), status=422)


@officers_only
@require_POST
@once
def agreement_file_remove(request, pk):
    file = get_object_or_404(AgreementFile.objects.visible_to(request.user), pk=pk)
    services.detach(file.pk, by=request.user)
    messages.success(request, _("“%(name)s” was removed.") % {"name": file.name})
    return redirect(reverse("agreement_detail", args=[file.agreement_id]) + "#files")


@require_safe
def agreement_file(request, pk):
    file = get_object_or_404(AgreementFile.objects.visible_to(request.user), pk=pk)
    return answer(request, file, file.name)
