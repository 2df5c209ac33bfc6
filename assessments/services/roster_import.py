"""Taking a table of assessors in: kept as sent, looked at, then written in one piece or not at all."""

from collections import Counter
from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.forms.roster_sheet import MOST_ROWS, table
from assessments.models import Assessor, ExpectedAssessor, RosterImport
from assessments.selectors.roster_import import STATES, preview
from assessments.services.roster import fill
from secretariat import uploads
from secretariat.bilingual import both
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Invitation
from secretariat.rules import only_officers
from secretariat.services import invitations
from secretariat.services.notices import tell
from secretariat.sheet_reading import read_table

KEPT = timedelta(days=30)  # what is not confirmed by then is forgotten, and of what was, only the figures stay
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
    if kept.written_at:
        raise RuleBroken(_("This table was written already."))
    if not kept.content:
        raise RuleBroken(_("This table was forgotten because nobody confirmed it. Send it again."))
    lines, fingerprint = preview(kept.content)
    if any(line.state == "wrong" for line in lines):
        raise RuleBroken(_("Some rows are wrong: correct them in the file and send it again. Nothing was written."))
    if fingerprint != seen:
        raise Stale(_("Something changed since this preview was made. Look at it again; nothing was written."), kept)
    for line in lines:
        if line.state != "unchanged":
            _WAYS[line.way](line, by)
    kept.written_at, kept.written_by = timezone.now(), by
    kept.counts = counted(lines)
    kept.save(update_fields=["written_at", "written_by", "counts"])
    return kept


def counted(lines):
    """How many rows are in each state."""
    counts = Counter(line.state for line in lines)
    return {state: counts[state] for state in STATES}


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


def forget_tables():
    """Empty the tables that have served: people's data is kept in their profiles alone. Gives how many."""
    old = RosterImport.objects.filter(sent_at__lt=timezone.now() - KEPT).exclude(content={})
    return old.update(content={})
