"""“What if” for officers: a round computed under other assumptions, before their eyes and stored nowhere."""

from itertools import pairwise

from django.core.paginator import Paginator
from django.http import HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assessments.forms.rounds import listed
from assessments.forms.whatif import WhatIfForm, wanted_versions
from assessments.selectors import whatif as selectors
from assessments.selectors.standing import Band
from assessments.selectors.whatif_verdict import verdict
from assessments.views.readers import results_readers
from assessments.views.rounds import round_tabs
from secretariat import calendar, spreadsheets
from secretariat.templatetags.portal_text import num, percent

ROWS = 25
# What the address holds besides the scenario.
VIEW = ("order", "page")


@never_cache
@results_readers
@require_safe
def round_whatif(request, round_):
    """Ask by a GET form; every scenario has one shortest address, to which the form leads."""
    context = {"round": round_, "tabs": round_tabs(round_, "round_whatif")}
    if refusal := _refusal(round_):
        return render(request, "assessments/round_whatif.html", {**context, "refusal": refusal})
    chosen = selectors.choices(round_, wanted_versions(request.GET))
    form = WhatIfForm(chosen, request.GET)
    context |= {"form": form, "chips": _chips(form), **_form_parts(form)}
    if not form.is_valid:
        return render(request, "assessments/round_whatif.html", context, status=422)
    if (target := _shortest(request, form)) is not None:
        return HttpResponseRedirect(f"{request.path}?{target}" if target else request.path)
    if not form.asks_something:
        return render(request, "assessments/round_whatif.html", {**context, "influences": selectors.influences(chosen)})
    told = selectors.answer(chosen, form.scenario)
    labels = [_band_labels(result.summary["cuts"]) for result in (told.before, told.after)]
    for row in told.rows:
        row.band_labels = [
            None if band is None else names[band] for band, names in zip((row.band_before, row.band_after), labels, strict=True)
        ]
    if request.GET.get("export") in EXPORTS:
        return EXPORTS[request.GET["export"]](round_, told.rows)
    order = "change" if request.GET.get("order") == "change" else "rank"
    rows = sorted(told.rows, key=_by_change) if order == "change" else told.rows
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    context |= {"told": told, "verdict": verdict(told, form.scenario), "page": page, "order": order}
    context["address"] = form.address
    return render(request, "assessments/round_whatif.html", context)


def _refusal(round_):
    """(title, text) of why there is nothing to ask, or None."""
    if round_.run is None:
        return _("Nothing is computed yet"), _("As soon as assessments are submitted, their scores can be looked at from here.")
    if round_.run.summary.get("ratings", 0) > selectors.MOST_RATINGS:
        return (
            _("This round is too large for this page"),
            _("Beyond %(count)s ratings the computation would keep you waiting.") % {"count": num(selectors.MOST_RATINGS)},
        )
    return None


def _shortest(request, form):
    """The query string of the scenario as it is passed on, or None when the request has it already."""
    asked = {key: values for key, values in request.GET.lists() if key not in (*VIEW, "export")}
    if asked == dict(QueryDict(form.address).lists()):
        return None
    return form.address


def _form_parts(form):
    """What the form shows, and which of its sections are changed or wrong."""
    count = len(form.chosen.parts)
    parts, tops = form.groups[:count], form.groups[count:]
    versions = [choice for choice in form.chosen.versions if choice.others]
    changed = {
        "parts": any(group.is_changed for group in parts),
        "tops": any(group.is_changed for group in tops),
        "versions": any(choice.chosen != choice.used for choice in versions),
        "more": bool(form.cuts or form.top or form.plain),
    }
    wrong = {
        "parts": any(not group.is_whole for group in parts),
        "tops": any(not group.is_whole for group in tops),
        "more": "cuts" in form.errors or "top" in form.errors,
    }
    cuts = listed(form.cuts or form.chosen.round.cuts)
    return {
        "parts": parts,
        "tops": tops,
        "versions": versions,
        "changed": changed,
        "wrong": wrong,
        "people": sorted(form.chosen.assessors, key=lambda person: person.pk not in form.out),
        "cuts": form.query["cuts"] if "cuts" in form.errors else cuts,
        "sought": form.query["top"] if "top" in form.errors else num(form.top or form.chosen.round.top),
    }


def _chips(form):
    """What the scenario changes, each with the address of the scenario without it."""
    names = {person.pk: person.name for person in form.chosen.assessors}
    chips = [(_("without %(name)s") % {"name": names[pk]}, form.without(f"out:{pk}")) for pk in form.out]
    for choice in form.chosen.versions:
        if choice.chosen != choice.used:
            chips.append((str(choice.chosen), form.without(choice.name, *(f"node-{node.pk}" for node in choice.nodes))))
    for group in form.groups:
        if group.is_changed and group.is_readable:
            weights = " – ".join(percent(line.value) for line in group.lines)
            chips.append((f"{group.title}: {weights}", form.without(*(line.name for line in group.lines))))
    if form.cuts:
        chips.append((_("bands from %(cuts)s") % {"cuts": " – ".join(num(cut) for cut in form.cuts)}, form.without("cuts")))
    if form.top:
        chips.append((_("the best %(count)s are sought") % {"count": num(form.top)}, form.without("top")))
    if form.plain:
        chips.append((_("plain mean instead of the fair score"), form.without("mean")))
    return chips


def _by_change(row):
    places = -1 if row.places is None else abs(row.places)
    return -places, -abs(row.delta or 0), row.rank_after or 0, row.entry.pk


def _band_labels(cuts):
    """The names of the bands, the uppermost first."""
    edges = [None, *cuts, None]
    return [Band(low, high, 0.0, False).label for low, high in pairwise(edges)][::-1]


# ------------------------------------------------------------------ export
def _headings():
    return [
        _("Product"), _("Agency"), _("Score as it is"), _("Score, what if"), _("Change"),
        _("Rank as it is"), _("Rank, what if"), _("Band as it is"), _("Band, what if"),
    ]  # fmt: skip


def _cells(rows):
    for row in rows:
        yield [
            str(row.entry.subject), str(row.entry.subject.agency), row.before, row.after, row.delta,
            row.rank_before, row.rank_after, *row.band_labels,
        ]  # fmt: skip


def _as_workbook(round_, rows):
    content = spreadsheets.workbook(_("What if"), _headings(), _cells(rows), rtl=calendar.reads_persian())
    return spreadsheets.download(f"what-if-{round_.pk}", content)


def _as_csv(round_, rows):
    return spreadsheets.csv_download(f"what-if-{round_.pk}", _headings(), _cells(rows))


EXPORTS = {"xlsx": _as_workbook, "csv": _as_csv}
