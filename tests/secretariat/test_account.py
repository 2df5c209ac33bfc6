"""One's own account, the key for programs, and the page of notices."""

import pytest
from django.urls import reverse
from rest_framework.authtoken.models import Token

from secretariat.models import Letter
from secretariat.services import notices
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "a whole sentence, 7"


@pytest.fixture
def person():
    user = factories.user(email="old@example.org", username="sara")
    user.set_password(PASSWORD)
    user.save()
    return user


def _form(person, **changes):
    return {
        "first_name": person.first_name, "last_name": person.last_name, "name_en": "", "email": person.email or "",
        "mobile": person.mobile or "", "language": "fa", "password": "", **changes,
    }  # fmt: skip


def test_names_and_language_are_saved(client, person):
    client.force_login(person)
    answer = client.post(reverse("account"), _form(person, first_name="سارا  ي", name_en="Sara", language="en"))
    assert answer.url == reverse("account") and answer.cookies["language"].value == "en"
    person.refresh_from_db()
    assert (person.first_name, person.name_en, person.language) == ("سارا ی", "Sara", "en")


def test_address_and_number_change_only_with_the_password(client, person):
    client.force_login(person)
    changes = {"email": "new@example.org", "mobile": "۰۹۱۲۱۲۳۴۵۶۷"}
    page = client.post(reverse("account"), _form(person, **changes))
    assert "password" in page.context["form"].errors and 'value="new@example.org"' in page.content.decode()
    person.refresh_from_db()
    assert person.email == "old@example.org"
    assert client.post(reverse("account"), _form(person, password=PASSWORD, **changes)).status_code == 302
    person.refresh_from_db()
    assert (person.email, person.mobile) == ("new@example.org", "+989121234567")
    assert Letter.objects.get().to == "old@example.org", "the old address is told"


def test_an_address_of_another_account_is_refused_whatever_its_case(client, person):
    factories.user(email="Taken@example.org")
    client.force_login(person)
    page = client.post(reverse("account"), _form(person, email="taken@EXAMPLE.org", password=PASSWORD))
    assert "email" in page.context["form"].errors


def test_rights_are_not_taken_from_the_form(client, person):
    client.force_login(person)
    client.post(
        reverse("account"), _form(person, is_superuser="on", is_staff="on", username="admin", second_factor_required="on")
    )
    person.refresh_from_db()
    assert not person.is_superuser and not person.is_staff and person.username == "sara" and not person.second_factor_required


def test_the_page_shows_ones_roles_and_the_anonymous_is_sent_away(client):
    agency = factories.agency()
    assert client.get(reverse("account")).url.startswith(reverse("sign_in"))
    client.force_login(factories.representative(agency))
    assert agency.name_fa in client.get(reverse("account")).content.decode()


# --- the key for programs ----------------------------------------------------------------------------


def test_a_representative_makes_renews_and_drops_a_key(client):
    person = factories.representative()
    client.force_login(person)
    client.post(reverse("api_token"), {"action": "renew"})
    first = Token.objects.get().key
    assert first in client.get(reverse("api_token")).content.decode()
    client.post(reverse("api_token"), {"action": "renew"})
    assert Token.objects.get().key != first
    client.post(reverse("api_token"), {"action": "drop"})
    assert not Token.objects.exists()


def test_others_have_no_key(client, person):
    assert client.get(reverse("api_token")).url.startswith(reverse("sign_in"))
    for user in (person, factories.officer()):
        client.force_login(user)
        assert client.get(reverse("api_token")).status_code == 404
        assert client.post(reverse("api_token"), {"action": "renew"}).status_code == 404
    assert not Token.objects.exists()


# --- notices -----------------------------------------------------------------------------------------


def test_opening_a_notice_marks_it_read_and_goes_there(client, person):
    notices.tell(person, "k", "خبر تازه", "News", link="/agencies/")
    client.force_login(person)
    assert "خبر تازه" in client.get(reverse("notices")).content.decode()
    notice = person.notices.get()
    assert client.get(reverse("notice_open", args=[notice.pk])).url == "/agencies/"
    notice.refresh_from_db()
    assert notice.read_at and "خبر تازه" not in client.get(reverse("notices") + "?unread=1").content.decode()


def test_a_notice_leads_nowhere_outside(client, person):
    notices.tell(person, "k", "خبر", "News", link="https://evil.example/")
    client.force_login(person)
    assert client.get(reverse("notice_open", args=[person.notices.get().pk])).url == reverse("notices")


def test_notices_of_others_are_not_there(client, person):
    notices.tell(person, "k", "راز", "Secret")
    notice = person.notices.get()
    assert client.get(reverse("notices")).url.startswith(reverse("sign_in"))
    client.force_login(factories.officer())
    assert "راز" not in client.get(reverse("notices")).content.decode()
    assert client.get(reverse("notice_open", args=[notice.pk])).status_code == 404
    client.post(reverse("notices_read"))
    notice.refresh_from_db()
    assert notice.read_at is None


def test_all_are_marked_read(client, person):
    for n in range(3):
        notices.tell(person, "k", f"خبر {n}", "News")
    client.force_login(person)
    client.post(reverse("notices_read"))
    assert not person.notices.unread().exists()


def test_the_page_asks_the_same_for_3_and_30(client, person):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(person)

    def count():
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("notices"))
        return len(queries)

    for _n in range(3):
        notices.tell(person, "k", "خبر", "News")
    count()
    few = count()
    for _n in range(27):
        notices.tell(person, "k", "خبر", "News")
    assert count() == few
