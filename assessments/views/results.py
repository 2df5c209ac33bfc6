"""The results of a round: the ranked list with its picture, and the computation they rest on."""

from django.contrib import messages
from django.db.models import Exists, F, OuterRef
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from assessments.models import ScoringRun, SheetPart
from assessments.selectors import results as selectors
from assessments.selectors.rounds import disconnected_sentence
from assessments.services import run_desk
from assessments.services.runs import cancel_run
from assessments.views.readers import results_readers
from assessments.views.rounds import round_tabs
from secretariat.errors import RuleBroken, refusals_told
from secretariat.gate import once
from secretariat.lists import Choice, Column, ListPage
from secretariat.templatetags.portal_text import num
from secretariat.typed import whole


class RoundResults(ListPage):
    name = "results"
    caption = gettext_lazy("Results of the round")
    search = ("subject__title_fa", "subject__title_en", "subject__agency__search_key")
    default_sort = "rank"
    exports_csv = True
    results_template = "assessments/_results_list.html"
    empty_title = gettext_lazy("No product is in this list.")

    def __init__(self, request, round_):
        super().__init__(request)
        self.round, self.told = round_, selectors.Results(round_)
        if not self.told.is_connected:
            # No order whatever may put products beside one another that cannot be compared.
            self.always_first = (F("component").asc(nulls_last=True),)
        self.filters = self._filters()
        self.columns = self._columns()

    def _filters(self):
        told, noteworthy = self.told, self.told.noteworthy()
        sets, agencies = selectors.kinds_and_agencies(self.round)
        found = [
            Choice("band", _("Band"), [(n, band.label) for n, band in enumerate(told.bands)], apply=told.in_band),
            Choice(
                "note",
                _("Only those"),
                [(key, label) for key, (label, _condition) in noteworthy.items()],
                apply=lambda entries, key: entries.filter(noteworthy[key][1]),
            ),
            Choice("agency", _("Agency"), agencies, lookup="subject__agency"),
        ]
        if len(sets) > 1:
            found.append(Choice("set", _("Indicator set"), sets, apply=_judged_by))
        if not told.is_connected:
            parts = [(number, _("List %(number)s") % {"number": num(number)}) for number in told.parts]
            found.append(Choice("part", _("List"), parts, lookup="component"))
        return found

    def _columns(self):
        told = self.told
        top = told.run.summary.get("top") if told.run else None
        return [
            Column("title", _("Product"), sort="subject__title_fa", value="subject", template="assessments/_result_title.html"),
            Column("rank", _("Rank"), sort="rank", kind="number", template="assessments/_result_rank.html"),
            Column("rank_low", _("Rank, 95% from"), sort="rank_low", kind="number", shown=False),
            Column("rank_high", _("Rank, 95% to"), sort="rank_high", kind="number", shown=False),
            Column("group", _("Group of those alike"), sort="group", kind="number", shown=False),
            *([] if told.is_connected else [Column("component", _("List"), kind="number", shown=False)]),
            Column(
                "score",
                _("Fair score") if told.is_fair else _("Quality score"),
                sort="score",
                kind="number",
                template="assessments/_result_score.html",
            ),
            Column("low", _("Interval from"), sort="low", kind="number", places=1, shown=False),
            Column("high", _("Interval to"), sort="high", kind="number", places=1, shown=False),
            Column("raw_mean", _("Plain mean"), sort="raw_mean", kind="number", places=1, shown=False),
            Column(
                "adjustment", _("Correction"), sort="adjustment", kind="number", template="assessments/_result_points.html",
                shown=False,
            ),
            Column("agreed", _("Total with agreed values"), sort="agreed", kind="number", places=1, shown=False),
            Column("band", _("Band"), value=self._band_label, template="assessments/_result_band.html"),
            Column(
                "other_band", _("Chance of another band"), sort="p_misclassified", value="p_misclassified", kind="number",
                template="assessments/_result_chance.html", shown=False,
            ),
            Column(
                "p_top",
                _("Among the best %(count)s") % {"count": num(top)} if top and told.is_connected else _("Among those sought"),
                sort="p_top",
                kind="number",
                template="assessments/_result_chance.html",
                shown=told.is_fair,
            ),
            Column("robust", _("With uneven weights of assessors"), sort="robust", kind="number", places=1, shown=False),
            Column("without_low", _("Without one assessor, from"), sort="without_low", kind="number", places=1, shown=False),
            Column("without_high", _("Without one assessor, to"), sort="without_high", kind="number", places=1, shown=False),
            Column("raters", _("Assessors"), sort="raters", kind="number"),
            Column("coverage", _("Coverage"), sort="coverage", value=_coverage, kind="percent", places=0, shown=False),
            Column("agency", _("Agency"), sort="subject__agency__sort_key", value="subject.agency", shown=False),
            Column("notes", _("Notes"), value=self._remarks, template="assessments/_result_notes.html"),
        ]  # fmt: skip

    def queryset(self):
        return self.told.entries()

    def row_url(self, row):
        return reverse("entry_detail", args=[row.pk])

    @property
    def export_columns(self):
        return self.columns

    # -- what the rows say of one another

    @property
    def is_ranked(self):
        """Whether the rows stand in the order of their ranks, so that neighbours may be joined and parted."""
        return self.sort[0] == "rank"

    def row_heads(self, row, previous):
        heads, told = [], self.told
        part = told.part_of(row)
        starts_list = previous is None or previous.component != row.component
        if not told.is_connected and starts_list:
            heads.append(("list-head-part", self._part_words(part)))
        if not self.is_ranked:
            return heads
        if told.is_connected and previous is not None and (previous.rank is None) != (row.rank is None):
            heads.append(("list-head-part", _("Without a rank") if row.rank is None else _("Ranked")))
        if not starts_list and row.rank and previous.rank and told.is_sought(row) != told.is_sought(previous):
            heads.append(("list-head-line", self.line_words(part)))
        group = told.group_of(row)
        if group is not None and (starts_list or previous.group != row.group):
            heads.append(("list-head-group", group_words(group)))
        return heads

    def row_css(self, row):
        return "is-alike" if self.is_ranked and self.told.group_of(row) else ""

    def _part_words(self, part):
        if part is None:
            return _("In no list: left out or without a score")
        words = {"number": num(part.number), "products": num(part.products), "sought": num(part.sought)}
        return _("List %(number)s by itself: %(products)s products, of which %(sought)s are sought") % words

    def part_title(self, part):
        return _("List %(number)s") % {"number": num(part)} if part else _("In no list")

    def line_words(self, part):
        words = ngettext("Up to here: the one that is sought", "Up to here: the %(count)s that are sought", part.sought)
        return words % {"count": num(part.sought)}

    def _band_label(self, row):
        band = self.told.band_of(row.score)
        return band and band.label

    def _remarks(self, row):
        return " · ".join(words for words, _tone, _icon in self.notes(row))

    def notes(self, row):
        """(words, tone, icon) of what must be said beside a score."""
        found, told = [], self.told
        if row.excluded_at:
            found.append((_("Left out: %(reason)s") % {"reason": row.excluded_why}, "neutral", "slash-circle"))
        if row.is_calibration:
            found.append((_("Calibration item"), "neutral", "bullseye"))
        if row.gate:
            found.append((_("Failed a gate"), "danger", "x-octagon"))
        if row.is_stale:
            found.append((_("Being computed"), "info", "arrow-repeat"))
        if row.agreed is not None:
            found.append((_("With agreed values %(value)s") % {"value": num(row.agreed, 1)}, "info", "people"))
        if told.is_at_the_line(row):
            found.append((_("At the line"), "warning", "dash-lg"))
        if told.is_near_an_edge(row):
            found.append((_("Near a band's edge"), "warning", "hr"))
        if told.is_sensitive(row):
            found.append((_("Hangs on one assessor"), "warning", "person-fill"))
        return found

    # -- the picture

    def pictured(self):
        """The scored rows of this page from the best down, for the picture above the list."""
        rows = [row for row in self.page.rows if row.score is not None and row.is_ranked]
        return sorted(rows, key=lambda row: (row.component or 0, row.rank or 0, -row.score, row.pk))


def group_words(group):
    words = {"count": num(group.size), "first": num(group.first), "last": num(group.last)}
    if group.first == group.last:
        return _("%(count)s products that cannot be told apart, all of rank %(first)s: their order says nothing") % words
    return _("%(count)s products that cannot be told apart, ranks %(first)s to %(last)s: their order says nothing") % words


def _judged_by(entries, set_):
    return entries.filter(Exists(SheetPart.objects.filter(sheet=OuterRef("sheet"), version__set=set_)))


def _coverage(row):
    return None if row.coverage is None else row.coverage * 100


@results_readers
@require_safe
def round_results(request, round_):
    # The run with its asker, and whether another is at work, come in one query.
    status = _status(round_)
    round_.run = status["state"].current
    page = RoundResults(request, round_)
    if request.GET.get("export"):
        return page.respond("assessments/round_results.html")
    tabs = round_tabs(round_, "round_results")
    context = {"tabs": tabs, "told": page.told, **status}
    if not request.htmx:
        context["fragile"], context["fragile_rest"] = page.told.fragile
        # Their tab has counted them.
        context["questions"] = next((count for _label, _url, _here, count in tabs if count), 0)
        if not page.told.is_connected:
            context["disconnected"] = disconnected_sentence(round_.run)
    return page.respond("assessments/round_results.html", context)


# --- the computation -----------------------------------------------------------------------------


def _status(round_, shown=None):
    """What the box of the computation says; `shown` is the run whose results the reader has before him."""
    state = selectors.run_state(round_)
    return {
        "round": round_,
        "state": state,
        "missing": selectors.run_as_a_whole(state.current).missing if state.current else [],
        "shown_run": state.current.pk if shown is None and state.current else shown,
    }


@results_readers
@never_cache
@require_safe
def round_run_status(request, round_):
    """The box alone, as it asks for itself while a run is at work."""
    context = _status(round_, whole(request.GET.get("shown"), 0))
    context["is_new"] = context["state"].current is not None and context["state"].current.pk != context["shown_run"]
    context["says_aloud"] = request.GET.get("said") != context["state"].word
    return render(request, "assessments/_run_status.html", context)


@results_readers
@require_POST
@once
def round_compute(request, round_):
    with refusals_told(request):
        run_desk.compute_now(round_.pk, by=request.user)
        messages.success(request, _("The computation is asked for; it begins at once."))
    return redirect("round_results", round_.pk)


@results_readers
@require_POST
@once
def round_cancel_run(request, round_, run):
    get_object_or_404(ScoringRun, pk=run, round=round_)
    try:
        cancel_run(run, by=request.user)
    except RuleBroken as broken:
        messages.warning(request, broken.message)
    else:
        messages.success(request, _("The computation is stopped."))
    return redirect("round_results", round_.pk)
