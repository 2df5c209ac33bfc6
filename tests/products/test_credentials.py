"""The signed credential of a mark: whatever another library reads of it, with nothing but what we publish, is true."""

import base64
import io
import json
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest
from django.urls import reverse
from django.utils import timezone
from jwcrypto import jwk, jws
from pypdf import PdfReader

from products.credentials import keys, tokens
from products.models import MarkCredential
from products.services import marks
from tests import council as make
from tests import factories
from tests.products.credential_reader import HOST, checked, flip, independently, issued, keeper_of, path, purposes
from tests.products.test_mark_pages import backdated

pytestmark = pytest.mark.django_db

DATA = Path(__file__).resolve().parents[1] / "data"


@pytest.fixture(autouse=True)
def at_home(settings):
    settings.PUBLIC_URL = HOST


# --- a stranger with another library, and nothing but what is published --------------------------


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


def _said(text, change):
    words = json.loads(jws.base64url_decode(text))
    change(words)
    return jws.base64url_encode(json.dumps(words))


def _richer(words):
    words["credentialSubject"]["result"][0]["value"] = "99.99"


FORGERIES = {
    "payload": lambda token: _changed(token, 1, lambda text: _said(text, _richer)),
    "a byte of the payload": lambda token: _changed(token, 1, flip(400)),
    "signature": lambda token: _changed(token, 2, flip(10)),
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
        found = tokens.examined(flip(at)(token).encode(), known)
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
