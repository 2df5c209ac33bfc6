"""Marks from a round: the keeper of a council's papers draws up what the council decides on the products of a settled round."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_http_methods, require_POST

from products.forms.marks import GrantForm, WishForm
from products.models import Withheld
from products.selectors import council_evidence
from products.selectors import marks as selectors
from products.services import mark_motions as services
from products.services.mark_motions import Wish
from products.views.decisions import asked_round
from secretariat import calendar, rules
from secretariat.errors import RuleBroken, refusals_told
from secretariat.gate import once
from secretariat.models import AgendaItem, Meeting, Resolution


@require_http_methods(["GET", "HEAD", "POST"])
@once
def marks_from_round(request, pk):
    """Choose a round; each product comes with the level its score reaches, and leaves as granted, put off or without a mark."""
    items = AgendaItem.objects.filter(meeting__in=Meeting.objects.visible_to(request.user), kind=AgendaItem.Kind.MARKS)
    item = get_object_or_404(items.select_related("meeting__council"), pk=pk)
    meeting = item.meeting
    if not rules.serves_council(request.user, meeting.council_id) or meeting.status not in rules.LIVE_MEETINGS:
        raise Http404
    rounds, round_ = asked_round(request)
    found = selectors.undecided(meeting.council_id, round_) if round_ else []
    posted = request.POST if request.method == "POST" else None
    rows = [(one, WishForm(posted, prefix=f"p{one.product.pk}", initial={"what": _suggested(one)})) for one in found]
    form = GrantForm(posted, initial=_words(round_) if round_ else {})
    refusal = ""
    if posted is not None and all([one.is_valid() for one in (form, *(row for _one, row in rows))]):  # noqa: C419
        try:
            made = services.draw_up(pk, _wishes(rows), by=request.user, **form.cleaned_data)
        except RuleBroken as broken:
            refusal = _shown(broken, rows)
        else:
            words = ngettext("%(n)s motion stands before the council.", "%(n)s motions stand before the council.", len(made))
            messages.success(request, words % {"n": calendar.digits(len(made))})
            return redirect("decision_board", made[0].pk)
    context = {
        "opened": council_evidence.readable(request.user, [one.product.pk for one in found]),
        "item": item,
        "meeting": meeting,
        "rounds": rounds[:50],
        "round": round_,
        "rows": rows,
        "form": form,
        "refusal": refusal,
    }
    return render(request, "products/marks_from_round.html", context, status=200 if posted is None else 422)


def _suggested(one):
    return one.level or "" if one.is_ready and not one.living else ""


def _words(round_):
    """What the resolution says before its list, in the language in which councils write."""
    with override("fa"):
        return {
            "title": _("Grant of quality marks: %(round)s") % {"round": round_.title},
            "text": _("On the strength of the settled scores of the round “%(round)s” and the evidence before it, the council decides on the following products.") % {"round": round_.title},
        }  # fmt: skip


def _wishes(rows):
    typed = [(one.product.pk, form.cleaned_data) for one, form in rows]
    return [Wish(product, said["what"], said["reason"], said["apart"]) for product, said in typed if said["what"]]


def _shown(broken, rows):
    """Put a refusal beside its product; gives the sentence for above the form."""
    for one, form in rows:
        for name in ("what", "reason"):
            if broken.field == f"p{one.product.pk}-{name}":
                form.add_error(name, broken.message)
                return _("“%(product)s”: %(refusal)s") % {"product": one.product, "refusal": broken}
    return str(broken)


@require_POST
@once
def withheld_release(request, pk):
    """Take a product that was put off or refused out of a draft again."""
    rows = Withheld.objects.filter(resolution__in=Resolution.objects.visible_to(request.user))
    row = get_object_or_404(rows.select_related("resolution"), pk=pk)
    if not rules.serves_council(request.user, row.resolution.council_id):
        raise Http404
    with refusals_told(request):
        services.release(pk, by=request.user)
        messages.success(request, _("The product was taken out of the resolution."))
    return redirect("decision_board", row.resolution_id)


@require_POST
@once
def withheld_tell(request, pk):
    """Tell the agencies of an adopted resolution whose products were put off or get no mark."""
    resolution = get_object_or_404(Resolution.objects.visible_to(request.user), pk=pk)
    if not rules.serves_council(request.user, resolution.council_id):
        raise Http404
    with refusals_told(request):
        count = services.tell_withheld(pk, by=request.user)
        messages.success(
            request, ngettext("%(n)s agency was told.", "%(n)s agencies were told.", count) % {"n": calendar.digits(count)}
        )
    return redirect("decision_board", pk)
