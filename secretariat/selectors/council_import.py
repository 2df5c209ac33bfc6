"""What a table of councils would change: each row beside what stands now. A fixed number of queries."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from secretariat import persian
from secretariat.calendar import digits, short_date, today
from secretariat.forms.council_sheet import LABELS, read
from secretariat.models import Council, Seat, User
from secretariat.persian import search_key
from secretariat.sent_tables import fingerprint


@dataclass
class Line:
    """A row of the table and what would come of it."""

    row: Any
    state: str = "new"
    council: Any = None  # Council, or None: it is made, by the first row that names it
    person: Any = None  # User, or None: an account is opened
    seat: Any = None  # the Seat that is changed
    role: str = Seat.Role.MEMBER
    since: Any = None
    changes: list = field(default_factory=list)  # (label, before, after) in words
    notes: list = field(default_factory=list)

    @property
    def until(self):
        return self.row.get("until")

    @property
    def days(self):
        """The first and the last day of the term."""
        return self.since, self.until or FOREVER


FOREVER = persian.to_jalali(date(2500, 1, 1))


def preview(content):
    """([Line], fingerprint): the fingerprint is another one as soon as confirming would do something else."""
    rows = read(content)
    known = _Known(rows)
    lines = [known.line(row) for row in rows]
    told = [
        (line.row.number, line.state, line.council and line.council.pk, line.person and line.person.pk, line.seat and line.seat.pk,
         line.role, str(line.since), line.changes)
        for line in lines
    ]  # fmt: skip
    return lines, fingerprint(told)


def overlap(one, other):
    """Whether two pairs of first and last days share a day."""
    return one[0] <= other[1] and other[0] <= one[1]


class _Known:
    """The councils, people and seats that the rows may mean, and what earlier rows have said."""

    def __init__(self, rows):
        self.councils = {}
        for council in Council.objects.all():
            self.councils |= {search_key(name): council for name in (council.name_fa, council.name_en) if name}
        addresses = {row.get(key) for row in rows for key in ("email", "deputy")} - {None}
        users = User.objects.annotate(address=Lower("email")).filter(address__in=addresses)
        self.users = {user.address: user for user in users}
        mobiles = {row.get("mobile") for row in rows} - {None}
        self.mobiles = set(User.objects.filter(mobile__in=mobiles).values_list("mobile", flat=True))
        self.seats = {}
        for seat in Seat.objects.filter(council__in=set(self.councils.values())).select_related("user", "deputy"):
            self.seats.setdefault(seat.council_id, []).append(seat)
        self.named = {search_key(row.get("council")): row for row in reversed(rows) if row.get("council")}  # the first row of each
        self.introduced = {row.get("email"): row for row in reversed(rows) if row.get("email")}
        self.lines = []

    def line(self, row):
        line = Line(row, role=row.get("role", Seat.Role.MEMBER), since=row.get("since"))
        self.lines.append(line)
        line.council = self.councils.get(search_key(row.get("council") or ""))
        line.person = self.users.get(row.get("email"))
        self._look_at_council(line)
        self._look_at_person(line)
        if not row.faults:
            self._look_at_seat(line)
        if row.faults:
            line.state = "wrong"
            line.changes, line.notes = [], []
        return line

    def _look_at_council(self, line):
        row = line.row
        if not row.get("council"):
            return
        first = self.named[search_key(row.get("council"))]
        if line.council is None:
            if first is row:
                if not row.get("kind") and "kind" not in dict(row.faults):
                    row.blame("kind", _("There is no council of this name. For a new one write its kind; else correct the name."))
                line.notes.append(_("The council is set up."))
            if first.faults and first is not row:
                row.blame("council", _("Row %(n)s, which sets this council up, is wrong.") % {"n": digits(first.number)})
        for key, stands in (("kind", line.council.kind if line.council else first.get("kind")),):
            if row.get(key) and stands and row.get(key) != stands:
                row.blame(key, _("The council is of another kind: %(kind)s.") % {"kind": Council.Kind(stands).label})
        if row.get("parent"):
            self._look_at_parent(line, first)

    def _look_at_parent(self, line, first):
        row, key = line.row, search_key(line.row.get("parent"))
        if key == search_key(row.get("council")):
            row.blame("parent", _("A council cannot stand under itself."))
        elif key not in self.councils and key not in self.named:
            row.blame("parent", _("There is no council “%(word)s”, and no row sets it up.") % {"word": row.get("parent")})
        elif line.council is not None:
            parent = self.councils.get(key)
            if parent is None or line.council.parent_id != parent.pk:
                row.blame("parent", _("This council stands elsewhere; that is changed on its own page."))
        elif first is not row and search_key(first.get("parent") or "") != key:
            row.blame("parent", _("Row %(n)s puts this council elsewhere.") % {"n": digits(first.number)})
        elif self._circle(row):
            row.blame("parent", _("These councils would stand under each other in a circle."))

    def _circle(self, row):
        met, key = set(), search_key(row.get("council"))
        while key in self.named and key not in self.councils:
            if key in met:
                return True
            met.add(key)
            key = search_key(self.named[key].get("parent") or "")
        return False

    def _look_at_person(self, line):
        row, address = line.row, line.row.get("email")
        if not address:
            return
        first = self.introduced[address]
        if line.person is None:
            said = [(row.get("first_name"), row.get("last_name")), (first.get("first_name"), first.get("last_name"))]
            if not all(said[1]):
                row.blame("last_name" if said[1][0] else "first_name", _("Write first and last name of somebody who has no account."))
            elif any(said[0]) and said[0] != said[1]:
                row.blame("last_name", _("Row %(n)s gives this address another name.") % {"n": digits(first.number)})
            elif first is row:
                line.notes.append(_("An account is opened, and a letter says how to set a password."))
                if mobile := row.get("mobile"):
                    if mobile in self.mobiles:
                        row.blame("mobile", _("Another account has this mobile number."))
                    self.mobiles.add(mobile)
        elif not line.person.is_active:
            row.blame("email", _("The account of this person is closed."))
        elif row.get("last_name") and row.get("last_name") != line.person.last_name:
            line.notes.append(_("The account has another name; it stays: %(name)s.") % {"name": line.person})
        deputy = row.get("deputy")
        if deputy and deputy not in self.users and deputy not in self.introduced:
            row.blame("deputy", _("Nobody with this address has an account, and no row opens one."))

    def _look_at_seat(self, line):
        row, address = line.row, line.row.get("email")
        here = self.seats.get(line.council.pk, []) if line.council else []
        own = [seat for seat in here if line.person is not None and seat.user_id == line.person.pk]
        if line.since is None:
            current = [seat for seat in own if overlap(_days(seat), (persian.to_jalali(today()), FOREVER)) and seat.role == line.role]
            line.since = current[0].starts_on if len(current) == 1 else persian.to_jalali(today())
            if not current:
                line.notes.append(_("The term begins today."))
        if line.until and line.until < line.since:
            row.blame("until", _("A term ends after it begins."))
            return
        line.seat = next((seat for seat in own if seat.starts_on == line.since and seat.role == line.role), None)
        days = _days(line.seat) if line.seat and not line.until else line.days
        for seat in own:
            if seat is not line.seat and overlap(_days(seat), days):
                row.blame(
                    "since",
                    _("Holds a seat here as %(role)s since %(day)s; end that term first.")
                    % {"role": seat.get_role_display(), "day": digits(short_date(seat.starts_on))},
                )
        chairs = [seat for seat in here if seat.role == Seat.Role.CHAIR and seat is not line.seat and overlap(_days(seat), days)]
        if line.role == Seat.Role.CHAIR and chairs:
            row.blame("role", _("The council has a chair at that time: %(name)s.") % {"name": chairs[0].user})
        for other in self.lines[:-1]:
            if other.since is None or other.row.faults or search_key(other.row.get("council")) != search_key(row.get("council")):
                continue
            if not overlap(other.days, days):
                continue
            if other.row.get("email") == address:
                row.blame("email", _("Row %(n)s gives this person a seat here at the same time.") % {"n": digits(other.row.number)})
            elif line.role == other.role == Seat.Role.CHAIR:
                row.blame("role", _("Row %(n)s has a chair at the same time.") % {"n": digits(other.row.number)})
        if line.seat is not None:
            self._compare(line)

    def _compare(self, line):
        seat, until = line.seat, line.until
        if until and until != seat.ends_on:
            if seat.ends_on is not None and until < seat.ends_on:
                line.row.blame("until", _("The term ends later so far; it is ended early on the page of the council, with a reason."))
            line.changes.append((str(LABELS["until"]), _said(seat.ends_on), _said(until)))
        deputy = line.row.get("deputy")
        if deputy and deputy != (seat.deputy and (seat.deputy.email or "").lower()):
            line.changes.append((str(LABELS["deputy"]), str(seat.deputy or ""), deputy))
        line.state = "changed" if line.changes else "unchanged"


def _days(seat):
    return seat.starts_on, seat.ends_on or FOREVER


def _said(day):
    return digits(short_date(day)) if day else ""
