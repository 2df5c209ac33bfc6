"""Invitations: sent by officers, accepted once, with a new account or the one there is."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from secretariat.models import Invitation, Letter, Notice, RoleGrant, User
from secretariat.services import invitations as service
from secretariat.signals import invitation_accepted
from secretariat.tasks import send_mail
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "a whole sentence, 7"


@pytest.fixture(autouse=True)
def _landing(settings):
    settings.LOGIN_REDIRECT_URL = "/account/"


@pytest.fixture
def agency():
    return factories.agency()


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def head():
    return factories.secretary()


def _form(**fields):
    return {
        "purpose": "representative",
        "agency": "",
        "full_name": "سارا راد",
        "email": "sara@example.org",
        "language": "fa",
        **fields,
    }


def _account(**fields):
    return {
        "first_name": "سارا",
        "last_name": "راد",
        "mobile": "",
        "new_password1": PASSWORD,
        "new_password2": PASSWORD,
        **fields,
    }


def _sent_link(settings):
    send_mail()
    return re.search(r"http://\S+", mail.outbox[-1].body).group().removeprefix(settings.PUBLIC_URL)


def _invite(officer, settings, **fields):
    fields = {"purpose": "representative", "email": "sara@example.org", "full_name": "سارا راد", **fields}
    invitation = service.invite(by=officer, **fields)
    return invitation, _sent_link(settings)


def test_an_officer_invites_and_the_letter_carries_the_link(client, officer, agency, settings):
    client.force_login(officer)
    page = client.post(reverse("invitation_new"), _form(agency=agency.pk))
    assert page.url == reverse("agency_people", args=[agency.slug])
    link = _sent_link(settings)
    assert mail.outbox[0].to == ["sara@example.org"] and agency.name_fa in mail.outbox[0].body
    token = link.rstrip("/").rpartition("/")[2]
    assert len(token) >= 40 and Invitation.objects.get().token_hash != token
    assert Letter.objects.get().text == "", "the key lies nowhere in the database"


def test_a_new_person_opens_an_account_and_is_in(client, officer, agency, settings):
    _invitation, link = _invite(officer, settings, agency=agency)
    assert agency.name_fa in client.get(link).content.decode()
    assert client.post(link, _account(mobile="۰۹۱۲۱۲۳۴۵۶۷")).url == "/account/"
    person = User.objects.get(email="sara@example.org")
    assert person.mobile == "+989121234567" and person.check_password(PASSWORD)
    grant = person.role_grants.get()
    assert (grant.role, grant.agency, grant.granted_by) == ("representative", agency, officer)
    assert client.session["_auth_user_id"] == str(person.pk)
    assert client.get(reverse("agency_people", args=[agency.slug])).status_code == 200
    assert Notice.objects.get(user=officer).kind == "invitation_accepted"


def test_it_works_once(client, officer, agency, settings, in_english):
    _invitation, link = _invite(officer, settings, agency=agency)
    client.post(link, _account())
    client.logout()
    again = client.post(link, _account(new_password1="other sentence 99", new_password2="other sentence 99"))
    assert again.status_code == 410 and "already been used" in again.content.decode()
    assert User.objects.filter(email="sara@example.org").count() == 1 and RoleGrant.objects.filter(agency=agency).count() == 1


def test_expired_and_taken_back_are_explained_and_unknown_is_not_found(client, officer, agency, settings, in_english):
    invitation, link = _invite(officer, settings, agency=agency)
    Invitation.objects.update(invited_at=timezone.now() - timedelta(days=20), expires_at=timezone.now() - timedelta(days=1))
    assert "has expired" in client.get(link).content.decode() and client.post(link, _account()).status_code == 410
    service.revoke(invitation.pk, by=officer)
    assert "taken back" in client.get(link).content.decode()
    assert client.get(reverse("invitation_accept", args=["x" * 43])).status_code == 404
    assert not User.objects.filter(email="sara@example.org").exists()


def test_bad_input_is_explained_and_kept(client, officer, agency, settings):
    _invitation, link = _invite(officer, settings, agency=agency)
    factories.user(mobile="09121234567")
    page = client.post(link, _account(mobile="09121234567", new_password2="different"))
    assert {"mobile", "new_password2"} <= set(page.context["form"].errors)
    assert 'value="سارا"' in page.content.decode() and Invitation.objects.get().state == "open"


def test_a_signed_in_person_accepts_with_the_account_there_is(client, officer, agency, settings):
    _invitation, link = _invite(officer, settings, agency=agency)
    person = factories.user(email="SARA@example.org")
    shown = client.get(link)
    assert shown.context["known"] and shown.context["form"] is None
    assert f"{reverse('sign_in')}?next={link}" in shown.content.decode()
    client.force_login(person)
    key = client.session.session_key
    assert not client.get(link).context["other_address"]
    assert client.post(link).url == "/account/"
    assert person.role_grants.get().agency == agency
    assert client.session.session_key != key, "the session is renewed when its person may do more"


def test_an_account_of_another_address_is_warned_before_it_accepts(client, officer, agency, settings):
    _invitation, link = _invite(officer, settings, agency=agency)
    client.force_login(factories.user(email="other@example.org"))
    assert client.get(link).context["other_address"]


def test_nobody_opens_a_second_account_for_a_known_address(client, officer, agency, settings):
    _invitation, link = _invite(officer, settings, agency=agency)
    factories.user(email="Sara@Example.org")
    client.post(link, _account())
    assert User.objects.filter(email__iexact="sara@example.org").count() == 1 and Invitation.objects.get().state == "open"


def test_accepting_twice_at_the_same_role_grants_it_once(officer, agency, settings):
    person = factories.representative(agency)
    _invitation, link = _invite(officer, settings, agency=agency)
    service.accept(link.rstrip("/").rpartition("/")[2], user=person)
    assert person.role_grants.count() == 1


def test_sending_again_gives_a_new_link_and_the_old_one_dies(client, officer, agency, settings):
    invitation, old = _invite(officer, settings, agency=agency)
    Invitation.objects.update(invited_at=timezone.now() - timedelta(days=20), expires_at=timezone.now() - timedelta(days=1))
    client.force_login(officer)
    client.post(reverse("invitation_resend", args=[invitation.pk]))
    new = _sent_link(settings)
    client.logout()
    assert new != old and client.get(old).status_code == 404 and client.get(new).status_code == 200


def test_taking_back(client, officer, agency, settings):
    invitation, link = _invite(officer, settings, agency=agency)
    client.force_login(officer)
    client.post(reverse("invitation_revoke", args=[invitation.pk]))
    assert client.get(link).status_code == 410
    client.post(reverse("invitation_resend", args=[invitation.pk]))
    assert Invitation.objects.get().state == "revoked" and len(mail.outbox) == 1


def test_the_same_person_is_not_invited_twice_at_once(client, officer, agency):
    client.force_login(officer)
    client.post(reverse("invitation_new"), _form(agency=agency.pk))
    page = client.post(reverse("invitation_new"), _form(agency=agency.pk, email="SARA@example.org"))
    assert page.status_code == 200 and page.context["form"].errors["email"] and Invitation.objects.count() == 1


def test_a_double_click_sends_one_letter(client, officer, agency):
    client.force_login(officer)
    form = _form(agency=agency.pk, once_key="7b0c4f4e-6f7e-4b60-9d1b-6d2b7b1d2f11")
    for _n in range(2):
        assert client.post(reverse("invitation_new"), form).status_code == 302
    assert Invitation.objects.count() == 1 and Letter.objects.count() == 1


def test_a_representative_needs_an_agency_and_others_take_none(client, officer, agency):
    client.force_login(officer)
    assert "agency" in client.post(reverse("invitation_new"), _form()).context["form"].errors
    assert client.post(reverse("invitation_new"), _form(purpose="assessor", agency=agency.pk)).url == reverse("invitation_list")
    assert Invitation.objects.get().agency is None


def test_strangers_find_no_page_of_invitations(client, agency, officer, settings):
    invitation, _link = _invite(officer, settings, agency=agency)
    for person in (factories.representative(agency), factories.representative(), factories.assessor().user):
        client.force_login(person)
        assert client.get(reverse("invitation_list")).status_code == 404
        assert client.get(reverse("invitation_new")).status_code == 404
        assert client.post(reverse("invitation_new"), _form(agency=agency.pk)).status_code == 404
        for name in ("invitation_resend", "invitation_revoke"):
            assert client.post(reverse(name, args=[invitation.pk])).status_code == 404
    client.logout()
    assert client.get(reverse("invitation_new")).url.startswith(reverse("sign_in"))
    invitation.refresh_from_db()
    assert invitation.state == "open" and Invitation.objects.count() == 1


def test_officers_are_invited_by_the_head_only(client, officer, head, settings):
    client.force_login(officer)
    page = client.post(reverse("invitation_new"), _form(purpose="officer"))
    assert "purpose" in page.context["form"].errors and not Invitation.objects.exists()
    client.force_login(head)
    client.post(reverse("invitation_new"), _form(purpose="officer"))
    link = _sent_link(settings)
    client.logout()
    client.post(link, _account())
    person = User.objects.get(email="sara@example.org")
    assert person.has_role("officer") and person.second_factor_required
    assert client.get(reverse("account")).url.startswith(reverse("second_factor_setup"))


def test_the_rooms_above_hear_of_an_assessor(officer, settings):
    heard = []

    def listen(sender, invitation, user, **kwargs):
        heard.append((invitation.purpose, user))

    invitation_accepted.connect(listen)
    try:
        _invitation, link = _invite(officer, settings, purpose="assessor")
        user = service.accept_as_new(link.rstrip("/").rpartition("/")[2], first_name="آ", last_name="ب", password=PASSWORD)
    finally:
        invitation_accepted.disconnect(listen)
    assert heard == [("assessor", user)] and not user.role_grants.exists()


def test_the_list_asks_the_same_for_3_and_30(client, officer, agency):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(officer)

    def count():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("invitation_list") + "?size=50").status_code == 200
        return len(queries)

    for n in range(3):
        service.invite(by=officer, purpose="representative", email=f"a{n}@example.org", full_name="الف", agency=agency)
    count()
    few = count()
    for n in range(27):
        service.invite(by=officer, purpose="representative", email=f"b{n}@example.org", full_name="ب", agency=agency)
    assert count() == few
