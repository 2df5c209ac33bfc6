"""Action items: the board and the list, one item with its trail, and everything that is done to it."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from secretariat import calendar
from secretariat.errors import RuleBroken, Stale
from secretariat.forms.actions import ActionForm, EditForm, EvidenceForm, HandOverForm, NoteForm, PostponeForm, WhyForm
from secretariat.gate import once
from secretariat.lists import Choice, Column, ListPage, Toggle
from secretariat.models import ActionItem, Council, Meeting, NoteDraft, Resolution, User
from secretariat.rules import actions as rules
from secretariat.selectors import actions as selectors
from secretariat.services import actions as services
from secretariat.typed import whole
from secretariat.uploads import EXTENSIONS
from secretariat.workflow import open_steps

form_page = require_http_methods(["GET", "HEAD", "POST"])


def find_action(request, pk):
    return get_object_or_404(selectors.rows_of(ActionItem.objects.visible_to(request.user)), pk=pk)


# --- many ----------------------------------------------------------------------------------------


def _councils(request):
    seen = ActionItem.objects.visible_to(request.user).order_by()
    return [(council.pk, council.name) for council in Council.objects.filter(pk__in=seen.values("council"))]


def _owners(request):
    seen = ActionItem.objects.visible_to(request.user).order_by()
    owners = User.objects.filter(pk__in=seen.values("owner")).order_by("sort_key", "pk")
    return [(owner.pk, owner.display_name) for owner in owners]


def _suggested(request):
    """What the forms of an action suggest."""
    return {"axes": _axes(request), "units": selectors.units(ActionItem.objects.visible_to(request.user), request.user)}


def _axes(request):
    return [(axis, axis) for axis in selectors.axes(ActionItem.objects.visible_to(request.user))]


class ActionList(ListPage):
    name = "actions"
    caption = gettext_lazy("Action items")
    columns = [
        Column("title", gettext_lazy("Title"), sort="sort_key", link=True),
        Column("owner", gettext_lazy("Owner"), sort="owner__sort_key", value="owner.display_name"),
        Column("due", gettext_lazy("Due on"), sort="due_on", value="due_on", template="secretariat/parts/action_due.html"),
        Column("status", gettext_lazy("State"), sort="status", kind="badge"),
        Column("council", gettext_lazy("Council"), sort="council__sort_key", value="council.name"),
        Column("axis", gettext_lazy("Axis"), sort="axis", shown=False),
        Column("agency", gettext_lazy("Agency"), sort="agency__sort_key", value="agency.name", shown=False),
        Column("unit", gettext_lazy("Unit"), shown=False),
        Column("agreement", gettext_lazy("Agreement"), value="agreement.title", shown=False),
    ]
    search = ("search_key",)
    default_sort = "due"
    empty_title = gettext_lazy("There is no action yet.")
    empty_text = gettext_lazy("What a council decides to do stands here, with its owner and its day.")

    @property
    def filters(self):
        user = self.request.user
        return [
            Choice("council", gettext_lazy("Council"), _councils),
            Choice("owner", gettext_lazy("Owner"), _owners),
            Choice("axis", gettext_lazy("Axis"), _axes),
            *self.own_filters,
            Toggle("mine", gettext_lazy("Mine"), lambda rows: rows.filter(pk__in=ActionItem.objects.owed_by(user).values("pk"))),
            Toggle("late", gettext_lazy("Late"), lambda rows: rows.late()),
            Toggle("commitments", gettext_lazy("Of agreements"), lambda rows: rows.exclude(agreement=None)),
        ]

    own_filters: tuple[Choice, ...] = (Choice("status", gettext_lazy("State"), ActionItem.Status.choices),)

    def queryset(self):
        return selectors.rows_of(ActionItem.objects.visible_to(self.request.user))


class ActionBoard(ActionList):
    """The same rows by state: the columns are the filter."""

    own_filters = ()


def _tabs(request, here):
    query = request.GET.copy()
    for name in ("status", "page", "sort", "column", "export", "size"):
        query.pop(name, None)
    tail = f"?{query.urlencode()}" if query else ""
    board, rows = reverse("action_board") + tail, reverse("action_list") + tail
    return [(_("Board"), board, here == "board"), (_("List"), rows, here == "list")]


def _query(request):
    """The filters in force, as the tail of an address."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


@require_safe
def action_list(request):
    context = {"tabs": _tabs(request, "list"), "may_make": selectors.kept_councils(request.user).exists()}
    with calendar.one_reading():
        return ActionList(request).respond("secretariat/action_list.html", context)


@require_safe
def action_board(request):
    """What is to do, in progress, done and confirmed, side by side; thirty cards each, more on demand."""
    page = ActionBoard(request)
    context = {
        "list": page,
        "columns": selectors.board(page.filtered, request.user),
        "tabs": _tabs(request, "board"),
        "may_make": selectors.kept_councils(request.user).exists(),
        "query": _query(request),
    }
    return render(request, "secretariat/action_board.html", context)


@require_safe
def action_column(request, status):
    """More cards of one column."""
    if status not in rules.COLUMNS:
        raise Http404
    number = max(1, whole(request.GET.get("page", "1")))
    column = selectors.column(ActionBoard(request).filtered, status, request.user, number)
    return render(request, "secretariat/parts/action_cards.html", {"column": column, "query": _query(request)})


@require_POST
def action_place(request):
    """Put a card into another column: by a button of the board, or by its script, which is answered in JSON.

    No one-time key: the version that the card showed lets the same move take effect once.
    """
    number, version, target = ([*request.POST.get("to", "").split("."), "", "", ""])[:3]
    item = find_action(request, whole(number))
    script = "json" in request.headers.get("Accept", "")
    action = rules.between(item.status, target)
    why = request.POST.get("why", "")
    if action and rules.ACTION_MOVES[action].needs_reason and not why.strip() and not script:
        return redirect("action_move", item.pk, action)
    try:
        if item.version != whole(version):
            raise Stale(services.CHANGED, item)
        if action is None:
            raise RuleBroken(_no_way(item, target))
        moved = services.move(item.pk, action, by=request.user, version=whole(version), why=why)
    except Stale as stale:
        return _placed(request, script, stale.current, str(stale), HTTPStatus.CONFLICT)
    except RuleBroken as broken:
        asks, message = "", str(broken)
        if broken.field == "why":
            asks, message = str(rules.ACTION_MOVES[action].label), _("What was done") if action == "report" else _("Reason")
        return _placed(request, script, item, message, HTTPStatus.UNPROCESSABLE_ENTITY, asks)
    told = _("“%(title)s” is now “%(state)s”.") % {"title": moved, "state": moved.get_status_display()}
    return _placed(request, script, moved, told, HTTPStatus.OK)


def _no_way(item, target):
    if target == item.status or target not in rules.COLUMNS:
        return _("Choose another column.")
    words = {"source": item.get_status_display(), "target": ActionItem.Status(target).label}
    return _("No step leads from “%(source)s” to “%(target)s”.") % words


def _placed(request, script, item, message, status, asks=""):
    """Where the card stands now, with what to say; to a page without a script as a message above the board."""
    if script:
        item = selectors.as_card(find_action(request, item.pk), request.user)
        card = render_to_string("secretariat/parts/action_card.html", {"item": item}, request=request)
        return JsonResponse({"message": message, "status": item.status, "card": card, "asks": asks}, status=status)
    (messages.success if status == HTTPStatus.OK else messages.error)(request, message)
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "action_board")


# --- one -----------------------------------------------------------------------------------------


@form_page
@once
def action_new(request):
    """A new action of a council whose papers one keeps; from a resolution or a meeting when these lead here."""
    councils = selectors.kept_councils(request.user)
    resolution = _origin(request, "resolution", Resolution)
    meeting = _origin(request, "meeting", Meeting) or (resolution and resolution.meeting)
    chosen = str(resolution.council_id if resolution else meeting.council_id if meeting else request.GET.get("council", ""))
    council = next((one for one in councils if str(one.pk) == chosen), None)
    if not councils or (council is None and chosen):
        raise Http404
    if council is None and len(councils) == 1:
        council = councils[0]
    if council is None:
        return render(request, "secretariat/action_council.html", {"councils": councils})
    form = ActionForm(request.POST if request.method == "POST" else None, owners=selectors.possible_owners(council.pk))
    if request.method == "POST" and form.is_valid():
        try:
            item = services.create(
                council.pk, by=request.user, owner=form.cleaned_data["owner"], resolution=resolution, meeting=meeting,
                **form.due, **form.words,
            )  # fmt: skip
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("“%(title)s” was given to %(name)s.") % {"title": item, "name": item.owner})
            return redirect(item)
    context = {"form": form, "council": council, "resolution": resolution, "meeting": meeting, **_suggested(request)}
    return render(request, "secretariat/action_new.html", context, status=422 if form.errors else 200)


def _origin(request, name, model):
    """The resolution or meeting in the address, of a council whose papers this person keeps."""
    number = request.GET.get(name)
    if not number:
        return None
    rows = model.objects.filter(council__in=selectors.kept_councils(request.user)).select_related("council")
    return get_object_or_404(rows, pk=whole(number))


@require_safe
def action_detail(request, pk):
    """An action with everything that belongs to it."""
    item = find_action(request, pk)
    return render(request, "secretariat/action_detail.html", page_of(request, item))


def page_of(request, item, note=None, evidence=None):
    """What the page of one action shows; `note` and `evidence` are forms that came back with errors."""
    writes = rules.writes(request.user, item) and not item.is_settled
    draft = NoteDraft.objects.filter(item=item, by=request.user).first() if writes else None
    return {
        "item": item,
        "steps": open_steps(item, request.user),
        "may_edit": rules.keeps(request.user, item) and not item.is_settled,
        "writes": writes,
        "draft": draft,
        "note": note or NoteForm(initial={"text": draft.text, "percent": draft.percent} if draft else None),
        "evidence": evidence or EvidenceForm(),
        "accept": ",".join(EXTENSIONS),
        "notes": item.notes.select_related("by"),
        "files": selectors.file_rows(item, removable=writes),
        "trail": selectors.trail(item),
        "said": item.moves.filter(action="report").last() if item.done_at else None,
        "resolution": item.resolution if item.resolution_id and _may_read(request.user, item) else None,
        "reminders": item.reminders.order_by("-at", "-pk").prefetch_related("reminded__user") if rules.keeps(request.user, item) else [],
    }


def _may_read(user, item):
    return Resolution.objects.visible_to(user).filter(pk=item.resolution_id).exists()


@form_page
@once
def action_edit(request, pk):
    """Change what an action says; what went stale stands beside what was typed."""
    item = find_action(request, pk)
    if not rules.keeps(request.user, item):
        raise Http404
    if item.is_settled:
        return redirect(item)
    form, beside = EditForm.of(item, request.POST if request.method == "POST" else None), None
    if request.method == "POST" and form.is_valid():
        try:
            services.edit(item.pk, by=request.user, version=form.cleaned_data["version"], **form.words)
        except Stale as stale:
            beside = stale.stand_beside(form)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("Saved."))
            return redirect(item)
    context = {"form": form, "item": item, "beside": beside, **_suggested(request)}
    status = 409 if beside is not None else 422 if form.errors else 200
    return render(request, "secretariat/action_edit.html", context, status=status)


@form_page
@once
def action_move(request, pk, action):
    """One step of an action, with its reason, its new day or its new owner."""
    item = find_action(request, pk)
    step = rules.ACTION_MOVES.get(action)
    if step is None or not step.who(request.user, item):
        raise Http404
    if request.method != "POST" and action not in open_steps(item, request.user):
        messages.info(request, _("This is no longer possible: its state is now “%(state)s”.") % {"state": item.get_status_display()})
        return redirect(item)
    form = _move_form(item, action, step, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            moved = _act(item, action, form, whole(request.POST.get("version", "")), request.user)
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _told(moved, action))
            visible = ActionItem.objects.visible_to(request.user).filter(pk=pk).exists()
            return redirect(moved) if visible else redirect("action_board")
    context = {"item": item, "step": step, "action": action, "form": form}
    return render(request, "secretariat/action_move.html", context, status=422 if form.errors else 200)


def _move_form(item, action, step, posted):
    if action == "postpone":
        return PostponeForm(posted)
    if action == "reassign":
        agency = item.agency_id if item.side == rules.Side.AGENCY else None
        return HandOverForm(posted, owners=selectors.possible_owners(item.council_id, agency, without=item.owner_id))
    return WhyForm(posted, required=step.needs_reason, label=_("What was done") if action == "report" else None)


def _act(item, action, form, version, user):
    said = {"by": user, "why": form.cleaned_data["why"], "version": version}
    if action == "postpone":
        return services.postpone(item.pk, **form.due, **said)
    if action == "reassign":
        return services.reassign(item.pk, owner=form.cleaned_data["owner"], **said)
    return services.move(item.pk, action, **said)


def _told(item, action):
    if action in ("postpone", "reassign"):
        return _("Saved.")
    return _("“%(title)s” is now “%(state)s”.") % {"title": item, "state": item.get_status_display()}
