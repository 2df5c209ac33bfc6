"""A stranger who reads credentials with another library, and nothing but what we publish."""

import base64
import gzip
import json
from datetime import datetime

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from jwcrypto import jwk, jws

from tests import council as make

HOST = "https://quality.example.ir"


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


def flip(at):
    # The first bits of a character always count; the last ones of a group may be padding.
    return lambda text: text[:at] + ("A" if text[at] != "A" else "Q") + text[at + 1 :]


def independently_read(token):
    return json.loads(jws.base64url_decode(token.split(".")[1]))


# --- the page, and the command -------------------------------------------------------------------


def checked(client, content, **query):
    file = SimpleUploadedFile("credential.jwt", content)
    client.cookies["language"] = "en"
    return client.post(reverse("credential_check"), {"file": file}, **query).content.decode()
