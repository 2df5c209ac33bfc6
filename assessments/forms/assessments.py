"""What an assessor typed into the sheet, read indicator by indicator: one that cannot be read spoils no other."""

from dataclasses import dataclass, field
from decimal import Decimal

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Rating
from assessments.models.indicators import Scale
from secretariat import calendar, persian
from secretariat.errors import RuleBroken
from secretariat.refusals import why_too_long

State = Rating.State
# What the page sends instead of a number.
NOT_APPLICABLE = "na"
TEXTS = {
    "strengths": gettext_lazy("Strengths"),
    "improvements": gettext_lazy("What could be better"),
    "note_to_staff": gettext_lazy("Note to the secretariat"),
}
TEXT_MOST = 5000
COMMENT_MOST = 2000


@dataclass(frozen=True)
class Answer:
    """What is said on one indicator."""

    state: str = State.UNANSWERED
    value: Decimal | None = None
    comment: str = ""

    @property
    def typed(self):
        """The value as the sheet's fields carry it."""
        if self.state == State.NOT_APPLICABLE:
            return NOT_APPLICABLE
        return "" if self.value is None else plain(self.value)


@dataclass
class Reading:
    """The part of a posted sheet that could be read, and a sentence on each field that could not."""

    answers: dict = field(default_factory=dict)  # indicator id → Answer
    texts: dict = field(default_factory=dict)
    errors: dict = field(default_factory=dict)  # field name → sentence
    typed: dict = field(default_factory=dict)  # field name → what was refused, as it was typed


def plain(value):
    """A decimal without idle zeros, never in powers of ten: 4, 0.5, 100."""
    return f"{value.normalize():f}"


def read(values, leaves, known):
    """Read a posted sheet.

    `values` are fields by name: r-12 the value on indicator 12 (a number, "na" or empty), c-12 its comment, and the
    texts. A missing field leaves what stands. `leaves` are the indicators by id, `known` the answers that stand.
    """
    reading = Reading()
    for name in TEXTS:
        text = _words(reading, name, values.get(name), TEXT_MOST)
        if text is not None:
            reading.texts[name] = text
    for pk in sorted(_named(values)):
        if pk not in leaves:
            raise RuleBroken(_("One of the answers belongs to no indicator of this sheet. Open the page again."))
        _read_one(reading, pk, leaves[pk], known.get(pk, Answer()), values)
    return reading


def _named(values):
    """The indicators of which something is said."""
    found = set()
    for name in values:
        prefix, _dash, number = name.partition("-")
        if prefix in ("r", "c"):
            if not (number.isascii() and number.isdigit() and len(number) < 19):
                raise RuleBroken(_("One of the answers belongs to no indicator of this sheet. Open the page again."))
            found.add(int(number))
    return found


def _words(reading, name, raw, most):
    """The stored form of a text that was typed; None when it is missing or too long to be kept, which is told."""
    if raw is None:
        return None
    text = persian.canonical(str(raw).replace("\r\n", "\n"))
    if told := why_too_long(text, most):
        reading.errors[name], reading.typed[name] = told, str(raw)
        return None
    return text


def _read_one(reading, pk, indicator, now, values):
    comment = _words(reading, f"c-{pk}", values.get(f"c-{pk}"), COMMENT_MOST)
    state, value = now.state, now.value
    raw = values.get(f"r-{pk}")
    if raw is not None:
        raw = str(raw).strip()
        try:
            state, value = read_value(raw, indicator)
        except RuleBroken as refusal:
            reading.errors[f"r-{pk}"], reading.typed[f"r-{pk}"] = str(refusal), raw
    answer = Answer(state, value, now.comment if comment is None else comment)
    if answer != now:
        reading.answers[pk] = answer


def read_value(raw, indicator):
    """The (state, value) that was typed; refuses with a sentence what does not fit the indicator's scale."""
    if raw == "":
        return State.UNANSWERED, None
    if raw == NOT_APPLICABLE:
        if not indicator.allow_na:
            raise RuleBroken(_("“Not applicable” is not among the answers to this indicator."))
        return State.NOT_APPLICABLE, None
    try:
        value = Decimal(persian.parse_number(raw))
    except persian.Refused:
        raise RuleBroken(_("Write a number, for example %(example)s.") % {"example": shown(_example(indicator.scale))}) from None
    scale = indicator.scale
    if value < scale.minimum or (scale.maximum is not None and value > scale.maximum):
        raise RuleBroken(_outside(scale))
    if scale.kind in (Scale.Kind.ORDINAL, Scale.Kind.INVERSE, Scale.Kind.BOOLEAN) and (value - scale.minimum) % scale.step:
        raise RuleBroken(_("Choose one of the levels."))
    if value != value.quantize(Decimal("0.0001")) or value >= 10**10:
        raise RuleBroken(_("Write at most four decimals."))
    return State.SCORED, value


def _outside(scale):
    if scale.maximum is None:
        return _("Write a number of at least %(low)s.") % {"low": shown(scale.minimum)}
    return _("Write a number from %(low)s to %(high)s.") % {"low": shown(scale.minimum), "high": shown(scale.maximum)}


def _example(scale):
    return scale.minimum if scale.maximum is None else (scale.minimum + scale.maximum) / 2


def shown(value):
    return persian.display_fa(value) if calendar.reads_persian() else persian.grouped(value)


class ReopenForm(forms.Form):
    """Why a submitted assessment is opened again."""

    why = forms.CharField(label=gettext_lazy("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))

    def clean_why(self):
        return persian.canonical(self.cleaned_data["why"])
