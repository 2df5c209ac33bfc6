"""Signing the credentials of marks, and changing the key that signs."""

import logging

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from products.credentials import documents, keys, tokens
from products.models import MarkCredential, QualityMark, SigningKey
from secretariat.errors import RuleBroken

log = logging.getLogger(__name__)

_TURN = 7_303_201  # one hand on the keys at a time, also before there is any row to lock


@transaction.atomic
def credential_of(mark):
    """The signed credential of a published mark in force: signed when first asked for, the same file from then on.

    Signed anew only after its key was withdrawn. Raises RuleBroken for a mark that is not in force, KeyLost.
    """
    if not (mark.published_at and mark.is_in_force):
        raise RuleBroken(_("There is a credential only while a mark is in force."))
    kept = MarkCredential.objects.filter(mark=mark, key__in=SigningKey.objects.trusted()).order_by("-pk")
    if found := kept.first():
        return found
    QualityMark.objects.select_for_update(of=("self",), no_key=True).get(pk=mark.pk)
    if found := kept.first():  # whoever held the lock has signed it
        return found
    key = _current_key()
    token = tokens.signed(documents.mark_credential(mark), key.kid, keys.opened(key.sealed))
    return MarkCredential.objects.create(mark=mark, key=key, jwt=token)


@transaction.atomic
def sign_status_list(purpose):
    """The list of the marks that are revoked or suspended at this moment, signed."""
    marks = QualityMark.objects.public()
    places = list(marks.filter(status=documents.PURPOSES[purpose]).values_list("pk", flat=True))
    last = marks.aggregate(last=Max("pk"))["last"] or 0
    key = _current_key()
    return tokens.signed(documents.status_list(purpose, places, last, timezone.now()), key.kid, keys.opened(key.sealed))


@transaction.atomic
def rotate_key():
    """Retire the current key, whose private half is destroyed, and begin a new one; gives the new key."""
    _hold()
    SigningKey.objects.current().update(retired_at=timezone.now(), sealed="")
    return _begin()


@transaction.atomic
def withdraw_key(kid, *, why):
    """Trust nothing that was signed with a key any more; gives the key that signs from now on. Raises RuleBroken."""
    _hold()
    key = SigningKey.objects.filter(kid=kid).first() if kid else SigningKey.objects.current().first()
    if key is None:
        raise RuleBroken(_("There is no such key."))
    if key.compromised_at:
        raise RuleBroken(_("This key is withdrawn already."))
    if not why.strip():
        raise RuleBroken(_("Write the reason."))
    now = timezone.now()
    SigningKey.objects.filter(pk=key.pk).update(
        retired_at=key.retired_at or now, sealed="", compromised_at=now, why=why.strip()[:300]
    )
    return _current_key()


def _current_key():
    if key := SigningKey.objects.current().first():
        return key
    _hold()
    return SigningKey.objects.current().first() or _begin()


def _begin():
    kid, public_jwk, sealed = keys.new_key()
    log.info("signing key %s begins", kid)
    return SigningKey.objects.create(kid=kid, public_jwk=public_jwk, sealed=sealed)


def _hold():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])
