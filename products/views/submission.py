"""The agency's pages of a product: list, new, edit, check and hand in, follow, read versions, withdraw."""

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from products import content
from products.forms.submission import ROWS, FileForm, Sheet, StartForm, WithdrawForm, typed
from products.models import Product, ProductKind
from products.selectors import exemplars
from products.selectors import submissions as selectors
from products.selectors.marks import result_for
from products.services.submission import NotReady, save_draft, start, submit, withdraw
from secretariat import calendar
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import once
from secretariat.models import Agency
from secretariat.rules import is_officer, represented_agencies, represents
from secretariat.typed import whole
from secretariat.uploads import EXTENSIONS
from secretariat.workflow import open_steps


def _product(request, pk):
    """The product, for whom it may concern; everybody else gets 404."""
    products = Product.objects.visible_to(request.user).select_related(
        "agency", "kind", "unit", "subject", "changed_by", "created_by"
    )
    return get_object_or_404(products, pk=pk)


def _version_asked(request):
    return whole(request.POST.get("version"), 0)


# --- new -----------------------------------------------------------------------------------------


@once
@require_http_methods(["GET", "POST"])
def product_new(request):
    """Choose the agency (when there are several) and the kind; the draft is there at once."""
    agencies = Agency.objects.filter(pk__in=represented_agencies(request.user), is_member=True)
    kinds = ProductKind.objects.filter(is_active=True)
    form = StartForm(request.POST or None, agencies=agencies, kinds=kinds)
    if len(agencies) == 1:
        form.fields["agency"].initial = agencies[0]
    if request.method == "POST" and form.is_valid():
        try:
            product = start(form.cleaned_data["agency"], form.cleaned_data["kind"], by=request.user)
            return redirect("product_edit", product.pk)
        except RuleBroken as refusal:
            refusal.show_in(form)
    groups = [(label, [kind for kind in kinds if kind.group == group]) for group, label in ProductKind.Group.choices]
    page = {
        "form": form,
        "agencies": agencies,
        "groups": [group for group in groups if group[1]],
        "chosen": request.POST.get("kind"),
    }
    return render(request, "products/product_new.html", page, status=422 if form.errors else 200)


# --- edit ----------------------------------------------------------------------------------------


def _not_open(request, product):
    """Where to go instead of a form that this reader cannot use; None when he can."""
    if not represents(request.user, product.agency_id):
        messages.info(request, _("Only the agency itself edits its product."))
    elif not product.is_editable:
        messages.info(
            request, _("This can no longer be edited: its state is now “%(state)s”.") % {"state": product.get_status_display()}
        )
    else:
        return None
    return redirect(product)


@once
@require_http_methods(["GET", "POST"])
def product_edit(request, pk):
    """The form in sections. Whatever is typed is kept; `?check=1` says what is still wrong."""
    product = _product(request, pk)
    if (elsewhere := _not_open(request, product)) is not None:
        return elsewhere
    if request.method == "POST":
        return _save(request, product)
    return _edit_page(request, product, product.draft, check="check" in request.GET, spare=3 if "more" in request.GET else 0)


def _edit_page(request, product, draft, *, check=False, spare=0, status=200, **more):
    files = list(product.files.attached())
    reasons, note = selectors.reasons_to_correct(product)
    sheet = Sheet(product, draft, check=check, spare_rows=spare, files=files, reasons=reasons)
    page = {
        "product": product,
        "sheet": sheet,
        "problems": sheet.problems if check else [],
        "files": selectors.file_rows(files, removable=True),
        "file_form": FileForm(),
        "accept": ",".join(EXTENSIONS),
        "reasons": reasons,
        "reason_lines": [(label, reasons[key], anchor) for key, label, anchor in _anchors(sheet) if key in reasons],
        "note": note,
        "version": product.version,
        **more,
    }
    return render(request, "products/product_edit.html", page, status=status)


def _anchors(sheet):
    """(field, label, id to jump to) of everything that can carry a reason, in the order of the page."""
    rows = [(name, sheet.form[name].label, sheet.form[name].id_for_label) for name in sheet.form.fields]
    return [*rows, ("creators", _("Creators"), "creators"), ("links", _("Links"), "links"), ("files", _("Files"), "files")]


def _typed(request, product):
    """What was typed, word for word; in a comparison what was left to the other side is left out."""
    data = typed(Sheet(product, {}).form.fields, request.POST)
    for name, side in request.POST.items():
        if name.startswith("use-") and side == "theirs":
            data["answers"].pop(name[4:], None)
            data.pop(name[4:], None)
    return data


def _save(request, product):
    data = _typed(request, product)
    try:
        saved = save_draft(product.pk, data, by=request.user, version=_version_asked(request))
    except Stale as stale:
        return _conflict(request, stale.current, data)
    except RuleBroken as refusal:
        draft = {**product.draft, **data, "answers": {**product.draft.get("answers", {}), **data["answers"]}}
        return _edit_page(request, product, draft, status=422, refusal=str(refusal))
    action = request.POST.get("action", "save")
    if action == "review":
        return redirect("product_review", saved.pk)
    if action.startswith("more_"):
        return redirect(f"{reverse('product_edit', args=[saved.pk])}?more=1#{action.removeprefix('more_')}")
    messages.success(request, _("The draft was saved."))
    return redirect("product_edit", saved.pk)


def _conflict(request, current, data):
    """Both versions of what differs, side by side; nothing of either is lost before the person has chosen."""
    draft = {**current.draft, **data, "answers": {**current.draft.get("answers", {}), **data["answers"]}}
    ours, theirs = Sheet(current, draft), Sheet(current, current.draft)
    differing = []
    for name, formfield in ours.form.fields.items():
        options = {str(value): str(label) for value, label in getattr(formfield, "choices", [])}
        mine, other = (side.draft.get("answers", {}).get(name, "") for side in (ours, theirs))
        if mine != other:
            differing.append((name, formfield.label, options.get(mine, mine), options.get(other, other)))
    for kind, label in (("creators", _("Creators")), ("links", _("Links"))):
        mine, other = (_lines(kind, side.draft.get(kind, [])) for side in (ours, theirs))
        if mine != other:
            differing.append((kind, label, mine, other))
    return _edit_page(request, current, draft, status=409, conflict=differing)


def _lines(kind, rows):
    texts = [" – ".join(row.get(name, "").strip() for name in ROWS[kind] if row.get(name, "").strip()) for row in rows]
    return "\n".join(text for text in texts if text)


@require_POST
def product_autosave(request, pk):
    """Keep what was typed so far; answers JSON for the page's script."""
    product = _product(request, pk)
    try:
        saved = save_draft(product.pk, _typed(request, product), by=request.user, version=_version_asked(request))
    except Stale as stale:
        told = {"message": str(stale), "url": reverse("product_edit", args=[pk]), "compare": _("Compare the two")}
        return JsonResponse(told, status=409)
    except RuleBroken as refusal:
        return JsonResponse({"message": str(refusal), "errors": {}}, status=422)
    return JsonResponse({"version": saved.version, "saved_at": calendar.clock(saved.changed_at)})


# --- check and hand in ---------------------------------------------------------------------------


@once
@require_http_methods(["GET", "POST"])
def product_review(request, pk):
    """Everything as it will be handed in, what is still missing, likely overlaps, and the button."""
    refusal = ""
    if request.method == "POST":
        try:
            submit(pk, by=request.user, version=_version_asked(request))
            messages.success(request, _("It was handed in. The secretariat has been told."))
            return redirect("product_detail", pk)
        except Product.DoesNotExist:
            raise Http404 from None
        except NotReady:
            pass  # the page says what is missing
        except RuleBroken as broken:
            refusal = str(broken)
    product = _product(request, pk)
    if (elsewhere := _not_open(request, product)) is not None:
        return elsewhere
    return _review_page(request, product, refusal)


def _review_page(request, product, refusal):
    files = list(product.files.attached())
    sheet = Sheet(product, product.draft, check=True, files=files)
    said = content.build(sheet) if not sheet.problems else None
    page = {
        "product": product,
        "problems": sheet.problems,
        "said": said,
        "answers": content.answers(said) if said else [],
        "files": selectors.file_rows(files),
        "refusal": refusal,
        "previous": product.versions.first(),
    }
    return render(
        request, "products/product_review.html", page, status=409 if refusal else 422 if request.method == "POST" else 200
    )


# --- follow --------------------------------------------------------------------------------------


@require_GET
def product_detail(request, pk):
    """The product's page: its state, who holds it, what comes next, its trail, what was handed in."""
    product = _product(request, pk)
    versions = list(product.versions.select_related("submitted_by", "screening"))
    latest = versions[0] if versions else None
    reasons, note = selectors.reasons_to_correct(product)
    labels = dict(selectors.field_labels(latest)) if latest else {}
    page = {
        "product": product,
        "mine": represents(request.user, product.agency_id),
        "standing": selectors.standing_of(product, request.user),
        "trail": selectors.trail(product, request.user),
        "versions": versions,
        "latest": latest,
        "answers": content.answers(latest.content) if latest else [],
        "files": selectors.file_rows(product.files.filter(places__version=latest) if latest else product.files.attached()),
        "reasons": [(labels.get(key, key), text) for key, text in reasons.items()],
        "note": note,
        "steps": open_steps(product, request.user),
        "result": result_for(product, request.user),
        "exemplar": (exemplar := exemplars.current_of(product)),
        "may_nominate": exemplar is None and exemplars.why_not(product) is None,
    }
    return render(request, "products/product_detail.html", page)


@require_GET
def product_version(request, pk, number):
    """One version as it was handed in."""
    product = _product(request, pk)
    version = get_object_or_404(product.versions.select_related("submitted_by"), number=number)
    page = {
        "product": product,
        "version": version,
        "said": version.content,
        "answers": content.answers(version.content),
        "files": selectors.file_rows(place.file for place in version.placed_files.select_related("file")),
        "last": product.versions.first().number,
        "show_person": is_officer(request.user) or represents(request.user, product.agency_id),
    }
    return render(request, "products/product_version.html", page)


@require_GET
def product_version_diff(request, pk, number):
    """What changed from the version before to this one."""
    product = _product(request, pk)
    version = get_object_or_404(product.versions, number=number)
    before = get_object_or_404(product.versions, number=number - 1)
    page = {
        "product": product,
        "version": version,
        "before": before,
        "changes": content.changes(before.content, version.content),
    }
    return render(request, "products/product_version_diff.html", page)


@once
@require_http_methods(["GET", "POST"])
def product_withdraw(request, pk):
    """Take the product back, with a reason."""
    product = _product(request, pk)
    form = WithdrawForm(request.POST or None)
    if request.method == "GET" and "withdraw" not in open_steps(product, request.user):
        messages.info(
            request, _("It cannot be withdrawn: its state is now “%(state)s”.") % {"state": product.get_status_display()}
        )
        return redirect(product)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw(product.pk, by=request.user, why=form.cleaned_data["why"])
            messages.success(request, _("It was withdrawn."))
            return redirect(product)
        except RuleBroken as refusal:
            form.add_error("why", str(refusal))
    return render(
        request, "products/product_withdraw.html", {"product": product, "form": form}, status=422 if form.errors else 200
    )
