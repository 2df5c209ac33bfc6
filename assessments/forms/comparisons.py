"""Weight studies as they are typed: an officer's study, and an expert's answers on the scale of seventeen steps."""

from dataclasses import dataclass

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.forms.timetable import EndOfDayField
from assessments.models import Assessor, IndicatorSet, StudyItem
from assessments.scoring.comparisons import FURTHEST_STEP
from secretariat.calendar import digits, today
from secretariat.errors import RuleBroken
from secretariat.fields import CanonicalCharField
from secretariat.models import User

# Saaty's words for "so many times as important", by the number; the odd ones are his, the even ones lie between.
DEGREES = {
    2: gettext_lazy("slightly more important"),
    3: gettext_lazy("moderately more important"),
    4: gettext_lazy("moderately to strongly more important"),
    5: gettext_lazy("strongly more important"),
    6: gettext_lazy("strongly to very strongly more important"),
    7: gettext_lazy("very strongly more important"),
    8: gettext_lazy("very strongly to extremely more important"),
    9: gettext_lazy("extremely more important"),
}


def words_of(left, right, step):
    """An answer as a phrase: “A” is strongly more important (5)."""
    if step == 0:
        return _("both equally important")
    return _("“%(row)s” is %(degree)s (%(number)s)") % {
        "row": (left if step > 0 else right).title,
        "degree": DEGREES[abs(step) + 1],
        "number": digits(abs(step) + 1),
    }


# --- an expert's answers -------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """One of the seventeen answers to a pair."""

    value: int
    number: int  # 1 … 9, as it stands on the button
    words: str
    checked: bool


@dataclass(frozen=True)
class Pair:
    """Two rows side by side, and the answer so far (None while open)."""

    left: StudyItem
    right: StudyItem
    step: int | None

    @property
    def name(self):
        return f"p-{self.left.pk}-{self.right.pk}"

    @property
    def said(self):
        return "" if self.step is None else words_of(self.left, self.right, self.step)

    def _choices(self, steps):
        return [Choice(step, abs(step) + 1, words_of(self.left, self.right, step), step == self.step) for step in steps]

    @property
    def towards_left(self):
        """From nine times down to twice as important."""
        return self._choices(range(FURTHEST_STEP, 0, -1))

    @property
    def equal(self):
        return self._choices([0])[0]

    @property
    def towards_right(self):
        return self._choices(range(-1, -FURTHEST_STEP - 1, -1))


def pairs(answers, typed=None):
    """Every pair of a group, with the answers of selectors.comparisons.Answers, or those typed: {(left, right): step}."""
    rows = answers.items
    found = []
    for n, left in enumerate(rows):
        for m in range(n + 1, len(rows)):
            step = answers.steps.get((n, m)) if typed is None else typed.get((left.pk, rows[m].pk))
            found.append(Pair(left, rows[m], step))
    return found


def read_steps(values):
    """{(left, right): step or None} from posted fields p-LEFT-RIGHT; an empty one leaves its pair open."""
    steps = {}
    for name, raw in values.items():
        parts = name.split("-")
        if parts[0] != "p":
            continue
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts[1:]):
            raise RuleBroken(_("One of the answers belongs to no pair of this page. Open the page again."))
        steps[int(parts[1]), int(parts[2])] = _step(raw.strip())
    return steps


def _step(raw):
    if raw == "":
        return None
    allowed = {str(step): step for step in range(-FURTHEST_STEP, FURTHEST_STEP + 1)}
    if raw not in allowed:
        raise RuleBroken(_("One of the answers does not stand on the scale. Open the page again."))
    return allowed[raw]


# --- an officer's study --------------------------------------------------------------------------


class ExpertChoice(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, assessor):
        return f"{assessor.user.display_name} – {assessor.field}" if assessor.field else assessor.user.display_name


class InviteForm(forms.Form):
    """Whom to ask: people of the roster, and anybody else with an account."""

    roster = ExpertChoice(label=gettext_lazy("Experts of the roster"), queryset=Assessor.objects.none(), required=False)
    others = CanonicalCharField(
        label=gettext_lazy("Other people"),
        required=False,
        widget=forms.Textarea({"rows": 2, "dir": "ltr"}),
        help_text=gettext_lazy("One user name or e-mail address a line, of people who have an account."),
    )

    def __init__(self, *args, set_id, asked=(), **kwargs):
        super().__init__(*args, **kwargs)
        fitting = Exists(IndicatorSet.objects.filter(pk=set_id, experts=OuterRef("pk")))
        roster = Assessor.objects.filter(is_active=True, user__is_active=True).exclude(user__in=asked).select_related("user")
        # Those who assess by this set stand first.
        self.fields["roster"].queryset = roster.annotate(fitting=fitting).order_by("-fitting", "user__sort_key", "pk")

    def clean_others(self):
        found = []
        for line in self.cleaned_data["others"].splitlines():
            if not (typed := line.strip()):
                continue
            users = list(User.objects.filter(Q(username__iexact=typed) | Q(email__iexact=typed), is_active=True)[:2])
            if len(users) != 1:
                raise forms.ValidationError(_("There is no account of “%(typed)s”.") % {"typed": typed})
            found += users
        return found

    def clean(self):
        cleaned = super().clean()
        cleaned["experts"] = [assessor.user for assessor in cleaned.get("roster", ())] + cleaned.get("others", [])
        if not cleaned["experts"] and not self.errors:
            self.add_error("roster", _("Choose at least one expert."))
        return cleaned


class StudyForm(InviteForm):
    """A new study: what is compared, by whom, until when."""

    groups = forms.MultipleChoiceField(
        label=gettext_lazy("What the experts compare"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Rows that stand together are compared with one another, each with each."),
    )
    deadline = EndOfDayField(
        label=gettext_lazy("Deadline of the experts"), min_value=today, help_text=gettext_lazy("Until the end of this day.")
    )
    note = CanonicalCharField(
        label=gettext_lazy("Note to the experts"),
        required=False,
        max_length=4000,
        widget=forms.Textarea({"rows": 3, "dir": "auto"}),
    )

    field_order = ["groups", "roster", "others", "deadline", "note"]

    # The uppermost rows have no code of their own, and an empty value would be no choice.
    TOP = "*"

    def __init__(self, *args, places, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["groups"].choices = [(place.code or self.TOP, self._label(place)) for place in places]
        self.fields["groups"].initial = [place.code or self.TOP for place in places]

    @staticmethod
    def _label(place):
        return _("%(title)s: %(rows)s rows, %(pairs)s pairs") % {
            "title": place.title,
            "rows": digits(len(place.children)),
            "pairs": digits(place.pairs),
        }

    def clean_groups(self):
        return ["" if code == self.TOP else code for code in self.cleaned_data["groups"]]
