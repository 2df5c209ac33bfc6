"""Sealing the sum of a secret ballot: authenticated encryption with a key that stands nowhere in the database.

The sum has a fixed width and every sealing a fresh nonce, so two sealed sums differ in nothing that tells which vote came
in between. The key is derived from the installation's secret key and the ballot; the seal holds for this ballot and this
number of people who have voted, and for no other.
"""

import secrets
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE, _TAG = 12, 16
_SUM = struct.Struct(">III")
LENGTH = _NONCE + _SUM.size + _TAG


class SealBroken(Exception):
    """The sealed sum is not the one that was sealed, or belongs to another ballot or another number of votes."""


def seal(counts, *, ballot, marks):
    """The sealed sum of `counts` (for, against, abstained), after `marks` people have voted in `ballot`."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + _cipher(settings.SECRET_KEY, ballot).encrypt(nonce, _SUM.pack(*counts), _about(ballot, marks))


def opened(sealed, *, ballot, marks):
    """The counts (for, against, abstained) in a sealed sum. Raises SealBroken."""
    sealed = bytes(sealed)
    if len(sealed) == LENGTH:
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            try:
                return _SUM.unpack(_cipher(secret, ballot).decrypt(sealed[:_NONCE], sealed[_NONCE:], _about(ballot, marks)))
            except InvalidTag:
                continue
    raise SealBroken


def _cipher(secret, ballot):
    key = HKDF(SHA256(), 32, salt=b"secretariat ballot", info=b"ballot %d" % ballot).derive(secret.encode())
    return AESGCM(key)


def _about(ballot, marks):
    return struct.pack(">QI", ballot, marks)
