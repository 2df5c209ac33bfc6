"""Sound and film: the samples and the tables that find them; tags, names and dates are left out or blanked."""

from secretariat.nameless.errors import CannotBare
from secretariat.uploads import frame_length

# --- MP3 -------------------------------------------------------------------------------------------


def mp3(data):
    """Nothing but the frames, from the first to the last: every kind of tag stands before, between or behind them."""
    out, at = [], _first_frame(data)
    while at < len(data):
        length = frame_length(data[at : at + 4])
        if not length or at + length > len(data):
            at = _next_frame(data, at + 1)
            continue
        out.append(data[at : at + length])
        at += length
    if not out:
        raise CannotBare("no sound in it")
    return b"".join(out)


def _first_frame(data):
    at = 0
    while data[at : at + 3] == b"ID3":
        at += 10 + sum((byte & 0x7F) << shift for byte, shift in zip(data[at + 6 : at + 10], (21, 14, 7, 0), strict=True))
    return at


def _next_frame(data, at):
    """Where a frame begins that another one follows; a tag that happens to hold the two sync bytes is not one."""
    while (at := data.find(b"\xff", at)) >= 0:
        length = frame_length(data[at : at + 4])
        if length and frame_length(data[at + length : at + length + 4]):
            return at
        at += 1
    return len(data)


# --- MP4 -------------------------------------------------------------------------------------------

# A box that is not here (udta, meta, uuid, free …) is blanked where it stands: the tables hold places in the file.
_TOP = {b"ftyp", b"styp", b"moov", b"mdat", b"moof", b"mfra", b"sidx"}
_INSIDE = {
    b"moov": {b"mvhd", b"trak", b"mvex", b"iods"},
    b"trak": {b"tkhd", b"edts", b"mdia", b"tref"},
    b"edts": {b"elst"},
    b"mdia": {b"mdhd", b"hdlr", b"minf", b"elng"},
    b"minf": {b"vmhd", b"smhd", b"hmhd", b"nmhd", b"sthd", b"dinf", b"stbl"},
    b"dinf": {b"dref"},
    b"stbl": {
        b"stsd", b"stts", b"ctts", b"cslg", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss", b"stsh", b"sdtp", b"stdp",
        b"padb", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio",
    },
    b"mvex": {b"mehd", b"trex", b"leva"},
    b"moof": {b"mfhd", b"traf"},
    b"traf": {b"tfhd", b"trun", b"tfdt", b"sbgp", b"sgpd", b"subs", b"saiz", b"saio"},
    b"mfra": {b"tfra", b"mfro"},
}  # fmt: skip
_PICTURES = {b"avc1", b"avc3", b"hvc1", b"hev1", b"mp4v", b"vp08", b"vp09", b"av01", b"s263", b"jpeg"}


def mp4(data):
    out = bytearray(data)
    _walk(out, 0, len(out), _TOP)
    return bytes(out)


def _walk(out, at, end, known):
    while at < end:
        kind, body, after = _box(out, at, end)
        if kind not in known:
            out[at + 4 : at + 8] = b"free"
            out[body:after] = bytes(after - body)
        elif kind in _INSIDE:
            _walk(out, body, after, _INSIDE[kind])
        else:
            _blank(out, kind, body, after)
        at = after


def _box(out, at, end):
    length, kind, body = int.from_bytes(out[at : at + 4], "big"), bytes(out[at + 4 : at + 8]), at + 8
    if length == 1:
        length, body = int.from_bytes(out[at + 8 : at + 16], "big"), at + 16
    elif length == 0:
        length = end - at
    if at + length > end or at + length < body:
        raise CannotBare("a box is longer than what holds it")
    return kind, body, at + length


def _blank(out, kind, body, after):
    """The few fields of known boxes that hold a date, a name or an address."""
    if kind in (b"mvhd", b"tkhd", b"mdhd"):
        size = 16 if out[body] == 1 else 8
        out[body + 4 : body + 4 + size] = bytes(size)
    elif kind == b"hdlr":
        out[body + 24 : after] = bytes(max(0, after - body - 24))
    elif kind == b"dref":
        _each(out, body + 8, after, _blank_address)
    elif kind == b"stsd":
        _each(out, body + 8, after, _blank_compressor)


def _each(out, at, end, act):
    while at < end:
        kind, body, after = _box(out, at, end)
        act(out, kind, body, after)
        at = after


def _blank_address(out, kind, body, after):
    out[body + 4 : after] = bytes(max(0, after - body - 4))


def _blank_compressor(out, kind, body, after):
    if kind in _PICTURES and after - body >= 78:
        out[body + 42 : body + 74] = bytes(32)
