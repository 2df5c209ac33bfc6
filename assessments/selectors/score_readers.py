"""As whom a person reads the score of an entry, and which scores a person may find at all."""

from functools import cached_property

from django.db.models import Q

from assessments.models import Assignment, Entry
from assessments.rules import PENDING_ASSIGNMENTS, PUBLIC_ROUNDS, AssignmentStatus
from secretariat.rules import is_officer, represented_agencies

STAFF, COUNCIL, AGENCY, PUBLIC = "staff", "council", "agency", "public"


class ScoreReader:
    """One person as a reader of scores; asks the database once, whatever number of entries is asked about."""

    def __init__(self, user):
        self.user = user

    @cached_property
    def _own(self):
        """{entry id: status} of what this person judges or judged."""
        if not self.user.is_authenticated:
            return {}
        return dict(Assignment.objects.filter(assessor__user=self.user).values_list("entry", "status"))

    def audience(self, entry):
        """As whom this person may read the scores of an entry, or None for not at all."""
        published, own = entry.round.is_public, self._own.get(entry.pk)
        if own in PENDING_ASSIGNMENTS and not published:
            # Whoever still has to judge sees no aggregate, officer or not.
            return None
        if is_officer(self.user):
            return STAFF
        if not published or not self.user.is_authenticated:
            return None
        if entry.subject.agency_id in represented_agencies(self.user):
            return AGENCY
        if self.user.seats_now:
            return COUNCIL
        return PUBLIC if own == AssignmentStatus.SUBMITTED else None

    def entries(self):
        """The entries of which `audience` is not None."""
        with_status = {status: [pk for pk, own in self._own.items() if own == status] for status in AssignmentStatus}
        if is_officer(self.user):
            pending = [pk for status in PENDING_ASSIGNMENTS for pk in with_status[status]]
            return Entry.objects.exclude(~Q(round__status__in=PUBLIC_ROUNDS), pk__in=pending)
        if not self.user.is_authenticated:
            return Entry.objects.none()
        published = Entry.objects.filter(round__status__in=PUBLIC_ROUNDS)
        if self.user.seats_now:
            return published
        mine = Q(subject__agency__in=represented_agencies(self.user))
        return published.filter(mine | Q(pk__in=with_status[AssignmentStatus.SUBMITTED]))
