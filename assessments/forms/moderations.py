"""What officers and members of a panel type about a disagreement."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.forms.assessments import NOT_APPLICABLE, plain
from assessments.forms.rounds import EndOfDayField
from secretariat.calendar import today
from secretariat.fields import CanonicalCharField
from secretariat.templatetags.portal_text import num

TEXT_MOST = 4000


def _words(label, rows, **options):
    return CanonicalCharField(
        label=label, widget=forms.Textarea({"dir": "auto", "rows": rows}), max_length=TEXT_MOST, **options
    )


class SummonForm(forms.Form):
    """Who is asked as one more assessor, and until when; `assessor` is one of the candidates of the page."""

    assessor = forms.IntegerField(error_messages={"required": _("Choose somebody.")})
    deadline = EndOfDayField(label=_("Deadline"), min_value=today, help_text=_("Until the end of this day."))


class PointsForm(forms.Form):
    """Which indicators a panel is asked to discuss."""

    indicators = forms.TypedMultipleChoiceField(
        coerce=int, error_messages={"required": _("Choose at least one indicator to be discussed.")}
    )

    def __init__(self, data=None, *, indicators):
        super().__init__(data)
        self.fields["indicators"].choices = [(pk, pk) for pk in indicators]


class SettleForm(forms.Form):
    """With what a disagreement is settled, and why."""

    outcome = forms.ChoiceField(
        label=_("It is settled with"), widget=forms.RadioSelect, error_messages={"required": _("Choose with what it is settled.")}
    )
    why = _words(_("Reason"), 3, help_text=_("In a sentence or two; it stays on record."))

    def __init__(self, data=None, *, outcomes=rules.Outcome.choices):
        super().__init__(data, initial={"outcome": outcomes[0][0]} if len(outcomes) == 1 else None)
        self.fields["outcome"].choices = outcomes


class MessageForm(forms.Form):
    """Something said in a discussion, about one of its indicators or about all."""

    text = _words(_("Message"), 4, help_text=_("You stand here under a number: write nothing that tells who you are."))
    about = forms.TypedChoiceField(label=_("What it is about"), coerce=int, empty_value=None, required=False)

    def __init__(self, data=None, *, points, by_secretariat=False):
        super().__init__(data)
        self.fields["about"].choices = [("", _("the product as a whole")), *((p.indicator.pk, p.indicator.title) for p in points)]
        if by_secretariat:
            self.fields["text"].help_text = _("You write as “Secretariat”; the members of the panel read it.")


class _ValueForm(forms.Form):
    """A value on an indicator's own scale, as buttons or typed."""

    value = forms.CharField(label=_("Value"), error_messages={"required": _("Choose a value.")}, max_length=40)

    def __init__(self, data=None, *, indicator, initial=None):
        super().__init__(data, initial=initial, prefix=f"p{indicator.pk}")
        self.indicator = indicator
        words = [(plain(level.value), _level(level, indicator.scale)) for level in indicator.scale.levels]
        if indicator.allow_na:
            words.append((NOT_APPLICABLE, _("not applicable")))
        if indicator.scale.levels:
            self.fields["value"].widget = forms.RadioSelect(choices=words)
        else:
            self.fields["value"].widget = forms.TextInput({"inputmode": "decimal", "dir": "ltr", "autocomplete": "off"})


def _level(level, scale):
    if scale.kind == "boolean":
        return level.word or (_("yes") if level.value else _("no"))
    return f"{num(level.value)} – {level.word}" if level.word else num(level.value)


class ProposalForm(_ValueForm):
    """What a member would change his value to, and why."""

    why = _words(_("Why"), 2)


class AgreedForm(_ValueForm):
    """What the panel agreed on; `seen` is the revision that stood when the form was opened."""

    comment = _words(_("What it rests on"), 2)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @classmethod
    def of(cls, point, data=None):
        number = point.agreed.number if point.agreed else 0
        initial = {"seen": number}
        if point.agreed:
            value = point.agreed.value
            initial |= {"value": NOT_APPLICABLE if value is None else plain(value), "comment": point.agreed.comment}
        return cls(data, indicator=point.indicator, initial=initial)

    def clean_seen(self):
        return self.cleaned_data["seen"] or 0
