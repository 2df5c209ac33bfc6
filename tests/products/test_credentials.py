"""The signed credential of a mark: whatever another library reads of it, with nothing but what we publish, is true."""

import base64
import gzip
import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from jwcrypto import jwk, jws
from pypdf import PdfReader

from products.credentials import documents, keys, tokens
from products.models import MarkCredential, SigningKey
from products.services import credentials, marks
from secretariat.errors import RuleBroken
from tests import council as make
from tests import factories
from tests.products.test_mark_pages import backdated
from tests.refusal import refused, sql
from tests.together import at_once

pytestmark = pytest.mark.django_db

DATA = Path(__file__).resolve().parents[1] / "data"
HOST = "https://quality.example.ir"


@pytest.fixture(autouse=True)
def at_home(settings):
    settings.PUBLIC_URL = HOST


def path(address):
    assert address.startswith(HOST)
    return address.removeprefix(HOST).partition("#")[0]


def keeper_of(mark):
    return make.keeper(mark.resolution.council)


def issued(client, mark=None):
    """(mark, its credential as a stranger downloads it)."""
    mark = mark or make.granted_mark()
    response = client.get(reverse("mark_credential", args=[mark.serial, "jwt"]))
    assert response.status_code == 200 and response["Content-Type"] == "application/vc+jwt"
    return mark, response.content.decode()


# --- a stranger with another library, and nothing but what is published --------------------------


def published_keys(client):
    return jwk.JWKSet.from_json(client.get("/.well-known/jwks.json").content.decode())


def independently(client, token):
    """The words of a token after jwcrypto checked it against the published key set; raises what jwcrypto raises."""
    read = jws.JWS()
    read.allowed_algs = ["EdDSA"]
    read.deserialize(token)
    key = published_keys(client).get_key(read.jose_header["kid"])
    if key is None:
        raise jws.InvalidJWSSignature("unknown key")
    read.verify(key)
    return json.loads(read.payload)


def bit(client, entry):
    """A status bit as the specification says to read it: base64url, gzip, the leftmost bit first."""
    answer = client.get(path(entry["statusListCredential"]))
    assert answer["Content-Type"] == "application/vc+jwt"
    said = independently(client, answer.content.decode())
    assert said["id"] == entry["statusListCredential"]
    assert said["credentialSubject"]["statusPurpose"] == entry["statusPurpose"]
    assert datetime.fromisoformat(said["validFrom"]) <= timezone.now() < datetime.fromisoformat(said["validUntil"])
    encoded = said["credentialSubject"]["encodedList"]
    assert encoded[0] == "u"
    bits = gzip.decompress(base64.urlsafe_b64decode(encoded[1:] + "=="))
    assert len(bits) * 8 >= 131_072
    place = int(entry["statusListIndex"])
    return f"{bits[place // 8]:08b}"[place % 8] == "1"


def purposes(client, said):
    return {entry["statusPurpose"] for entry in said["credentialStatus"] if bit(client, entry)}


def test_another_library_verifies_it_with_the_published_keys_alone(client):
    mark, token = issued(client)
    said = independently(client, token)
    assert said["credentialSubject"]["licenseNumber"] == mark.serial
    assert purposes(client, said) == set()
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header["alg"] == "EdDSA" and header["typ"] == "vc+jwt"
    assert header["kid"].startswith("did:web:quality.example.ir#")


def test_the_did_document_holds_the_same_keys(client):
    _mark, token = issued(client)
    document = client.get("/.well-known/did.json").json()
    kid = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]
    assert document["id"] == "did:web:quality.example.ir"
    method = next(one for one in document["verificationMethod"] if one["id"] == kid)
    assert kid in document["assertionMethod"]
    assert "d" not in method["publicKeyJwk"]
    read = jws.JWS()
    read.deserialize(token)
    read.verify(jwk.JWK(**method["publicKeyJwk"]))


@pytest.mark.parametrize(
    ("url", "did"),
    [
        ("http://127.0.0.1:8000", "did:web:127.0.0.1%3A8000"),
        ("https://quality.example.ir", "did:web:quality.example.ir"),
        ("https://example.ir/quality", "did:web:example.ir:quality"),
    ],
)
def test_the_issuer_is_named_by_the_public_address(settings, url, did):
    settings.PUBLIC_URL = url
    assert keys.issuer() == did


def _other_key(token):
    private = jwk.JWK.generate(kty="OKP", crv="Ed25519")
    forged = jws.JWS(jws.base64url_decode(token.split(".")[1]))
    header = json.loads(jws.base64url_decode(token.split(".")[0]))
    forged.add_signature(private, None, json.dumps(header))
    return forged.serialize(compact=True)


def _changed(token, part, change):
    parts = token.split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


def _flip(at):
    # The first bits of a character always count; the last ones of a group may be padding.
    return lambda text: text[:at] + ("A" if text[at] != "A" else "Q") + text[at + 1 :]


def _said(text, change):
    words = json.loads(jws.base64url_decode(text))
    change(words)
    return jws.base64url_encode(json.dumps(words))


def _richer(words):
    words["credentialSubject"]["result"][0]["value"] = "99.99"


FORGERIES = {
    "payload": lambda token: _changed(token, 1, lambda text: _said(text, _richer)),
    "a byte of the payload": lambda token: _changed(token, 1, _flip(400)),
    "signature": lambda token: _changed(token, 2, _flip(10)),
    "signature cut off": lambda token: _changed(token, 2, lambda text: ""),
    "alg none": lambda token: _changed(
        _changed(token, 0, lambda text: _said(text, lambda header: header.update(alg="none"))), 2, lambda text: ""
    ),
    "alg HS256": lambda token: _changed(token, 0, lambda text: _said(text, lambda header: header.update(alg="HS256"))),
    "header": lambda token: _changed(token, 0, lambda text: _said(text, lambda header: header.update(typ="JWT"))),
    "other key": _other_key,
}


@pytest.mark.parametrize("how", FORGERIES)
def test_whatever_is_altered_fails_with_them_and_with_us(client, how):
    _mark, token = issued(client)
    forged = FORGERIES[how](token)
    assert forged != token
    with pytest.raises((jws.InvalidJWSSignature, jws.InvalidJWSObject, ValueError)):
        independently(client, forged)
    assert tokens.examined(forged.encode(), published(client)).verdict == "altered"
    assert "This file was altered" in checked(client, forged.encode())
    assert "This file is genuine" not in checked(client, forged.encode())


def test_every_single_changed_character_is_found(client):
    """Any one character changed, in head and seal each, in the words here and there: nothing passes that says something else."""
    _mark, token = issued(client)
    known, true = published(client), tokens.examined(token.encode(), published(client))
    assert true.is_signed
    words, seal = token.index("."), token.rindex(".")
    for at in (*range(words), *range(words, seal, 61), *range(seal, len(token))):  # 61: each place of a group of four comes
        if token[at] == ".":
            continue
        found = tokens.examined(_flip(at)(token).encode(), known)
        # The last character of a part holds bits that mean nothing: then the words are the same.
        assert not found.is_signed or found.credential == true.credential


def test_a_key_of_their_own_does_not_make_it_ours(client):
    _mark, token = issued(client)
    private = jwk.JWK.generate(kty="OKP", crv="Ed25519")
    forged = jws.JWS(jws.base64url_decode(token.split(".")[1]))
    forged.add_signature(private, None, json.dumps({"alg": "EdDSA", "kid": "did:web:quality.example.ir#theirs"}))
    forged = forged.serialize(compact=True)
    with pytest.raises(jws.InvalidJWSSignature):
        independently(client, forged)
    assert tokens.examined(forged.encode(), published(client)).verdict == "not_ours"


def published(client):
    return {key["kid"]: key for key in client.get("/.well-known/jwks.json").json()["keys"]}


def test_what_becomes_of_the_mark_is_in_the_lists(client):
    mark, token = issued(client)
    other, other_token = issued(client)
    by = keeper_of(mark)
    marks.suspend(mark.pk, by=by, why="بررسی")
    assert purposes(client, independently(client, token)) == {"suspension"}
    marks.restore(mark.pk, by=by, why="رفع ابهام")
    assert purposes(client, independently(client, token)) == set()
    marks.revoke(mark.pk, by=by, why="تخلف")
    assert purposes(client, independently(client, token)) == {"revocation"}
    assert purposes(client, independently(client, other_token)) == set()
    assert other.is_in_force


# --- what it says --------------------------------------------------------------------------------


def test_it_has_all_that_the_standards_require(client):
    schema = json.loads((DATA / "open_badge_credential.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    _mark, token = issued(client)
    said = independently(client, token)
    jsonschema.validate(said, schema)
    for missing in ("issuer", "validFrom", "credentialSubject", "@context"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({name: value for name, value in said.items() if name != missing}, schema)


def test_it_says_the_decision_in_both_languages_and_nothing_of_people(client):
    product = make.scored_product(round_status="published")
    person = factories.assessor(first_name="پنهان", last_name="ناشناس", username="hidden-one")
    factories.assignment(product.subject.entries.get(), person, status="accepted")
    mark, token = issued(client, make.granted_mark(product=product))
    said = independently(client, token)
    subject = said["credentialSubject"]
    assert subject["names"] == {"fa": product.title_fa, "en": product.title_en}
    assert subject["maker"]["names"] == {"fa": product.agency.name_fa, "en": product.agency.name_en}
    assert subject["achievement"]["names"]["en"] == "Quality mark"
    assert mark.resolution.council.name_fa in said["descriptions"]["fa"]
    described = {one["id"]: one["names"]["en"] for one in subject["achievement"]["resultDescription"]}
    results = {described[one["resultDescription"]]: one["value"] for one in subject["result"]}
    assert results["Score out of 100"] == "85.00"
    assert (results["Lower end of the 95% interval"], results["Upper end of the 95% interval"]) == ("80.00", "90.00")
    assert results["Method of the computation"]
    assert [path(one["id"]) for one in said["evidence"]] == [
        reverse("product_public", args=[product.pk]),
        reverse("round_public", args=[mark.score.entry.round_id]),
    ]
    for evidence in said["evidence"]:
        assert client.get(path(evidence["id"])).status_code == 200
    words = json.dumps(said, ensure_ascii=False)
    for private in ("پنهان", "ناشناس", "hidden-one", "خانوادگی"):
        assert private not in words


def test_it_is_valid_from_the_first_to_the_end_of_the_last_day(client):
    mark, token = issued(client)
    said = independently(client, token)
    tehran = timezone.get_default_timezone()
    first, last = (datetime.fromisoformat(said[name]).astimezone(tehran) for name in ("validFrom", "validUntil"))
    assert (first.date(), first.hour) == (mark.valid_from, 0)
    assert (last.date(), last.hour, last.minute) == (mark.valid_until, 23, 59)
    assert (said["nbf"], said["exp"]) == (int(first.timestamp()), int(last.timestamp()))
    assert said["jti"] == said["id"] and said["iss"] == said["issuer"]["id"]


def test_everybody_reads_the_same_file(client):
    mark, token = issued(client)
    assert issued(client, mark)[1] == token
    envelope = client.get(reverse("mark_credential", args=[mark.serial, "json"])).json()
    assert envelope["type"] == "EnvelopedVerifiableCredential"
    assert envelope["id"] == f"data:application/vc+jwt,{token}"
    assert MarkCredential.objects.filter(mark=mark).count() == 1


@pytest.mark.parametrize("state", ["suspended", "revoked", "expired"])
def test_no_credential_of_what_is_not_in_force(client, state):
    mark = make.granted_mark()
    if state == "expired":
        backdated(mark)
    else:
        {"suspended": marks.suspend, "revoked": marks.revoke}[state](mark.pk, by=keeper_of(mark), why="دلیل")
    assert client.get(reverse("mark_credential", args=[mark.serial, "jwt"])).status_code == 410


def test_silent_marks_other_serials_and_forms_are_not_found(client):
    silent, mark = make.granted_mark(publish=False), make.granted_mark()
    for serial, form in ((silent.serial, "jwt"), ("1404-00001-0", "jwt"), (mark.serial, "xml")):
        assert client.get(reverse("mark_credential", args=[serial, form])).status_code == 404
    assert client.get("/credentials/status/gossip.jwt").status_code == 404
    assert client.get("/credentials/status/suspension.jwt").status_code == 200


def test_the_pdf_certificate_carries_it(client):
    mark, token = issued(client)
    pdf = client.get(reverse("mark_certificate", args=[mark.serial])).content
    attached = PdfReader(io.BytesIO(pdf)).attachments
    assert {name: [content.decode() for content in contents] for name, contents in attached.items()} == {
        "credential.jwt": [token]
    }
    assert "This file is genuine" in checked(client, pdf)


# --- keys ----------------------------------------------------------------------------------------


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


def independently_read(token):
    return json.loads(jws.base64url_decode(token.split(".")[1]))


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


# --- the page, and the command -------------------------------------------------------------------


def checked(client, content, **query):
    file = SimpleUploadedFile("credential.jwt", content)
    client.cookies["language"] = "en"
    return client.post(reverse("credential_check"), {"file": file}, **query).content.decode()


def test_the_page_tells_a_genuine_file_and_what_is_true_today(client):
    mark, token = issued(client)
    for content in (token.encode(), json.dumps(tokens.enveloped(token)).encode(), b"\xef\xbb\xbf" + token.encode() + b"\n"):
        said = checked(client, content)
        assert "This file is genuine" in said and "This mark is valid." in said
        assert mark.product.title_en in said
    pasted = client.post(reverse("credential_check"), {"text": f"  {token}\n"}).content.decode()
    assert "This file is genuine" in pasted


@pytest.mark.parametrize(
    ("state", "words"),
    [("suspended", "This mark is suspended."), ("revoked", "This mark was revoked."), ("expired", "This mark has expired.")],
)
def test_a_genuine_file_of_an_ended_mark_says_since_when_and_why(client, state, words):
    mark, token = issued(client)
    if state == "expired":
        backdated(mark)
    else:
        {"suspended": marks.suspend, "revoked": marks.revoke}[state](mark.pk, by=keeper_of(mark), why="شکایت وارد بود")
    said = checked(client, token.encode())
    assert "This file is genuine" in said and words in said
    assert ("شکایت وارد بود" in said) is (state != "expired")


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"{", b"{}", b'{"id": 5}', b"[" * 100_000, b"a.b.c", b"\xff\xfe\x00", b"%PDF-1.7 broken", b"e30.e30.e30", b"W10.W10.W10"],
)  # fmt: skip
def test_what_is_no_credential_is_called_none(client, content):
    said = checked(client, content)
    assert "No credential was found in this file." in said or "This file is not ours." in said


def test_words_without_a_signature_are_anybodys(client):
    _mark, token = issued(client)
    assert "carries no signature" in checked(client, json.dumps(independently_read(token)).encode())


def test_an_empty_or_endless_form_is_explained(client, in_english):
    assert client.post(reverse("credential_check"), {}).status_code == 422
    big = SimpleUploadedFile("x.jwt", b"x" * (tokens.LARGEST + 1))
    response = client.post(reverse("credential_check"), {"file": big})
    assert response.status_code == 422 and "larger than any credential" in response.content.decode()


def test_a_signature_about_nothing_in_the_register_is_told(client):
    mark, token = issued(client)
    said = independently_read(token) | {"id": "urn:uuid:00000000-0000-0000-0000-000000000000"}
    key = SigningKey.objects.current().get()
    forged = tokens.signed(said, key.kid, keys.opened(key.sealed))
    assert "not in the register" in checked(client, forged.encode())
    assert mark.is_in_force


def command(tmp_path, client, token, *lists, keys_too=True):
    file = tmp_path / "mark.jwt"
    file.write_text(token)
    (tmp_path / "jwks.json").write_bytes(client.get("/.well-known/jwks.json").content)
    options = ["--keys", str(tmp_path / "jwks.json")] if keys_too else []
    for name in lists:
        (tmp_path / name).write_bytes(client.get(f"/credentials/status/{name}").content)
        options += ["--status", str(tmp_path / name)]
    out = io.StringIO()
    try:
        call_command("verify_credential", str(file), *options, stdout=out)
    except CommandError as refusal:
        out.write(f"refused: {refusal}")
    return out.getvalue()


def _write(name, words):
    with open(name, "w") as file:
        file.write(words)


BOTH = ("revocation.jwt", "suspension.jwt")


def test_the_command_checks_with_files_alone(client, tmp_path, django_assert_num_queries):
    mark, token = issued(client)
    assert "valid" in command(tmp_path, client, token, *BOTH) and "refused" not in command(tmp_path, client, token, *BOTH)
    assert "Nobody can say" in command(tmp_path, client, token, "revocation.jwt")
    assert "refused" in command(tmp_path, client, _flip(600)(token), *BOTH)
    files = [str(tmp_path / name) for name in ("mark.jwt", "jwks.json", *BOTH)]
    with django_assert_num_queries(0):
        _write(files[0], token)
        call_command(
            "verify_credential", files[0], "--keys", files[1], "--status", files[2], "--status", files[3], stdout=io.StringIO()
        )
    marks.revoke(mark.pk, by=keeper_of(mark), why="تخلف")
    said = command(tmp_path, client, token, *BOTH)
    assert "revoked" in said and "not valid" in said


def test_the_command_asks_the_register_where_there_is_one(client, tmp_path):
    mark, token = issued(client)
    assert f"{mark.serial}: valid" in command(tmp_path, client, token, keys_too=False)
    marks.suspend(mark.pk, by=keeper_of(mark), why="بررسی")
    assert "suspended" in command(tmp_path, client, token, keys_too=False)


def test_an_old_list_does_not_pass_for_todays(client, tmp_path, monkeypatch):
    _mark, token = issued(client)
    monkeypatch.setattr(documents, "LIST_HOLDS", timedelta(seconds=-1))
    assert "Nobody can say" in command(tmp_path, client, token, *BOTH)
