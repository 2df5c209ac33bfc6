"""The ground's pages in a real browser: nothing for axe to find, nothing wider than a phone, and usable without scripts."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from secretariat.models import Invitation, Unit
from secretariat.services import invitations, notices
from secretariat.services.invitations import _hash
from tests import factories
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    """A head of the secretariat, an agency with units and people, an invitation, notices and changes."""
    head = factories.secretary(first_name="مریم", last_name="کریمی", name_en="Maryam Karimi")
    agency = factories.agency(
        name_fa="نهاد کتابخانه‌های عمومی کشور", name_en="Iran Public Libraries Foundation", phone="021-66976601"
    )
    top = Unit.objects.create(agency=agency, kind="province", name_fa="اداره کل فارس", name_en="Fars directorate")
    Unit.objects.create(agency=agency, kind="library", name_fa="کتابخانه شیراز", name_en="Shiraz library", parent=top)
    ours = factories.representative(agency, first_name="سارا", last_name="راد", name_en="Sara Rad")
    for n in range(8):
        factories.agency(name_fa=f"سازمان فرهنگی شمارهٔ {n}", name_en=f"Cultural organisation {n}", kind="university")
    invitation = invitations.invite(
        by=head, purpose="representative", agency=agency, email="reza@example.org", full_name="رضا نادری"
    )
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=_hash("t" * 43))
    other = invitations.invite(by=head, purpose="assessor", email="zahra@example.org", full_name="زهرا امینی")
    now = timezone.now()
    Invitation.objects.filter(pk=other.pk).update(invited_at=now - timedelta(days=30), expires_at=now - timedelta(days=2))
    notices.tell(head, "k", "محصول تازه‌ای برای غربالگری رسید.", "A new product waits for screening.", link="/agencies/")
    agency.kind = "public_foundation"
    agency.save()
    return {"head": head, "ours": ours, "agency": agency, "token": "t" * 43}


def addresses(scene):
    """(who, address) of every page of the ground that is looked at."""
    slug = [scene["agency"].slug]
    grant = scene["ours"].role_grants.get()
    public = [reverse("sign_in"), reverse("password_reset"), reverse("agency_list"), reverse("agency_detail", args=slug)]
    public += [reverse("invitation_accept", args=[scene["token"]]), reverse("password_reset_confirm", args=["x", "y"])]
    head = [
        reverse(name) for name in ("account", "password_change", "second_factor_setup", "notices", "audit", "invitation_list")
    ]
    head += [
        reverse("invitation_new"),
        *(reverse(name, args=slug) for name in ("agency_edit", "agency_people", "unit_new", "agency_detail")),
    ]
    head += [reverse("representative_end", args=[grant.pk])]
    return (
        [(None, where) for where in public] + [(scene["head"], where) for where in head] + [(scene["ours"], reverse("api_token"))]
    )


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 1280), ("en", "dark", 390)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(pages, scene, language, theme, width):
    found, open_pages = [], {}
    for who, where in addresses(scene):
        if who not in open_pages:
            open_pages[who] = pages(user=who, language=language, theme=theme, width=width)
        page = open_pages[who]
        page.goto(where)
        found += [f"{where}: {fault}" for fault in faults_of(page)]
    assert found == []


def test_the_door_works_without_scripts_and_by_keyboard(pages, settings):
    settings.LOGIN_REDIRECT_URL = "/account/"
    person = factories.user(username="sara")
    person.set_password("a whole sentence, 7")
    person.save()
    page = pages(scripts=False)
    page.goto(reverse("sign_in"))
    page.focus("#id_username")
    page.keyboard.type("sara")
    page.keyboard.press("Tab")
    page.keyboard.type("a whole sentence, 7")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")
    assert person.last_name in page.inner_text("main") or page.input_value("#id_last_name") == person.last_name
