"""As whom a person reads the score of an entry, and which scores a person may find at all."""

from functools import cached_property

from django.db.models import Q

from assessments.blindness import shown_to
from assessments.models import Assignment, Entry
from assessments.rules import LEAST_PANEL, PENDING_ASSIGNMENTS, PUBLIC_ROUNDS, AssignmentStatus
from secretariat.rules import is_officer, represented_agencies

STAFF, COUNCIL, AGENCY, PUBLIC = "staff", "council", "agency", "public"


class ScoreReader:
    """One person as a reader of scores; asks the database once, whatever number of entries is asked about."""

    def __init__(self, user):
        self.user = user

    @cached_property
    def _own(self):
        """{entry id: assignment} of what this person judges or judged."""
        if not self.user.is_authenticated:
            return {}
        rows = Assignment.objects.filter(assessor__user=self.user).select_related("entry__round")
        return {row.entry_id: row for row in rows}

    @cached_property
    def _judging(self):
        """The rounds in which this person still has to judge: of their results he reads nothing as an officer, as on their pages."""
        return {row.entry.round_id for row in self._own.values() if row.status in PENDING_ASSIGNMENTS}

    def _with_status(self, *statuses):
        return [pk for pk, row in self._own.items() if row.status in statuses]

    def audience(self, entry):
        """As whom this person may read the scores of an entry, or None for not at all."""
        published, own = entry.round.is_public, self._own.get(entry.pk)
        if own and own.status in PENDING_ASSIGNMENTS and not published:
            # Whoever still has to judge sees no aggregate, officer or not.
            return None
        if is_officer(self.user) and (published or entry.round_id not in self._judging):
            return STAFF
        if not self.user.is_authenticated:
            return None
        if not published:
            return PUBLIC if own and shown_to(own).aggregates and gives_nobody_away(entry.result) else None
        if entry.subject.agency_id in represented_agencies(self.user):
            return AGENCY
        if self.user.places_now:
            return COUNCIL
        return PUBLIC if own and own.status == AssignmentStatus.SUBMITTED else None

    def entries(self):
        """The entries of which `audience` is not None."""
        if not self.user.is_authenticated:
            return Entry.objects.none()
        published = Q(round__status__in=PUBLIC_ROUNDS)
        early = ~published & Q(
            pk__in=[pk for pk, row in self._own.items() if shown_to(row).aggregates], result__raters__gte=LEAST_PANEL
        )
        if is_officer(self.user):
            return Entry.objects.filter(published | ~Q(round__in=self._judging) | early)
        if self.user.places_now:
            return Entry.objects.filter(published | early)
        mine = Q(subject__agency__in=represented_agencies(self.user)) | Q(pk__in=self._with_status(AssignmentStatus.SUBMITTED))
        return Entry.objects.filter((published & mine) | early)

    def knows_submitter(self, entry):
        """Whether this reader of a score may be told whose the thing is: an assessor as his round says, everybody else yes."""
        own = self._own.get(entry.pk)
        if own is None or is_officer(self.user) or (entry.round.is_public and self.user.places_now):
            return True
        return entry.subject.agency_id in represented_agencies(self.user) or shown_to(own).submitter


def gives_nobody_away(score):
    """Whether so many have judged that the mean does not tell one of them what the one other said."""
    return score is not None and score.raters >= LEAST_PANEL
