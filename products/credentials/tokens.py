"""The signature around a credential: written as a JWT by VC-JOSE-COSE, and read from whatever file it comes in."""

import io
import json
from dataclasses import dataclass, field

import jwt
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from products.credentials import keys

ALGORITHM = "EdDSA"
MEDIA_TYPE = "application/vc+jwt"
ENVELOPE = f"data:{MEDIA_TYPE},"
ATTACHMENT = "credential.jwt"  # its name within a PDF certificate
LARGEST = 2 * 1024 * 1024

VERDICTS = ("signed", "altered", "withdrawn_key", "not_ours", "unsigned", "unreadable")


@dataclass
class Finding:
    """What a file is: one of VERDICTS; the words of the credential are to be believed only when it is "signed"."""

    verdict: str
    credential: dict = field(default_factory=dict)
    kid: str = ""

    @property
    def is_signed(self):
        return self.verdict == "signed"


def signed(credential, kid, private_pem):
    """`credential` as a JWT under the key `kid`."""
    return jwt.encode(credential, private_pem, ALGORITHM, headers={"kid": keys.key_name(kid), "typ": "vc+jwt", "cty": "vc"})


def enveloped(token):
    """A signed credential as JSON: an envelope, by the data model 2.0, that programs without JWT at hand still carry along."""
    return {"@context": ["https://www.w3.org/ns/credentials/v2"], "id": ENVELOPE + token, "type": "EnvelopedVerifiableCredential"}


def found_in(content):
    """The JWT in a file (itself, its JSON envelope, or a PDF certificate); None where there is none, "" for an unsigned credential."""
    if content.startswith(b"%PDF"):
        return _attached(content)
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return None
    if not text.startswith("{"):
        return text if text.count(".") == 2 else None
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    address = said.get("id")
    if isinstance(address, str) and address.startswith(ENVELOPE):
        return address.removeprefix(ENVELOPE)
    return "" if "credentialSubject" in said else None


def _attached(content):
    try:
        attached = PdfReader(io.BytesIO(content)).attachments.get(ATTACHMENT)
        return attached[0].decode("ascii").strip() if attached else None
    except (PyPdfError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # a broken PDF carries nothing


def examined(content, known, withdrawn=()):
    """What the bytes of a file are, by our public keys (`known`: {full name: JWK}) and the names of withdrawn ones."""
    token = found_in(content) if len(content) <= LARGEST else None
    if not token:
        return Finding("unsigned" if token == "" else "unreadable")
    try:
        kid = str(jwt.get_unverified_header(token).get("kid", ""))
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        return Finding("unreadable")
    said = _words(token)
    if kid in withdrawn:
        return Finding("withdrawn_key", said, kid)
    if kid not in known:
        return Finding("not_ours", said, kid)
    try:
        # Only our one algorithm: what says "none" or another has been tampered with. The dates are judged apart.
        dates = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
        jwt.decode(token, jwt.PyJWK(known[kid], ALGORITHM).key, [ALGORITHM], options=dates)
    except jwt.InvalidTokenError:
        return Finding("altered", said, kid)
    # The key's own name says who signed; nobody else's words are under it.
    issuer = said.get("issuer")
    ours = isinstance(issuer, dict) and issuer.get("id") == kid.partition("#")[0]
    return Finding("signed" if ours else "not_ours", said, kid)


def _words(token):
    """The words of a token, whoever wrote them; {} where they cannot be read."""
    try:
        said = json.loads(jwt.api_jws.decode_complete(token, options={"verify_signature": False})["payload"])
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
