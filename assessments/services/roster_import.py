"""Taking a table of assessors in: kept as sent, looked at, then written in one piece or not at all."""

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy

from assessments.forms.roster_sheet import MOST_ROWS, table
from assessments.models import Assessor, ExpectedAssessor, RosterImport
from assessments.selectors.roster_import import preview
from assessments.services.roster import fill
from secretariat import sent_tables, uploads
from secretariat.bilingual import both
from secretariat.models import Invitation
from secretariat.rules import only_officers
from secretariat.services import invitations
from secretariat.services.notices import tell
from secretariat.sheet_reading import read_table

ADDED = gettext_lazy("The secretariat put you on the roster of assessors. Please look at what it knows of you.")


@transaction.atomic
def receive(upload, *, by):
    """Keep the table of a file that was sent; nothing of it is written yet."""
    only_officers(by=by)
    content = table(read_table(upload, most_rows=MOST_ROWS))
    return RosterImport.objects.create(file_name=uploads.clean_name(upload.name, ".xlsx"), content=content, sent_by=by)


@transaction.atomic
def write(import_id, *, by, seen):
    """Write all rows of a table; `seen` is the fingerprint of the preview on which the officer decided.

    Raises RuleBroken while a row is wrong, and Stale when it would do something else by now than the officer saw.
    """
    only_officers(by=by)
    kept = RosterImport.objects.select_for_update(of=("self",)).get(pk=import_id)
    lines = sent_tables.check(kept, preview, seen)
    for line in lines:
        if line.state != "unchanged":
            _WAYS[line.way](line, by)
    return sent_tables.written(kept, lines, by=by)


def _fill(line, by):
    fill(line.person, line.row.profile, by=by)


def _add(line, by):
    assessor = Assessor.objects.create(user=line.person)
    fill(assessor, line.row.profile, by=by)
    tell(line.person, "assessor_added", *both(ADDED), link=reverse("assessor_profile"))


def _invite(line, by):
    made = invitations.invite(by=by, purpose=Invitation.Purpose.ASSESSOR, email=line.row.email, full_name=line.row.name)
    ExpectedAssessor.objects.create(invitation=made, profile=line.row.profile)


def _expect(line, by):
    expected, made = ExpectedAssessor.objects.get_or_create(invitation=line.person, defaults={"profile": line.row.profile})
    if not made:
        ties = dict([*expected.profile.get("affiliations", []), *line.row.profile.get("affiliations", [])])
        expected.profile |= line.row.profile
        if ties:
            expected.profile["affiliations"] = [[agency, kind] for agency, kind in sorted(ties.items())]
        expected.save(update_fields=["profile"])
    if line.person.state == "expired":
        invitations.resend(line.person.pk, by=by)


_WAYS = {"fill": _fill, "add": _add, "invite": _invite, "expect": _expect}
