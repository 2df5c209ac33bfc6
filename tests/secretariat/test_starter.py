"""What the ground floor begins with."""

import datetime

import pytest

from secretariat import calendar
from secretariat.models import Agency, Holiday, Province, Unit
from secretariat.starter import load_ground

pytestmark = pytest.mark.django_db


def test_it_brings_provinces_agencies_and_fixed_holidays():
    assert load_ground() == {"Province": 31, "Agency": 38, "Unit": 1, "Holiday": 50}
    assert Province.objects.get(iso="IR-23").name_fa == "تهران"
    assert not Agency.objects.exclude(is_demo=True, is_member=True, membership_note="عضو نمایشی").exists()
    assert Unit.objects.get().agency.slug == "tehran_cultural_art_org"


def test_loading_again_changes_nothing_and_keeps_what_people_wrote():
    load_ground()
    Agency.objects.filter(slug="irib").update(name_en="Renamed", is_demo=False)
    counts = load_ground()
    assert counts["Agency"] == 38 and Agency.objects.get(slug="irib").name_en == "Renamed"


def test_deadlines_pass_over_nowruz():
    load_ground()
    found = calendar.deadline(datetime.date(2025, 3, 19), 2)  # 29 Esfand 1403 is a holiday itself
    assert calendar.short_date(found.due) == "۱۴۰۴/۰۱/۰۵" or found.due > datetime.date(2025, 3, 24)
    assert {day.title for day in found.skipped if day.reason == "holiday"} >= {"نوروز"}
    assert Holiday.objects.filter(date__range=(datetime.date(2025, 3, 21), datetime.date(2025, 3, 24))).count() == 4
