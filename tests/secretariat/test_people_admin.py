"""The admin of people, agencies and the outbox: who sees and changes what."""

import pytest
from django.urls import reverse

from secretariat.models import Agency, Holiday, Letter, RoleGrant, User
from secretariat.services import letters, notices
from secretariat.starter import load_ground
from tests import factories

pytestmark = pytest.mark.django_db

MODELS = ["user", "rolegrant", "agency", "unit", "province", "holiday", "invitation", "notice", "letter"]


@pytest.fixture
def head(client):
    person = factories.secretary()
    client.force_login(person)
    return person


def _user_form(user, **changes):
    form = {
        "username": user.username, "first_name": user.first_name, "last_name": user.last_name, "name_en": "", "email": user.email,
        "mobile": "", "language": "fa", "is_active": "on",
        "role_grants-TOTAL_FORMS": "0", "role_grants-INITIAL_FORMS": "0",
    }  # fmt: skip
    return form | changes


@pytest.mark.parametrize("model", MODELS)
def test_officers_open_every_list_in_persian(client, model):
    load_ground()
    letters.post("a@example.org", "s", "t", language="fa")
    officer = factories.officer()
    notices.tell(officer, "k", "خبر", "News")
    client.force_login(officer)
    page = client.get(reverse(f"admin:secretariat_{model}_changelist"))
    assert page.status_code == 200 and 'lang="fa"' in page.content.decode()
    assert client.get(reverse(f"admin:secretariat_{model}_changelist") + "?q=x").status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_others_find_nothing(client, model):
    where = reverse(f"admin:secretariat_{model}_changelist")
    client.force_login(factories.representative())
    assert client.get(where, follow=True).status_code == 404


def test_an_officer_reads_people_and_the_head_changes_them(client):
    person = factories.user()
    where = reverse("admin:secretariat_user_change", args=[person.pk])
    client.force_login(factories.officer())
    assert client.get(where).status_code == 200
    assert client.post(where, _user_form(person, last_name="تازه")).status_code == 403
    client.force_login(factories.secretary())
    assert client.post(where, _user_form(person, last_name="تازه")).status_code == 302
    person.refresh_from_db()
    assert person.last_name == "تازه"


def test_the_head_grants_a_role_and_its_scope_is_explained(client, head):
    person, agency = factories.user(), factories.agency()
    where = reverse("admin:secretariat_user_change", args=[person.pk])
    grant = {
        "role_grants-TOTAL_FORMS": "1", "role_grants-0-role": "representative", "role_grants-0-since_0": "2025-01-01",
        "role_grants-0-since_1": "00:00", "role_grants-0-user": person.pk, "role_grants-0-id": "", "role_grants-0-agency": "",
    }  # fmt: skip
    page = client.post(where, _user_form(person, **grant))
    assert page.status_code == 200 and not person.role_grants.exists()
    assert "role_has_exactly_its_scope" not in page.content.decode()
    assert client.post(where, _user_form(person, **grant | {"role_grants-0-agency": agency.pk})).status_code == 302
    made = person.role_grants.get()
    assert made.agency == agency and made.granted_by == head


def test_nobody_below_an_administrator_changes_one_or_becomes_one(client, head):
    boss = factories.user(is_superuser=True, is_staff=True)
    assert (
        client.post(
            reverse("admin:secretariat_user_change", args=[boss.pk]), _user_form(boss, email="mine@example.org")
        ).status_code
        == 403
    )
    me = reverse("admin:secretariat_user_change", args=[head.pk])
    client.post(me, _user_form(head, is_superuser="on", is_staff="on") | {"role_grants-TOTAL_FORMS": "0"})
    head.refresh_from_db()
    boss.refresh_from_db()
    assert not head.is_superuser and not head.is_staff and boss.email != "mine@example.org"


def test_closing_an_account_ends_its_sessions(client, head):
    from django.test import Client

    person, theirs = factories.user(), Client()
    theirs.force_login(person)
    client.post(reverse("admin:secretariat_user_change", args=[person.pk]), _user_form(person, is_active=""))
    assert theirs.get(reverse("account")).status_code == 302


def test_actions_leave_administrators_out(client, head):
    boss, person = factories.user(is_superuser=True), factories.user()
    data = {"action": "close_sessions", "_selected_action": [boss.pk, person.pk]}
    client.post(reverse("admin:secretariat_user_changelist"), data)
    boss.refresh_from_db()
    person.refresh_from_db()
    assert (boss.session_epoch, person.session_epoch) == (0, 1)


def test_nothing_of_the_ground_is_deleted_but_holidays(client, head):
    load_ground()
    agency, day = Agency.objects.first(), Holiday.objects.first()
    client.post(reverse("admin:secretariat_agency_delete", args=[agency.pk]), {"post": "yes"})
    assert Agency.objects.filter(pk=agency.pk).exists()
    client.post(reverse("admin:secretariat_holiday_delete", args=[day.pk]), {"post": "yes"})
    assert not Holiday.objects.filter(pk=day.pk).exists()


def test_a_holiday_is_entered_by_its_jalali_day(client, head):
    client.post(
        reverse("admin:secretariat_holiday_add"), {"date": "۱۴۰۴/۰۱/۱۱", "title_fa": "عید فطر", "title_en": "Eid al-Fitr"}
    )
    day = Holiday.objects.get()
    assert (day.date.year, day.date.month, day.date.day) == (1404, 1, 11)
    assert "عید فطر" in client.get(reverse("admin:secretariat_holiday_changelist") + "?year=1404").content.decode()


def test_an_agency_is_added_with_a_jalali_day(client, head):
    form = {
        "name_fa": "نهاد تازه",
        "name_en": "New body",
        "slug": "new-body",
        "kind": "university",
        "is_member": "on",
        "joined_on": "1404/01/01",
    }
    form |= {"units-TOTAL_FORMS": "0", "units-INITIAL_FORMS": "0"}
    page = client.post(reverse("admin:secretariat_agency_add"), form)
    assert page.status_code == 302, page.context and page.context["errors"]
    assert Agency.objects.get(slug="new-body").joined_on.isoformat() == "2025-03-21"


def test_words_of_letters_are_not_shown(client, head):
    letters.post("a@example.org", "subject", "the-secret-key", language="en", secret=True)
    page = client.get(reverse("admin:secretariat_letter_change", args=[Letter.objects.get().pk]))
    assert page.status_code == 200 and "the-secret-key" not in page.content.decode()


def test_a_role_is_ended_not_deleted(client, head):
    grant = factories.representative().role_grants.get()
    client.post(reverse("admin:secretariat_rolegrant_delete", args=[grant.pk]), {"post": "yes"})
    assert RoleGrant.objects.filter(pk=grant.pk).exists() and User.objects.count() == 2
