"""Fields that read what people write in Persian, and say what is wrong with the rest."""

import datetime
from decimal import Decimal

import jdatetime
import pytest
from django import forms
from django.contrib.admin.widgets import AdminDateWidget
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import translation

from secretariat import fields, refusals
from secretariat.models import Agency, Holiday, User

DAY = jdatetime.date(1404, 11, 5)


def message_of(field, value, language="en"):
    """The sentence with which a field refuses a value."""
    with translation.override(language), pytest.raises(ValidationError) as caught:
        field.clean(value)
    with translation.override(language):
        (message,) = caught.value.messages
    return message


class DateForm(forms.Form):
    day = fields.JalaliDateFormField(label="روز")


class TestJalaliDateFormField:
    @pytest.mark.parametrize(
        "typed",
        ["1404/11/05", "۱۴۰۴/۱۱/۵", "1404-11-05", "1404.11.05", "14041105", "05/11/1404", "۵ بهمن ۱۴۰۴", "یکشنبه ۵ بهمن ۱۴۰۴ - ۱۴:۵۳"],
    )
    def test_every_spelling(self, typed):
        assert fields.JalaliDateFormField().clean(typed) == DAY

    @pytest.mark.parametrize(
        "typed, said",
        [
            ("04/11/05", "Write the year with four digits, as in 1404/11/05."),
            ("2026/01/25", "This date is Gregorian. In the Jalali calendar it is 1404/11/05."),
            ("2026/13/45", "This year is Gregorian. Write the Jalali date, as in 1404/11/05."),
            ("1404/12/30", "There is no day 30 in this month: Esfand 1404 has 29 days."),
            ("1404/13/01", "There is no month 13: months are 1 to 12."),
            ("0900/01/01", "The year 900 is too far from today."),
            ("1404/11", "The day is missing. Write the date like 1404/11/05."),
            ("۵ بهمن", "The year is missing. Write the date like 1404/11/05."),
            ("1404/11/05 25:00", "There is no such time of day."),
            ("فردا", "This could not be read as a date. Write it like 1404/11/05 or 5 Bahman 1404."),
            ("دوشنبه ۵ بهمن ۱۴۰۴", "5 Bahman 1404 is a Sunday. Correct the date or the weekday."),
            ("", "This field is required."),
            ("\u200f \u200c", "This field is required."),
        ],
    )
    def test_every_refusal_has_its_sentence(self, typed, said):
        assert message_of(fields.JalaliDateFormField(), typed) == said

    def test_refusals_are_persian_with_persian_digits(self):
        assert message_of(fields.JalaliDateFormField(), "1404/12/30", "fa") == "این ماه روز ۳۰ ندارد؛ اسفند ۱۴۰۴، ۲۹ روز است."
        assert message_of(fields.JalaliDateFormField(), "2026/01/25", "fa") == "این تاریخ میلادی است. تاریخ شمسی آن ۱۴۰۴/۱۱/۰۵ است."

    def test_optional(self):
        assert fields.JalaliDateFormField(required=False).clean(" ") is None

    def test_limits(self):
        field = fields.JalaliDateFormField(min_value=DAY, max_value=lambda: datetime.date(2026, 2, 1))
        assert field.clean("1404/11/05") == DAY
        assert message_of(field, "1404/11/04") == "The date must not be before 5 Bahman 1404."
        assert message_of(field, "1404/11/13") == "The date must not be after 12 Bahman 1404."
        assert field.widget.attrs["data-jdp-min-date"] == "1404/11/05"
        assert "data-jdp-max-date" not in field.widget.attrs

    def test_widget_can_be_typed_in_and_hooks_the_picker(self):
        with translation.override("en"):
            html = DateForm(initial={"day": datetime.date(2026, 1, 25)})["day"].as_widget()
        assert 'type="text"' in html
        assert 'dir="ltr"' in html
        assert "data-jdp" in html
        assert 'value="1404/11/05"' in html and 'placeholder="1404/11/05"' in html
        assert "readonly" not in html

    def test_widgets_show_the_digits_of_the_page(self):
        with translation.override("fa"):
            assert 'value="۱۴۰۴/۱۱/۰۵"' in DateForm(initial={"day": datetime.date(2026, 1, 25)})["day"].as_widget()
            clock = fields.ClockInput().render("at", datetime.time(9, 5))
        assert 'value="۰۹:۰۵"' in clock and 'placeholder="۱۴:۳۰"' in clock

    def test_what_was_typed_is_given_back(self):
        assert 'value="۵ بهمنن"' in DateForm({"day": "۵ بهمنن"})["day"].as_widget()

    @pytest.mark.parametrize("initial", [DAY, datetime.date(2026, 1, 25), datetime.datetime(2026, 1, 25, 12)])
    def test_same_day_in_other_words_is_no_change(self, initial):
        assert not DateForm({"day": "۵ بهمن ۱۴۰۴"}, initial={"day": initial}).has_changed()
        assert DateForm({"day": "۶ بهمن ۱۴۰۴"}, initial={"day": initial}).has_changed()


class TestNumberFormField:
    def test_reads_persian_numbers(self):
        assert fields.NumberFormField().clean("۱٬۲۳۴٫۵") == Decimal("1234.5")
        assert fields.NumberFormField(required=False).clean(" ") is None
        assert fields.WholeNumberFormField().clean("۱۲،۳۴۵") == 12345
        assert isinstance(fields.WholeNumberFormField().clean("7.0"), int)

    @pytest.mark.parametrize(
        "field, typed, said",
        [
            (fields.NumberFormField(), "ده", "This is not a number. Write it like 12,345.5."),
            (fields.NumberFormField(), "۳/۵", "Write the fraction with ٫ or a full stop, not with a slash."),
            (fields.NumberFormField(), "9" * 100, "This number is too long."),
            (fields.NumberFormField(), "", "This field is required."),
            (fields.NumberFormField(max_value=20), "۲۱", "Ensure this value is less than or equal to 20."),
            (fields.NumberFormField(max_digits=4, decimal_places=1), "۲٫۲۵", "Ensure that there are no more than 1 decimal place."),
            (fields.WholeNumberFormField(), "۲٫۵", "Enter a whole number."),
            (fields.WholeNumberFormField(min_value=1), "۰", "Ensure this value is greater than or equal to 1."),
        ],
    )
    def test_refusals(self, field, typed, said):
        assert message_of(field, typed) == said

    def test_shows_a_stored_number_in_the_digits_of_the_reader(self):
        class Form(forms.Form):
            score = fields.NumberFormField()

        form = Form(initial={"score": Decimal("-1234.50")})
        with translation.override("fa"):
            shown = form["score"].value()
            assert shown == "‎−۱٬۲۳۴٫۵"
            assert not Form({"score": shown}, initial={"score": Decimal("-1234.50")}).has_changed()
        with translation.override("en"):
            assert 'value="-1,234.5"' in form["score"].as_widget()
            assert 'inputmode="decimal"' in form["score"].as_widget()
            assert 'type="number"' not in form["score"].as_widget()


class TestCanonicalCharField:
    def test_normalises_before_it_measures(self):
        assert fields.CanonicalCharField(max_length=5).clean(" كتـــابي\u200c ") == "کتابی"
        assert message_of(fields.CanonicalCharField(), "\u200c\u200f") == "This field is required."


class TestIdentifierFormFields:
    @pytest.mark.parametrize(
        "field, typed, stored",
        [
            (fields.MobileFormField(), "۰۹۱۲ ۰۰۰ ۰۰۰۰", "+989120000000"),
            (fields.NationalCodeFormField(), "۰۰۸-۴۵۷۵۹۴-۸", "0084575948"),
            (fields.LegalIdFormField(), "۱۰۱۰۰۱۷۱۹۲۰", "10100171920"),
            (fields.PostalCodeFormField(), "۱۵۹۱۸-۱۴۳۱۳", "1591814313"),
            (fields.IbanFormField(), "ir82 0540 1026 8002 0817 9090 02", "IR820540102680020817909002"),
            (fields.TrackingCodeFormField(), "۰۴۳-۱۸۵-۷۲۵", "043185725"),
        ],
    )
    def test_stored_form(self, field, typed, stored):
        assert field.clean(typed) == stored

    @pytest.mark.parametrize(
        "field, typed, said",
        [
            (fields.MobileFormField(), "02166976601", "This is not an Iranian mobile number. Write it like 09120000000."),
            (
                fields.NationalCodeFormField(),
                "84575948",
                "A national code has 10 digits, the leading zeros included; you wrote 8.",
            ),
            (fields.NationalCodeFormField(), "1111111111", "All the digits are the same."),
            (fields.LegalIdFormField(), "1010017192", "11 digits are needed; you wrote 10."),
            (fields.LegalIdFormField(), "10100171921", "The check digit does not agree: one of the digits is mistyped."),
            (fields.PostalCodeFormField(), "15918A4313", "Use digits only."),
            (fields.IbanFormField(), "820540102680020817909002", "Write IR before the 24 digits."),
            (fields.TrackingCodeFormField(), "", "This field is required."),
        ],
    )
    def test_refusals(self, field, typed, said):
        assert message_of(field, typed) == said

    def test_every_reason_has_a_sentence_in_persian(self):
        with translation.override("fa"):
            for code in refusals.REFUSALS:
                params = dict.fromkeys(("length", "count", "day", "month", "year", "last"), 12)
                params |= dict.fromkeys(("limit", "date", "weekday", "suggestion"), "…")
                error = refusals.refusal(code, **params)
                assert any("\u0620" <= char <= "\u064a" for char in error.messages[0]), code
                assert "%(" not in error.messages[0]

    def test_stored_mobile_is_shown_as_people_write_it(self):
        class Form(forms.Form):
            mobile = fields.MobileFormField()

        html = Form(initial={"mobile": "+989120000000"})["mobile"].as_widget()
        assert 'value="09120000000"' in html
        assert 'dir="ltr"' in html

    def test_unusual_postal_code_is_kept_with_a_doubt(self):
        assert fields.PostalCodeFormField().clean("1250000000") == "1250000000"
        assert fields.PostalCodeFormField.doubt("1250000000")
        assert fields.PostalCodeFormField.doubt("1591814313") is None


class TestModelFields:
    @pytest.mark.parametrize("field", [fields.JalaliDateField(), fields.MobileField(null=True), fields.IbanField()])
    def test_migrations_can_rebuild_it(self, field):
        _name, path, args, kwargs = field.deconstruct()
        assert path == f"secretariat.fields.{type(field).__name__}"
        assert type(field)(*args, **kwargs).deconstruct()[3] == kwargs

    @pytest.mark.parametrize("value", [DAY, datetime.date(2026, 1, 25), "1404/11/05", "1404-11-05", "2026-01-25", "۵ بهمن ۱۴۰۴"])
    def test_date_reads_either_calendar(self, value):
        assert fields.JalaliDateField().to_python(value) == DAY

    def test_date_refuses_nonsense(self):
        with pytest.raises(ValidationError):
            fields.JalaliDateField().to_python("1404/12/30")

    def test_date_has_our_form_field_in_the_admin_too(self):
        field = Holiday._meta.get_field("date")
        assert isinstance(field.formfield(), fields.JalaliDateFormField)
        assert isinstance(field.formfield(widget=AdminDateWidget).widget, fields.JalaliDateInput)

    @pytest.mark.django_db
    def test_date_is_a_gregorian_date_in_the_database(self):
        Holiday.objects.all().delete()
        Holiday.objects.create(date="۵ بهمن ۱۴۰۴", title_fa="عید")
        with connection.cursor() as cursor:
            cursor.execute("select date, pg_typeof(date)::text from secretariat_holiday")
            assert cursor.fetchone() == (datetime.date(2026, 1, 25), "date")
        assert Holiday.objects.get().date == DAY
        assert Holiday.objects.filter(date__year=1404).count() == 1
        assert Holiday.objects.filter(date__gte=datetime.date(2026, 1, 25), date__lt=jdatetime.date(1404, 11, 6)).exists()
        assert Holiday.objects.filter(date="2026-01-25").exists()
        assert Holiday.objects.filter(date__in=[DAY]).exists()

    def test_mobile_is_normalised_and_empty_is_null(self):
        field = User._meta.get_field("mobile")
        assert field.get_prep_value("۰۹۱۲۰۰۰۰۰۰۰") == "+989120000000"
        assert field.get_prep_value("") is None
        assert field.to_python("0912 000 0000") == "+989120000000"
        assert field.get_prep_value("nonsense") == "nonsense"

    def test_wrong_code_is_refused_by_full_clean_with_its_sentence(self):
        with translation.override("en"), pytest.raises(ValidationError) as caught:
            Agency(legal_id="10100171921").clean_fields()
        with translation.override("en"):
            messages = caught.value.message_dict
        assert messages["legal_id"] == ["The check digit does not agree: one of the digits is mistyped."]

    @pytest.mark.django_db
    def test_person_is_found_by_any_spelling_of_the_mobile(self):
        User.objects.create(username="u", mobile="۰۹۱۲۰۰۰۰۰۰۰")
        assert User.objects.get(mobile="+98 912 000 0000").mobile == "+989120000000"

    @pytest.mark.django_db
    def test_form_of_a_model_accepts_separators(self):
        form_class = forms.modelform_factory(User, fields=["mobile"])
        form = form_class({"mobile": "+98 (912) 000 - 0000"})
        assert "mobile" not in form.errors
        assert form.cleaned_data["mobile"] == "+989120000000"
        assert form_class({"mobile": ""}).fields["mobile"].clean("") is None
