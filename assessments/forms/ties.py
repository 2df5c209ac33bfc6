"""What officers and assessors type about ties and waivers."""

from itertools import pairwise

from django import forms
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from assessments.forms.texts import text_field
from assessments.models import Affiliation, Relation
from secretariat.fields import JalaliDateFormField, WholeNumberFormField
from secretariat.models import Agency, Unit
from secretariat.persian import name_key


class DatedForm(forms.Form):
    """One dated line of a list; empty when nothing but its choices was typed."""

    id = forms.IntegerField(widget=forms.HiddenInput, required=False)
    since = JalaliDateFormField(label=_("From"), required=False)
    until = JalaliDateFormField(label=_("Until"), required=False, help_text=_("The last day; left empty: until further notice."))
    note = text_field(_("Note"), max_length=200, required=False)

    needed: str  # the field without which a line is none
    missing: str | Promise  # what is said where it lacks

    def clean(self):
        found = super().clean()
        since, until = found.get("since"), found.get("until")
        if since and until and until < since:
            self.add_error("until", _("This is before the beginning."))
        if self.lacks(found) and self.needed not in self.errors and (since or until or found.get("note")):
            self.add_error(self.needed, self.missing)
        return found

    def lacks(self, found):
        return found.get(self.needed) in (None, "")


class AffiliationForm(DatedForm):
    """One tie to an agency."""

    agency = forms.ModelChoiceField(
        label=_("Agency"), queryset=Agency.objects.all(), required=False, empty_label=_("Choose an agency")
    )
    kind = forms.ChoiceField(label=_("Tie"), choices=Affiliation.Kind, required=False)
    unit = text_field(
        _("Unit"),
        max_length=200,
        required=False,
        suggestions="unit-names",
        help_text=_("As in the register of the agency; left empty: the agency as a whole."),
    )

    needed, missing = "agency", _("Choose an agency.")
    columns = ("agency", "unit", "kind", "since", "until", "note")
    field_order = ["id", "agency", "kind", "unit", "since", "until", "note"]

    def clean(self):
        found = super().clean()
        found["kind"] = found.get("kind") or Affiliation.Kind.EMPLOYEE
        name, agency = found.get("unit"), found.get("agency")
        found["unit"] = None
        if name and agency:
            found["unit"] = Unit.objects.filter(Q(name_fa=name) | Q(name_en__iexact=name), agency=agency).first()
            if found["unit"] is None:
                self.add_error("unit", _("%(agency)s has no unit of this name.") % {"agency": agency})
        return found


class RelationForm(DatedForm):
    """What the assessor is to a person he names."""

    name = text_field(_("Full name of the person"), max_length=150, required=False)
    kind = forms.ChoiceField(label=_("Relation"), choices=Relation.Kind, required=False)

    needed, missing = "name", _("Write the name.")
    columns = ("name", "kind", "since", "until", "note")
    field_order = ["id", "name", "kind", "since", "until", "note"]

    def clean(self):
        found = super().clean()
        found["kind"] = found.get("kind") or Relation.Kind.KIN
        if found.get("name") and not name_key(found["name"]):
            self.add_error("name", _("Write the name."))
        return found


class PeriodForm(DatedForm):
    """A period in which an assessor takes more or fewer products than agreed, or none."""

    capacity = WholeNumberFormField(
        label=_("Products at one time"), min_value=0, max_value=200, required=False, help_text=_("0: away, not asked for anything.")
    )

    needed, missing = "since", _("Write the first day.")
    columns = ("since", "until", "capacity", "note")
    field_order = ["id", "since", "until", "capacity", "note"]

    def clean(self):
        found = super().clean()
        if found.get("capacity") is None and "capacity" not in self.errors and found.get("since"):
            self.add_error("capacity", _("Write a number; 0 means away."))
        if found.get("capacity") is not None and not found.get("since") and "since" not in self.errors:
            self.add_error("since", _("Write the first day."))
        return found


class _RowsFormSet(forms.BaseFormSet):
    def wanted(self):
        """The rows to keep, as `services.roster` takes them."""
        return [
            {name: form.cleaned_data.get(name) for name in ("id", *form.columns)}
            for form in self.forms
            if form.cleaned_data and not form.lacks(form.cleaned_data) and not form.cleaned_data.get("DELETE")
        ]


class _PeriodsFormSet(_RowsFormSet):
    def clean(self):
        if any(self.errors):
            return
        rows = sorted(self.wanted(), key=lambda row: row["since"])
        for first, second in pairwise(rows):
            if first["until"] is None or first["until"] >= second["since"]:
                raise forms.ValidationError(_("Two periods overlap: end the earlier one before the later begins."))


def _rows(form, formset=_RowsFormSet):
    return forms.formset_factory(form, formset=formset, extra=1, can_delete=True, max_num=40, absolute_max=60)


AffiliationFormSet, RelationFormSet, PeriodFormSet = _rows(AffiliationForm), _rows(RelationForm), _rows(PeriodForm, _PeriodsFormSet)


class Rows:
    """The lists of an assessor on one page: affiliations, relations and periods, each a formset."""

    kinds = {"ties": ("affiliations", AffiliationFormSet), "kin": ("relations", RelationFormSet), "periods": ("periods", PeriodFormSet)}

    def __init__(self, data=None, assessor=None, own_of=None):
        """`own_of` is the person whose own words may be changed here: what others wrote is shown, not asked."""
        self.sets, self.others = {}, {}
        for prefix, (name, formset) in self.kinds.items():
            rows = [] if assessor is None else list(_in_order(name, assessor))
            self.others[name] = [row for row in rows if own_of is not None and getattr(row, "by_id", own_of.pk) != own_of.pk]
            initial = [_initial(row, formset.form.columns) for row in rows if row not in self.others[name]]
            self.sets[name] = formset(data, prefix=prefix, initial=initial)

    def is_valid(self):
        checked = [formset.is_valid() for formset in self.sets.values()]  # each of them tells its own faults
        return all(checked)

    def wanted(self):
        """{"affiliations": rows, "relations": rows, "periods": rows} for services.roster."""
        return {name: formset.wanted() for name, formset in self.sets.items()}

    @property
    def general_errors(self):
        """What is wrong with a list as a whole."""
        return [error for formset in self.sets.values() for error in formset.non_form_errors()]


def _in_order(name, assessor):
    rows = getattr(assessor, name).all()
    return rows.select_related("agency", "unit").order_by("agency__sort_key", "pk") if name == "affiliations" else rows.order_by("pk")


def _initial(row, columns):
    said = {name: getattr(row, name) for name in columns}
    if "agency" in said:
        said |= {"agency": row.agency_id, "unit": row.unit.name if row.unit else ""}
    return {"id": row.pk, **said}


class ConflictForm(forms.Form):
    """A conflict of interest that staff records for one subject."""

    subject = forms.ModelChoiceField(label=_("Product"), queryset=None, empty_label=_("Choose a product"))
    reason = text_field(_("Reason"), rows=2, max_length=300)
    until = JalaliDateFormField(label=_("Until"), required=False, help_text=_("The last day; left empty: until further notice."))

    def __init__(self, *args, subjects, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["subject"].queryset = subjects


class WaiverForm(forms.Form):
    """Why an assessor may judge a product in spite of a tie."""

    subject = forms.ModelChoiceField(label=_("Product"), queryset=None, empty_label=_("Choose a product"))
    reason = text_field(
        _("Reason"),
        rows=4,
        max_length=1000,
        help_text=_("Why this assessor is needed, and why the tie does not colour the judgement. It stays on record."),
    )

    def __init__(self, *args, subjects, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["subject"].queryset = subjects
