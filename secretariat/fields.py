"""Form and model fields for what people write in Persian: dates, numbers, text, identifiers."""

import datetime

import jdatetime
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_jalali.db.models import jDateField

from secretariat import persian
from secretariat.persian import Refused

EXAMPLE_DATE = "1404/11/05"
EXAMPLE_TIME = "14:30"

REFUSALS = {
    "not_text": _("Enter a text."),
    "empty": _("This field is required."),
    # numbers
    "not_a_number": _("This is not a number. Write it like %(example_number)s."),
    "number_too_long": _("This number is too long."),
    "solidus": _("Write the fraction with ٫ or a full stop, not with a slash."),
    "not_whole": _("Enter a whole number."),
    # identifiers
    "not_digits": _("Use digits only."),
    "too_short": _("%(length)s digits are needed; you wrote %(count)s."),
    "too_long": _("%(length)s digits are needed; you wrote %(count)s."),
    "repeated_digit": _("All the digits are the same."),
    "wrong_check_digit": _("The check digit does not agree: one of the digits is mistyped."),
    "not_a_mobile": _("This is not an Iranian mobile number. Write it like %(example_mobile)s."),
    "iban_without_country": _("Write IR before the 24 digits."),
    "not_an_iban": _("An Iranian IBAN is IR and 24 digits."),
    "unusual_postal_code": _("The first five digits of a postal code seldom hold 0 or 2; check it once more."),
    # dates
    "two_digit_year": _("Write the year with four digits, as in %(example_date)s."),
    "gregorian_year": _("This year is Gregorian. Write the Jalali date, as in %(example_date)s."),
    "gregorian_date": _("This date is Gregorian. In the Jalali calendar it is %(suggestion)s."),
    "no_such_month": _("There is no month %(month)s: months are 1 to 12."),
    "no_such_day": _("There is no day %(day)s in this month: %(month_name)s %(year)s has %(last)s days."),
    "no_such_time": _("There is no such time of day."),
    "year_out_of_range": _("The year %(year)s is too far from today."),
    "year_missing": _("The year is missing. Write the date like %(example_date)s."),
    "day_missing": _("The day is missing. Write the date like %(example_date)s."),
    "unreadable_date": _("This could not be read as a date. Write it like %(example_date)s or %(example_long)s."),
    "weekday_contradicts": _("%(date)s is a %(weekday)s. Correct the date or the weekday."),
    "too_early": _("The date must not be before %(limit)s."),
    "too_late": _("The date must not be after %(limit)s."),
}


def _in_persian():
    return (get_language() or "fa").startswith("fa")


def _digits(value):
    """Write digits as the reader reads them."""
    return persian.digits_to_persian(str(value)) if _in_persian() else str(value)


def _long(day):
    return persian.long_fa(day) if _in_persian() else persian.long_en(day)


def refusal(code, messages=REFUSALS, **params):
    """Make the ValidationError of a refusal, its numbers written in the reader's digits."""
    if code == "gregorian_year" and params.get("suggestion"):
        code = "gregorian_date"
    params = {name: _digits(value) for name, value in params.items()}
    if code == "no_such_day":
        names = persian.MONTHS_FA if _in_persian() else persian.MONTHS_EN
        params["month_name"] = names[int(persian.digits_to_ascii(params["month"])) - 1]
    params.update(
        example_date=_digits(EXAMPLE_DATE),
        example_long=_long(jdatetime.date(1404, 11, 5)),
        example_number=persian.display_fa(12345.5) if _in_persian() else "12,345.5",
        example_mobile=_digits("09120000000"),
    )
    return ValidationError(messages.get(code) or REFUSALS[code], code=code, params=params)


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
        return super().get_context(name, value, {"placeholder": _digits(EXAMPLE_DATE), **self.attrs, **(attrs or {})})

    def format_value(self, value):
        """Write a date as ۱۴۰۴/۱۱/۰۵; give typed text back as it was typed."""
        if isinstance(value, datetime.date | jdatetime.date):
            return _digits(persian.short(value))
        return super().format_value(value)


class ClockInput(LtrInput):
    """A text input for a time of day."""

    def get_context(self, name, value, attrs):
        """Show by an example, in the reader's digits, how a time is written."""
        return super().get_context(name, value, {"placeholder": _digits(EXAMPLE_TIME), **(attrs or {})})

    def format_value(self, value):
        """Write a time as ۱۴:۳۰; give typed text back as it was typed."""
        if isinstance(value, datetime.time):
            return _digits(f"{value:%H:%M}")
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
            raise ValidationError(_("Write the time like %(example)s."), params={"example": _digits(EXAMPLE_TIME)}) from None


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
            weekdays = persian.WEEKDAYS_FA if _in_persian() else persian.WEEKDAYS_EN
            raise refusal(
                "weekday_contradicts", date=_long(reading.jalali), weekday=weekdays[persian.weekday_index(reading.jalali)]
            )
        return reading.jalali

    def validate(self, value):
        """Hold the limits."""
        super().validate(value)
        if value is None:
            return
        minimum, maximum = self._limit(self.min_value), self._limit(self.max_value)
        if minimum and value < minimum:
            raise refusal("too_early", limit=_long(minimum))
        if maximum and value > maximum:
            raise refusal("too_late", limit=_long(maximum))

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
        return persian.display_fa(value, max_places=10) if _in_persian() else persian.grouped(value, max_places=10)


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
    """A text that is stored in one spelling: Persian ی and ک, tidy spaces and half-spaces, nothing invisible."""

    def to_python(self, value):
        """Normalise before the length and the validators are looked at."""
        value = super().to_python(value)
        if not isinstance(value, str):
            return value
        return persian.canonical(value) or self.empty_value


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
