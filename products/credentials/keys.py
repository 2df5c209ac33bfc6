"""Signing keys: made, put away under the house's secret, taken out again, and named as the world reads them."""

import base64
import json
import secrets
from urllib.parse import quote, urlsplit

import jwt
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings


class KeyLost(Exception):
    """The private half of the current key cannot be opened: SECRET_KEY was changed without the old one among the fallbacks."""


def new_key():
    """(kid, public JWK, sealed private half) of a new Ed25519 key."""
    private = Ed25519PrivateKey.generate()
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(private.public_key()))
    kid = secrets.token_hex(8)
    jwk = {"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "kid": kid, "alg": "EdDSA", "use": "sig"}
    return kid, jwk, _seal().encrypt(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())).decode()


def opened(sealed):
    """The private half of a key. Raises KeyLost."""
    try:
        return _seal().decrypt(sealed.encode()).decode()
    except InvalidToken as wrong:
        raise KeyLost("SECRET_KEY and its fallbacks do not open the signing key") from wrong


def _seal():
    """What was sealed under an older secret still opens while that is among the fallbacks."""
    return MultiFernet([Fernet(_derived(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _derived(secret):
    # A key of its own for this use: whoever learned it could not forge sessions with it.
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"signing keys of the quality marks")
    return base64.urlsafe_b64encode(derived.derive(secret.encode()))


# --- names ---------------------------------------------------------------------------------------


def issuer():
    """The secretariat's decentralised identifier: the host (and folder) of PUBLIC_URL by did:web."""
    address = urlsplit(settings.PUBLIC_URL)
    parts = [address.netloc, *filter(None, address.path.split("/"))]
    return "did:web:" + ":".join(quote(part, safe="") for part in parts)


def key_name(kid):
    """A key as the header of a credential names it."""
    return f"{issuer()}#{kid}"


def jwks(public_jwks):
    """The key set at /.well-known/jwks.json; `kid` is the full name, as in the headers."""
    return {"keys": [{**jwk, "kid": key_name(jwk["kid"])} for jwk in public_jwks]}


def did_document(public_jwks):
    """What did:web resolves to: the same keys as verification methods."""
    methods = [
        {
            "id": key_name(jwk["kid"]),
            "type": "JsonWebKey",
            "controller": issuer(),
            "publicKeyJwk": {**jwk, "kid": key_name(jwk["kid"])},
        }
        for jwk in public_jwks
    ]
    return {
        "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/jwk/v1"],
        "id": issuer(),
        "alsoKnownAs": [settings.PUBLIC_URL],
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }
