"""What may be read of credentials: the published keys, and what is true today of a file that somebody brings."""

from dataclasses import dataclass

from products.credentials import documents, keys, tokens
from products.models import QualityMark, SigningKey
from products.selectors.marks import whole_marks


def published_keys():
    """The public halves of all keys that still prove something, the newest first."""
    return list(SigningKey.objects.trusted().values_list("public_jwk", flat=True))


def known_keys():
    """The same by the full names that credentials use."""
    return {jwk["kid"]: jwk for jwk in keys.jwks(published_keys())["keys"]}


def withdrawn_keys():
    """The full names of keys that prove nothing any more."""
    return {keys.key_name(kid) for kid in SigningKey.objects.exclude(compromised_at=None).values_list("kid", flat=True)}


@dataclass
class Check:
    """What a file is, and the mark that it is about: what is true today is the mark's, not the file's."""

    finding: tokens.Finding
    mark: QualityMark | None = None

    @property
    def verdict(self):
        """The finding's, or "unknown" for a true signature on what the register does not hold."""
        return "unknown" if self.finding.is_signed and self.mark is None else self.finding.verdict


def check(content):
    """Examine the bytes of a file against the keys and the register."""
    finding = tokens.examined(content, known_keys(), withdrawn_keys())
    subject = finding.credential.get("credentialSubject")
    serial = subject.get("licenseNumber") if isinstance(subject, dict) else None
    mark = whole_marks().public().filter(serial=serial).first() if isinstance(serial, str) else None
    if mark and finding.is_signed and finding.credential.get("id") != documents.credential_id(mark):
        mark = None
    return Check(finding, mark)
