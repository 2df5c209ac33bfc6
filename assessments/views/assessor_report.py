"""What a round's results tell of its assessors: the list, one report each, setting aside and taking back."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assessments import rules
from assessments.forms.rounds import ReasonForm
from assessments.models import Assessor, SetAside
from assessments.selectors import assessor_report as selectors
from assessments.selectors import flags, set_aside
from assessments.services import set_aside as services
from assessments.views.readers import results_readers
from assessments.views.rounds import form_page, round_tabs
from secretariat.errors import RuleBroken
from secretariat.gate import once
from secretariat.lists import Column, ListPage, Toggle
from secretariat.templatetags.portal_text import num

A_PAGE = 50  # sheets


class RoundAssessors(ListPage):
    name = "assessors"
    caption = gettext_lazy("Assessors of the round")
    search = ("assessor__user__search_key",)
    default_sort = "severity"
    empty_title = gettext_lazy("No assessor is in this list.")
    empty_text = gettext_lazy("As soon as assessments are submitted and computed, their assessors are read here.")

    def __init__(self, request, round_):
        super().__init__(request)
        self.round = round_
        self.fragile = set(round_.run.summary.get("fragile_assessors", [])) if round_.run else set()
        self.columns = [
            Column("name", _("Assessor"), sort="assessor__user__sort_key", value="assessor", link=True),
            Column(
                "severity",
                _("Points above colleagues"),
                sort="severity",
                kind="number",
                places=1,
                template="assessments/_assessor_above.html",
            ),
            Column("interval", _("95% interval"), value=_interval),
            Column("sheets", _("Sheets"), sort="sheets", kind="number"),
            Column("mean", _("Mean given"), sort="mean_given", value="mean_given", kind="number", places=1),
            Column("fit", _("Fit to the panels"), sort="infit", value=_fit, template="assessments/_assessor_fit.html"),
            Column("infit", _("Infit"), sort="infit", kind="number", places=2, shown=False),
            Column("outfit", _("Outfit"), sort="outfit", kind="number", places=2, shown=False),
            Column("slope", _("Slope"), sort="slope", kind="number", places=2),
            Column("spread", _("Spread within sheets"), sort="spread", kind="number", places=1, shown=False),
            Column("straight", _("Same answer throughout"), sort="straight", value=_straight, kind="percent", places=0),
            Column("weight", _("Weight in the robust score"), sort="weight", kind="number", places=2, shown=False),
            Column("marks", _("Notes"), sort="asked", value=self.remarks, template="assessments/_assessor_marks.html"),
        ]
        self.filters = [
            Toggle("open", _("With open questions"), lambda rows: rows.filter(open__gt=0)),
            Toggle("fragile", _("Fragile link"), lambda rows: rows.filter(assessor__in=self.fragile)),
        ]

    def queryset(self):
        return selectors.readings(self.round)

    def row_url(self, row):
        return reverse("round_assessor", args=[self.round.pk, row.assessor_id])

    def remarks(self, row):
        """What is to be known besides the numbers, in words."""
        words = [_("Fragile link")] if row.assessor_id in self.fragile else []
        if row.asked:
            words.append(_("Questions: %(count)s") % {"count": num(row.asked)})
        return " · ".join(words)


def _interval(row):
    if row.low is None:
        return None
    return _("%(low)s to %(high)s") % {"low": num(row.low, 1), "high": num(row.high, 1)}


def _fit(row):
    return selectors.fit_word(selectors.fit_of(row))


def _straight(row):
    return None if row.straight is None else 100 * row.straight


@results_readers
@require_safe
def round_assessors(request, round_):
    page = RoundAssessors(request, round_)
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_assessors"),
        "readings": [] if "export" in request.GET else list(selectors.readings(round_)),
        "aside": set_aside.in_force(round_).order_by("pk"),
        "is_stale": round_.entries.stale().exists(),
    }
    return page.respond("assessments/round_assessors.html", context)


def _find_assessor(round_, pk):
    """An assessor who was asked anything in this round."""
    rows = Assessor.objects.filter(assignments__entry__round=round_).select_related("user").distinct()
    return get_object_or_404(rows, pk=pk)


@results_readers
@require_safe
def round_assessor(request, round_, assessor):
    """The report of one assessor in one round."""
    person = _find_assessor(round_, assessor)
    page = Paginator(selectors.judged_sheets(round_, person), A_PAGE).get_page(request.GET.get("page"))
    about = flags.flags_of(round_).filter(flags.about(person.pk)).order_by("-is_raised", "pk")
    asides = list(SetAside.objects.filter(round=round_, assessor=person).select_related("by", "ended_by").order_by("-pk"))
    aside = next((row for row in asides if row.ended_at is None), None)
    card = None if aside else selectors.card(round_, person.pk)
    context = {
        "round": round_,
        "assessor": person,
        "card": card,
        "page": page,
        "lines": selectors.sheet_lines(page.object_list, card.reading) if card else [],
        "flags": [{"flag": flag, "question": flags.question(flag)} for flag in about],
        "aside": aside,
        "former": [row for row in asides if row.ended_at is not None],
        "can_decide": round_.status in rules.LIVE_ROUNDS and person.user_id != request.user.pk,
        "is_stale": round_.entries.stale().exists(),
    }
    return render(request, "assessments/round_assessor.html", context)


@results_readers
@form_page
@once
def round_set_aside(request, round_, assessor):
    """Say what setting an assessor aside would change, and do it for a reason."""
    person = _find_assessor(round_, assessor)
    refusal = set_aside.why_not(round_, person, request.user)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_aside(round_.pk, person.pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(
                request, _("The ratings of %(name)s are set aside; the scores are computed anew.") % {"name": person}
            )
            return redirect("round_assessor", round_.pk, person.pk)
    context = {"round": round_, "assessor": person, "form": form, "refusal": refusal}
    if not refusal:
        context["preview"] = set_aside.preview(round_, person.pk)
    return render(request, "assessments/round_set_aside.html", context, status=422 if form.errors else 200)


@results_readers
@form_page
@once
def round_take_back(request, round_, assessor):
    """Count an assessor again who was set aside, for a reason."""
    person = _find_assessor(round_, assessor)
    standing = set_aside.in_force(round_).filter(assessor=person).first()
    if standing is None and request.method != "POST":
        raise Http404
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.take_back(round_.pk, person.pk, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The ratings of %(name)s count again; the scores are computed anew.") % {"name": person})
            return redirect("round_assessor", round_.pk, person.pk)
    context = {"round": round_, "assessor": person, "form": form, "aside": standing}
    return render(request, "assessments/round_take_back.html", context, status=422 if form.errors else 200)
