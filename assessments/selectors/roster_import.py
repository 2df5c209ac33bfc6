"""What a table of assessors would change: each row beside what is known of that person now. A fixed number of queries."""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from assessments.forms.roster_sheet import LABELS, Vocabulary
from assessments.models import Affiliation, Assessor, ExpertiseField, IndicatorSet
from secretariat.calendar import digits
from secretariat.models import Agency, Invitation, Province, User
from secretariat.sent_tables import fingerprint


@dataclass
class Line:
    """A row of the table and what would come of it.

    `way` is how it is written: "fill" an assessor, "add" somebody with an account, "expect" somebody who is invited
    already, "invite" somebody new.
    """

    row: Any
    state: str = "new"
    way: str = "invite"
    person: Any = None  # Assessor, User or Invitation, by the way
    changes: list = field(default_factory=list)  # (label, before, after) in words
    notes: list = field(default_factory=list)


def preview(content):
    """([Line], fingerprint): the fingerprint is another one as soon as confirming would do something else."""
    rows = Vocabulary().read(content)
    known = _Known(rows)
    lines = [known.line(row) for row in rows]
    told = [(line.row.number, line.state, line.way, line.person and line.person.pk, line.changes, line.row.profile) for line in lines]
    return lines, fingerprint(told)


class _Known:
    """Everybody whom the rows may mean, and the words for what is compared."""

    def __init__(self, rows):
        said = {name: {row.profile[name] for row in rows if row.profile.get(name)} for name in ("mobile", "national_code")}
        addresses = {row.email for row in rows if row.email}
        users = User.objects.annotate(address=Lower("email"))
        users = users.filter(
            Q(address__in=addresses) | Q(mobile__in=said["mobile"]) | Q(assessor__national_code__in=said["national_code"])
        )
        self.users = list(users.select_related("assessor"))
        self.by_address = {user.address: user for user in self.users if user.address}
        self.by_mobile = {user.mobile: user for user in self.users if user.mobile}
        roster = Assessor.objects.filter(user__in=self.users).select_related("user")
        self.roster = {one.user_id: one for one in roster.prefetch_related("expertise", "expertise_fields")}
        self.by_code = {one.national_code: one.user for one in self.roster.values() if one.national_code}
        self.ties = {}
        for assessor, agency, kind in Affiliation.objects.binding().filter(assessor__in=self.roster.values()).values_list(
            "assessor", "agency", "kind"
        ):
            self.ties.setdefault(assessor, []).append([agency, kind])
        open_ = Invitation.objects.filter(purpose=Invitation.Purpose.ASSESSOR, accepted_at=None, revoked_at=None)
        invited = open_.annotate(address=Lower("email")).filter(address__in=addresses).select_related("expected_assessor")
        self.invited = {invitation.address: invitation for invitation in invited}
        self.words = {
            "fields": {row.pk: str(row) for row in ExpertiseField.objects.all()},
            "sets": {row.pk: row.title for row in IndicatorSet.objects.all()},
            "province": {row.pk: row.name for row in Province.objects.all()},
            "agency": {row.pk: row.name for row in Agency.objects.all()},
            "languages": dict(Assessor.Language.choices),
            "kind": dict(Affiliation.Kind.choices),
        }
        self.met = {}

    def line(self, row):
        if row.faults:
            return Line(row, "wrong")
        user, fault = self._user(row)
        if fault:
            row.faults.append(fault)
            return Line(row, "wrong")
        if user is not None and user.pk in self.roster:
            return self._of_assessor(row, self.roster[user.pk])
        if user is not None:
            line = Line(row, "new", "add", user, notes=[_("Has an account and is put on the roster at once.")])
        elif row.email in self.invited:
            return self._of_invited(row, self.invited[row.email])
        elif not row.name:
            row.faults.append((_("row %(n)s") % {"n": digits(row.number)}, _("Write the name of somebody who is new.")))
            return Line(row, "wrong")
        else:
            line = Line(row, "new", "invite", notes=[_("Is invited by e-mail.")])
        line.changes = [change for change in self._changes({}, row.profile) if change[2]]
        return line

    def _user(self, row):
        """Whom the row means, and the fault where its data mean two people, or one whom an earlier row meant."""
        found = {
            user.pk: user
            for user in (
                self.by_address.get(row.email),
                self.by_code.get(row.profile.get("national_code")),
                self.by_mobile.get(row.profile.get("mobile")),
            )
            if user is not None
        }
        where = _("row %(n)s") % {"n": digits(row.number)}
        if len(found) > 1:
            return None, (where, _("The address, the mobile number and the national code belong to different people."))
        if not found:
            return None, None
        user = next(iter(found.values()))
        if (first := self.met.setdefault(user.pk, row.number)) != row.number:
            return None, (where, _("Row %(n)s means the same person.") % {"n": digits(first)})
        return user, None

    def _of_assessor(self, row, assessor):
        stands = {
            "fields": [one.pk for one in assessor.expertise_fields.all()],
            "sets": [one.pk for one in assessor.expertise.all()],
            "languages": assessor.languages,
            "province": assessor.province_id,
            "capacity": assessor.capacity,
            "national_code": assessor.national_code,
            "mobile": assessor.user.mobile,
            "affiliations": self.ties.get(assessor.pk, []),
        }
        line = Line(row, way="fill", person=assessor, changes=self._changes(stands, row.profile))
        if row.email != (assessor.user.email or "").lower():
            line.notes.append(_("The account has another e-mail address; it stays, only its owner changes it."))
        if row.profile.get("mobile") not in (None, assessor.user.mobile):
            line.notes.append(_("The account has another mobile number; it stays, only its owner changes it."))
        if row.name and row.name not in (assessor.user.get_full_name(), assessor.user.name_en):
            line.notes.append(_("The account has another name; it stays: %(name)s.") % {"name": assessor.user})
        line.state = "changed" if line.changes else "unchanged"
        return line

    def _of_invited(self, row, invitation):
        expected = getattr(invitation, "expected_assessor", None)
        line = Line(row, "changed", "expect", invitation, self._changes(expected.profile if expected else {}, row.profile, mobile=True))
        if invitation.state == "expired":
            line.notes.append(_("The invitation has expired; it is sent again."))
        else:
            line.state = "changed" if line.changes else "unchanged"
            line.notes.append(_("Is invited already and has not accepted yet."))
        return line

    def _changes(self, stands, profile, mobile=False):
        """(label, before, after) of what the profile says otherwise; affiliations are only added."""
        found = []
        for key, label in LABELS.items():
            if key not in profile or (key == "mobile" and not mobile):
                continue
            before, after = stands.get(key), profile[key]
            if key == "affiliations":
                after = [tie for tie in after if tie not in (before or [])]
                same = not after
            else:
                same = sorted(before or []) == sorted(after) if isinstance(after, list) else before == after
            if not same:
                found.append((str(label), self._said(key, before), self._said(key, after)))
        return found

    def _said(self, key, value):
        if value in (None, "", []):
            return ""
        if key == "affiliations":
            parts = [f"{self.words['agency'].get(agency, agency)} ({self.words['kind'].get(kind, kind)})" for agency, kind in value]
            return "؛ ".join(parts)
        if key in ("fields", "sets", "languages"):
            return "، ".join(str(self.words[key].get(one, one)) for one in value)
        return str(self.words["province"].get(value, value)) if key == "province" else digits(value)
