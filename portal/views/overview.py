"""The years in figures, for officers, and for members of councils and those who keep their papers."""

from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.selectors.overview import LEAST_SHOWN
from portal.selectors.overview import overview as figures
from secretariat import charts
from secretariat.calendar import digits, reads_persian
from secretariat.persian import digits_to_ascii
from secretariat.rules import councils_of, is_officer
from secretariat.templatetags.portal_text import num


@require_safe
def overview(request):
    """Rounds, taking part and reliability over the years; what agencies and provinces brought, in all years or in one."""
    if not (is_officer(request.user) or councils_of(request.user)):
        raise Http404
    typed = digits_to_ascii(request.GET.get("year", ""))
    year = int(typed) if typed.isdecimal() and len(typed) == 4 else None
    told = figures(year)
    if year not in (None, *told.known_years):
        raise Http404
    context = {"told": told, "year": year, "pictures": _pictures(told.years), "least": LEAST_SHOWN}
    return render(request, "portal/overview.html", context)


def _pictures(years):
    """The course of the years in columns: (title, geometry)."""
    measures = [
        (_("Products judged"), lambda line: line.products, None, lambda value: num(value)),
        (_("Assessments submitted, of those asked for"), lambda line: line.share, 100, lambda value: f"{num(round(value))}٪" if reads_persian() else f"{round(value)}%"),
        (_("Reliability of the scores"), lambda line: line.reliability, 1, lambda value: num(round(value, 2))),
        (_("Marks granted"), lambda line: line.marks, None, lambda value: num(value)),
    ]  # fmt: skip
    pictures = []
    for title, measure, maximum, words in measures:
        rows = [(digits(line.year), value := measure(line), "" if value is None else words(value)) for line in years]
        pictures.append((title, charts.columns(rows, maximum, mirrored=reads_persian())))
    return pictures
