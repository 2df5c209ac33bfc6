"""The admin pages wear the portal's clothes and break none of its rules in a real browser."""

import pytest

from tests import council as make
from tests import factories
from tests.axe import faults_of

pytestmark = [pytest.mark.django_db, pytest.mark.browser]


@pytest.fixture
def administrator():
    factories.agency(name_fa="نهاد کتابخانه‌های عمومی کشور")
    return factories.officer(is_superuser=True, is_staff=True, first_name="مریم", last_name="رضایی", name_en="Maryam Rezaei")


@pytest.mark.parametrize(("language", "theme"), [("fa", "dark"), ("en", "light")])
def test_admin_pages_in_both_languages_and_themes(pages, administrator, language, theme):
    page = pages(user=administrator, language=language, theme=theme)
    council = make.seat(make.council(), role="chair", deputy=administrator).council.pk
    councils = [f"/admin/secretariat/council/{part}/" for part in ("add", f"{council}/change", f"{council}/term")]
    for path in ("/admin/", "/admin/secretariat/agency/", *councils):
        assert page.goto(path).status == 200
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "fa" else "ltr")
        assert page.locator("html").get_attribute("data-theme") == theme
        assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith("Vazirmatn")
        assert page.locator(".back-to-portal").is_visible()
        assert pages.problems == []
        assert faults_of(page) == [], path
        pages.problems.clear()  # axe writes inline styles while it measures


def test_numbers_are_read_and_typed_in_persian(pages, administrator):
    council = make.council()
    meeting = make.meeting(council)
    make.item(meeting, minutes_planned=20, note="یادداشت")
    page = pages(user=administrator, language="fa")
    page.goto("/admin/secretariat/council/")
    assert page.locator(".paginator").inner_text().split() == ["۱", "شورا"]
    page.goto(f"/admin/secretariat/meeting/{meeting.pk}/change/")
    typed = [page.locator(f"#id_{name}") for name in ("minutes_planned", "agenda-0-minutes_planned")]
    assert [field.input_value() for field in typed] == ["۱۲۰", "۲۰"]
    lines = page.locator("#agenda-group .tabular")
    assert lines.evaluate("box => box.scrollWidth - box.clientWidth") <= 0, "every column of the agenda is in sight"
    typed[1].fill("۴۵")
    page.locator("[name=_save]").click()
    page.locator(".messagelist .success").wait_for()
    assert meeting.agenda.get().minutes_planned == 45


@pytest.mark.parametrize(("language", "second"), [("fa", "۲"), ("en", "2")])
def test_pages_of_a_long_list_are_numbered_in_the_readers_digits(pages, administrator, language, second):
    for _n in range(51):
        make.council()
    page = pages(user=administrator, language=language)
    page.goto("/admin/secretariat/council/")
    page.locator(".paginator a", has_text=second).click()
    assert page.url.endswith("?p=2")
    assert page.locator(".paginator .this-page").inner_text() == second
