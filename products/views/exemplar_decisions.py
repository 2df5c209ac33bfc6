"""Exemplars before a council: drawn up from the nominations that are ready, read and voted on, published once adopted."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from products.forms.exemplars import NamingForm
from products.models import Exemplar
from products.selectors import exemplars as selectors
from products.selectors.marks import may_grant
from products.services import exemplar_motions as services
from secretariat import calendar, rules
from secretariat.errors import RuleBroken, refusals_told
from secretariat.gate import once
from secretariat.models import AgendaItem, Meeting, Resolution
from secretariat.rules import ResolutionStatus
from secretariat.views.motions import voting_part


def _resolution(request, pk):
    resolutions = Resolution.objects.visible_to(request.user).filter(kind=Resolution.Kind.EXEMPLARS)
    return get_object_or_404(resolutions.select_related("council", "meeting__council", "agenda_item"), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@once
def exemplars_for_council(request, pk):
    """Choose which of the nominations that are ready the council is to name exemplars."""
    items = AgendaItem.objects.filter(meeting__in=Meeting.objects.visible_to(request.user), kind=AgendaItem.Kind.EXEMPLARS)
    item = get_object_or_404(items.select_related("meeting__council"), pk=pk)
    meeting = item.meeting
    if not rules.serves_council(request.user, meeting.council_id) or meeting.status not in rules.LIVE_MEETINGS:
        raise Http404
    ready = list(selectors.ready())
    form = NamingForm(request.POST if request.method == "POST" else None, ready=ready, initial=_words())
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = services.draw_up(pk, said["exemplars"], by=request.user, title=said["title"], text=said["text"])
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The motion stands before the council."))
            return redirect("exemplar_board", made.pk)
    rows = list(zip(ready, form["exemplars"].subwidgets, strict=True))
    context = {"item": item, "meeting": meeting, "form": form, "rows": rows}
    return render(request, "products/exemplars_for_council.html", context, status=422 if form.errors else 200)


def _words():
    """What the resolution says before its list, in the language in which councils write."""
    with override("fa"):
        return {
            "title": _("Naming of exemplars"),
            "text": _("On the strength of their published scores, the evidence and the consent of their agencies, the council names the following products exemplars for others."),
        }  # fmt: skip


@require_safe
def exemplar_board(request, pk):
    """All that a council needs to decide: each nomination with its scores, its words and its evidence; quorum and votes."""
    resolution = _resolution(request, pk)
    voting = voting_part(request, resolution)
    rows = selectors.exemplars_before(resolution)
    keeps = rules.serves_council(request.user, resolution.council_id)
    adopted = resolution.status == ResolutionStatus.ADOPTED
    here = [row for row in rows if row.resolution_id == resolution.pk and row.status == Exemplar.Status.PROPOSED]
    context = {
        "resolution": resolution,
        "rows": rows,
        **voting,
        "may_release": keeps and resolution.status == ResolutionStatus.DRAFT and voting["motion"].ballot is None,
        "may_publish": adopted and here and may_grant(request.user, resolution),
        "may_fail": adopted and may_grant(request.user, resolution),
    }
    return render(request, "products/exemplar_board.html", context)


@require_POST
@once
def exemplar_release(request, pk):
    """Take a nomination out of a draft resolution again."""
    exemplar = get_object_or_404(Exemplar.objects.visible_to(request.user).select_related("resolution"), pk=pk)
    resolution = exemplar.resolution
    if resolution is None or not rules.serves_council(request.user, resolution.council_id):
        raise Http404
    with refusals_told(request):
        services.release(pk, by=request.user)
        messages.success(request, _("The product was taken out of the resolution."))
    return redirect("exemplar_board", resolution.pk)


@require_POST
@once
def exemplar_publish(request, pk):
    """Publish all that an adopted resolution named; whose agency said no meanwhile goes back to be written."""
    resolution = _resolution(request, pk)
    if not may_grant(request.user, resolution):
        raise Http404
    with refusals_told(request):
        published, gone = services.publish_all(pk, by=request.user)
        if published:
            words = ngettext("%(n)s exemplar is public now.", "%(n)s exemplars are public now.", len(published))
            messages.success(request, words % {"n": calendar.digits(len(published))})
        for one in gone:
            words = _("“%(product)s” was sent back: its agency has taken its consent back.")
            messages.warning(request, words % {"product": one.product})
    return redirect("exemplar_board", pk)
