"""The second factor: a code from the person's own phone, and ten codes on paper for the day it is lost."""

import base64
import secrets

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_otp import devices_for_user
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from secretariat import calendar, persian
from secretariat.errors import RuleBroken
from secretariat.services.passwords import sign_out_everywhere

BACKUP_CODES = 10


def is_on(user):
    """Whether the person has set up a second factor; asked of the database once a request."""
    if not hasattr(user, "_second_factor_on"):
        user._second_factor_on = TOTPDevice.objects.filter(user=user, confirmed=True).exists()
    return user._second_factor_on


def is_shown(user):
    """Whether nothing is missing: the second factor was shown in this session, or there is none and none is required."""
    return user.is_verified() or not (user.second_factor_required or is_on(user))


def prepare(user):
    """The phone that is about to be set up; the same one until it is confirmed."""
    device, _created = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "phone"})
    return device


def secret_of(device):
    """The key as people type it into an application that cannot read the picture: groups of four."""
    key = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(key[i : i + 4] for i in range(0, len(key), 4))


@transaction.atomic
def confirm(user, typed):
    """Turn the second factor on with a first code from the phone; gives (device, backup codes), the codes for the last time."""
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).first()
    if is_on(user) or device is None:
        raise RuleBroken(_("The second factor is already on."))
    if not device.verify_token(_digits(typed)):
        raise RuleBroken(_("This code is not right. Write the six digits that the application shows now."), field="code")
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    # Sessions begun without it end here.
    sign_out_everywhere(user)
    return device, _new_codes(user)


@transaction.atomic
def renew_codes(user):
    """Ten new backup codes; the old ones work no more."""
    return _new_codes(user)


@transaction.atomic
def turn_off(user):
    """Take the second factor away, where none is required."""
    if user.second_factor_required:
        raise RuleBroken(_("For your work a second factor is required, so it stays on."))
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()


@transaction.atomic
def forget_phone(user):
    """For a person who lost phone and paper: the next sign-in asks for the password only, and sets up anew if required."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
    sign_out_everywhere(user)


def codes_left(user):
    return StaticToken.objects.filter(device__user=user).count()


def check(user, typed):
    """The device whose code was typed. Each code works once; after wrong ones the person waits, longer each time."""
    with transaction.atomic():  # what the wrong try costs is kept, so the refusal comes after the commit
        device, wait = _match(user, typed)
    if device is not None:
        return device
    if wait:
        seconds = max(1, round(wait))
        words = ngettext(
            "Too many wrong codes. Try again in %(n)s second.", "Too many wrong codes. Try again in %(n)s seconds.", seconds
        )
        raise RuleBroken(words % {"n": calendar.digits(seconds)}, field="code")
    raise RuleBroken(
        _("This code is not right. Write the code that the application shows now, or an unused backup code."), field="code"
    )


def _match(user, typed):
    wait = 0
    code = _digits(typed)
    for device in devices_for_user(user, confirmed=True, for_verify=True):
        on_paper = isinstance(device, StaticDevice)
        if on_paper == code.isdigit():
            continue  # a number is never a backup code: each kind pays only for its own wrong tries
        allowed, reason = device.verify_is_allowed()
        if not allowed:
            until = reason and reason.get("locked_until")
            wait = max(wait, (until - timezone.now()).total_seconds() if until else 1)
        elif device.verify_token(_stored(user, code) if on_paper else code):
            return device, 0
    return None, wait


def _new_codes(user):
    device, _created = StaticDevice.objects.get_or_create(user=user, defaults={"name": "paper"})
    device.token_set.all().delete()
    codes = [_code() for _n in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_stored(user, code)) for code in codes)
    return codes


def _code():
    # Letters only at its start, so that no code is a number; none that look alike.
    letters, signs = "abcdefghjkmnpqrstuvwxyz", "abcdefghjkmnpqrstuvwxyz23456789"
    return secrets.choice(letters) + "".join(secrets.choice(signs) for _n in range(9))


def _stored(user, code):
    """Only a keyed hash of a backup code lies in the database."""
    return salted_hmac("backup code", f"{user.pk}:{code}").hexdigest()[:16]


def _digits(typed):
    return "".join(persian.digits_to_ascii(typed or "").split()).replace("-", "").lower()
