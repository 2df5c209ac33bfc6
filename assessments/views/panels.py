"""The panels of a round as a draft: filled by the portal, looked at, settled and applied."""

import functools

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from assessments import rules
from assessments.forms.panels import PanelSettingsForm
from assessments.selectors import panels as selectors
from assessments.selectors.panel_reasons import gap_words, problem_of
from assessments.services import panels as services
from assessments.services.calibration import set_calibration
from assessments.views.assigning import find_entry
from assessments.views.rounds import find_round, form_page, round_tabs
from secretariat.errors import RuleBroken
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage, RowAction, Toggle
from secretariat.templatetags.portal_text import num
from secretariat.typed import whole

MOST_TROUBLES = 12
PAST = 5


def draft_page(view):
    """Give the view the round and its living draft (None without one); rounds past appointing have no such page."""

    @functools.wraps(view)
    def guarded(request, pk, **kwargs):
        round_ = find_round(request, pk)
        if round_.status not in rules.EDITABLE_ROUNDS:
            messages.warning(request, _("Assessors are appointed only while the round is in preparation or open."))
            return redirect(round_)
        draft = selectors.living_draft(round_)
        if draft is not None:
            draft.round = round_
        return view(request, round_, draft, **kwargs)

    return officers_only(guarded)


def draft_pages(round_, here):
    """The two views of a draft, as tabs."""
    names = [("round_panels", _("By product")), ("round_panel_loads", _("By assessor"))]
    return [(label, reverse(name, args=[round_.pk]), name == here) for name, label in names]


class PanelEntries(ListPage):
    name = "panels"
    caption = gettext_lazy("Products and their panels")
    search = ("subject__title_fa", "subject__title_en", "subject__agency__search_key")
    default_sort = "title"
    empty_title = gettext_lazy("No product is in this list.")

    def __init__(self, request, told, troubles):
        super().__init__(request)
        self.told, self.troubles = told, troubles
        wrong = {entry for entry, _assessor in troubles}
        people = [(load.assessor.pk, str(load.assessor)) for load in told.loads]
        self.filters = [
            Choice("assessor", _("With"), sorted(people, key=lambda pair: pair[1]), apply=self._with),
            Toggle("short", _("Panel not complete"), lambda rows: rows.filter(lacking__gt=0, is_calibration=False)),
            Toggle("hand", _("Changed by hand"), lambda rows: rows.filter(hand_count__gt=0)),
            *([Toggle("wrong", _("No longer possible"), lambda rows: rows.filter(pk__in=wrong))] if wrong else []),
        ]
        self.columns = [
            Column("title", _("Product"), sort="subject__title_fa", value="subject", link=True),
            Column("agency", _("Agency"), sort="subject__agency__sort_key", value="subject.agency", shown=False),
            Column("panel", _("Panel"), value=self._names, template="assessments/_panel_seats.html"),
            Column("missing", _("Missing"), sort="lacking", value=self._missing, template="assessments/_panel_gap.html"),
        ]

    def _with(self, rows, assessor):
        return rows.filter(pk__in=self.told.draft.seats.taken().filter(assessor=assessor).values("entry"))

    @staticmethod
    def _names(row):
        return " · ".join(str(seat.assessor) for seat in row.seats if seat.source != rules.SeatSource.BARRED)

    @staticmethod
    def _missing(row):
        return 0 if row.is_calibration else max(0, row.lacking)

    def queryset(self):
        return selectors.entries_with_seats(self.told.draft)

    def row_url(self, row):
        return reverse("round_panel", args=[self.told.draft.round_id, row.pk])

    def row_actions(self, row):
        # Without an icon: hundreds of panels are looked through, and the page stays light.
        return [RowAction(_("Change"), self.row_url(row))]

    def gap_words(self, row):
        gap = self.told.gap(row) if row.pk in self.told.inputs.row else None
        return gap and gap_words(gap)


@draft_page
@require_safe
def round_panels(request, round_, draft):
    """The draft with its figures, what is wrong with it, and every product; the settings where there is none yet."""
    context = {"round": round_, "tabs": round_tabs(round_, "round_panels"), "draft": draft}
    if draft is None:
        context |= {
            "form": PanelSettingsForm(round_),
            "version": 0,
            "products": round_.entries.judged().count(),
            "past": round_.drafts.exclude(status__in=rules.LIVING_DRAFTS).select_related("made_by")[:PAST],
        }
        return render(request, "assessments/round_panels.html", context)
    told = selectors.preview(draft)
    wrong = selectors.troubles(draft, told) if draft.status == draft.Status.READY else {}
    page = PanelEntries(request, told, wrong)
    context |= {
        "pages": draft_pages(round_, "round_panels"),
        "told": told,
        "problem": problem_of(told),
        "troubles": list(wrong.values())[:MOST_TROUBLES],
        "trouble_count": len(wrong),
    }
    return page.respond("assessments/round_panels.html", context)


@draft_page
@never_cache
@require_safe
def round_panels_status(request, round_, draft):
    """The box alone, as it asks for itself while the panels are being filled."""
    context = {"round": round_, "draft": draft, "is_over": draft is None or draft.status != draft.Status.FILLING}
    response = render(request, "assessments/_panels_status.html", context)
    if context["is_over"] and request.htmx:
        response.headers["HX-Refresh"] = "true"
    return response


@draft_page
@form_page
@once
def round_panels_fill(request, round_, draft):
    """The settings, and filling by them: the first time, or again around what is locked."""
    form = PanelSettingsForm(round_, draft, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            if draft is None:
                services.start(round_.pk, by=request.user, **form.settings)
            else:
                services.refill(draft.pk, by=request.user, version=_version(request), **form.settings)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            return redirect("round_panels", round_.pk)
    context = {
        "round": round_,
        "draft": draft,
        "form": form,
        "version": draft.version if draft else 0,
        "tabs": round_tabs(round_, "round_panels"),
    }
    return render(request, "assessments/round_panels_fill.html", context, status=422 if form.errors else 200)


def _version(request):
    return whole(request.POST.get("version"), 0)


STEPS = {
    "refill": (lambda draft, by: services.refill(draft.pk, by=by), gettext_lazy("The rest is being filled again.")),
    "mend": (lambda draft, by: services.mend(draft.pk, by=by), gettext_lazy("What no longer holds was taken out; the rest is being filled.")),
    "stop": (lambda draft, by: services.stop(draft.pk, by=by), gettext_lazy("The filling is stopped.")),
    "discard": (lambda draft, by: services.discard(draft.pk, by=by), gettext_lazy("The draft is put away. Nobody was asked.")),
}  # fmt: skip


@draft_page
@require_POST
@once
def round_panels_step(request, round_, draft, action):
    """Fill the rest again, mend, stop or discard."""
    if draft is None or action not in STEPS:
        messages.warning(request, _("This draft is no longer worked on."))
        return redirect("round_panels", round_.pk)
    act, done = STEPS[action]
    try:
        act(draft, request.user)
    except RuleBroken as broken:
        messages.warning(request, broken.message)
    else:
        messages.success(request, str(done))
    return redirect("round_panels", round_.pk)


@draft_page
@form_page
@once
def round_panels_apply(request, round_, draft):
    """What applying the draft means; then ask everybody whom it places, or nobody."""
    if draft is None or draft.status != draft.Status.READY:
        messages.warning(request, _("There is no draft that could be applied now."))
        return redirect("round_panels", round_.pk)
    error, wrong = "", {}
    if request.method == "POST":
        try:
            _draft, count = services.apply(draft.pk, by=request.user, version=_version(request))
        except services.NotApplicable as refused:
            error, wrong = refused.message, refused.troubles
        except RuleBroken as broken:
            error = broken.message
        else:
            words = ngettext("%(count)s assignment was made.", "%(count)s assignments were made.", count)
            messages.success(request, words % {"count": num(count)})
            return redirect(round_)
    told = selectors.preview(draft)
    wrong = wrong or selectors.troubles(draft, told)
    context = {
        "round": round_,
        "draft": draft,
        "told": told,
        "people": sum(1 for load in told.loads if load.new),
        "troubles": list(wrong.values())[:MOST_TROUBLES],
        "trouble_count": len(wrong),
        "error": error,
        "tabs": round_tabs(round_, "round_panels"),
    }
    return render(request, "assessments/round_panels_apply.html", context, status=422 if error else 200)


# --- the assessors of a draft --------------------------------------------------------------------


class PanelLoads(ListPage):
    name = "loads"
    caption = gettext_lazy("Assessors and their loads")
    search = ("user__search_key", "field_fa", "field_en")
    default_sort = "-total"
    empty_title = gettext_lazy("No assessor is in this list.")

    def __init__(self, request, told):
        super().__init__(request)
        self.told = told
        self.loads = {load.assessor.pk: load for load in told.loads}
        full = [pk for pk, load in self.loads.items() if load.total >= load.most]
        part = [pk for pk, load in self.loads.items() if load.takes_part]
        self.filters = [
            Toggle("full", _("No room left"), lambda rows: rows.filter(pk__in=full)),
            Choice(
                "part",
                _("Takes part"),
                [("yes", _("yes")), ("no", _("no"))],
                apply=lambda rows, value: rows.filter(pk__in=part) if value == "yes" else rows.exclude(pk__in=part),
            ),
        ]
        self.columns = [
            Column("name", _("Assessor"), sort="user__sort_key", value="user.display_name", link=True),
            Column("existing", _("Asked already"), sort="existing_count", value="existing_count", kind="number"),
            Column("new", _("New in the draft"), sort="new_count", value="new_count", kind="number"),
            Column("total", _("Together"), sort="total_count", value="total_count", kind="number"),
            Column("most", _("At most"), value=lambda row: self._load(row, "most"), kind="number"),
            Column("field", _("Field"), value="field", shown=False),
            Column("part", _("Takes part"), value=lambda row: bool(self._load(row, "takes_part")), kind="bool"),
        ]

    def _load(self, row, name):
        load = self.loads.get(row.pk)
        return load and getattr(load, name)

    def queryset(self):
        return selectors.assessors_of(self.told.draft)

    def row_url(self, row):
        return reverse("assessor_detail", args=[row.pk])

    def row_actions(self, row):
        takes_part = bool(self._load(row, "takes_part"))
        url = reverse("round_panel_choose", args=[self.told.draft.round_id, row.pk, "out" if takes_part else "in"])
        label, icon = (_("Leave out"), "person-dash") if takes_part else (_("Let take part"), "person-plus")
        return [RowAction(label, url, icon, post=True)]


@draft_page
@require_safe
def round_panel_loads(request, round_, draft):
    """The loads as a picture and as a list, and who takes part."""
    if draft is None:
        return redirect("round_panels", round_.pk)
    told = selectors.preview(draft)
    context = {"round": round_, "draft": draft, "told": told, "tabs": round_tabs(round_, "round_panels")}
    context["pages"] = draft_pages(round_, "round_panel_loads")
    return PanelLoads(request, told).respond("assessments/round_panel_loads.html", context)


# --- calibration items ---------------------------------------------------------------------------


@officers_only
@require_POST
@once
def entry_calibration(request, pk):
    """Make a product a calibration item, or an ordinary one again."""
    entry = find_entry(request, pk)
    try:
        entry = set_calibration(pk, not entry.is_calibration, by=request.user)
    except RuleBroken as broken:
        messages.warning(request, broken.message)
    else:
        words = (
            _("“%(title)s” is a calibration item now: everybody at work rates it, and it is no part of the results.")
            if entry.is_calibration
            else _("“%(title)s” is an ordinary product again.")
        )
        messages.success(request, words % {"title": entry.subject})
    if request.POST.get("from") == "panel":
        return redirect("round_panel", entry.round_id, pk)
    return redirect("entry_detail", pk)
