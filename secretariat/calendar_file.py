"""A meeting as a calendar file (iCalendar, RFC 5545): times in UTC, words in the reader's language."""

from dataclasses import dataclass
from datetime import UTC, datetime

_WIDTH = 75  # octets in a line, without its end


@dataclass(frozen=True)
class Appointment:
    """What a calendar must know of a meeting."""

    uid: str  # the same for every file about it
    sequence: int  # rises with every change: the higher one counts
    starts_at: datetime
    ends_at: datetime
    made_at: datetime
    summary: str
    description: str = ""
    place: str = ""
    address: str = ""  # of its page
    organizer: str = ""  # an e-mail address
    invited: str = ""  # an e-mail address
    is_cancelled: bool = False


def written(one):
    """The file, with the line ends that the format asks for."""
    method = "CANCEL" if one.is_cancelled else "REQUEST"
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Secretariat//Quality portal//FA",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{one.uid}",
        f"SEQUENCE:{one.sequence}",
        f"DTSTAMP:{_moment(one.made_at)}",
        f"DTSTART:{_moment(one.starts_at)}",
        f"DTEND:{_moment(one.ends_at)}",
        f"SUMMARY:{_escaped(one.summary)}",
        f"STATUS:{'CANCELLED' if one.is_cancelled else 'CONFIRMED'}",
    ]
    lines += [f"{name}:{_escaped(text)}" for name, text in (("DESCRIPTION", one.description), ("LOCATION", one.place)) if text]
    lines += [f"URL:{one.address}"] if one.address else []
    lines += [f"ORGANIZER:mailto:{one.organizer}"] if one.organizer else []
    lines += [f"ATTENDEE;ROLE=REQ-PARTICIPANT;RSVP=FALSE:mailto:{one.invited}"] if one.invited else []
    lines += ["END:VEVENT", "END:VCALENDAR"]
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _moment(instant):
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text):
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def _folded(line):
    """A long line goes on after a break and a space; never within the bytes of one letter."""
    parts, part, room = [], "", _WIDTH
    for letter in line:
        size = len(letter.encode())
        if size > room:
            parts.append(part)
            part, room = "", _WIDTH - 1
        part, room = part + letter, room - size
    return "\r\n ".join([*parts, part])
