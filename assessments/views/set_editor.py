"""The officers' editor of indicator sets: drafts are built, weighed, previewed, compared and published here.

One form carries the weights of the whole draft; every button of the page sends it, so nothing typed is lost
whichever is pressed. Every form names the edition it was made from.
"""

import functools

from django.contrib import messages
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments import rules
from assessments.forms.sets import AboutForm, DimensionForm, IndicatorForm, SetForm, WeightsForm
from assessments.models import IndicatorSet, SetVersion
from assessments.selectors import sets as selectors
from assessments.selectors.assessments import preview
from assessments.services import sets as services
from assessments.views.sets import find_version
from secretariat.errors import RuleBroken, Stale, refusals_told
from secretariat.gate import officers_only, once
from secretariat.typed import whole

form_page = require_http_methods(["GET", "HEAD", "POST"])


def _drafts_only(view):
    """Hand the draft to the view; lead from the address of a published version to its public page."""

    @officers_only
    @functools.wraps(view)
    def guarded(request, code, number, **kwargs):
        version = find_version(request.user, code, number)
        if version.status != SetVersion.Status.DRAFT:
            messages.warning(request, _("A published version never changes. Make a new version from it."))
            return redirect(version)
        return view(request, version, **kwargs)

    return guarded


def _edition(request):
    """The edition the form was made from; without one it counts as outdated."""
    return whole(request.POST.get("edition"), 0)


def _editor(version, anchor=""):
    return reverse("set_edit", args=[version.set.code, version.number]) + anchor


# --- sets and versions ---------------------------------------------------------------------------


@officers_only
@form_page
@once
def set_new(request):
    form = SetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(_editor(services.create_set(by=request.user, **form.cleaned_data)))
        except RuleBroken as broken:
            broken.show_in(form)
    return render(request, "assessments/set_new.html", {"form": form}, status=422 if form.errors else 200)


@officers_only
@require_POST
@once
def set_new_version(request, code):
    set_ = get_object_or_404(IndicatorSet, code=code)
    with refusals_told(request):
        return redirect(_editor(services.new_version(set_.pk, by=request.user)))
    return redirect("set_latest", code)


@_drafts_only
@form_page
@once
def set_about(request, version):
    """The words about the set and about this draft."""
    set_ = version.set
    now = {name: getattr(set_ if hasattr(set_, name) else version, name) for name in AboutForm.base_fields}
    form, current, edition = AboutForm(request.POST or None, initial=now), [], version.edition
    if request.method == "POST" and form.is_valid():
        try:
            services.describe(version.pk, edition=_edition(request), by=request.user, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect(_editor(version))
        except Stale as stale:
            form.add_error(None, stale.message)
            current = [(form.fields[name].label, now[name]) for name in now if now[name] != form.cleaned_data[name]]
        except RuleBroken as broken:
            broken.show_in(form)
    context = {"version": version, "set": set_, "form": form, "edition": edition, "current": current}
    return render(request, "assessments/set_about.html", context, status=422 if form.errors else 200)


@_drafts_only
@form_page
@once
def set_publish(request, version):
    """The last look: the checks, and what changes for everybody; then publish."""
    nodes = selectors.tree(version)
    former = SetVersion.objects.published().filter(set=version.set_id).first()
    context = {
        "version": version,
        "set": version.set,
        "former": former,
        "faults": rules.faults_of_tree(nodes),
        "diff": selectors.diff(selectors.tree(former), nodes) if former else None,
        "leaf_count": sum(node.is_leaf for node in selectors.walk(nodes)),
    }
    if request.method == "POST":
        try:
            published = services.publish(version.pk, by=request.user, edition=_edition(request))
            messages.success(request, _("Version %(number)s is published.") % {"number": version.number})
            return redirect(published)
        except RuleBroken as broken:
            context["refusal"] = str(broken)
    return render(request, "assessments/set_publish.html", context, status=422 if "refusal" in context else 200)


@_drafts_only
@form_page
@once
def set_discard(request, version):
    if request.method == "POST":
        with refusals_told(request):
            set_ = services.discard(version.pk, edition=_edition(request), by=request.user)
            messages.success(request, _("The draft was deleted."))
            return redirect("set_latest", set_.code) if set_.pk else redirect("set_list")
        return redirect(_editor(version))
    return render(request, "assessments/set_discard.html", {"version": version, "set": version.set})


@officers_only
@form_page
@once
def set_retire(request, code, number):
    """Take the published version out of use without a successor."""
    version = find_version(request.user, code, number)
    why, refusal = request.POST.get("why", ""), ""
    if request.method == "POST":
        try:
            services.retire(version.pk, by=request.user, why=why)
            messages.success(request, _("Version %(number)s is retired.") % {"number": version.number})
            return redirect(version)
        except RuleBroken as broken:
            refusal = str(broken)
    elif version.status != SetVersion.Status.PUBLISHED:
        return redirect(version)
    context = {"version": version, "set": version.set, "why": why, "refusal": refusal}
    return render(request, "assessments/set_retire.html", context, status=422 if refusal else 200)


@officers_only
@require_safe
def set_preview(request, code, number):
    """The assessor's form as it will look."""
    version = find_version(request.user, code, number)
    context = {"version": version, "set": version.set, "sheet": preview(version)}
    return render(request, "assessments/set_preview.html", context)


# --- the tree ------------------------------------------------------------------------------------


@_drafts_only
@form_page
@once
def set_edit(request, version):
    """The whole draft on one page; `do` says which button was pressed: save, spread:ID, up:ID, down:ID, edit:ID …"""
    nodes = selectors.tree(version)
    form = WeightsForm(request.POST if request.method == "POST" else None, nodes)
    stale = False
    if request.method == "POST" and form.is_valid():
        action, _colon, target = request.POST.get("do", "save").partition(":")
        try:
            return redirect(_do(request, version, form.weights, action, whole(target, None)))
        except Stale:
            # Only drafts move on, so the tree read above may be older than what stands now.
            version, stale = find_version(request.user, version.set.code, version.number), True
            nodes = selectors.tree(version)
            form = WeightsForm(request.POST, nodes)
            form.is_valid()
        except RuleBroken as broken:
            form.add_error(None, broken.message)
    return _editor_page(request, version, nodes, form, stale=stale)


@transaction.atomic
def _do(request, version, weights, action, target):
    """Save the typed weights, then do what the button says; returns where to go."""
    edition, by = _edition(request), request.user
    services.save_weights(version.pk, weights, edition=edition, by=by)
    address = [version.set.code, version.number]
    if action in ("up", "down"):
        services.move_node(version.pk, target, -1 if action == "up" else 1, edition=edition + 1, by=by)
        return _editor(version, f"#node-{target}")
    if action == "spread":
        services.spread(version.pk, target, edition=edition + 1, by=by)
        return _editor(version, f"#group-{target or 'top'}")
    if action == "edit":
        return reverse("set_node", args=[*address, target])
    if action == "delete":
        return reverse("set_node_delete", args=[*address, target])
    if action in ("dimension", "indicator"):
        return reverse("set_node_new", args=[*address]) + f"?kind={action}" + (f"&parent={target}" if target else "")
    messages.success(request, _("The weights were saved."))
    return _editor(version)


def _editor_page(request, version, nodes, form, *, stale=False):
    by_pk = {}
    for node in form.nodes:
        node.field = form[form.name(node)]
        # What stands in the database, shown beside what was typed when the two differ.
        node.now = node.weight if stale and form.cleaned_data.get(form.name(node), node.weight) != node.weight else None
        by_pk[node.pk] = node
    faults = rules.faults_of_tree(nodes)
    context = {
        "version": version,
        "set": version.set,
        "nodes": nodes,
        "form": form,
        "stale": stale,
        "total": selectors.total_of(nodes),
        "faults": faults,
        "leaf_count": sum(node.is_leaf for node in form.nodes),
    }
    return render(request, "assessments/set_edit.html", context, status=422 if stale or form.errors else 200)


@_drafts_only
@form_page
@once
def set_node_new(request, version):
    """Add a dimension or an indicator."""
    nodes = selectors.tree(version)
    kind = request.POST.get("kind") or request.GET.get("kind")
    form_class = DimensionForm if kind == "dimension" else IndicatorForm
    form = form_class(request.POST or None, nodes=nodes, parent=whole(request.GET.get("parent"), None))
    return _node_page(request, version, nodes, form, None)


@_drafts_only
@form_page
@once
def set_node(request, version, pk):
    """Change a dimension or an indicator."""
    nodes = selectors.tree(version)
    node = next((node for node in selectors.walk(nodes) if node.pk == pk), None)
    if node is None and request.method != "POST":
        messages.warning(request, _("This row was deleted meanwhile."))
        return redirect(_editor(version))
    leaf = node.is_leaf if node else request.POST.get("kind") != "dimension"
    form = (IndicatorForm if leaf else DimensionForm)(request.POST or None, nodes=nodes, node=node)
    return _node_page(request, version, nodes, form, node, gone=node is None)


def _node_page(request, version, nodes, form, node, *, gone=False):
    """Show or save the form of one row. A row deleted meanwhile is offered to be added anew."""
    current = []
    if request.method == "POST":
        weights = WeightsForm(request.POST, nodes)
        if gone:
            form.add_error(None, _("This row was deleted meanwhile. Save to add it anew."))
        elif form.is_valid() and weights.is_valid():
            try:
                typed = {pk: weight for pk, weight in weights.weights.items() if node is None or pk != node.pk}
                saved = services.save_node(
                    version.pk,
                    edition=_edition(request),
                    by=request.user,
                    pk=node and node.pk,
                    weights=typed,
                    **form.cleaned_data,
                )
                return redirect(_editor(version, f"#node-{saved.pk}"))
            except Stale as stale:
                form.add_error(None, stale.message)
                version = find_version(request.user, version.set.code, version.number)
                current = _what_stands(version, form, node)
            except RuleBroken as broken:
                broken.show_in(form)
        for name, errors in weights.errors.items():
            form.add_error(None, f"{weights.fields[name].label}: {errors[0]}")
    context = {
        "version": version,
        "set": version.set,
        "node": None if gone else node,
        "form": form,
        "current": current,
        "kind": "indicator" if form.is_leaf else "dimension",
    }
    template = "assessments/_set_node_form.html" if request.htmx and request.method == "GET" else "assessments/set_node.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _what_stands(version, form, node):
    """(label, present value) of every field where the database now differs from what was typed."""
    if node is None:
        return []
    fresh = selectors.tree(version)
    now = next((n for n in selectors.walk(fresh) if n.pk == node.pk), None)
    if now is None:
        return []
    written = type(form)(nodes=fresh, node=now)
    pairs = []
    for bound in written:
        value = bound.value()
        if str(form[bound.name].value() or "") != str(value or ""):
            if choices := dict(getattr(bound.field, "choices", None) or {}):
                value = next((str(label) for key, label in choices.items() if str(key) == str(value or "")), value)
            pairs.append((bound.label, value))
    return pairs


@_drafts_only
@form_page
@once
def set_node_delete(request, version, pk):
    nodes = selectors.tree(version)
    node = next((node for node in selectors.walk(nodes) if node.pk == pk), None)
    if node is None:
        messages.warning(request, _("This row was deleted meanwhile."))
        return redirect(_editor(version))
    if request.method == "POST":
        with refusals_told(request):
            services.delete_node(version.pk, pk, edition=_edition(request), by=request.user)
            messages.success(request, _("“%(title)s” was deleted.") % {"title": node.title})
        return redirect(_editor(version, f"#group-{node.parent.pk if node.parent else 'top'}"))
    return render(request, "assessments/set_node_delete.html", {"version": version, "set": version.set, "node": node})
