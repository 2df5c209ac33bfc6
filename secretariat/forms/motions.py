"""What is typed about motions and votes: the words of a motion, a reason, a vote, a show of hands."""

from django import forms
from django.utils.translation import gettext_lazy as _

from secretariat import rules
from secretariat.fields import CanonicalCharField, JalaliDateFormField
from secretariat.models import Resolution, Seat
from secretariat.rules import Choice, Decision
from secretariat.rules.voting import rule_in_words

# What a secretary may put to the vote in words; marks come from a round and bring their own kinds of decision.
PLAIN = (Decision.GENERAL, Decision.MINUTES, Decision.DOCUMENT, Decision.APPEAL, Decision.APPOINTMENT)


class MotionForm(forms.Form):
    """The words of a motion, and by which of the council's rules it is voted on."""

    title = CanonicalCharField(label=_("Title"), max_length=300, widget=forms.TextInput({"dir": "auto"}))
    text = CanonicalCharField(
        label=_("Text of the resolution"),
        max_length=20000,
        widget=forms.Textarea({"rows": 8, "dir": "auto"}),
        help_text=_("Exactly these words are put to the vote; once voting has begun they stay."),
    )
    decision = forms.ChoiceField(label=_("Voted on as"), widget=forms.RadioSelect)
    in_force_from = JalaliDateFormField(label=_("in force from"), required=False)
    in_force_until = JalaliDateFormField(label=_("in force until"), required=False)
    supersedes = forms.ModelChoiceField(
        label=_("supersedes"),
        queryset=Resolution.objects.none(),
        required=False,
        empty_label=_("no earlier resolution"),
        help_text=_("The earlier one keeps its words; whoever reads it is led to this one once it is adopted."),
    )
    seen = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)

    def __init__(self, *args, council_rules, earlier, **kwargs):
        """`council_rules` are the council's by kind of decision; `earlier` what may be superseded."""
        super().__init__(*args, **kwargs)
        self.fields["decision"].choices = [(kind, f"{kind.label} – {rule_in_words(council_rules[kind])}") for kind in PLAIN]
        self.fields["supersedes"].queryset = earlier

    def clean(self):
        found = super().clean()
        first, last = found.get("in_force_from"), found.get("in_force_until")
        if first and last and last < first:
            self.add_error("in_force_until", _("The last day in force comes after the first."))
        return found

    @property
    def words(self):
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}


class ReasonForm(forms.Form):
    """Why."""

    why = CanonicalCharField(label=_("Reason"), max_length=500, widget=forms.Textarea({"rows": 3, "dir": "auto"}))

    def __init__(self, *args, required=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["why"].required = required


class SeatField(forms.ModelChoiceField):
    """One of some seats, by the name of who holds it."""

    def __init__(self, **kwargs):
        super().__init__(queryset=Seat.objects.none(), empty_label=_("Choose a member"), **kwargs)

    def label_from_instance(self, obj):
        return str(obj.user)


class RecusalForm(ReasonForm):
    """Who steps aside, and why."""

    seat = SeatField(label=_("Member"))
    field_order = ("seat", "why")

    def __init__(self, *args, seats, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["seat"].queryset = seats


class OpenForm(forms.Form):
    """Whether everybody sees how everybody votes."""

    secrecy = forms.ChoiceField(
        label=_("How it is voted"),
        widget=forms.RadioSelect,
        choices=[
            ("open", _("Openly: how each member votes stands in the minutes")),
            ("secret", _("Secretly: only the sum is kept; how a member voted is written down nowhere")),
        ],
    )


class VoteForm(forms.Form):
    """One's own vote. Every choice is posted in as many letters: whoever sees only how long a request is learns nothing."""

    WIDTH = max(len(choice) for choice in Choice)
    POSTED = staticmethod(lambda choice: choice.ljust(VoteForm.WIDTH, "."))

    choice = forms.TypedChoiceField(
        choices=lambda: [(VoteForm.POSTED(choice.value), choice.label) for choice in Choice],
        coerce=lambda posted: Choice(posted.rstrip(".")),
        error_messages={"required": _("Choose how you vote."), "invalid_choice": _("Choose how you vote.")},
    )


HANDS = [("", _("no vote")), *Choice.choices]


class HandsForm(forms.Form):
    """A show of hands: those who differ are named, the rest is counted at once."""

    rest = forms.ChoiceField(
        label=_("Everybody not marked below"),
        choices=HANDS,
        required=False,
        help_text=_("Mark below only those who vote otherwise, or each one."),
    )

    def __init__(self, *args, lines, **kwargs):
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self.fields[line.field] = forms.ChoiceField(
                label=str(line.seat.user),
                choices=[("", "–"), *Choice.choices, ("none", _("no vote"))],
                required=False,
                initial=line.choice,
            )

    def rows(self):
        """(line, its field) of everybody whose hand may be counted."""
        return [(line, self[line.field]) for line in self.lines]

    @property
    def choices(self):
        """{seat pk: choice} as the services take it."""
        rest = self.cleaned_data["rest"]
        typed = {line.seat.pk: self.cleaned_data[line.field] or rest for line in self.lines if not line.by_itself}
        return {seat: "" if choice == "none" else choice for seat, choice in typed.items()}


class CastingForm(forms.Form):
    """The chair's word at equal votes."""

    choice = forms.ChoiceField(
        label=_("Casting vote"),
        widget=forms.RadioSelect,
        choices=[(Choice.FOR, Choice.FOR.label), (Choice.AGAINST, Choice.AGAINST.label)],
    )


def plain_decision(item):
    """The kind of decision that the kind of an agenda item suggests."""
    return item.kind if item.kind in rules.Decision.values else Decision.GENERAL
