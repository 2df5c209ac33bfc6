"""Taking a table of councils in: kept as sent, looked at, then written in one piece or not at all."""

from django.db import transaction
from django.utils.translation import gettext as _

from secretariat import rules, sent_tables, uploads
from secretariat.errors import RuleBroken
from secretariat.forms.council_sheet import MOST_ROWS, table
from secretariat.models import Council, CouncilImport, Seat, User
from secretariat.persian import search_key
from secretariat.selectors.council_import import preview
from secretariat.services import bodies, meetings
from secretariat.services.accounts import open_account
from secretariat.sheet_reading import read_table


@transaction.atomic
def receive(upload, *, by):
    """Keep the table of a file that was sent; nothing of it is written yet."""
    _may(by)
    content = table(read_table(upload, most_rows=MOST_ROWS))
    return CouncilImport.objects.create(file_name=uploads.clean_name(upload.name, ".xlsx"), content=content, sent_by=by)


@transaction.atomic
def write(import_id, *, by, seen):
    """Write all rows of a table; `seen` is the fingerprint of the preview on which somebody decided.

    Raises RuleBroken while a row is wrong, and Stale when it would do something else by now than was seen.
    """
    _may(by)
    kept = CouncilImport.objects.select_for_update(of=("self",)).get(pk=import_id)
    # Nobody sets councils or seats up beside this while it is compared and written.
    list(Council.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    lines = sent_tables.check(kept, preview, seen)
    councils = _councils(lines, by)
    people = _people(lines)
    for line in lines:
        if line.state != "unchanged":
            _seat(line, councils[search_key(line.row.get("council"))], people)
    meetings.follow_seats([council.pk for council in councils.values()])
    return sent_tables.written(kept, lines, by=by)


def _may(by):
    # The vote of a council is not in the hands of its own secretary.
    if not rules.is_secretary(by):
        raise RuleBroken(_("You may not do this."))


def _councils(lines, by):
    """{name as it is searched for: Council} of all that the rows name; those that are missing are made."""
    found, parents = {}, {}
    for line in lines:
        key = search_key(line.row.get("council"))
        if key in found:
            continue
        found[key] = line.council
        if line.council is None:
            said = line.row.said
            found[key] = Council.objects.create(
                kind=said["kind"], name_fa=said["council"], name_en=said.get("council_en") or said["council"]
            )
            bodies.keep_general_rule(found[key].pk, by=by)
            if said.get("parent"):
                parents[key] = search_key(said["parent"])
    known = {}
    if set(parents.values()) - set(found):
        for council in Council.objects.all():
            known |= {search_key(name): council for name in (council.name_fa, council.name_en)}
    for key, parent in parents.items():
        found[key].parent = found.get(parent) or known[parent]
        found[key].save(update_fields=["parent"])
    return found


def _people(lines):
    """{address: User} of everybody who is named; accounts are opened for those who have none."""
    found = {line.row.get("email"): line.person for line in lines if line.person is not None}
    for line in lines:
        said = line.row.said
        if said["email"] not in found and said.get("last_name"):
            found[said["email"]] = open_account(
                email=said["email"], first_name=said["first_name"], last_name=said["last_name"], mobile=said.get("mobile")
            )
    return found


def _seat(line, council, people):
    said = line.row.said
    address = said.get("deputy")
    deputy = people.get(address) or User.objects.get(email__iexact=address) if address else None
    if line.seat is not None:
        line.seat.ends_on, line.seat.deputy = said.get("until") or line.seat.ends_on, deputy or line.seat.deputy
        line.seat.save(update_fields=["ends_on", "deputy"])
        return
    seat = Seat.objects.create(
        council=council, user=people[said["email"]], role=line.role, starts_on=line.since, ends_on=said.get("until"), deputy=deputy
    )
    bodies.tell_seated(seat)
