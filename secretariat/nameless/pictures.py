"""Pictures: only the parts that are needed to paint them; the dots themselves are not touched."""

import io
import struct
import zlib

from PIL import Image

from secretariat.nameless.errors import CannotBare

# --- JPEG ------------------------------------------------------------------------------------------

_ALONE = {0x01, *range(0xD0, 0xD8)}  # markers without a length
_TABLES = {*range(0xC0, 0xD0), 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF}


def jpeg(data):
    """Tables and scans; of the other segments only how to read the colours (JFIF, Adobe)."""
    if data[:2] != b"\xff\xd8":
        raise CannotBare("not a JPEG")
    out, at = [b"\xff\xd8"], 2
    while at < len(data):
        if data[at] != 0xFF:
            raise CannotBare("a JPEG segment was expected")
        kind = data[at + 1]
        if kind == 0xFF:  # fill byte
            at += 1
        elif kind == 0xD9:
            return b"".join([*out, b"\xff\xd9"])  # whatever stands behind the end is left out
        elif kind in _ALONE:
            out.append(data[at : at + 2])
            at += 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if kind == 0xDA:
                end = _end_of_scan(data, end)
            segment = data[at:end]
            if kind in _TABLES or (kind == 0xEE and segment[4:9] == b"Adobe"):
                out.append(segment)
            elif kind == 0xE0 and segment[4:9] == b"JFIF\x00":
                out.append(b"\xff\xe0\x00\x10" + segment[4:16] + b"\x00\x00")  # without its thumbnail
            at = end
    return b"".join([*out, b"\xff\xd9"])  # cut short, as cameras and scanners leave them: readers show what is there


def _end_of_scan(data, at):
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] == 0 or 0xD0 <= data[at + 1] <= 0xD7:
            at += 2
        elif data[at + 1] == 0xFF:
            at += 1
        else:
            return at
    return len(data)


# --- PNG -------------------------------------------------------------------------------------------

_CHUNKS = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"bKGD",
    b"pHYs",
    b"sBIT",
    b"acTL",
    b"fcTL",
    b"fdAT",
}


def png(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        raise CannotBare("not a PNG")
    out, at = [data[:8]], 8
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind in _CHUNKS:
            out.append(struct.pack(">I4s", length, kind) + body + struct.pack(">I", zlib.crc32(kind + body)))
        at += 12 + length
        if kind == b"IEND":
            return b"".join(out)
    raise CannotBare("a PNG without an end")


# --- WebP ------------------------------------------------------------------------------------------

_WEBP = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"}
_WEBP_FLAGS = 0b0001_0010  # of VP8X: alpha and animation; not the profile, EXIF, XMP


def webp(data):
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise CannotBare("not a WebP")
    out, at, end = [], 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= end:
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        body = data[at + 8 : at + 8 + length]
        if kind == b"VP8X":
            body = bytes([body[0] & _WEBP_FLAGS]) + body[1:]
        if kind in _WEBP:
            out.append(kind + struct.pack("<I", length) + body + b"\x00" * (length % 2))
        at += 8 + length + length % 2
    inner = b"WEBP" + b"".join(out)
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


# --- what else is met within office documents --------------------------------------------------------


def gif(data):
    """A GIF without comments and applications' own blocks (but for the one that lets it move)."""
    if data[:4] != b"GIF8":
        raise CannotBare("not a GIF")
    at = 13 + _colours(data[10])
    out = [data[:at]]
    while at < len(data) and data[at] != 0x3B:
        begin = at
        if data[at] == 0x2C:
            at = _blocks(data, at + 11 + _colours(data[at + 9]))
            out.append(data[begin:at])
        elif data[at] == 0x21:
            at = _blocks(data, at + 2)
            if data[begin + 1] == 0xF9 or (data[begin + 1] == 0xFF and data[begin + 3 : begin + 14] == b"NETSCAPE2.0"):
                out.append(data[begin:at])
        else:
            raise CannotBare("an unknown block of a GIF")
    return b"".join([*out, b"\x3b"])


def _colours(flags):
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _blocks(data, at):
    while data[at]:
        at += 1 + data[at]
    return at + 1


def tiff(data):
    """A TIFF written anew: its dots and nothing else."""
    with Image.open(io.BytesIO(data), formats=["TIFF"]) as picture:
        picture.load()
        plain = Image.frombytes(picture.mode, picture.size, picture.tobytes())
        if picture.mode == "P":
            plain.putpalette(picture.getpalette())
    out = io.BytesIO()
    plain.save(out, "TIFF", compression="tiff_lzw")
    return out.getvalue()


def emf(data):
    """An EMF with its description (program and title) blanked."""
    if data[40:44] != b" EMF":
        raise CannotBare("not an EMF")
    length, begin = struct.unpack("<II", data[60:68])
    end = begin + 2 * length
    if not length:
        return data
    if begin < 88 or end > len(data):
        raise CannotBare("an EMF whose description lies elsewhere")
    return data[:begin] + bytes(end - begin) + data[end:]
