"""What is typed in a year of self-assessment: the officers' year, an agency's answer, a checker's levels."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.forms.assessments import Answer, read_value
from assessments.forms.rounds import EndOfDayField
from assessments.models import Indicator, SetVersion
from secretariat import persian
from secretariat.calendar import day_of, today
from secretariat.errors import RuleBroken
from secretariat.fields import CanonicalCharField, WholeNumberFormField
from secretariat.refusals import why_too_long
from secretariat.uploads import EXTENSIONS

DONE_MOST = 10_000
LINKS_MOST = 4_000
REASON_MOST = 4_000
MOST_LINKS = 20

_is_address = URLValidator(schemes=["http", "https"])


# --- the officers' year --------------------------------------------------------------------------


def frameworks():
    """Published versions by which agencies can judge themselves: made for them, and nothing in them left to others."""
    for_others = Indicator.objects.filter(version=OuterRef("pk")).exclude(rater=Indicator.Rater.EXPERT)
    return SetVersion.objects.published().filter(~Exists(for_others), set__layer="organisation").select_related("set")


class YearForm(forms.Form):
    """A new year; once it is open, what may still be written of it."""

    year = WholeNumberFormField(
        label=gettext_lazy("Jalali year"), min_value=1390, max_value=1500, help_text=gettext_lazy("The year that is judged.")
    )
    framework = forms.ModelChoiceField(
        label=gettext_lazy("Framework"),
        queryset=SetVersion.objects.none(),
        empty_label=gettext_lazy("Choose a framework"),
        help_text=gettext_lazy("A published version; it stays the same for the whole year."),
    )
    deadline = EndOfDayField(
        label=gettext_lazy("Deadline of the agencies"), min_value=today, help_text=gettext_lazy("Until the end of this day.")
    )
    check_percent = WholeNumberFormField(
        label=gettext_lazy("Share of the agencies to be checked, percent"),
        min_value=0,
        max_value=100,
        initial=30,
        help_text=gettext_lazy("Drawn by lot from those that submit, by kind of agency."),
    )
    checks_due = EndOfDayField(
        label=gettext_lazy("Deadline of the checkers"), min_value=today, help_text=gettext_lazy("Until the end of this day.")
    )
    note = CanonicalCharField(
        label=gettext_lazy("Note to the agencies"),
        required=False,
        max_length=4000,
        widget=forms.Textarea({"rows": 3, "dir": "auto"}),
    )

    # What may be changed once agencies are asked; the deadline is moved by extending it.
    WRITABLE = ("check_percent", "checks_due", "note")

    def __init__(self, *args, opened=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.opened = opened
        if opened is None:
            self.fields["framework"].queryset = frameworks()
            self.fields["year"].initial = persian.to_jalali(today()).year
            return
        for name in set(self.fields) - set(self.WRITABLE):
            del self.fields[name]
        self.initial = {name: getattr(opened, name) for name in self.WRITABLE}
        self.initial["checks_due"] = day_of(opened.checks_due)

    def clean(self):
        found = super().clean()
        first = self.opened.deadline if self.opened else found.get("deadline")
        if first and found.get("checks_due") and found["checks_due"] <= first:
            self.add_error("checks_due", _("The checkers work after the agencies: choose a later day."))
        return found


# --- an agency's answer --------------------------------------------------------------------------


class EvidenceForm(forms.Form):
    """A file beside the answer; the answer itself is read by `read_answer`, so that nothing typed is ever refused whole."""

    file = forms.FileField(
        label=gettext_lazy("Add a file"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(EXTENSIONS)}),
        help_text=gettext_lazy("PDF, picture, DOCX, XLSX, PPTX, MP3 or MP4."),
    )


@dataclass(frozen=True)
class Told:
    """What an agency says on one criterion."""

    level: Answer = field(default_factory=Answer)
    done: str = ""
    links: str = ""


@dataclass
class AnswerReading:
    """A posted answer: what could be read, and a sentence where the level could not."""

    told: Told
    error: str = ""
    typed: str | None = None  # the refused level, as it was typed


def read_answer(values, indicator, known):
    """Read the posted fields level, done and links over `known` (a Told); a missing field leaves what stands."""
    done = _text(values, "done", DONE_MOST, known.done)
    links = _text(values, "links", LINKS_MOST, known.links)
    reading = AnswerReading(Told(known.level, done, links))
    if (raw := values.get("level")) is not None:
        try:
            state, value = read_value(str(raw).strip(), indicator)
        except RuleBroken as refusal:
            reading.error, reading.typed = str(refusal), str(raw).strip()
        else:
            reading.told = Told(Answer(state, value), reading.told.done, reading.told.links)
    return reading


def _text(values, name, most, known):
    """The stored form of the text that came as `name`, what is `known` when none came; refuses one that is too long."""
    if (raw := values.get(name)) is None:
        return known
    text = "\n".join(persian.canonical(line) for line in str(raw).splitlines()).strip()
    if told := why_too_long(text, most):
        raise RuleBroken(told, field=name)
    return text


def addresses(text):
    """The lines of a box of links: (address, can be opened)."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(line, _opens(line)) for line in lines]


def _opens(line):
    try:
        _is_address(line)
    except ValidationError:
        return False
    return bool(urlsplit(line).hostname)


# --- a checker's levels --------------------------------------------------------------------------


@dataclass
class CheckReading:
    """The part of a posted check that could be read, and a sentence on each level that could not."""

    answers: dict = field(default_factory=dict)  # indicator id → Answer, its comment being the reason
    errors: dict = field(default_factory=dict)
    typed: dict = field(default_factory=dict)


def read_check(values, leaves, known):
    """Read the posted fields r-12 (the level on criterion 12) and c-12 (its reason); what is missing stays as it stands."""
    reading = CheckReading()
    for pk, indicator in leaves.items():
        now = known.get(pk, Answer())
        reason = _text(values, f"c-{pk}", REASON_MOST, now.comment)
        state, value = now.state, now.value
        if (raw := values.get(f"r-{pk}")) is not None:
            try:
                state, value = read_value(str(raw).strip(), indicator)
            except RuleBroken as refusal:
                reading.errors[pk], reading.typed[pk] = str(refusal), str(raw).strip()
        answer = Answer(state, value, reason)
        if answer != now:
            reading.answers[pk] = answer
    return reading


class CheckerForm(forms.Form):
    """Who checks; `candidates` are selectors.excellence.Candidate, those who are tied to the agency left out."""

    assessor = forms.TypedChoiceField(
        label=gettext_lazy("Checker"),
        coerce=int,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose a checker.")},
    )

    def __init__(self, *args, candidates, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["assessor"].choices = [(candidate.assessor.pk, candidate.words) for candidate in candidates]
