"""The second factor: set up with a phone, asked for at the door, demanded where it is required."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from secretariat.services import second_factor
from tests import factories

pytestmark = pytest.mark.django_db
PASSWORD = "a whole sentence, 7"


@pytest.fixture(autouse=True)
def _landing(settings):
    settings.LOGIN_REDIRECT_URL = "/account/"


def _person(**fields):
    user = factories.user(**fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def _code(device):
    """The code on the phone now; the device forgets that it saw one, as after half a minute."""
    TOTPDevice.objects.filter(pk=device.pk).update(last_t=-1)
    return f"{TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift).token():06d}"


def _with_phone(**fields):
    user = _person(**fields)
    device = second_factor.prepare(user)
    device, codes = second_factor.confirm(user, _code(device))
    return user, device, codes


def _password(client, user, next_=""):
    return client.post(reverse("sign_in"), {"username": user.username, "password": PASSWORD, "next": next_})


def _is_in(client):
    return "_auth_user_id" in client.session


def test_setting_up_shows_a_picture_and_ten_codes_once(client):
    user = _person()
    client.force_login(user)
    page = client.get(reverse("second_factor_setup")).content.decode()
    assert "<svg" in page and "style=" not in re.search(r"<svg[^>]*qr.*?</svg>", page, re.S).group()
    device = TOTPDevice.objects.get(user=user)
    assert not device.confirmed and second_factor.secret_of(device) in page
    done = client.post(reverse("second_factor_setup"), {"code": _code(device)})
    codes = done.context["codes"]
    assert len(codes) == 10 and all(code in done.content.decode() for code in codes)
    assert not StaticToken.objects.filter(token__in=codes).exists(), "only hashes are kept"
    assert client.get(reverse("account")).status_code == 200, "this session goes on"
    assert client.get(reverse("second_factor_setup")).status_code == 302, "the key is not shown again"


def test_a_wrong_first_code_is_explained_and_the_picture_stays_the_same(client):
    user = _person()
    client.force_login(user)
    client.get(reverse("second_factor_setup"))
    key = TOTPDevice.objects.get().key
    page = client.post(reverse("second_factor_setup"), {"code": "000000"})
    assert page.context["form"].errors["code"] and TOTPDevice.objects.get().key == key
    assert not TOTPDevice.objects.get().confirmed


def test_sessions_from_before_end_when_it_is_turned_on(client):
    from django.test import Client

    user, other = _person(), Client()
    other.force_login(user)
    client.force_login(user)
    client.get(reverse("second_factor_setup"))
    client.post(reverse("second_factor_setup"), {"code": _code(TOTPDevice.objects.get())})
    assert other.get(reverse("account")).status_code == 302


@pytest.mark.parametrize("digits", [str, lambda code: code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))])
def test_after_the_password_the_code_is_asked_for(client, digits):
    user, device, _codes = _with_phone()
    asked = _password(client, user, "/notices/")
    assert asked.url == reverse("second_factor_check") and not _is_in(client)
    assert client.get(reverse("account")).status_code == 302, "the password alone opens nothing"
    assert client.post(asked.url, {"code": digits(_code(device))}).url == "/notices/"
    assert _is_in(client) and client.get(reverse("account")).status_code == 200


def test_a_backup_code_works_once(client):
    user, _device, codes = _with_phone()
    _password(client, user)
    assert client.post(reverse("second_factor_check"), {"code": f" {codes[0].upper()} "}).status_code == 302
    assert _is_in(client) and second_factor.codes_left(user) == 9
    client.logout()
    _password(client, user)
    assert client.post(reverse("second_factor_check"), {"code": codes[0]}).status_code == 200 and not _is_in(client)


def test_a_code_from_the_phone_works_once(client):
    user, device, _codes = _with_phone()
    code = _code(device)
    _password(client, user)
    client.post(reverse("second_factor_check"), {"code": code})
    client.logout()
    _password(client, user)
    assert client.post(reverse("second_factor_check"), {"code": code}).status_code == 200 and not _is_in(client)


def test_guessing_is_slowed_down(client):
    user, device, _codes = _with_phone()
    _password(client, user)
    for _n in range(3):
        page = client.post(reverse("second_factor_check"), {"code": "000000"})
    assert page.context["form"].errors["code"]
    right = client.post(reverse("second_factor_check"), {"code": _code(device)})
    assert right.status_code == 200 and not _is_in(client), "even the right code waits"
    TOTPDevice.objects.update(throttling_failure_timestamp=timezone.now() - timezone.timedelta(minutes=5))
    assert client.post(reverse("second_factor_check"), {"code": _code(device)}).status_code == 302


def test_the_step_is_not_there_without_the_password(client):
    assert client.get(reverse("second_factor_check")).url == reverse("sign_in")
    assert client.post(reverse("second_factor_check"), {"code": "123456"}).url == reverse("sign_in")


def test_a_password_changed_meanwhile_ends_the_step(client):
    user, device, _codes = _with_phone()
    _password(client, user)
    user.set_password("another sentence, 8")
    user.save()
    assert client.post(reverse("second_factor_check"), {"code": _code(device)}).url == reverse("sign_in") and not _is_in(client)


def test_one_who_must_have_it_sets_it_up_before_anything_else(client):
    user = _person(second_factor_required=True)
    _password(client, user)
    for name in ("account", "notices", "agency_list"):
        sent = client.get(reverse(name))
        if name == "agency_list":
            assert sent.status_code == 200, "what everybody may read stays open"
        else:
            assert sent.url.startswith(reverse("second_factor_setup")), name
    client.get(reverse("second_factor_setup"))
    client.post(reverse("second_factor_setup"), {"code": _code(TOTPDevice.objects.get())})
    assert client.get(reverse("account")).status_code == 200


def test_it_is_turned_off_only_with_a_code_and_only_where_it_may_be(client):
    user, device, codes = _with_phone()
    _password(client, user)
    client.post(reverse("second_factor_check"), {"code": _code(device)})
    client.post(reverse("second_factor_remove"), {"code": "zzzzzzzzzz"})
    assert TOTPDevice.objects.exists()
    StaticDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    user.second_factor_required = True
    user.save()
    client.post(reverse("second_factor_remove"), {"code": codes[0]})
    assert TOTPDevice.objects.exists()
    user.second_factor_required = False
    user.save()
    client.post(reverse("second_factor_remove"), {"code": codes[1]})
    assert not TOTPDevice.objects.exists() and not StaticDevice.objects.exists()


def test_new_backup_codes_replace_the_old(client):
    user, device, codes = _with_phone()
    _password(client, user)
    client.post(reverse("second_factor_check"), {"code": _code(device)})
    page = client.post(reverse("second_factor_codes"))
    assert len(page.context["codes"]) == 10 and not set(page.context["codes"]) & set(codes)
    assert client.get(reverse("second_factor_codes")).status_code == 405


# --- the admin behind the same gate ------------------------------------------------------------------


def test_the_admin_is_for_those_with_a_role(client):
    index = reverse("admin:index")
    assert client.get(index, follow=True).redirect_chain[-1][0].startswith(f"{reverse('sign_in')}?next=/admin/")
    client.force_login(factories.representative())
    assert client.get(index, follow=True).status_code == 404
    client.force_login(factories.officer())
    assert client.get(index).status_code == 200


def test_the_admin_demands_the_second_factor_of_those_who_have_one(client):
    officer = factories.officer()
    second_factor.confirm(officer, _code(second_factor.prepare(officer)))
    client.force_login(officer)
    sent = client.get(reverse("admin:index"), follow=True)
    assert sent.redirect_chain[-1][0].startswith(reverse("second_factor_check"))
    goal = sent.redirect_chain[-1][0]
    client.post(goal, {"code": _code(TOTPDevice.objects.get())})
    assert client.get(reverse("admin:index")).status_code == 200
