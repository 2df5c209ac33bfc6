"""Form and model fields for what people write in Persian: dates, numbers, text, identifiers."""

import datetime

import jdatetime
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jDateField

from secretariat import persian
from secretariat.persian import Refused
from secretariat.refusals import (
    EXAMPLE_DATE,
    EXAMPLE_TIME,
    LONGEST_TEXT,
    REFUSALS,
    digits,
    in_persian,
    long_day,
    refusal,
    why_too_long,
)

# --- widgets -------------------------------------------------------------------------------------


class LtrInput(forms.TextInput):
    """A text input for codes and numbers: written left to right on every page, digits keyboard on phones."""

    def __init__(self, attrs=None, inputmode="numeric"):
        super().__init__({"dir": "ltr", "inputmode": inputmode, "autocomplete": "off", **(attrs or {})})


class JalaliDateInput(forms.TextInput):
    """A text input for a Jalali date; the date picker attaches itself to `data-jdp`, typing stays possible."""

    def __init__(self, attrs=None):
        super().__init__({"dir": "ltr", "autocomplete": "off", "data-jdp": "", "data-jdp-only-date": "", **(attrs or {})})

    def get_context(self, name, value, attrs):
        """Show by an example, in the reader's digits, how a date is written."""
        return super().get_context(name, value, {"placeholder": digits(EXAMPLE_DATE), **self.attrs, **(attrs or {})})

    def format_value(self, value):
        """Write a date as ۱۴۰۴/۱۱/۰۵; give typed text back as it was typed."""
        if isinstance(value, datetime.date | jdatetime.date):
            return digits(persian.short(value))
        return super().format_value(value)


class ClockInput(LtrInput):
    """A text input for a time of day."""

    def get_context(self, name, value, attrs):
        """Show by an example, in the reader's digits, how a time is written."""
        return super().get_context(name, value, {"placeholder": digits(EXAMPLE_TIME), **(attrs or {})})

    def format_value(self, value):
        """Write a time as ۱۴:۳۰; give typed text back as it was typed."""
        if isinstance(value, datetime.time):
            return digits(f"{value:%H:%M}")
        return super().format_value(value)


# --- form fields ---------------------------------------------------------------------------------


class ClockField(forms.Field):
    """A time of day as "14:30", in any digits, with any of the usual signs between."""

    widget = ClockInput

    def to_python(self, value):
        """Give a `datetime.time`, or None for an empty field."""
        if isinstance(value, datetime.time):
            return value
        text = persian.digits_to_ascii(persian.canonical(str(value or ""))).replace("٫", ":").replace(".", ":").strip()
        if not text:
            return None
        try:
            return datetime.datetime.strptime(text if ":" in text else f"{text}:00", "%H:%M").time()
        except ValueError:
            raise ValidationError(_("Write the time like %(example)s."), params={"example": digits(EXAMPLE_TIME)}) from None


class JalaliDateFormField(forms.Field):
    """Reads a Jalali date in every usual spelling and says what is wrong with the others."""

    widget = JalaliDateInput

    def __init__(self, *, min_value=None, max_value=None, **kwargs):
        self.min_value, self.max_value = min_value, max_value
        super().__init__(**kwargs)

    def widget_attrs(self, widget):
        """Tell the date picker the limits that do not move with the clock."""
        attrs = super().widget_attrs(widget)
        for side, limit in (("min", self.min_value), ("max", self.max_value)):
            if limit and not callable(limit):
                attrs[f"data-jdp-{side}-date"] = persian.short(limit)
        return attrs

    @staticmethod
    def _limit(value):
        value = value() if callable(value) else value
        return value and persian.to_jalali(value)

    def to_python(self, value):
        """Give a `jdatetime.date`, or None for an empty field."""
        if value in self.empty_values or (isinstance(value, str) and not persian.canonical(value)):
            return None
        if isinstance(value, datetime.date | jdatetime.date):
            return persian.to_jalali(value)
        try:
            reading = persian.parse_jalali(value)
        except Refused as refused:
            raise refusal(refused.code, **refused.params) from None
        if reading.weekday_contradicts:
            weekdays = persian.WEEKDAYS_FA if in_persian() else persian.WEEKDAYS_EN
            raise refusal(
                "weekday_contradicts", date=long_day(reading.jalali), weekday=weekdays[persian.weekday_index(reading.jalali)]
            )
        return reading.jalali

    def validate(self, value):
        """Hold the limits."""
        super().validate(value)
        if value is None:
            return
        minimum, maximum = self._limit(self.min_value), self._limit(self.max_value)
        if minimum and value < minimum:
            raise refusal("too_early", limit=long_day(minimum))
        if maximum and value > maximum:
            raise refusal("too_late", limit=long_day(maximum))

    def has_changed(self, initial, data):
        """Compare days, whatever calendar the initial value is in and however the new one is typed."""
        if isinstance(initial, datetime.date | jdatetime.date):
            initial = persian.to_jalali(initial)
        return super().has_changed(initial, data)


class NumberFormField(forms.DecimalField):
    """A decimal typed in any digits, with ٬ between thousands and ٫ before the fraction."""

    widget = LtrInput

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", LtrInput(inputmode="decimal"))
        super().__init__(**kwargs)

    def to_python(self, value):
        """Give a Decimal, or None for an empty field."""
        if value in self.empty_values or (isinstance(value, str) and not persian.canonical(value)):
            return None
        try:
            return super().to_python(str(persian.parse_number(value)))
        except Refused as refused:
            raise refusal(refused.code, **refused.params) from None

    def prepare_value(self, value):
        """Write a number as its reader reads it; give typed text back as it was typed."""
        if value is None or isinstance(value, str | bool):
            return value
        return persian.display_fa(value, max_places=10) if in_persian() else persian.grouped(value, max_places=10)


class WholeNumberFormField(NumberFormField):
    """A whole number typed in any digits; gives an int."""

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", LtrInput())
        super().__init__(**kwargs)

    def to_python(self, value):
        """Refuse a fraction."""
        number = super().to_python(value)
        if number is not None and number != number.to_integral_value():
            raise refusal("not_whole")
        return number

    def clean(self, value):
        """Give an int, or None for an empty field."""
        number = super().clean(value)
        return None if number is None else int(number)


class CanonicalCharField(forms.CharField):
    """A text that is stored in one spelling: Persian ی and ک, tidy spaces and half-spaces, nothing invisible, and not without end."""

    def __init__(self, *, max_length=None, **kwargs):
        super().__init__(max_length=max_length or LONGEST_TEXT, **kwargs)

    def widget_attrs(self, widget):
        """No `maxlength`: a browser would cut a pasted text off without a word; the check says so instead."""
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs

    def to_python(self, value):
        """Normalise before the length and the validators are looked at."""
        value = super().to_python(value)
        if not isinstance(value, str):
            return value
        return persian.canonical(value) or self.empty_value

    def validate(self, value):
        """Tell by how much a text is too long."""
        super().validate(value)
        if told := why_too_long(value or "", self.max_length):
            raise ValidationError(told, code="max_length")


class _IdentifierFormField(forms.CharField):
    """A code that is checked and given in its stored form; each subclass names its check."""

    widget = LtrInput
    refusals = {}

    def check_identifier(self, value):
        """Give the stored form or raise Refused."""
        raise NotImplementedError

    def to_python(self, value):
        """Read what was typed."""
        value = super().to_python(value)
        if value in self.empty_values or not persian.canonical(value):
            return self.empty_value
        try:
            return self.check_identifier(value)
        except Refused as refused:
            raise refusal(refused.code, {**REFUSALS, **self.refusals}, **refused.params) from None


class MobileFormField(_IdentifierFormField):
    """An Iranian mobile number in any usual spelling; gives +989…."""

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", LtrInput({"autocomplete": "tel"}, inputmode="tel"))
        super().__init__(**kwargs)

    def check_identifier(self, value):
        """Give +989…."""
        return persian.mobile(value)

    def prepare_value(self, value):
        """Show a stored number the way people write it."""
        return persian.mobile_national(value) if isinstance(value, str) else value


class NationalCodeFormField(_IdentifierFormField):
    """The ten-digit national code of a person."""

    refusals = {"too_short": _("A national code has %(length)s digits, the leading zeros included; you wrote %(count)s.")}

    def check_identifier(self, value):
        """Give the ten digits."""
        return persian.national_code(value)


class LegalIdFormField(_IdentifierFormField):
    """The eleven-digit national id of a legal person."""

    def check_identifier(self, value):
        """Give the eleven digits."""
        return persian.legal_id(value)


class PostalCodeFormField(_IdentifierFormField):
    """A ten-digit postal code; unusual ones are kept, `doubt` says what is unusual."""

    def check_identifier(self, value):
        """Give the ten digits."""
        return persian.postal_code(value)[0]

    @staticmethod
    def doubt(value):
        """Give a sentence about an unusual postal code, or None."""
        _code, doubt = persian.postal_code(value)
        return REFUSALS[doubt] if doubt else None


class IbanFormField(_IdentifierFormField):
    """An Iranian IBAN (شبا)."""

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", LtrInput(inputmode="text"))
        super().__init__(**kwargs)

    def check_identifier(self, value):
        """Give IR and 24 digits."""
        return persian.iban(value)


class TrackingCodeFormField(_IdentifierFormField):
    """A tracking code, with or without the hyphens it is printed with."""

    def check_identifier(self, value):
        """Give the nine digits."""
        return persian.tracking_code(value)


# --- model fields --------------------------------------------------------------------------------


class JalaliDateField(jDateField):
    """A calendar day: a Gregorian `date` in the database, a `jdatetime.date` in Python, our field in forms.

    Lookups by `__year` need the manager of django-jalali (`jManager`); by month or day, use ranges of dates.
    """

    def to_python(self, value):
        """Read a date of either calendar, a typed Jalali date, or the Gregorian ISO form machines write."""
        if value is None or value == "":
            return None
        if isinstance(value, datetime.date | jdatetime.date):
            return persian.to_jalali(value)
        try:
            return persian.parse_jalali(value).jalali
        except Refused as refused:
            if refused.code == "gregorian_year":
                try:
                    return persian.to_jalali(datetime.date.fromisoformat(value))
                except ValueError:
                    pass
            raise refusal(refused.code, **refused.params) from None

    def formfield(self, **kwargs):
        """Use our form field; the admin's own Gregorian widget and django-jalali's give way to ours."""
        widget = kwargs.get("widget")
        kind = widget if isinstance(widget, type) else type(widget)
        if issubclass(kind, forms.DateInput) or kind.__module__.startswith("django_jalali"):
            del kwargs["widget"]
        return models.Field.formfield(self, **{"form_class": JalaliDateFormField, **kwargs})


class _IdentifierField(models.CharField):
    """A column of checked codes, normalised whenever a value comes in and refused by full_clean() when wrong."""

    form_field = _IdentifierFormField
    length: int | None = None

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", self.length)
        super().__init__(*args, **kwargs)

    def _normal(self, value):
        if value is None or (self.null and value == ""):
            return None
        try:
            return self.form_field().to_python(value)
        except ValidationError:
            # Left as it is: a lookup by nonsense finds nothing, and validate() explains the rest.
            return value

    def to_python(self, value):
        """Give the stored form where there is one."""
        return self._normal(super().to_python(value))

    def get_prep_value(self, value):
        """Store, and look up by, the stored form."""
        return self._normal(super().get_prep_value(value))

    def validate(self, value, model_instance):
        """Refuse a wrong code with its own sentence."""
        super().validate(value, model_instance)
        if value not in self.empty_values:
            self.form_field().to_python(value)

    def formfield(self, **kwargs):
        """Use the form field of the same code; its check says more than a count of characters."""
        kwargs.setdefault("form_class", self.form_field)
        field = super().formfield(**kwargs)
        # Separators and an unusual spelling may be longer than what is stored.
        field.validators = [validator for validator in field.validators if validator.__class__.__name__ != "MaxLengthValidator"]
        field.max_length = None
        field.widget.attrs.pop("maxlength", None)
        return field


class MobileField(_IdentifierField):
    """A mobile number as +989…."""

    form_field, length = MobileFormField, 13


class NationalCodeField(_IdentifierField):
    """The national code of a person."""

    form_field, length = NationalCodeFormField, 10


class LegalIdField(_IdentifierField):
    """The national id of a legal person."""

    form_field, length = LegalIdFormField, 11


class PostalCodeField(_IdentifierField):
    """A postal code."""

    form_field, length = PostalCodeFormField, 10


class IbanField(_IdentifierField):
    """An Iranian IBAN."""

    form_field, length = IbanFormField, 26
