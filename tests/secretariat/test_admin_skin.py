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
