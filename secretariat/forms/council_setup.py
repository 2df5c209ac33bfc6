"""What a council is set up with: its names, who sits in it from when until when, and by which rules it decides.

People without an account are named in their line; an account is opened for them when the council is saved.
"""

import datetime
from fractions import Fraction

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar
from secretariat.fields import CanonicalCharField, JalaliDateFormField
from secretariat.models import Council, DecisionRule, Seat, User
from secretariat.models.bodies import columns_of, rule_of
from secretariat.rules import STARTING_RULES, Decision
from secretariat.rules.voting import VotingRule, fraction_in_words, rule_in_words
from secretariat.selectors.bodies import why_not_end

# Only for councils that may grant marks, and then name exemplars too.
MARKS = tuple(kind for kind in STARTING_RULES if kind != Decision.GENERAL)


class CouncilForm(forms.ModelForm):
    """The council itself, and the term that its new seats share."""

    term_from = JalaliDateFormField(label=gettext_lazy("from"), required=False, initial=timezone.localdate)
    term_until = JalaliDateFormField(label=gettext_lazy("until"), required=False)

    class Meta:
        model = Council
        fields = ["kind", "name_fa", "name_en", "parent", "is_active", "grants_marks", "minutes_by_chair", "mandate_fa", "mandate_en"]

    def clean(self):
        found = super().clean()
        first, last = found.get("term_from"), found.get("term_until")
        if first and last and last < first:
            self.add_error("term_until", _("A term ends after it begins."))
        return found


# --- seats ---------------------------------------------------------------------------------------


class SeatForm(forms.ModelForm):
    """One seat. A new one takes the common term where it names no days; a stored one stays its holder's."""

    new_first_name = CanonicalCharField(label=gettext_lazy("First name"), max_length=150, required=False)
    new_last_name = CanonicalCharField(label=gettext_lazy("Last name"), max_length=150, required=False)
    new_email = forms.EmailField(label=gettext_lazy("E-mail address"), required=False, widget=forms.EmailInput({"dir": "ltr"}))

    NEW = ("new_first_name", "new_last_name", "new_email")

    class Meta:
        model = Seat
        fields = ["user", "role", "deputy", "starts_on", "ends_on", "end_reason"]

    def __init__(self, *args, term=(None, None), **kwargs):
        super().__init__(*args, **kwargs)
        self.term = term
        if "user" not in self.fields:
            return  # only read
        self.fields["user"].required = self.fields["starts_on"].required = False
        if not self.instance.pk:
            for name in ("starts_on", "ends_on"):
                self.fields[name].widget.attrs["placeholder"] = _("as above")
        else:
            self.fields["user"].disabled = True
            for name in self.NEW:
                del self.fields[name]

    def has_changed(self):
        """A line in which nobody is named is no seat, whatever else was touched."""
        if self.instance.pk:
            return super().has_changed()
        return bool({"user", "deputy", "ends_on", *self.NEW} & set(self.changed_data))

    @property
    def names_somebody_new(self):
        return any(self[name].value() for name in self.NEW if name in self.fields)

    @property
    def newcomer(self):
        """The account to be opened, as `open_account` takes it; None where the person has one."""
        found = self.cleaned_data
        if self.instance.pk or found.get("user") or not found.get("new_email"):
            return None
        return {"email": found["new_email"], "first_name": found["new_first_name"], "last_name": found["new_last_name"]}

    def clean(self):
        found = super().clean()
        if not self.instance.pk:
            self._check_person(found)
            first, last = self.term
            found["starts_on"] = found.get("starts_on") or first
            found["ends_on"] = found.get("ends_on") or (last if "ends_on" not in self.errors else None)
            if not found["starts_on"] and "starts_on" not in self.errors:
                self.add_error("starts_on", _("Write from when, here or above for all seats."))
        elif "ends_on" in self.changed_data and "ends_on" not in self.errors and found.get("ends_on"):
            was = Seat.objects.get(pk=self.instance.pk)
            if refusal := why_not_end(was, found["ends_on"], found.get("end_reason", "")):
                self.add_error(refusal.field, refusal.message)
        return found

    def _check_person(self, found):
        typed = [name for name in self.NEW if found.get(name) or name in self.errors]
        if found.get("user") or "user" in self.errors:
            if typed:
                self.add_error(typed[0], _("Choose a person or name a new one, not both."))
            return
        if not typed:
            self.add_error("user", _("Choose the person."))
            return
        for name in self.NEW:
            if not found.get(name) and name not in self.errors:
                self.add_error(name, _("Write it, so that an account can be opened."))
        address = found.get("new_email")
        if address and (known := User.objects.filter(email__iexact=address).first()):
            self.add_error("new_email", _("%(name)s has this address and an account already: choose this person above.") % {"name": known})


class SeatFormSet(BaseInlineFormSet):
    """Terms of one council, checked against one another before the database does."""

    def clean(self):
        super().clean()
        kept = [form for form in self.forms if _names(form) and form.cleaned_data.get("starts_on")]
        for position, form in enumerate(kept):
            for earlier in kept[:position]:
                if not _overlap(form.cleaned_data, earlier.cleaned_data):
                    continue
                if _names(form) == _names(earlier):
                    form.add_error("new_email" if form.newcomer else "user", _("This person already holds a seat in this council at that time."))
                if form.cleaned_data.get("role") == earlier.cleaned_data.get("role") == Seat.Role.CHAIR:
                    form.add_error("role", _("The council already has a chair at that time."))


def _names(form):
    """Who sits there: a person, or the address of somebody who has no account yet; None for an empty line."""
    found = getattr(form, "cleaned_data", {})
    return found.get("user") or (found.get("new_email") or "").lower() or None


def _overlap(one, other):
    far = datetime.date.max
    days = [
        (calendar.day_of(term["starts_on"]), calendar.day_of(term["ends_on"]) if term.get("ends_on") else far)
        for term in (one, other)
    ]
    (first, last), (start, end) = days
    return first <= end and start <= last


# --- rules ---------------------------------------------------------------------------------------

_QUORUMS = [Fraction(1, 2), Fraction(3, 5), Fraction(2, 3), Fraction(3, 4), Fraction(4, 5), Fraction(1)]
_SHARES = [(Fraction(1, 2), True), *((share, False) for share in _QUORUMS[1:])]


def _quorum_key(rule):
    return f"{rule.quorum.numerator}/{rule.quorum.denominator}"


def _share_key(rule):
    return f"{'>' if rule.strict else '='}{rule.share.numerator}/{rule.share.denominator}"


def _share_in_words(rule):
    words = _("more than %(share)s") if rule.strict else _("at least %(share)s")
    return words % {"share": fraction_in_words(rule.share)}


class RuleForm(forms.ModelForm):
    """A rule of voting as a sentence whose parts are chosen; parts that are not offered stay as they were stored."""

    quorum = forms.ChoiceField(label=gettext_lazy("Quorum of the seats"))
    majority = forms.ChoiceField(label=gettext_lazy("For it"))

    class Meta:
        model = DecisionRule
        fields = ["decision", "of", "is_secret", "casting"]

    def __init__(self, *args, grants_marks=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.grants_marks = grants_marks
        self.stands = rule_of(self.instance) if self.instance.pk else (self.initial.get("rule") or VotingRule())
        if not self.instance.pk:
            self.initial |= {name: value for name, value in columns_of(self.stands).items() if name in self._meta.fields}
        if "decision" not in self.fields:
            return  # only read
        self.quorums = {_quorum_key(one): one.quorum for one in [*(VotingRule(quorum=share) for share in _QUORUMS), self.stands]}
        shares = [*(VotingRule(share=share, strict=strict) for share, strict in _SHARES), self.stands]
        self.majorities = {_share_key(one): one for one in shares}
        self.fields["quorum"].choices = [(key, fraction_in_words(share)) for key, share in sorted(self.quorums.items(), key=lambda one: one[1])]
        ordered = sorted(self.majorities.items(), key=lambda one: (one[1].share, one[1].strict))
        self.fields["majority"].choices = [(key, _share_in_words(one)) for key, one in ordered]
        self.initial |= {"quorum": _quorum_key(self.stands), "majority": _share_key(self.stands)}

    @property
    def is_of_marks(self):
        return self["decision"].value() in MARKS

    def has_changed(self):
        """What is proposed for a new council is kept as it stands, rules of marks only where it may grant some."""
        if self.instance.pk:
            return super().has_changed()
        decision = self.data.get(self.add_prefix("decision")) if self.is_bound else None
        return bool(decision) and (self.grants_marks or decision not in MARKS)

    @property
    def is_blank(self):
        """A line that somebody added to fill in."""
        return not (self.instance.pk or self.initial.get("rule") or self.is_bound)

    @property
    def kind_in_words(self):
        known = dict(Decision.choices)
        return known.get(self["decision"].value() if "decision" in self.fields else self.instance.decision, "")

    @property
    def in_words(self):
        """The rule as it was read, in a sentence."""
        told = rule_in_words(self.stands)
        return f"{told} {_('The vote is secret.')}" if self.stands.secret else told

    def clean(self):
        found = super().clean()
        if found.get("quorum") and found.get("majority"):
            chosen = self.majorities[found["majority"]]
            self.instance.quorum_over, self.instance.quorum_under = self.quorums[found["quorum"]].as_integer_ratio()
            self.instance.share_over, self.instance.share_under = chosen.share.as_integer_ratio()
            self.instance.is_strict = chosen.strict
        return found


class RuleFormSet(BaseInlineFormSet):
    """The rules of one council: one for a kind of decision."""

    def clean(self):
        super().clean()
        met = set()
        for form in self.forms:
            found = getattr(form, "cleaned_data", {})
            if (not form.has_changed() and not form.instance.pk) or found.get("DELETE"):
                continue
            if found.get("decision") in met:
                form.add_error("decision", _("The council already has a rule for this kind of decision."))
            met.add(found.get("decision"))

    def validate_unique(self):
        """Said beside the field, in clean()."""


# --- a new term ----------------------------------------------------------------------------------


class NewTermForm(forms.Form):
    """Who of those listed goes on (or comes over from another council), and for which term."""

    starts_on = JalaliDateFormField(label=gettext_lazy("From"))
    ends_on = JalaliDateFormField(label=gettext_lazy("Until"), required=False, help_text=gettext_lazy("The last day belongs to the term."))
    seats = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Seats"), queryset=Seat.objects.none(), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose who sits there.")},
    )  # fmt: skip

    def __init__(self, *args, seats, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["seats"].queryset = seats
        self.fields["seats"].label_from_instance = self._named
        self.fields["seats"].initial = [seat.pk for seat in seats]

    @staticmethod
    def _named(seat):
        name = f"{seat.user} – {seat.get_role_display()}"
        return _("%(seat)s, deputy %(deputy)s") % {"seat": name, "deputy": seat.deputy} if seat.deputy else name

    def clean(self):
        found = super().clean()
        if found.get("starts_on") and found.get("ends_on") and found["ends_on"] < found["starts_on"]:
            raise ValidationError({"ends_on": _("A term ends after it begins.")})
        return found
