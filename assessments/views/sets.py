"""Indicator sets as everybody reads them: the list, a version, what changed between two."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from assessments import rules
from assessments.models import IndicatorSet, SetVersion
from assessments.selectors import sets as selectors
from secretariat.public_pages import same_until
from secretariat.rules import is_officer

SHELVES = {
    "kind": (_("By kind of product and activity"), _("Each kind is judged by its own indicators.")),
    "common": (_("Common indicators"), _("Asked of every product beside the indicators of its kind.")),
    "overlay": (_("For some audiences"), _("Added where the audience asks for more care.")),
    "organisation": (_("Self-assessment"), _("For an agency to look at itself, year after year.")),
}


def find_version(user, code, number):
    """The version at this address, if `user` may see it."""
    versions = SetVersion.objects.visible_to(user).select_related("set", "based_on")
    return get_object_or_404(versions, set__code=code, number=number)


def _state_of_all(request):
    """Changes whenever any public version or any word about a set does."""
    versions = SetVersion.objects.visible_to(request.user).order_by("pk")
    words = IndicatorSet.objects.order_by("pk").values_list("pk", "title_fa", "title_en", "intro_fa", "intro_en")
    return list(versions.values_list("pk", "status", "content_hash")), list(words)


def _state_of_version(request, code, number):
    versions = SetVersion.objects.visible_to(request.user).filter(set__code=code).order_by("pk")
    words = IndicatorSet.objects.filter(code=code).values_list("title_fa", "title_en", "intro_fa", "intro_en", "layer")
    return list(versions.values_list("number", "status", "content_hash", "note_fa", "note_en")), list(words)


@login_not_required
@require_safe
@same_until(_state_of_all)
def set_list(request):
    """Every published set by what it is used for; officers see drafts beside them."""
    shelves = {layer: [] for layer in SHELVES}
    for set_ in selectors.sets_for(request.user):
        by_state = {version.status: version for version in set_.seen_versions}
        set_.published, set_.draft = by_state.get("published"), by_state.get("draft")
        set_.newest = set_.published or set_.seen_versions[0]
        shelves[set_.layer].append(set_)
    return render(
        request,
        "assessments/set_list.html",
        {
            "shelves": [(layer, *SHELVES[layer], sets) for layer, sets in shelves.items() if sets],
            "may_edit": is_officer(request.user),
        },
    )


@login_not_required
@require_safe
def set_latest(request, code):
    """The address that never changes: leads to the published version, or to the newest one."""
    versions = SetVersion.objects.visible_to(request.user).filter(set__code=code).select_related("set").order_by("-number")
    found = versions.published().first() or versions.first()
    if found is None:
        raise Http404
    return redirect(found)


@login_not_required
@require_safe
@same_until(_state_of_version)
def set_version(request, code, number):
    """One version wholly: what is asked, how it is answered, what it weighs."""
    version = find_version(request.user, code, number)
    nodes = selectors.tree(version)
    everything = list(selectors.walk(nodes))
    leaves = [node for node in everything if node.is_leaf]
    scales = {node.scale.pk: node.scale for node in leaves}
    versions = list(SetVersion.objects.visible_to(request.user).filter(set=version.set_id).order_by("-number"))
    may_edit = is_officer(request.user)
    return render(
        request,
        "assessments/set_version.html",
        {
            "version": version,
            "set": version.set,
            "nodes": nodes,
            "leaves": leaves,
            "heaviest": max((node.effective for node in everything), default=100),
            "gates": [node for node in leaves if node.gate_least is not None],
            "measured": [node for node in leaves if node.rater == "secretariat"],
            "scales": scales.values(),
            "versions": versions,
            "published": next((other for other in versions if other.status == "published"), None),
            "has_draft": any(other.status == "draft" for other in versions),
            "may_edit": may_edit,
            "faults": rules.faults_of_tree(nodes) if may_edit and version.status == "draft" else [],
        },
    )


@login_not_required
@require_safe
def set_diff(request, code, number):
    """What changed from an older version (`?with=1`; by default the one this was made from) to this one."""
    version = find_version(request.user, code, number)
    others = list(
        SetVersion.objects.visible_to(request.user).filter(set=version.set_id).exclude(pk=version.pk).order_by("-number")
    )
    asked = request.GET.get("with", "")
    if asked:
        other = next((o for o in others if str(o.number) == asked), None)
        if other is None:
            raise Http404
    else:
        other = next((o for o in others if o.pk == version.based_on_id), others[-1] if others else None)
    old, new = sorted([other, version], key=lambda v: v.number) if other else (None, version)
    return render(
        request,
        "assessments/set_diff.html",
        {
            "version": version,
            "set": version.set,
            "others": others,
            "old": old,
            "new": new,
            "diff": selectors.diff(old, new) if old else None,
        },
    )
