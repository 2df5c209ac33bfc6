"""Action items as they are read: whom they concern, the board, the desk, the report to the next meeting."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Count, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from secretariat import calendar
from secretariat.models import ActionItem, ActionMove, ActionNote, Agency, Council, Meeting, RoleGrant, Seat, Unit, User
from secretariat.rules import MeetingStatus, served_councils
from secretariat.rules import actions as rules
from secretariat.uploads import INLINE
from secretariat.workflow import open_steps

Status = ActionItem.Status
CARDS = 30  # of a column at once
MOST_UNITS = 200  # suggested, of each sort

# --- whom it concerns ----------------------------------------------------------------------------


def keepers_of(item):
    """Who looks after it now: secretary and chair of its council; the officers where it has neither."""
    seats = Seat.objects.current().filter(council=item.council_id, role__in=("secretary", "chair"))
    grants = RoleGrant.objects.current().filter(role="council_secretary", council=item.council_id)
    found = _present(Q(pk__in=seats.values("user")) | Q(pk__in=grants.values("user")))
    officers = RoleGrant.objects.current().filter(role__in=RoleGrant.SECRETARIAT_ROLES)
    return found or _present(Q(pk__in=officers.values("user")))


def who_does(item):
    """Who has to do it at this moment: its owner; of an agency's commitment, who represents the agency now."""
    if item.side != rules.Side.AGENCY:
        return [item.owner] if item.owner.is_active else []
    grants = RoleGrant.objects.current().filter(role="representative", agency=item.agency_id)
    return _present(Q(pk__in=grants.values("user")))


def _present(condition):
    return list(User.objects.filter(condition, is_active=True).order_by("pk"))


def possible_owners(council_id, agency_id=None, *, without=None):
    """Who may be given something to do, in groups [(group, [(primary key, name)])], each person once.

    The council's own first, then the secretariat, then who represents an agency (only this one, if named).
    """
    seats = Seat.objects.current().filter(council=council_id, user__is_active=True).select_related("user")
    grants = RoleGrant.objects.current().filter(user__is_active=True).select_related("user", "agency", "council")
    staff = grants.filter(Q(role__in=RoleGrant.SECRETARIAT_ROLES) | Q(role="council_secretary", council=council_id))
    of_agencies = grants.filter(role="representative").order_by("agency__sort_key", "user__sort_key", "user")
    if agency_id:
        of_agencies = of_agencies.filter(agency=agency_id)
    order = list(Seat.Role.values)
    seats = sorted(seats, key=lambda seat: (order.index(seat.role), seat.user.sort_key, seat.pk))
    found: dict[str, list] = {}
    named = {without}

    def add(group, user, role=""):
        if user.pk not in named:
            named.add(user.pk)
            found.setdefault(str(group), []).append((user.pk, f"{user} – {role}" if role else str(user)))

    for seat in seats:
        add(_("Seats of the council"), seat.user, seat.get_role_display())
    for grant in staff.order_by("user__sort_key", "user"):
        add(_("Secretariat"), grant.user, grant.get_role_display())
    for grant in of_agencies:
        add(grant.agency, grant.user)
    return list(found.items())


def kept_councils(user):
    """The councils for which this person may make action items."""
    served = served_councils(user)
    councils = Council.objects.filter(is_active=True)
    return councils if served is None else councils.filter(pk__in=served)


# --- the board -----------------------------------------------------------------------------------


@dataclass
class Board:
    """One column: its first cards, how many there are in all, and whether more wait."""

    status: str
    label: Any
    total: int
    cards: list
    next_page: int | None


def rows_of(items):
    """Items with all that a card or a row shows."""
    return items.select_related("owner", "council", "agency", "agreement")


# Open ones by their day, what waits for confirmation by how long it waits, what is over with the newest first.
_ORDER = {Status.DONE: ("done_at", "pk"), Status.CONFIRMED: ("-confirmed_at", "-pk")}


def column(items, status, user, page=1, total=None):
    """One column of the board, `page` by page."""
    rows = rows_of(items.filter(status=status)).order_by(*_ORDER.get(status, ("due_on", "pk"))).defer("description")
    first = (page - 1) * CARDS
    cards = list(rows[first : first + CARDS + 1])
    with calendar.one_reading():
        shown = [as_card(item, user) for item in cards[:CARDS]]
    return Board(status, Status(status).label, total, shown, page + 1 if len(cards) > CARDS else None)


def board(items, user):
    """All columns: a fixed number of queries however many items there are."""
    totals = dict(items.order_by().values_list("status").annotate(n=Count("pk")))
    return [column(items, status, user, total=totals.get(status, 0)) for status in rules.COLUMNS]


def as_card(item, user):
    """An item with what its card says: what is left of its time, and where this person may put it."""
    item.left = calendar.remaining(item.due_on) if item.is_open else ""
    steps = open_steps(item, user).values()
    item.targets = [(step.target, Status(step.target).label) for step in steps if step.target in rules.COLUMNS]
    return item


# --- one item ------------------------------------------------------------------------------------


def file_rows(item, *, removable=False):
    """The evidence with its addresses."""
    rows = list(item.files.attached())
    for file in rows:
        file.url = reverse("action_file", args=[file.pk]) + ("?show=1" if file.content_type in INLINE else "")
        file.remove_url = reverse("action_file_remove", args=[file.pk]) if removable else ""
    return rows


def trail(item):
    """The moves, oldest first; of a new day or owner the former one is named too."""
    moves = list(item.moves.select_related("by", "owner_before", "owner_after"))
    for move in moves:
        before, after = (move.due_before, move.due_after) if move.due_after else (move.owner_before, move.owner_after)
        if after:
            said = [calendar.long_date(one) if move.due_after else str(one) for one in (before, after)]
            move.why = _("From %(before)s to %(after)s.") % dict(zip(("before", "after"), said, strict=True)) + f"\n{move.why}"
    return moves


def axes(items):
    """The axes in use, for suggestions and as a filter."""
    return list(items.exclude(axis="").order_by("axis").values_list("axis", flat=True).distinct())


def units(items, user):
    """What may be meant as a unit, for suggestions: those in use, the units that `user` keeps, the member agencies."""
    used = items.exclude(unit="").order_by("unit").values_list("unit", flat=True).distinct()
    kept = [unit.name for unit in Unit.objects.managed_by(user).order_by("sort_key", "pk")[:MOST_UNITS]]
    agencies = [agency.name for agency in Agency.objects.filter(is_member=True).order_by("sort_key", "pk")[:MOST_UNITS]]
    return list(dict.fromkeys([*used[:MOST_UNITS], *kept, *agencies]))


# --- the desk ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """What of the action items waits for one person."""

    mine: int
    late: int
    to_confirm: int
    first: list


def desk(user, shown):
    """My open items, late ones first, and what waits for my confirmation. One query for whom nothing waits."""
    mine = ActionItem.objects.owed_by(user).open()
    counts = mine.aggregate(n=Count("pk"), late=Count("pk", filter=Q(due_on__lt=calendar.today())))
    first = list(mine.select_related("council", "agreement").order_by("due_on", "pk")[:shown]) if counts["n"] else []
    return Desk(counts["n"], counts["late"], _to_confirm(user), first)


def _to_confirm(user):
    served = served_councils(user)
    if served is not None and not served:
        return 0
    waiting = ActionItem.objects.filter(status=Status.DONE).exclude(Q(owner=user) | Q(done_by=user))
    return (waiting if served is None else waiting.filter(council__in=served)).count()


# --- the report to a meeting ---------------------------------------------------------------------


@dataclass(frozen=True)
class Report:
    """What became of a council's actions since a moment."""

    council: Council
    since: Any
    done: list = field(default_factory=list)
    late: list = field(default_factory=list)
    postponed: list = field(default_factory=list)
    open: int = 0

    @property
    def is_empty(self):
        return not (self.done or self.late or self.postponed or self.open)


def report(council, since):
    """What was done, is late and was postponed since a moment (the last meeting): four queries, whatever their number."""
    items = council.actions.exclude(agreement__status=rules.AgreementStatus.DRAFT).select_related("owner", "agency", "agreement")
    said = ActionMove.objects.filter(item=OuterRef("pk"), action="report").order_by("-pk").values("why")[:1]
    last = ActionNote.objects.filter(item=OuterRef("pk")).order_by("-at", "-pk").values("text")[:1]
    done = items.filter(status__in=[Status.DONE, Status.CONFIRMED], done_at__gte=since).annotate(said=Subquery(said))
    late = items.late().annotate(last_note=Subquery(last)).order_by("due_on", "pk")
    moves = ActionMove.objects.filter(action="postpone", at__gte=since, item__council=council).select_related("item__owner", "by")
    return Report(council, since, list(done.order_by("done_at", "pk")), list(late), list(moves.order_by("at", "pk")), items.open().count())


def since_last_meeting(council, before):
    """The moment of the council's last meeting before another moment; a year back where there was none."""
    held = Meeting.objects.filter(council=council, starts_at__lt=before, status=MeetingStatus.HELD)
    last = held.order_by("-starts_at").values_list("starts_at", flat=True).first()
    return last or before - timedelta(days=365)


def report_to(meeting):
    """The report that a meeting is given: what became of its council's actions since the one before it."""
    return report(meeting.council, since_last_meeting(meeting.council, meeting.starts_at))
