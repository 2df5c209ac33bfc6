"""The register of resolutions: what an entry says, how it is bound to the one before, and where the chain is broken.

An entry is one text: everything decided, as JSON with sorted keys. Its hash is that of the former hash and the text, so
that no word of an old resolution changes, and none disappears or changes places, without every later hash telling it.
"""

import hashlib
import json

from django.utils.translation import gettext as _

from secretariat import calendar, matters, rules
from secretariat.digests import spelled
from secretariat.models import Resolution, ResolutionMove
from secretariat.models.bodies import RULE_COLUMNS
from secretariat.models.resolutions import FIRST_HASH
from secretariat.rules.voting import Standing
from secretariat.selectors.ballots import ballot_of

RECORDED = "as_read"  # names as they were read that day; they may change later, what was decided may not


def facts(resolution, ballot):
    """Everything that an adopted resolution decided and how, as plain values."""
    return {
        "form": 1,
        "register_no": resolution.register_no,
        "council": resolution.council_id,
        "year": resolution.year,
        "number": resolution.number,
        "meeting": resolution.meeting_id,
        "kind": resolution.kind,
        "decision": resolution.decision,
        "title": resolution.title,
        "text": resolution.text,
        "adopted_at": resolution.adopted_at.isoformat(),
        "in_force_from": _day(resolution.in_force_from),
        "in_force_until": _day(resolution.in_force_until),
        "supersedes": resolution.supersedes_id,
        "rule": {name: getattr(ballot, name) for name in RULE_COLUMNS},
        "counts": {name: getattr(ballot, name) for name in Standing.__dataclass_fields__},
        "casting": [ballot.casting_choice, ballot.casting_by_id],
        # Of a secret ballot there are none.
        "votes": [[seat, choice] for seat, choice in ballot.votes.order_by("seat").values_list("seat", "choice")],
        "recused": list(resolution.recusals.order_by("seat").values_list("seat", flat=True)),
        "parts": matters.parts_of(resolution),
        RECORDED: {"council": resolution.council.name_fa, "meeting": resolution.meeting.reference},
    }


def chained(previous, text):
    """The hash of an entry after the one whose hash is `previous`."""
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def breaks():
    """Yield a sentence for every place where the register is not what it was."""
    previous, expected = FIRST_HASH, 1
    resolutions = Resolution.objects.registered().select_related("council", "meeting")
    for resolution in resolutions.iterator(chunk_size=200):
        where = {"n": calendar.digits(resolution.register_no), "title": resolution.title}
        if resolution.register_no != expected:
            yield _("Before entry %(n)s (“%(title)s”) an entry is missing.") % where
        if resolution.previous_hash != previous:
            yield _("Entry %(n)s (“%(title)s”) does not follow the one that stands before it.") % where
        if chained(resolution.previous_hash, resolution.register_entry) != resolution.hash:
            yield _("Entry %(n)s (“%(title)s”): its text and its hash do not agree.") % where
        for name in _changed(resolution):
            yield _("Entry %(n)s (“%(title)s”): “%(name)s” is no longer what was decided.") % {**where, "name": name}
        previous, expected = resolution.hash, resolution.register_no + 1
    for number in _vanished(expected):
        yield _("Entry %(n)s was in the register once and is gone.") % {"n": calendar.digits(number)}
    for pk in ResolutionMove.objects.filter(action="adopt", resolution__register_no=None).values_list("resolution", flat=True):
        yield _("Resolution %(n)s was adopted and is not in the register.") % {"n": calendar.digits(pk)}


def _changed(resolution):
    """Names of what the rows say otherwise than the entry; an entry of an older form is asked only for what it holds."""
    try:
        entry = json.loads(resolution.register_entry)
    except ValueError:
        return ["register_entry"]
    ballot = ballot_of(resolution)
    if ballot is None:
        return ["ballot"]
    now = json.loads(spelled(facts(resolution, ballot)))
    return [name for name, value in entry.items() if name not in (RECORDED, "form") and now.get(name) != value]


def _vanished(expected):
    """Numbers beyond the last entry of which the history still knows."""
    events = Resolution.pgh_event_model.objects.filter(register_no__gte=expected)
    return sorted(set(events.values_list("register_no", flat=True)))


def head():
    """(number, hash) of the last entry; whoever notes it elsewhere can later tell that nothing before it has changed."""
    last = Resolution.objects.filter(status=rules.ResolutionStatus.ADOPTED).order_by("register_no").last()
    return (last.register_no, last.hash) if last else (0, FIRST_HASH)


def _day(day):
    return calendar.day_of(day).isoformat() if day else None
