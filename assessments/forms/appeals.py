"""What an agency writes in an appeal, and what an officer answers."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments.forms.rounds import EndOfDayField
from secretariat.calendar import digits, long_date, today
from secretariat.fields import CanonicalCharField


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class EvidenceForm(forms.Form):
    """Files that support an appeal."""

    file = forms.FileField(label=_("Files"), help_text=_("Pictures, PDF, office documents, sound or film."), widget=ManyFiles)


class AdmitForm(forms.Form):
    """Where an appeal is reviewed: a review in preparation, or a new one with its deadline."""

    round = forms.ChoiceField(label=_("Review"), widget=forms.RadioSelect)
    deadline = EndOfDayField(
        label=_("Deadline of the assessors"),
        min_value=today,
        required=False,
        help_text=_("Needed for a new review: until the end of this day assessments can be submitted."),
    )

    def __init__(self, *args, reviews=(), **kwargs):
        super().__init__(*args, **kwargs)
        there = [(str(one.pk), f"{one.title} – {long_date(one.deadline)}") for one in reviews]
        self.fields["round"].choices = [*there, ("", _("A new review, judged as the first round was"))]
        self.fields["round"].required = False
        self.initial.setdefault("round", there[0][0] if there else "")

    def clean_round(self):
        chosen = self.cleaned_data["round"]
        return int(chosen) if chosen else None


class DecideForm(forms.Form):
    """Which score stands after the review, and why."""

    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=[("change", _("The score of the review stands")), ("uphold", _("The first score stands"))],
        widget=forms.RadioSelect,
    )
    why = CanonicalCharField(
        label=_("Reason"),
        help_text=_("The agency reads it."),
        widget=forms.Textarea({"dir": "auto", "rows": 4}),
        max_length=2000,
    )


def read_appeal(posted, most):
    """(statement, {indicator pk: text}, {name: sentence}) of a posted appeal; texts are as typed, faults beside them."""
    statement, reasons, errors = posted.get("statement", ""), {}, {}
    for name, text in posted.items():
        prefix, _sep, pk = name.partition("-")
        if prefix == "reason" and pk.isdecimal() and len(pk) < 19:
            reasons[int(pk)] = text
    too_long = _("Write at most %(most)s characters.") % {"most": digits(most)}
    if len(statement) > most:
        errors["statement"] = too_long
    errors |= {f"reason-{pk}": too_long for pk, text in reasons.items() if len(text) > most}
    return statement, reasons, errors
