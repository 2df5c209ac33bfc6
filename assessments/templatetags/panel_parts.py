"""Parts of the pages of panels: marks of a place, why a panel is short, and the loads as columns.

{% load panel_parts %}
{% seat_mark seat list %}      how a place came about, as an icon
{% load_bars told %}           a column for each assessor, with what he has room for; its table stands beside it
"""

from math import ceil

from django import template
from django.utils.translation import gettext as _

from secretariat import calendar
from secretariat.templatetags.portal_parts import icon
from secretariat.templatetags.portal_text import num

register = template.Library()
MOST_CAP = 1.6  # columns reach at most so far above the busiest; higher bounds are not drawn


@register.filter
def is_wrong(seat, page):
    """Whether a place is no longer possible."""
    return (seat.entry_id, seat.assessor_id) in page.troubles


@register.filter
def gap_words(row, page):
    return page.gap_words(row) or ""


@register.simple_tag
def seat_mark(seat, page):
    """The icon of a place: wrong before all else, then locked, by hand, asked already; none for what the portal filled."""
    if is_wrong(seat, page):
        return icon("exclamation-triangle", "text-danger", page.troubles[seat.entry_id, seat.assessor_id][2])
    if seat.is_locked:
        return icon("lock", label=_("locked"))
    known = {"hand": ("hand-index", _("placed by hand")), "existing": ("check2", _("asked already"))}
    name, words = known.get(seat.source, ("", ""))
    return icon(name, label=words) if name else ""


@register.inclusion_tag("assessments/pictures/load_bars.html")
def load_bars(told):
    """Loads of a Preview in two shapes."""
    loads, floor = told.loads, told.draft.floor
    mirrored = calendar.reads_persian()
    shapes = [
        {"name": name, **_columns(loads, floor, *size, mirrored)}
        for name, size in (("wide", (1000, 260)), ("narrow", (340, 240)))
    ]
    return {"shapes": shapes, "floor": floor, "has_old": any(load.existing for load in loads)}


def _columns(loads, floor, width, height, mirrored):
    left, right, top, bottom = 34, 8, 14, height - 12
    most = max(1, *(load.total for load in loads), floor or 0)
    top_value = max(most, min(max(load.most for load in loads), ceil(most * MOST_CAP)))
    step = (width - left - right) / len(loads)
    thick = round(max(1.0, step * (0.72 if step > 4 else 1.0)), 2)

    def y(value):
        return round(bottom - value / top_value * (bottom - top), 2)

    def x(place):
        begin = left + place * step + (step - thick) / 2
        return round(width - begin - thick if mirrored else begin, 2)

    bars = []
    for place, load in enumerate(loads):
        cap = y(load.most) if load.most <= top_value else None
        bars.append(
            {
                "x": x(place), "old": round(bottom - y(load.existing), 2), "old_y": y(load.existing),
                "new": round(y(load.existing) - y(load.total), 2), "new_y": y(load.total), "cap_y": cap,
                "cap_x1": round(x(place) - step * 0.1, 2), "cap_x2": round(x(place) + thick + step * 0.1, 2),
                "words": _("%(name)s: %(load)s of %(most)s") % {"name": load.assessor, "load": num(load.total), "most": num(load.most)},
            }
        )  # fmt: skip
    jump = next(jump for jump in (1, 2, 5, 10, 20, 50, 100, 1000) if top_value / jump <= 6)
    return {
        "width": width, "height": height, "bars": bars, "thick": thick,
        "begin": right if mirrored else left, "end": width - left if mirrored else width - right,
        "label_x": width - left + 6 if mirrored else left - 6, "anchor": "end",
        "ticks": [{"value": value, "y": y(value)} for value in range(0, top_value + 1, jump)],
        "floor_y": y(floor) if floor else None,
    }  # fmt: skip


# --- replacements --------------------------------------------------------------------------------


@register.filter
def proposed_by(row, page):
    """Who is proposed for an entry on a list of replacements."""
    return page.proposals.get(row.pk, [])


@register.filter
def of_key(found, key):
    return found.get(key, [])


@register.filter
def is_chosen(proposal, pairs):
    """Whether a proposal is ticked: all are until somebody chose."""
    return pairs is None or (proposal.entry.pk, proposal.assessor.pk) in pairs
