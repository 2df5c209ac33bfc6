"""The roster of assessors as officers keep it."""

from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assessments import rules
from assessments.forms.roster import AssessorForm
from assessments.forms.ties import AffiliationFormSet, ConflictForm
from assessments.models import Assessor, Assignment, IndicatorSet, Subject
from assessments.selectors import rounds as selectors
from assessments.services import conflicts
from assessments.services import roster as services
from assessments.views.rounds import form_page
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage, RowAction
from secretariat.templatetags.portal_parts import address


class AssessorList(ListPage):
    name = "assessors"
    caption = gettext_lazy("Assessors")
    columns = [
        Column("name", gettext_lazy("Assessor"), sort="user__sort_key", value="user", link=True),
        Column("field", gettext_lazy("Field of expertise"), sort="field_fa"),
        Column("load", gettext_lazy("At work on"), sort="load", kind="number"),
        Column("capacity", gettext_lazy("At most"), sort="capacity", kind="number"),
        Column("submitted", gettext_lazy("Submitted"), sort="submitted_count", value="submitted_count", kind="number"),
        Column("active", gettext_lazy("May be asked"), sort="is_active", value="is_active", kind="bool"),
        Column("joined", gettext_lazy("On the roster since"), sort="joined_at", value="joined_at", kind="date", shown=False),
    ]
    filters = [
        Choice(
            "expertise",
            gettext_lazy("Expertise"),
            lambda request: [(row.pk, row.title) for row in IndicatorSet.objects.all()],
            apply=lambda rows, value: rows.filter(
                pk__in=Assessor.expertise.through.objects.filter(indicatorset=value).values("assessor")
            ),
        ),
        Choice(
            "active",
            gettext_lazy("May be asked"),
            [("yes", gettext_lazy("yes")), ("no", gettext_lazy("no"))],
            apply=lambda rows, value: rows.filter(is_active=value == "yes"),
        ),
    ]
    search = ("user__search_key", "field_fa", "field_en")
    default_sort = "name"
    empty_title = gettext_lazy("Nobody is on the roster.")
    empty_text = gettext_lazy("Invite assessors by e-mail, or add people who have an account.")

    def queryset(self):
        done = Count("assignments", filter=Q(assignments__status=rules.AssignmentStatus.SUBMITTED), distinct=True)
        return selectors.assessors_with_load(Assessor.objects.all()).annotate(submitted_count=done)

    def row_url(self, row):
        return reverse("assessor_detail", args=[row.pk])

    def row_actions(self, row):
        return [RowAction(_("Edit"), reverse("assessor_edit", args=[row.pk]), "pencil")]


@officers_only
@require_safe
def assessor_list(request):
    return AssessorList(request).respond("assessments/assessor_list.html", {"invite_url": address("invitation_new")})


def find_assessor(pk):
    return get_object_or_404(selectors.assessors_with_load(Assessor.objects.all()), pk=pk)


@officers_only
@require_safe
def assessor_detail(request, pk):
    assessor = find_assessor(pk)
    assignments = Assignment.objects.filter(assessor=assessor).select_related("entry__subject", "entry__round").order_by("-pk")
    context = {
        "assessor": assessor,
        "affiliations": assessor.affiliations.select_related("agency").order_by("agency__sort_key"),
        "roles": [grant for grant in assessor.user.grants if grant.agency_id or grant.unit_id],
        "conflicts": assessor.conflicts.select_related("subject", "by"),
        "expertise": assessor.expertise.all(),
        "assignments": assignments[:50],
        "all_url": f"{reverse('assignment_list')}?assessor={assessor.pk}",
    }
    return render(request, "assessments/assessor_detail.html", context)


@officers_only
@form_page
@once
def assessor_new(request):
    form, ties = AssessorForm(request.POST or None, new=True), AffiliationFormSet(request.POST or None, prefix="ties")
    if request.method == "POST" and form.is_valid() & ties.is_valid():
        try:
            made = services.add_assessor(by=request.user, affiliations=ties.wanted(), **form.cleaned_data)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("%(name)s is on the roster.") % {"name": made})
            return redirect("assessor_detail", made.pk)
    failed = request.method == "POST"
    context = {"form": form, "ties": ties, "invite_url": address("invitation_new")}
    return render(request, "assessments/assessor_new.html", context, status=422 if failed else 200)


@officers_only
@form_page
@once
def assessor_edit(request, pk):
    assessor = find_assessor(pk)
    present = [
        {"id": row.pk, "agency": row.agency_id, "since": row.since, "until": row.until, "note": row.note}
        for row in assessor.affiliations.order_by("agency__sort_key")
    ]
    names = ("field_fa", "field_en", "capacity", "is_active")
    now = {
        **{name: getattr(assessor, name) for name in names},
        "expertise": list(assessor.expertise.values_list("pk", flat=True)),
    }
    form = AssessorForm(request.POST or None, initial=now)
    ties = AffiliationFormSet(request.POST or None, prefix="ties", initial=present)
    stands, version = [], assessor.version
    if request.method == "POST" and form.is_valid() & ties.is_valid():
        typed = request.POST.get("version", "")
        try:
            services.edit_assessor(
                pk,
                by=request.user,
                version=int(typed) if typed.isdecimal() else 0,
                affiliations=ties.wanted(),
                **form.cleaned_data,
            )
        except Stale as stale:
            form.add_error(None, stale.message)
            current = stale.current
            stands = [
                (form[name].label, getattr(current, name))
                for name in names
                if getattr(current, name) != form.cleaned_data.get(name)
            ]
            version = current.version
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect("assessor_detail", pk)
    context = {"assessor": assessor, "form": form, "ties": ties, "current": stands, "version": version}
    return render(request, "assessments/assessor_edit.html", context, status=422 if request.method == "POST" else 200)


@officers_only
@form_page
@once
def assessor_conflict(request, pk):
    """Record that an assessor must not judge one product; what he has to do with it ends at once."""
    assessor = find_assessor(pk)
    subjects = (
        Subject.objects.exclude(conflicts__assessor=assessor).filter(entries__round__status__in=rules.LIVE_ROUNDS).distinct()
    )
    form = ConflictForm(request.POST or None, subjects=subjects.order_by("title_fa"))
    if request.method == "POST" and form.is_valid():
        try:
            conflicts.set_conflict(pk, form.cleaned_data["subject"].pk, form.cleaned_data["reason"], by=request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The conflict of interest is recorded."))
            return redirect("assessor_detail", pk)
    return render(
        request, "assessments/assessor_conflict.html", {"assessor": assessor, "form": form}, status=422 if form.errors else 200
    )
