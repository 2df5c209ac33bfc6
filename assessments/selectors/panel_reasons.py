"""Why the panels of a draft cannot all be filled, in words, and what would help: each with where to do it."""

from dataclasses import dataclass, field

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import rules
from assessments.models import Assessor, Entry
from assessments.selectors.rounds import titles
from secretariat.calendar import digits, reads_persian

MOST_NAMES = 8


@dataclass
class Problem:
    """One reason and its remedies: (words, address) pairs; without an address it is only said."""

    sentence: str
    entries: list = field(default_factory=list)  # to look at one by one
    helps: list = field(default_factory=list)


def problem_of(told):
    """The Problem of a draft as it was last filled, by its Preview; None where nothing was lacking."""
    stored = told.draft.figures.get("problem")
    if not stored:
        return None
    return _short_products(told, stored) if stored["side"] == "products" else _high_floors(told, stored)


def _short_products(told, stored):
    round_ = told.draft.round
    entries = list(Entry.objects.filter(pk__in=stored["members"]).select_related("subject").order_by("pk"))
    numbers = {
        "titles": titles(entries, MOST_NAMES),
        "needed": digits(stored["needed"]),
        "available": digits(stored["available"]),
        "missing": digits(stored["needed"] - stored["available"]),
    }
    if stored["everyone"]:
        words = _(
            "All products together need %(needed)s more assessments, but those who take part have room for %(available)s: "
            "%(missing)s are missing."
        )
        shown = []
    elif stored["count"] == 1:
        words = _(
            "%(titles)s needs %(needed)s more assessors, but only %(available)s without a conflict of interest have room: "
            "%(missing)s are missing."
        )
        shown = entries
    else:
        words = _(
            "%(titles)s together need %(needed)s more assessments, but those without a conflict of interest have room for "
            "%(available)s: %(missing)s are missing."
        )
        shown = entries[:MOST_NAMES]
    return Problem(words % numbers, shown, [*_more_people(told, stored), *_more_room(told), *_smaller(round_)])


def _more_people(told, stored):
    """How many more assessors would do, if each had as much room as those who take part have on the mean."""
    missing = stored["needed"] - stored["available"]
    usual = [load.most for load in told.loads if load.takes_part]
    each = max(1, round(sum(usual) / len(usual))) if usual else max(1, told.draft.round.panel_size)
    # A product takes an assessor once: however much room each has, so many must be different people.
    count = max(-(-missing // each), int(told.missing.max(initial=0)))
    words = ngettext(
        "Put %(count)s more assessor who fits on the roster", "Put %(count)s more assessors who fit on the roster", count
    )
    return [(words % {"count": digits(count)}, reverse("assessor_list"))]


def _more_room(told):
    round_ = told.draft.round
    helps = []
    if told.draft.ceiling is not None:
        words = _("Raise the ceiling of %(count)s products for each assessor")
        helps.append((words % {"count": digits(told.draft.ceiling)}, reverse("round_panels_fill", args=[round_.pk])))
    if any(told.draft.taking_part.get(name) for name in ("sets", "fields", "provinces", "out")):
        helps.append((_("Let more people take part"), reverse("round_panels_fill", args=[round_.pk])))
    helps.append((_("See who has no room left, and raise what was agreed"), reverse("round_panel_loads", args=[round_.pk]) + "?full=on"))
    return helps


def _smaller(round_):
    if round_.panel_size <= rules.LEAST_PANEL:
        return []
    words = _("Ask for fewer than %(count)s assessors for each product") % {"count": digits(round_.panel_size)}
    return [(words, reverse("round_edit", args=[round_.pk]))]


def _high_floors(told, stored):
    people = list(Assessor.objects.filter(pk__in=stored["members"]).select_related("user").order_by("user__sort_key", "pk"))
    named = ("، " if reads_persian() else ", ").join(str(one) for one in people[:MOST_NAMES])
    numbers = {
        "names": named,
        "floor": digits(told.draft.floor or 0),
        "needed": digits(stored["needed"]),
        "available": digits(stored["available"]),
    }
    if stored["everyone"] or stored["count"] > MOST_NAMES:
        words = _(
            "With at least %(floor)s products for each assessor, %(needed)s places would have to be given, but there are only "
            "%(available)s."
        )
    else:
        words = _(
            "%(names)s cannot be given at least %(floor)s products: %(needed)s places would be needed, but only %(available)s are "
            "free of conflicts."
        )
    fill = reverse("round_panels_fill", args=[told.draft.round_id])
    return Problem(words % numbers, [], [(_("Lower “at least”"), fill), (_("Let fewer people take part"), fill)])


def gap_words(gap):
    """Why a panel is short, in one line: what became of everybody who takes part."""
    if not gap.everybody:
        return _("Nobody takes part.")
    counted = [
        (gap.seated, ngettext("%(count)s sits in it", "%(count)s sit in it", gap.seated)),
        (gap.conflicted, ngettext("%(count)s has a conflict of interest", "%(count)s have a conflict of interest", gap.conflicted)),
        (gap.answered, ngettext("%(count)s was asked before", "%(count)s were asked before", gap.answered)),
        (gap.barred, ngettext("%(count)s was taken off by hand", "%(count)s were taken off by hand", gap.barred)),
        (gap.full, ngettext("%(count)s has no room left", "%(count)s have no room left", gap.full)),
        (gap.free, ngettext("%(count)s could still be placed", "%(count)s could still be placed", gap.free)),
    ]
    parts = [words % {"count": digits(count)} for count, words in counted if count]
    start = _("Of %(count)s who take part: ") % {"count": digits(gap.everybody)}
    return start + ("، " if reads_persian() else ", ").join(parts)
