"""Whom open rounds have lost, and whom to ask instead: a list to accept from, to choose otherwise, or to leave."""

from functools import cached_property

from django.contrib import messages
from django.db.models import F
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from assessments import rules
from assessments.forms.panels import ReassignForm
from assessments.forms.rounds import ReasonForm
from assessments.models import Assignment, Entry, Round
from assessments.selectors import replacements as selectors
from assessments.services import replacements as services
from assessments.views.rounds import form_page
from secretariat.errors import RuleBroken
from secretariat.gate import officers_only, once
from secretariat.lists import BulkAction, Choice, Column, ListPage, RowAction, Toggle
from secretariat.templatetags.portal_text import num
from secretariat.typed import keys

MOST_REASSIGNED = 200  # at once: each with a proposal to look at
MOST_TOLD = 10


class ReplacementList(ListPage):
    name = "replacements"
    caption = gettext_lazy("Panels that lack somebody")
    search = ("subject__title_fa", "subject__title_en")
    default_sort = "deadline"
    bulk = [
        BulkAction("accept", gettext_lazy("Ask those who are proposed…")),
        BulkAction("leave", gettext_lazy("Leave as they are…")),
    ]
    empty_title = gettext_lazy("No panel lacks anybody.")
    empty_text = gettext_lazy("When an assessor of an open round declines or is taken off, the product stands here with a proposal.")
    columns = [
        Column("title", gettext_lazy("Product"), sort="subject__title_fa", value="subject", link=True),
        Column("round", gettext_lazy("Round"), sort="round__title_fa", value="round"),
        Column(
            "lost",
            gettext_lazy("Lost"),
            value=lambda row: " · ".join(str(gone.assessor) for gone in row.lost),
            template="assessments/_replacement_lost.html",
        ),
        Column("missing", gettext_lazy("Missing"), sort="missing", kind="number"),
        Column("deadline", gettext_lazy("Deadline"), sort="deadline", kind="date"),
    ]

    def __init__(self, request):
        super().__init__(request)
        self.filters = [
            Choice("round", _("Round"), find_open_rounds, lookup="round"),
            Toggle("left", _("Left as they are"), lambda rows: rows),
        ]
        proposed = Column(
            "proposed",
            _("Proposed"),
            value=lambda row: " · ".join(str(one.assessor) for one in self.proposals.get(row.pk, ())),
            template="assessments/_replacement_proposed.html",
        )
        self.columns = [*type(self).columns, proposed]

    def queryset(self):
        short = selectors.short_panels(left=self.query.get("left") == "on")
        visible = Entry.objects.visible_to(self.request.user)
        return selectors.with_lost(short.filter(pk__in=visible.values("pk"))).annotate(deadline=F("round__deadline"))

    @cached_property
    def proposals(self):
        """Of the rows of this page; of all when they are exported."""
        return selectors.proposals(list(self.filtered) if self.query.get("export") else self.page.rows)

    def row_url(self, row):
        return reverse("entry_detail", args=[row.pk])

    def row_actions(self, row):
        return [
            RowAction(_("Somebody else"), reverse("round_assign", args=[row.pk]), "people"),
            RowAction(_("Leave"), f"{reverse('replacement_leave')}?entry={row.pk}", "check2"),
        ]


def find_open_rounds(request):
    rounds = Round.objects.visible_to(request.user).filter(status=Round.Status.OPEN)
    return [(row.pk, str(row)) for row in rounds.order_by("-pk")[:100]]


@officers_only
@form_page
def replacement_list(request):
    """The list; with rows chosen, what would come of it."""
    page = ReplacementList(request)
    if request.method != "POST":
        return page.respond("assessments/replacement_list.html")
    try:
        action, rows = page.bulk_choice()
    except RuleBroken as broken:
        messages.warning(request, broken.message)
        return redirect(page.here)
    chosen = list(rows[:MOST_REASSIGNED])
    if action == "leave":
        return _leave_page(request, [row.pk for row in chosen], ReasonForm())
    context = {"entries": chosen, "proposals": selectors.proposals(chosen)}
    return render(request, "assessments/replacement_accept.html", context)


def _pairs(request):
    """(entry key, assessor key) pairs of a posted form."""
    found = []
    for typed in request.POST.getlist("pair")[:1000]:
        pair = keys(typed.split(":"))
        if len(pair) == 2:
            found.append(tuple(pair))
    return found


def _tell(request, made, refused):
    if made:
        words = ngettext("%(count)s assessor was asked.", "%(count)s assessors were asked.", len(made))
        messages.success(request, words % {"count": num(len(made))})
    for entry, assessor, why in refused[:MOST_TOLD]:
        messages.warning(request, f"{assessor} – {entry.subject}: {why}")


@officers_only
@require_POST
@once
def replacement_accept(request):
    """Ask those whom the officer saw proposed; whoever can no longer be asked is told, and another stands in the list."""
    pairs = _pairs(request)
    try:
        if not pairs:
            raise RuleBroken(_("Choose at least one assessor."))
        made, refused = services.accept(pairs, by=request.user)
    except RuleBroken as broken:
        messages.warning(request, broken.message)
    else:
        _tell(request, made, refused)
    return redirect("replacement_list")


@officers_only
@form_page
@once
def replacement_leave(request):
    """Leave panels as short as they are, with the reason."""
    source = request.POST if request.method == "POST" else request.GET
    chosen = keys(source.getlist("entry")[:MOST_REASSIGNED])
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.leave(chosen, by=request.user, why=form.cleaned_data["why"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Noted. Should such a panel lose yet another assessor, it stands here again."))
            return redirect("replacement_list")
    return _leave_page(request, chosen, form)


def _leave_page(request, chosen, form):
    visible = Entry.objects.visible_to(request.user).values("pk")
    entries = list(selectors.short_panels().filter(pk__in=chosen).filter(pk__in=visible).select_related("subject", "round"))
    if not entries and not form.errors:
        messages.warning(request, _("These panels lack nobody any more."))
        return redirect("replacement_list")
    status = 422 if form.errors else 200
    return render(request, "assessments/replacement_leave.html", {"entries": entries, "form": form}, status=status)


# --- taking back from those who are late ---------------------------------------------------------


def reassign_page(request, chosen, form=None):
    """What taking back these assignments would mean, each with who would be asked instead."""
    rows = Assignment.objects.visible_to(request.user).filter(pk__in=chosen, status__in=rules.PENDING_ASSIGNMENTS)
    rows = list(rows.with_due().select_related("entry__subject", "entry__round", "assessor__user").order_by("pk"))
    if not rows:
        messages.warning(request, _("None of these assignments can be taken back any more."))
        return redirect("assignment_list")
    open_rows = [row for row in rows if row.entry.round.is_open]
    entries = {row.entry_id: row.entry for row in open_rows if not row.entry.is_calibration}
    found = selectors.proposals(list(entries.values()), lost=[row.pk for row in rows])
    lines = [(row, found[row.entry_id].pop(0) if found.get(row.entry_id) else None) for row in rows]
    context = {
        "lines": lines,
        "form": form or ReassignForm(),
        "is_late": any(row.entry.round.is_past_deadline for row in open_rows),
        "chosen": _pairs(request) if form else None,
    }
    return render(request, "assessments/assignment_reassign.html", context, status=422 if form and form.errors else 200)


@officers_only
@require_POST
@once
def assignment_reassign(request):
    """Take back several assignments for one reason and ask those who were proposed."""
    chosen = keys(request.POST.getlist("row")[:MOST_REASSIGNED])
    form = ReassignForm(request.POST)
    if form.is_valid():
        try:
            taken, made, refused = services.take_back_many(chosen, by=request.user, pairs=_pairs(request), **form.cleaned_data)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            words = ngettext("%(count)s assignment was taken back.", "%(count)s assignments were taken back.", len(taken))
            messages.success(request, words % {"count": num(len(taken))})
            _tell(request, made, refused)
            return redirect("assignment_list")
    return reassign_page(request, chosen, form)
