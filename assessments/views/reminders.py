"""The reminders of a round: what went out, what is planned, and sending one by hand with its words looked at first."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from assessments import rules
from assessments.forms.reminders import RemindForm
from assessments.models import Escalation, Reminder
from assessments.selectors import reminders as selectors
from assessments.services import reminders as services
from assessments.views.rounds import find_round, form_page, round_tabs
from secretariat.calendar import digits
from secretariat.errors import RuleBroken
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage

Kind = Reminder.Kind
TOLD = 12  # of what was late, the latest


class ReminderList(ListPage):
    name = "reminders"
    caption = gettext_lazy("Reminders")
    columns = [
        Column("assessor", gettext_lazy("Assessor"), sort="assessor__user__sort_key", value="assessor"),
        Column("at", gettext_lazy("Sent on"), sort="at", value="at", kind="datetime"),
        Column("occasion", gettext_lazy("Occasion"), sort="kind", value="occasion"),
        Column("by", gettext_lazy("By"), value=lambda row: row.by.display_name if row.by else _("by itself")),
        Column("text", gettext_lazy("What was written"), value="subject", template="assessments/_reminder_text.html"),
    ]
    filters = [Choice("kind", gettext_lazy("Occasion"), Kind.choices)]
    search = ("assessor__user__search_key",)
    default_sort = "-at"
    empty_title = gettext_lazy("No reminder was sent yet.")

    def __init__(self, request, round_):
        super().__init__(request)
        self.round = round_

    def queryset(self):
        rows = Reminder.objects.visible_to(self.request.user).filter(round=self.round)
        return rows.with_letters().select_related("assessor__user", "by")


@officers_only
@require_safe
def round_reminders(request, pk):
    round_ = find_round(request, pk)
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_reminders"),
        "planned": selectors.planned(round_) if round_.status in rules.EDITABLE_ROUNDS else [],
        "told": Escalation.objects.filter(assignment__entry__round=round_)
        .select_related("assignment__assessor__user", "assignment__entry__subject")
        .order_by("-at", "-pk")[:TOLD],
        "ways": _ways(round_) if round_.is_open else [],
    }
    return ReminderList(request, round_).respond("assessments/round_reminders.html", context)


def _ways(round_):
    """(address, words) of what can be reminded of by hand now."""
    url = reverse("round_remind", args=[round_.pk])
    return [(url, _("Remind of assessments")), (f"{url}?about=answers", _("Remind of answers"))]


@officers_only
@form_page
@once
def round_remind(request, pk):
    """Choose whom, edit the words, look at what each would get, send."""
    round_ = find_round(request, pk)
    if not round_.is_open:
        messages.warning(request, _("Reminders are sent only while the round is open."))
        return redirect("round_reminders", pk)
    given = request.POST if request.method == "POST" else request.GET
    about = "answers" if given.get("about") == "answers" else "work"
    kind = Kind.OFFER if about == "answers" else Kind.BEFORE
    owing = selectors.owed_in(round_, kind)
    chosen = _chosen(request, owing)
    form = RemindForm(
        request.POST if request.method == "POST" else None, kind=kind, languages={owed.assessor.user.language for owed in owing}
    )
    letters, error = [], ""
    if request.method == "POST" and form.is_valid():
        if not chosen:
            error = _("Choose at least one assessor.")
        elif request.POST.get("step") == "send":
            try:
                sent = services.remind(pk, kind, chosen, by=request.user, subjects=form.said("subject"), texts=form.said("text"))
            except RuleBroken as broken:
                error = str(broken)
            else:
                text = ngettext("%(count)s reminder was sent.", "%(count)s reminders were sent.", len(sent))
                messages.success(request, text % {"count": digits(len(sent))})
                return redirect("round_reminders", pk)
        elif request.POST.get("step") == "preview":
            letters = [_letter(owed, form) for owed in owing if owed.assessor.pk in chosen]
    context = {
        "round": round_,
        "about": about,
        "form": form,
        "rows": [(owed, owed.assessor.pk in chosen) for owed in owing],
        "letters": letters,
        "chosen": sorted(chosen),
        "placeholders": [(f"{{{name}}}", words) for name, words in rules.PLACEHOLDERS.items()],
        "error": error,
    }
    return render(request, "assessments/round_remind.html", context, status=422 if form.errors or error else 200)


def _chosen(request, owing):
    """Those who are ticked; at first everybody who owes something, or the one named in the address."""
    there = {owed.assessor.pk for owed in owing}
    if request.method != "POST" and "assessor" not in request.GET:
        return there
    given = request.POST if request.method == "POST" else request.GET
    return {pk for pk in there if str(pk) in given.getlist("assessor")}


def _letter(owed, form):
    language = owed.assessor.user.language
    subject, text = selectors.words_for(owed, language, form.said("subject")[language], form.said("text")[language])
    return {"owed": owed, "subject": subject, "text": text, "language": language}
