"""The keys that sign credentials: new ones, stolen ones, how they are kept, and what the database refuses of them."""

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from jwcrypto import jws

from products.credentials import keys
from products.models import MarkCredential, SigningKey
from products.services import credentials
from secretariat.errors import RuleBroken
from tests import council as make
from tests.products.credential_reader import HOST, checked, independently, independently_read, issued, published_keys
from tests.refusal import refused, sql
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_home(settings):
    settings.PUBLIC_URL = HOST


def test_a_new_key_leaves_the_old_credentials_true(client):
    mark, token = issued(client)
    before = SigningKey.objects.current().get()
    call_command("rotate_signing_key")
    assert issued(client, mark)[1] == token
    assert independently(client, token)
    after = issued(client)[1]
    assert independently(client, after)
    assert len(published_keys(client)["keys"]) == 2
    before.refresh_from_db()
    assert before.retired_at and before.sealed == ""


def test_after_a_key_was_stolen_its_credentials_are_signed_anew(client):
    mark, token = issued(client)
    stolen = SigningKey.objects.current().get()
    call_command("rotate_signing_key", "--compromised", "--why", "پشتیبان گم شد")
    with pytest.raises(jws.InvalidJWSSignature):
        independently(client, token)
    assert "This file proves nothing any more." in checked(client, token.encode())
    assert stolen.kid not in client.get("/.well-known/did.json").content.decode()
    fresh = issued(client, mark)[1]
    assert fresh != token
    said = independently(client, fresh)
    assert said["id"] == independently_read(token)["id"]
    assert MarkCredential.objects.filter(mark=mark).count() == 2


def test_an_older_key_may_be_withdrawn_too(client):
    old_mark, old = issued(client)
    kid = SigningKey.objects.current().get().kid
    call_command("rotate_signing_key")
    mark, token = issued(client)
    call_command("rotate_signing_key", "--compromised", f"did:web:quality.example.ir#{kid}", "--why", "دلیل")
    assert issued(client, mark)[1] == token
    assert issued(client, old_mark)[1] != old
    for arguments in (["--compromised", kid, "--why", "دوباره"], ["--compromised", "nothing", "--why", "x"], ["--compromised"]):
        with pytest.raises(CommandError):
            call_command("rotate_signing_key", *arguments)


def test_the_private_half_is_kept_under_the_secret_and_its_fallbacks(client, settings):
    mark = make.granted_mark()
    issued(client, mark)
    key = SigningKey.objects.current().get()
    assert "PRIVATE" not in key.sealed and "PRIVATE" in keys.opened(key.sealed)
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another-secret-of-fifty-characters-or-so-0123456789"
    with pytest.raises(keys.KeyLost):
        keys.opened(key.sealed)
    other = make.granted_mark()
    assert client.get(reverse("mark_credential", args=[other.serial, "jwt"])).status_code == 503
    assert client.get("/credentials/status/revocation.jwt").status_code == 503
    assert client.get(reverse("mark_certificate", args=[other.serial])).status_code == 200
    assert issued(client, mark)[1]  # what is signed is signed
    settings.SECRET_KEY_FALLBACKS = [old]
    assert independently(client, issued(client, other)[1])


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_get_the_same(client):
    mark = make.granted_mark()
    found = at_once(*[lambda: credentials.credential_of(mark).jwt] * 4)
    assert set(found) == {MarkCredential.objects.get().jwt}, found
    assert SigningKey.objects.count() == 1


def test_a_mark_that_is_not_public_is_not_signed():
    mark = make.granted_mark(publish=False)
    with pytest.raises(RuleBroken):
        credentials.credential_of(mark)
    with transaction.atomic():
        key = credentials.rotate_key()
    with refused("credential_of_a_public_mark_by_the_current_key", saying="published"):
        MarkCredential.objects.create(mark=mark, key=key, jwt="x")


def test_the_database_keeps_keys_and_credentials(client):
    mark, _token = issued(client)
    old = SigningKey.objects.get()
    with refused("only_the_current_key_can_sign"):
        SigningKey.objects.filter(pk=old.pk).update(retired_at=timezone.now())
    with refused("only_the_current_key_can_sign"):
        SigningKey.objects.filter(pk=old.pk).update(sealed="")
    with refused("one_current_signing_key"):
        SigningKey.objects.create(kid="second", public_jwk={}, sealed="x")
    with refused("withdrawn_key_is_retired_and_says_why"):
        SigningKey.objects.filter(pk=old.pk).update(compromised_at=timezone.now(), why="دلیل")
    with refused("signing_key_stays_itself"):
        SigningKey.objects.filter(pk=old.pk).update(public_jwk={})
    with refused("signing_key_is_kept"):
        sql("DELETE FROM products_signingkey WHERE id = %s", old.pk)
    kept = MarkCredential.objects.get()
    with refused("credential_stays"):
        MarkCredential.objects.filter(pk=kept.pk).update(jwt="x")
    with refused("credential_stays"):
        sql("DELETE FROM products_markcredential WHERE id = %s", kept.pk)
    with refused("credential_once_a_mark_and_key"):
        MarkCredential.objects.create(mark=mark, key=old, jwt="x")
    call_command("rotate_signing_key")
    with refused("signing_key_stays_itself"):
        SigningKey.objects.filter(pk=old.pk).update(retired_at=None, sealed="x")
    with refused("credential_of_a_public_mark_by_the_current_key", saying="current key"):
        MarkCredential.objects.create(mark=make.granted_mark(), key=old, jwt="x")
