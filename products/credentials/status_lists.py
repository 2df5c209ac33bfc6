"""Bitstring Status Lists v1.0: one bit a mark, leftmost first, compressed and written in base64url."""

import base64
import zlib

SHORTEST = 131_072  # bits: short lists would tell who asks about whom
LONGEST = 64 * 1024 * 1024 // 8  # bytes that a foreign list may unpack to


def packed(places, last=0):
    """The list in which the bits at `places` are set, as `encodedList` is written; it reaches as far as `last`.

    A list says nothing about what lies beyond its end: `last` is the highest place that anybody may ask for.
    """
    longest = max([last, *places]) + 1
    bits = bytearray(-(-max(SHORTEST, longest) // 8))
    for place in places:
        bits[place // 8] |= 0x80 >> place % 8
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)  # gzip without a date: the same bits, the same bytes
    return "u" + base64.urlsafe_b64encode(squeeze.compress(bytes(bits)) + squeeze.flush()).rstrip(b"=").decode()


def unpacked(encoded):
    """The bits of an `encodedList`. Raises ValueError for what is none."""
    if not encoded.startswith("u"):
        raise ValueError("not base64url")
    try:
        squeezed = base64.b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4), altchars=b"-_", validate=True)
        open_up = zlib.decompressobj(16 + zlib.MAX_WBITS)
        bits = open_up.decompress(squeezed, LONGEST)
    except zlib.error as wrong:
        raise ValueError("not compressed") from wrong
    if not open_up.eof:
        raise ValueError("longer than any list, or cut off")
    return bits


def is_set(bits, place):
    """Whether the bit at `place` is set. Raises ValueError beyond the end: such a list says nothing about it."""
    if not 0 <= place < len(bits) * 8:
        raise ValueError("the list is too short")
    return bool(bits[place // 8] & (0x80 >> place % 8))
