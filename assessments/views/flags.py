"""The questions that a round's ratings raise: the list, and one of them with its grounds and its answer."""

from django.contrib import messages
from django.db.models import Case, Value, When
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from assessments import rules
from assessments.forms.flags import FlagAnswerForm
from assessments.models import ScoringFlag
from assessments.selectors import flags as selectors
from assessments.selectors.readers import still_judges
from assessments.services import flags as services
from assessments.views.readers import results_readers, wait_page
from assessments.views.rounds import form_page, round_tabs
from secretariat.errors import RuleBroken, Stale
from secretariat.gate import officers_only, once
from secretariat.lists import Choice, Column, ListPage

OPEN, ANSWERED, GONE = "open", "answered", "gone"
STATES: dict[str, dict] = {
    OPEN: {"is_raised": True, "decision": ""},
    ANSWERED: {"is_raised": True, "decision__gt": ""},
    GONE: {"is_raised": False},
}
MOST_SHEETS = 12  # of a pair, laid side by side


def state_of(flag):
    return GONE if not flag.is_raised else ANSWERED if flag.decision else OPEN


def state_words():
    return {OPEN: _("not answered"), ANSWERED: _("answered"), GONE: _("no longer seen in the results")}


def _people(flag):
    if flag.other is None:
        return flag.assessor
    return _("%(one)s and %(other)s") % {"one": flag.assessor, "other": flag.other}


def _state(flag):
    return flag.get_decision_display() if flag.decision else state_words()[state_of(flag)]


class RoundQuestions(ListPage):
    name = "questions"
    caption = gettext_lazy("Questions that the ratings raise")
    search = ("assessor__user__search_key", "other__user__search_key")
    filters = [
        Choice(
            "state",
            gettext_lazy("State"),
            lambda request: state_words().items(),
            apply=lambda rows, value: rows.filter(**STATES[value]),
        ),
        Choice("kind", gettext_lazy("Kind"), ScoringFlag.Kind.choices),
    ]
    columns = [
        Column("question", gettext_lazy("Question"), value=selectors.question, template="assessments/_question.html"),
        Column("about", gettext_lazy("About whom"), sort="assessor__user__sort_key", value=_people),
        Column("evidence", gettext_lazy("Why it is asked"), value=selectors.evidence),
        Column("sheets", gettext_lazy("Sheets"), sort="sheets", kind="number"),
        Column("unusual", gettext_lazy("How unusual"), sort="chance", value=selectors.how_unusual),
        Column("state", gettext_lazy("State"), sort="order", value=_state, template="assessments/_question_state.html"),
        Column("answer", gettext_lazy("What was found"), shown=False),
        Column("by", gettext_lazy("Answered by"), sort="answered_by__sort_key", value="answered_by", shown=False),
        Column("at", gettext_lazy("Answered at"), sort="answered_at", value="answered_at", kind="datetime", shown=False),
    ]  # fmt: skip
    default_sort = "state"
    empty_title = gettext_lazy("No question is raised.")
    empty_text = gettext_lazy(
        "Either nothing unusual was seen, or there are too few sheets to tell: six of an assessor and five such assessors are needed."
    )

    def __init__(self, request, round_):
        super().__init__(request)
        self.round = round_

    def queryset(self):
        order = Case(When(is_raised=False, then=Value(2)), When(decision="", then=Value(0)), default=Value(1))
        return selectors.flags_of(self.round).annotate(order=order)

    def row_url(self, row):
        return reverse("question_detail", args=[row.pk])


@results_readers
@require_safe
def round_questions(request, round_):
    context = {
        "round": round_,
        "tabs": round_tabs(round_, "round_questions"),
        "open": selectors.open_questions(round_),
        "is_stale": round_.entries.stale().exists(),
    }
    return RoundQuestions(request, round_).respond("assessments/round_questions.html", context)


@officers_only
@form_page
@once
def question_detail(request, pk):
    """One question with its grounds; an officer whom it does not concern records what was decided."""
    flag = get_object_or_404(ScoringFlag.objects.select_related("round", "assessor__user", "other__user", "answered_by"), pk=pk)
    if still_judges(request.user, flag.round):
        return wait_page(request, flag.round)
    form, stands = FlagAnswerForm.of(flag, request.POST if request.method == "POST" else None), None
    if request.method == "POST" and form.is_valid():
        try:
            services.answer_flag(pk, by=request.user, **form.cleaned_data)
        except Stale as stale:
            form.add_error(None, stale.message)
            stands = stale.current
        except RuleBroken as broken:
            broken.show_in(form)
        else:
            messages.success(request, _("The answer is recorded."))
            return redirect("round_questions", flag.round_id)
    context = {
        "flag": flag,
        "round": flag.round,
        "form": form,
        "stands": stands,
        "question": selectors.question(flag),
        "evidence": selectors.evidence(flag),
        "basis": selectors.basis(flag),
        "unusual": selectors.how_unusual(flag),
        "state": state_of(flag),
        "state_word": state_words()[state_of(flag)],
        "people": [person for person in (flag.assessor, flag.other) if person is not None],
        "is_concerned": request.user.pk in services.concerned(flag),
        "can_set_aside": flag.round.status in rules.LIVE_ROUNDS,
        "aside": selectors.aside_among(flag),
        "former": selectors.former_answers(flag),
    }
    if flag.other_id:
        pair = selectors.side_by_side(flag)
        context.update(pair=pair, sheets=pair.sheets[:MOST_SHEETS])
    return render(request, "assessments/question_detail.html", context, status=422 if form.errors else 200)
