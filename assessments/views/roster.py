"""The roster of assessors as officers keep it."""

from django.contrib import messages
from django.db.models import F
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assessments import rules
from assessments.forms.roster import AssessorForm
from assessments.forms.rounds import ReasonForm
from assessments.forms.ties import ConflictForm, Rows
from assessments.models import Assessor, Assignment, ConflictOfInterest, ExpertiseField, IndicatorSet, Subject
from assessments.selectors import rounds as selectors
from assessments.selectors.assessor_record import pictures, with_record, years
from assessments.services import conflicts
from assessments.services import roster as services
from assessments.views.rounds import form_page
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage, RowAction
from secretariat.models import Invitation, Province, Unit
from secretariat.templatetags.portal_parts import address
from secretariat.typed import whole


def _of(many, column):
    """A filter by one of several choices, which doubles no row."""
    return lambda rows, value: rows.filter(pk__in=many.objects.filter(**{column: value}).values("assessor"))


PUNCTUAL = {
    "low": (gettext_lazy("under half"), {"punctual__lt": 50}),
    "fair": (gettext_lazy("half and more"), {"punctual__gte": 50, "punctual__lt": 90}),
    "good": (gettext_lazy("nine of ten and more"), {"punctual__gte": 90}),
}


class AssessorList(ListPage):
    name = "assessors"
    caption = gettext_lazy("Assessors")
    columns = [
        Column("name", gettext_lazy("Assessor"), sort="user__sort_key", value="user", link=True),
        Column("fields", gettext_lazy("Fields of expertise"), value=lambda row: "، ".join(map(str, row.expertise_fields.all()))),
        Column("field", gettext_lazy("In own words"), sort="field_fa", shown=False),
        Column("sets", gettext_lazy("Assesses"), value=lambda row: "، ".join(map(str, row.expertise.all())), shown=False),
        Column("languages", gettext_lazy("Languages"), value="languages_text", shown=False),
        Column("province", gettext_lazy("Province"), sort="province__sort_key", value="province.name", shown=False),
        Column("load", gettext_lazy("At work on"), sort="load", kind="number"),
        Column("capacity", gettext_lazy("At most today"), sort="allowed", value="allowed", kind="number"),
        Column("asked", gettext_lazy("Asked"), sort="asked", kind="number"),
        Column("accepted", gettext_lazy("Accepted"), sort="accepted", kind="number", shown=False),
        Column("declined", gettext_lazy("Declined"), sort="declined", kind="number", shown=False),
        Column("submitted", gettext_lazy("Submitted"), sort="submitted", kind="number"),
        Column("punctual", gettext_lazy("On time"), sort="punctual", kind="percent", places=0),
        Column("days", gettext_lazy("Days needed (median)"), sort="median_days", value="median_days", kind="number", places=1),
        Column("active", gettext_lazy("May be asked"), sort="is_active", value="is_active", kind="bool"),
        Column("joined", gettext_lazy("On the roster since"), sort="joined_at", value="joined_at", kind="date", shown=False),
    ]
    filters = [
        Choice(
            "expertise",
            gettext_lazy("Indicator set"),
            lambda request: [(row.pk, row.title) for row in IndicatorSet.objects.all()],
            apply=_of(Assessor.expertise.through, "indicatorset"),
        ),
        Choice(
            "field",
            gettext_lazy("Field of expertise"),
            lambda request: [(row.pk, str(row)) for row in ExpertiseField.objects.all()],
            apply=_of(Assessor.expertise_fields.through, "expertisefield"),
        ),
        Choice("language", gettext_lazy("Language"), Assessor.Language.choices, apply=lambda rows, value: rows.filter(languages__contains=[value])),
        Choice("province", gettext_lazy("Province"), lambda request: [(row.pk, row.name) for row in Province.objects.all()]),
        Choice(
            "active",
            gettext_lazy("May be asked"),
            [("yes", gettext_lazy("yes")), ("no", gettext_lazy("no"))],
            apply=lambda rows, value: rows.filter(is_active=value == "yes"),
        ),
        Choice(
            "time",
            gettext_lazy("Time today"),
            [("free", gettext_lazy("has time")), ("full", gettext_lazy("as many as agreed")), ("away", gettext_lazy("away"))],
            apply=lambda rows, value: {
                "free": rows.filter(allowed__gt=F("load")),
                "full": rows.filter(allowed__lte=F("load"), allowed__gt=0),
                "away": rows.filter(allowed=0),
            }[value],
        ),
        Choice(
            "punctual",
            gettext_lazy("On time"),
            [(key, label) for key, (label, _bounds) in PUNCTUAL.items()],
            apply=lambda rows, value: rows.filter(**PUNCTUAL[value][1]),
        ),
    ]
    search = ("user__search_key", "field_fa", "field_en")
    default_sort = "name"
    empty_title = gettext_lazy("Nobody is on the roster.")
    empty_text = gettext_lazy("Invite assessors by e-mail, add people who have an account, or send a table.")

    def queryset(self):
        shown = {column.key for column in self.shown_columns}
        beside = [path for key, path in (("fields", "expertise_fields"), ("sets", "expertise")) if key in shown]
        roster = with_record(selectors.assessors_with_load(Assessor.objects.all()))
        return roster.select_related("user", "province").prefetch_related(*beside)

    def row_url(self, row):
        return reverse("assessor_detail", args=[row.pk])

    def row_actions(self, row):
        return [RowAction(_("Edit"), reverse("assessor_edit", args=[row.pk]), "pencil")]


def roster_tabs(here):
    """The two halves of the roster: who is on it, and who is invited to it."""
    names = {"assessor_list": _("On the roster"), "assessor_invited": _("Invited")}
    return [(label, reverse(name), name == here) for name, label in names.items()]


@officers_only
@require_safe
def assessor_list(request):
    context = {"invite_url": address("invitation_new"), "tabs": roster_tabs("assessor_list")}
    return AssessorList(request).respond("assessments/assessor_list.html", context)


def find_assessor(pk):
    return get_object_or_404(selectors.assessors_with_load(Assessor.objects.all()), pk=pk)


@officers_only
@require_safe
def assessor_detail(request, pk):
    assessor = find_assessor(pk)
    assignments = Assignment.objects.filter(assessor=assessor).select_related("entry__subject", "entry__round").order_by("-pk")
    by_year, whole = years(assessor)
    context = {
        "assessor": assessor,
        "affiliations": assessor.affiliations.select_related("agency", "unit", "by").order_by("agency__sort_key", "pk"),
        "relations": assessor.relations.select_related("by").order_by("name", "pk"),
        "periods": assessor.periods.all(),
        "roles": [grant for grant in assessor.user.grants if grant.agency_id or grant.unit_id],
        "conflicts": _conflicts(assessor),
        "waivers": assessor.waivers.select_related("subject"),
        "expertise": assessor.expertise.all(),
        "fields": assessor.expertise_fields.all(),
        "invitation": Invitation.objects.filter(purpose=Invitation.Purpose.ASSESSOR, accepted_by=assessor.user).order_by("-pk").first(),
        "assignments": assignments[:50],
        "all_url": f"{reverse('assignment_list')}?assessor={assessor.pk}",
        "years": by_year,
        "whole": whole,
        "pictures": pictures(by_year),
    }
    return render(request, "assessments/assessor_detail.html", context)


def _conflicts(assessor):
    """(conflict, whether staff may end it) of all that is on record."""
    open_ = set(assessor.conflicts.binding().filter(source=ConflictOfInterest.Source.STAFF).values_list("pk", flat=True))
    return [(row, row.pk in open_) for row in assessor.conflicts.select_related("subject", "by").order_by("-pk")]


@officers_only
@form_page
@once
def assessor_new(request):
    form, rows = AssessorForm(request.POST or None, new=True), Rows(request.POST or None)
    if request.method == "POST" and form.is_valid() & rows.is_valid():
        try:
            made = services.add_assessor(by=request.user, **form.cleaned_data, **rows.wanted())
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("%(name)s is on the roster.") % {"name": made})
            return redirect("assessor_detail", made.pk)
    failed = request.method == "POST"
    context = {"form": form, "rows": rows, "units": unit_names(), "invite_url": address("invitation_new")}
    return render(request, "assessments/assessor_new.html", context, status=422 if failed else 200)


@officers_only
@form_page
@once
def assessor_edit(request, pk):
    assessor = find_assessor(pk)
    form, rows = AssessorForm(request.POST or None, assessor=assessor), Rows(request.POST or None, assessor)
    stands, version = save_profile(
        request, form, rows, lambda **said: services.edit_assessor(pk, by=request.user, **said), assessor.version
    )
    if version is None:
        messages.success(request, _("Saved."))
        return redirect("assessor_detail", pk)
    context = {"assessor": assessor, "form": form, "rows": rows, "units": unit_names(), "current": stands, "version": version}
    return render(request, "assessments/assessor_edit.html", context, status=422 if request.method == "POST" else 200)


def save_profile(request, form, rows, save, version):
    """Try to save a posted profile. Gives (what stands meanwhile, version to show); the version is None once it is saved."""
    if request.method != "POST" or not form.is_valid() & rows.is_valid():
        return [], version
    try:
        save(version=whole(request.POST.get("version"), 0), **form.cleaned_data, **rows.wanted())
    except Stale as stale:
        form.add_error(None, stale.message)
        return form.beside(stale.current), stale.current.version
    except RuleBroken as broken:
        broken.show_in(form)
        return [], version
    return [], None


def unit_names():
    """The names of units that a form of affiliations suggests."""
    return Unit.objects.order_by("agency__sort_key", "sort_key").values_list("name_fa", flat=True).distinct()[:300]


@officers_only
@form_page
@once
def assessor_conflict(request, pk):
    """Record that an assessor must not judge one product; what he has to do with it ends at once."""
    assessor = find_assessor(pk)
    recorded = ConflictOfInterest.objects.binding().filter(assessor=assessor)
    subjects = Subject.objects.exclude(conflicts__in=recorded).filter(entries__round__status__in=rules.BINDING_ROUNDS).distinct()
    form = ConflictForm(request.POST or None, subjects=subjects.order_by("title_fa", "pk"))
    if request.method == "POST" and form.is_valid():
        try:
            said = form.cleaned_data
            conflicts.set_conflict(pk, said["subject"].pk, said["reason"], by=request.user, until=said["until"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The conflict of interest is recorded."))
            return redirect("assessor_detail", pk)
    return render(
        request, "assessments/assessor_conflict.html", {"assessor": assessor, "form": form}, status=422 if form.errors else 200
    )


@officers_only
@form_page
@once
def conflict_end(request, pk):
    """End a conflict that staff recorded: the assessor may be asked about the product again."""
    conflict = get_object_or_404(ConflictOfInterest.objects.select_related("assessor__user", "subject", "by"), pk=pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            conflicts.end_conflict(pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The conflict of interest is over."))
            return redirect("assessor_detail", conflict.assessor_id)
    context = {"conflict": conflict, "assessor": conflict.assessor, "form": form}
    return render(request, "assessments/conflict_end.html", context, status=422 if form.errors else 200)
