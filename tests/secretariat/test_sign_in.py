"""The door: who may come in, by which name, how long, and where to."""

import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from secretariat.models import FormKey, Letter, Notice, ResetRequest
from secretariat.services import retention
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "یک جمله بلند 12"


@pytest.fixture
def person():
    user = factories.user(username="Sara.Rad", email="Sara@example.org", mobile="09121234567")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture(autouse=True)
def _landing(settings):
    settings.LOGIN_REDIRECT_URL = settings.LOGOUT_REDIRECT_URL = "/account/"


def _try(client, name, password=PASSWORD, **more):
    return client.post(reverse("sign_in"), {"username": name, "password": password, **more.pop("fields", {})}, **more)


def _is_in(client):
    return "_auth_user_id" in client.session


@pytest.mark.parametrize(
    "name",
    ["Sara.Rad", "sara.rad", " sara.rad ", "SARA@example.org", "09121234567", "۰۹۱۲۱۲۳۴۵۶۷", "٠٩١٢١٢٣٤٥٦٧", "+98 912 123 4567"],
)
def test_every_name_of_a_person_opens_the_door(client, person, name):
    assert _try(client, name).status_code == 302
    assert client.session["_auth_user_id"] == str(person.pk)


@pytest.mark.parametrize("name", ["nobody", "", "0912123456", "sara"])
def test_other_names_do_not(client, person, name):
    assert _try(client, name).status_code == 200
    assert not _is_in(client)


def test_a_wrong_password_is_told_and_the_name_is_kept(client, person, in_english):
    page = _try(client, "Sara.Rad", "my-guess-77").content.decode()
    assert "do not belong together" in page and 'value="Sara.Rad"' in page and "my-guess-77" not in page


def test_unknown_names_wrong_passwords_and_closed_accounts_read_the_same(client, person, in_english):
    closed = factories.user(username="closed", is_active=False)
    closed.set_password(PASSWORD)
    closed.save()
    told = set()
    for name, password in [("Sara.Rad", "wrong"), ("nobody-at-all", PASSWORD), ("closed", PASSWORD)]:
        page = _try(client, name, password)
        told.add(page.context["form"].non_field_errors()[0])
    assert len(told) == 1 and not _is_in(client)


def test_an_account_closed_later_ends_its_sessions(client, person):
    client.force_login(person)
    person.is_active = False
    person.save()
    assert client.get(reverse("account")).url.startswith(reverse("sign_in"))


def test_the_owner_of_an_address_comes_before_one_who_calls_himself_so(client, person):
    factories.user(username="sara@example.org", email="other@example.org")
    factories.user(username="+989121234567")
    for name in ("sara@example.org", "09121234567"):
        _try(client, name)
        assert client.session["_auth_user_id"] == str(person.pk)
        client.logout()


def test_the_session_gets_a_new_key(client, person):
    client.get(reverse("sign_in"))
    client.session["x"] = 1
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    _try(client, "Sara.Rad")
    assert client.session.session_key != before


def test_next_leads_within_the_portal_only(client, person):
    assert _try(client, "Sara.Rad", fields={"next": "/notices/?unread=1"}).url == "/notices/?unread=1"
    for evil in ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "http:///evil.example"]:
        client.logout()
        assert _try(client, "Sara.Rad", fields={"next": evil}).url == "/account/"


def test_one_who_is_in_is_not_asked_again(client, person):
    client.force_login(person)
    assert client.get(reverse("sign_in") + "?next=/notices/").url == "/notices/"


def test_the_anonymous_is_sent_to_sign_in_and_back(client, person):
    sent = client.get(reverse("account"))
    assert sent.url == f"{reverse('sign_in')}?next=/account/"


def test_signing_out_needs_a_post_and_ends_the_session(client, person):
    client.force_login(person)
    assert client.get(reverse("sign_out")).status_code == 405 and _is_in(client)
    assert client.post(reverse("sign_out")).status_code == 302 and not _is_in(client)


def test_signing_out_everywhere_ends_the_other_device_before_its_next_page(client, person):
    from django.test import Client

    other = Client()
    other.force_login(person)  # signed in, and not a page seen since
    client.force_login(person)
    assert client.get(reverse("sign_out_everywhere")).status_code == 405
    client.post(reverse("sign_out_everywhere"))
    assert other.get(reverse("account")).url.startswith(reverse("sign_in"))
    assert client.get(reverse("account")).url.startswith(reverse("sign_in"))


def test_a_session_ends_after_silence_and_at_its_absolute_end(client, person, settings):
    client.force_login(person)
    for mark, age in [("seen_at", settings.SESSION_IDLE_SECONDS + 5), ("began_at", settings.SESSION_COOKIE_AGE + 5)]:
        client.force_login(person)
        session = client.session
        session[mark] = int(time.time()) - age
        session.save()
        assert client.get(reverse("account")).status_code == 302, mark


def test_csrf_is_asked_for(person):
    from django.test import Client

    assert _try(Client(enforce_csrf_checks=True), "Sara.Rad").status_code == 403


# --- too many tries ----------------------------------------------------------------------------------


@pytest.mark.with_axes
def test_after_five_wrong_tries_the_account_is_closed_to_that_address_only(client, person, in_english):
    spellings = ["Sara.Rad", "sara.rad", "SARA.RAD", " sara.rad", "sara.raD"]
    for name in spellings:
        last = _try(client, name, "wrong")
    assert last.status_code == 429 and "fifteen minutes" in last.content.decode()
    refused = _try(client, "Sara.Rad")
    assert refused.status_code == 429 and not _is_in(client)
    assert "I forgot my password" in refused.content.decode()
    elsewhere = _try(client, "Sara.Rad", REMOTE_ADDR="10.1.1.9")
    assert elsewhere.status_code == 302, "a stranger must not lock the person out elsewhere"


@pytest.mark.with_axes
def test_a_forged_forwarding_header_buys_no_more_tries(client, person):
    for n in range(6):
        last = _try(client, "Sara.Rad", "wrong", HTTP_X_FORWARDED_FOR=f"10.9.9.{n}")
    assert last.status_code == 429


@pytest.mark.with_axes
def test_other_accounts_stay_open_to_that_address(client, person):
    for _n in range(6):
        _try(client, "nobody", "wrong")
    assert _try(client, "Sara.Rad").status_code == 302


# --- preferences -------------------------------------------------------------------------------------


def test_preferences_are_kept_in_cookies_without_an_account(client):
    answer = client.post(
        reverse("preferences"),
        {"theme": "dark", "text_size": "larger", "contrast": "high", "language": "en", "next": "/sign-in/"},
    )
    assert answer.url == "/sign-in/"
    assert {name: answer.cookies[name].value for name in ("theme", "text_size", "contrast", "language")} == {
        "theme": "dark", "text_size": "larger", "contrast": "high", "language": "en",
    }  # fmt: skip
    page = client.get("/sign-in/").content.decode()
    assert (
        'lang="en"' in page
        and 'data-bs-theme="dark"' in page
        and 'data-text-size="larger"' in page
        and 'data-contrast="high"' in page
    )


def test_preferences_refuse_other_values_and_other_sites(client):
    answer = client.post(reverse("preferences"), {"theme": "<script>", "language": "de", "next": "https://evil.example"})
    assert not answer.cookies and answer.url == "/"
    assert client.get(reverse("preferences")).status_code == 405


# --- forgetting --------------------------------------------------------------------------------------


def test_what_has_expired_is_forgotten_and_the_rest_is_kept(person):
    now = timezone.now()
    old, new = now - timedelta(days=800), now
    import uuid

    for at in (old, new):
        key = FormKey.objects.create(key=uuid.uuid4(), path="/")
        FormKey.objects.filter(pk=key.pk).update(created_at=at)
        notice = Notice.objects.create(user=person, kind="k", text_fa="x", text_en="x")
        Notice.objects.filter(pk=notice.pk).update(created_at=at)
        Session.objects.create(session_key=f"s{at.timestamp()}", session_data="", expire_date=at + timedelta(days=1))
        wish = ResetRequest.objects.create(name="n", window=int(at.timestamp()))
        ResetRequest.objects.filter(pk=wish.pk).update(asked_at=at)
        for sent in (None, at):
            letter = Letter.objects.create(to="a@example.org", subject="s", text="t", sent_at=sent)
            Letter.objects.filter(pk=letter.pk).update(created_at=at)
    retention.forget()
    assert [m.objects.count() for m in (FormKey, Notice, ResetRequest)] == [1, 1, 1]
    assert Session.objects.count() == 1
    assert Letter.objects.count() == 3, "a letter still waiting is kept, however old"
