"""What officers and assessors type about rounds and assignments."""

import re
from itertools import pairwise

from django import forms
from django.utils.translation import gettext_lazy as _

from assessments import rules
from assessments.forms.texts import text_field as _text
from assessments.forms.timetable import EndOfDayField, TimetableForm, WorkingDaysField
from assessments.models import ConflictOfInterest, Measurement
from secretariat.calendar import day_of, digits, reads_persian, today
from secretariat.errors import RuleBroken
from secretariat.fields import CanonicalCharField, NumberFormField, WholeNumberFormField
from secretariat.refusals import why_too_long
from secretariat.templatetags.portal_text import num


class BandsField(CanonicalCharField):
    """Where the bands of the score begin: rising numbers between 0 and 100, in any digits, parted by commas or spaces."""

    def __init__(self, **options):
        super().__init__(max_length=200, widget=forms.TextInput({"autocomplete": "off"}), **options)

    def clean(self, value):
        """Give a list of floats."""
        number = NumberFormField(max_digits=7, decimal_places=4)
        parts = [part for part in re.split(r"[\s،؛;,]+", super().clean(value)) if part]
        cuts = [float(number.clean(part)) for part in parts]
        if not cuts or len(cuts) > rules.MOST_CUTS or any(low >= high for low, high in pairwise([0.0, *cuts, 100.0])):
            raise forms.ValidationError(_("Write rising numbers between 0 and 100, for example: 70, 80, 90."))
        return cuts

    def prepare_value(self, value):
        """Write numbers as their reader reads them; give typed text back as it was typed."""
        return listed(value) if isinstance(value, list) else value


def listed(cuts):
    """Where bands begin, as they are read and typed: «۷۰، ۸۰، ۹۰»."""
    return ("، " if reads_persian() else ", ").join(num(cut) for cut in cuts)


class RoundForm(TimetableForm):
    """A round in preparation, or what may still be written of an open one."""

    title_fa = _text(_("Title (Persian)"), language="fa", max_length=200)
    title_en = _text(_("Title (English)"), language="en", max_length=200, required=False)
    deadline = EndOfDayField(
        label=_("Deadline of the assessors"),
        min_value=today,
        help_text=_("Until the end of this day assessments can be submitted."),
    )
    panel_size = WholeNumberFormField(
        label=_("Assessors for each product"),
        min_value=rules.LEAST_PANEL,
        max_value=15,
        initial=rules.LEAST_PANEL,
        help_text=_("At least three, so that one opinion alone decides nothing."),
    )
    see_submitter = forms.ChoiceField(
        label=_("Assessors see whose product it is"),
        choices=rules.Sight.choices,
        initial=rules.Sight.ALWAYS,
        help_text=_("In a blind round they do not: neither agency nor makers, nor the names of files."),
    )
    see_ratings = forms.ChoiceField(label=_("Assessors see the others' assessments"), choices=rules.LATE_SIGHT, initial=rules.Sight.NEVER)
    see_names = forms.ChoiceField(
        label=_("Assessors see the names of the others"), choices=rules.LATE_SIGHT, initial=rules.Sight.NEVER,
        help_text=_("Without their names the others stand under numbers."),
    )  # fmt: skip
    see_aggregates = forms.ChoiceField(label=_("Assessors see the scores"), choices=rules.LATE_SIGHT, initial=rules.Sight.NEVER)
    cuts = BandsField(
        label=_("Bands of the score begin at"),
        initial=list(rules.CUTS),
        help_text=_(
            "Rising, between 0 and 100, at most nine; for example: 70, 80, 90. The results tell how surely a product is in its band."
        ),
    )
    top = WholeNumberFormField(
        label=_("How many products are sought"),
        min_value=1,
        max_value=10_000,
        required=False,
        help_text=_(
            "For example as many as can be awarded. The results tell how surely a product is among them. Left empty: a tenth."
        ),
    )
    gap_total = WholeNumberFormField(
        label=_("Assessors disagree when their totals lie so many points apart"),
        min_value=0,
        max_value=100,
        initial=rules.GAP_TOTAL,
        help_text=_("Between the highest and the lowest, of 100. 0: never."),
    )
    gap_indicator = WholeNumberFormField(
        label=_("… or on one indicator so many points"),
        min_value=0,
        max_value=100,
        initial=rules.GAP_INDICATOR,
        help_text=_(
            "On 0–100: with five levels one level is 25 points, two are 50. The narrower, the more there is to settle before the"
            " scores are fixed. 0: never."
        ),
    )
    gap_flags = forms.BooleanField(
        label=_("An unanswered question about an assessor's ratings counts as disagreement too"),
        required=False,
        help_text=_("Where an officer has answered it with “ratings to be reviewed”, it always does."),
    )
    moderation = forms.ChoiceField(
        label=_("A disagreement summons"), choices=rules.Summons.choices, initial=rules.Summons.THIRD, widget=forms.RadioSelect
    )
    moderation_days = WholeNumberFormField(
        label=_("Days for one more assessor"), min_value=1, max_value=60, initial=rules.MODERATION_DAYS
    )
    summons_itself = forms.BooleanField(
        label=_("The fittest is asked at once, without an officer"), required=False
    )
    note = _text(_("Note to the assessors"), rows=4, required=False, max_length=4000)
    replaces_itself = forms.BooleanField(
        label=_("Ask somebody else by itself"),
        required=False,
        help_text=_("The fittest who may be asked, at once. Otherwise replacements are only proposed to you."),
    )

    SECTIONS = (
        (_("What is judged, and until when"), ("title_fa", "title_en", "deadline", "panel_size", "note")),
        (_("What assessors see"), ("see_submitter", "see_ratings", "see_names", "see_aggregates")),
        (_("What is told of the scores"), ("cuts", "top")),
        (
            _("Where assessors disagree"),
            ("gap_total", "gap_indicator", "gap_flags", "moderation", "moderation_days", "summons_itself"),
        ),
        (_("What happens by date"), ("opens_at", "closes_itself", "publish_at", "appeal_days", "needs_second")),
        (_("Answers and reminders"), ("answer_days", "remind_offers", "remind_before", "remind_after", "escalate_after")),
        (_("When a panel loses somebody"), ("replaces_itself",)),
    )

    def __init__(self, *args, names=None, **kwargs):
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(names or self.fields):
            del self.fields[name]
        for field in self.fields.values():
            if isinstance(field, BandsField | WorkingDaysField):
                # Numbers alone have no direction of their own: the first stands where reading begins.
                field.widget.attrs["dir"] = "rtl" if reads_persian() else "ltr"

    @property
    def sections(self):
        """(heading, fields) of what may be written now."""
        there = ((legend, [self[name] for name in names if name in self.fields]) for legend, names in self.SECTIONS)
        return [(legend, bound) for legend, bound in there if bound]

    @classmethod
    def of(cls, round_, data=None, names=()):
        """The form of a round, with only the fields that its state lets change."""
        initial = {name: getattr(round_, name) for name in names}
        for name in {"deadline", "opens_at", "publish_at"} & initial.keys():
            initial[name] = initial[name] and day_of(initial[name])
        return cls(data, names=names, initial=initial)


class ExtendForm(forms.Form):
    """More time for the assessors."""

    deadline = EndOfDayField(label=_("New deadline"), min_value=today, help_text=_("Until the end of this day."))
    why = _text(_("Reason"), rows=3, max_length=1000)


class ReasonForm(forms.Form):
    """Why something is done."""

    why = _text(_("Reason"), rows=3, max_length=1000)

    def __init__(self, *args, required=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["why"].required = required


class SeparateListsForm(ReasonForm):
    """Fixing scores whose parts cannot be compared: never as one ranking, and as several only on purpose."""

    separate_lists = forms.BooleanField(
        required=False,
        help_text=_(
            "A rank then counts within its own list, of no product is it said that it is better than one of another list, and "
            "those sought are shared out among the lists by their size. This cannot be taken back."
        ),
    )

    def __init__(self, *args, lists, **kwargs):
        super().__init__(*args, required=False, **kwargs)
        self.fields["separate_lists"].label = _("Let them stand as %(count)s separate lists") % {"count": digits(lists)}


class AnswerForm(forms.Form):
    """An assessor's answer to an invitation; the declaration comes before anything of the product is shown."""

    CONFLICTS = (
        ("none", _("I have no family, business, employment or other tie that could colour my judgement.")),
        ("conflict", _("I have such a tie, or it could look so.")),
    )
    declaration = forms.ChoiceField(label=_("Conflict of interest"), choices=CONFLICTS, widget=forms.RadioSelect, required=False)
    kind = forms.ChoiceField(
        label=_("What ties you to it"),
        choices=[("", _("Choose, if you wish to say")), *ConflictOfInterest.Kind.choices],
        required=False,
        help_text=_("Only with such a tie. Nobody but the secretariat reads it."),
    )
    why = _text(
        _("Reason for declining"),
        rows=3,
        required=False,
        max_length=300,
        help_text=_("Only if you decline. The secretariat reads it."),
    )

    def clean(self):
        found = super().clean()
        decision = self.data.get("decision")
        if decision == "decline" and found.get("declaration") == "conflict" and found.get("kind") and not found.get("why"):
            found["why"] = str(ConflictOfInterest.Kind(found["kind"]).label)  # the kind says enough
        if decision not in ("accept", "decline"):
            raise forms.ValidationError(_("Choose whether you accept or decline."))
        if decision == "accept" and not found.get("declaration"):
            self.add_error("declaration", _("Declare this before you accept."))
        if decision == "accept" and found.get("declaration") == "conflict":
            self.add_error("declaration", _("With a conflict of interest you cannot accept. Please decline."))
        if decision == "decline" and not found.get("why"):
            self.add_error("why", _("Write the reason."))
        found["decision"] = decision
        return found


# --- the grid of measurements --------------------------------------------------------------------


class MeasuredLine:
    """One value of the grid: what is shown, what was typed, and what is wrong with it."""

    def __init__(self, row, data=None):
        self.entry, self.indicator, self.measurement = row.entry, row.indicator, row.measurement
        self.key = f"{row.entry.pk}-{row.indicator.pk}"
        self.stands = self._standing()
        self.errors = {}
        self.typed = (
            self.stands
            if data is None
            else {
                "value": data.get(f"value-{self.key}", "").strip(),
                "target": data.get(f"target-{self.key}", "").strip(),
                "na": "1" if data.get(f"na-{self.key}") else "",
                "note": data.get(f"note-{self.key}", "").strip(),
            }
        )
        self.was = self.stands_text if data is None else data.get(f"was-{self.key}", "")
        self.is_sent = data is not None and f"was-{self.key}" in data

    def _standing(self):
        row = self.measurement
        if row is None:
            return {"value": "", "target": "", "na": "", "note": ""}
        return {
            "value": _plain(row.value),
            "target": _plain(row.target),
            "na": "1" if row.not_applicable else "",
            "note": row.note,
        }

    @property
    def stands_text(self):
        return _joined(self.stands)

    @property
    def is_ratio(self):
        return self.indicator.scale.kind == "ratio"

    @property
    def levels(self):
        """The levels to choose from as (text of the value, word); none where a number is typed."""
        return [(_plain(level.value), level.word) for level in self.indicator.scale.levels]

    @property
    def is_changed(self):
        return self.is_sent and _joined(self.typed) != self.was

    def read(self):
        """The typed values for `services.measurements.set_measurement`; fills `errors` and gives None when they cannot be read."""
        if self.was != self.stands_text:
            self.errors["value"] = _("Somebody else wrote this value meanwhile. Compare and save again.")
            self.was = self.stands_text
            return None
        found = {"not_applicable": bool(self.typed["na"]), "note": self.typed["note"]}
        if told := why_too_long(self.typed["note"], Measurement._meta.get_field("note").max_length):
            self.errors["note"] = told
        for name in ("value", "target"):
            try:
                found[name] = NumberFormField(required=False, max_digits=14, decimal_places=4).clean(self.typed[name])
            except forms.ValidationError as error:
                self.errors[name] = error.messages[0]
        if found["not_applicable"] and found.get("value") is not None:
            self.errors["value"] = _("Either a value or “not applicable”.")
        return None if self.errors else found

    def refuse(self, broken: RuleBroken):
        self.errors[broken.field if broken.field in ("value", "target") else "value"] = broken.message


def _plain(number):
    """A stored number as it is typed: without trailing zeros."""
    return "" if number is None else format(number.normalize(), "f")


def _joined(values):
    return "|".join(values[name] for name in ("value", "target", "na", "note"))
