"""Appeals as they are read: whether one may be filed, what it contests, and which score stands in the end."""

from dataclasses import dataclass

from assessments.models import Appeal, Entry, Indicator, Round, Score
from assessments.rules.appeals import OPEN_APPEALS, AppealStatus, takes_appeals
from assessments.selectors.sets import nested, walk
from secretariat.rules import represents

LIVING = [status for status in AppealStatus if status != AppealStatus.WITHDRAWN]


@dataclass
class Standing:
    """What somebody reads of appeals beside the score of an entry."""

    entry: Entry
    appeal: Appeal | None  # one that was not withdrawn and that he may see
    may_appeal: bool
    review_of: Entry | None = None  # the entry that was judged before, where this one is the review

    def __bool__(self):
        return self.may_appeal or self.appeal is not None or self.review_of is not None

    @property
    def until(self):
        return self.entry.round.appeals_until


def standing(entry, user):
    """What `user` reads of appeals beside the score of `entry`, a published one or an officer's."""
    appeal = Appeal.objects.visible_to(user).filter(entry=entry, status__in=LIVING).select_related("review__round").first()
    may = appeal is None and entry.review_of_id is None and represents(user, entry.subject.agency_id) and takes_appeals(entry.round)
    before = Entry.objects.select_related("round").filter(pk=entry.review_of_id).first() if entry.review_of_id else None
    return Standing(entry, appeal, may, before)


def unanswered(user):
    """Appeals that `user` may see and that nobody has decided yet, those being written too; the oldest first."""
    waiting = Appeal.objects.visible_to(user).filter(status__in=[AppealStatus.DRAFT, *OPEN_APPEALS])
    return waiting.select_related("entry__subject__agency", "entry__round").order_by("filed_at", "pk")


def overruled():
    """Entries whose score does not stand: reviews that did not change it, and what a review changed."""
    changed = Appeal.objects.filter(status=AppealStatus.CHANGED)
    kept = Entry.objects.exclude(review_of=None).exclude(pk__in=changed.values("review"))
    return Entry.objects.filter(pk__in=changed.values("entry")) | Entry.objects.filter(pk__in=kept.values("pk"))


@dataclass
class Contestable:
    """An indicator of the sheet with the panel's mean of it, and what is said against it so far."""

    indicator: Indicator
    number: str
    title: str
    depth: int
    is_leaf: bool
    value: float | None = None
    reason: str = ""
    error: str = ""


def contestable(entry, reasons):
    """Headings and indicators of an entry's sheet in reading order; `reasons` are {indicator pk: text}. Two queries."""
    rows = (
        Indicator.objects.filter(version__sheet_parts__sheet=entry.sheet_id)
        .select_related("version__set", "scale")
        .order_by("version__sheet_parts__position", "position", "pk")
    )
    values = dict(
        Score.objects.filter(entry=entry, run=entry.round.run_id, indicator__isnull=False).values_list("indicator", "value")
    )
    by_version = {}
    for row in rows:
        by_version.setdefault(row.version_id, []).append(row)
    return [
        Contestable(node.indicator, node.number, node.title, node.depth, node.is_leaf, values.get(node.pk), reasons.get(node.pk, ""))
        for own in by_version.values()
        for node in walk(nested(own))
    ]


def undecided(round_):
    """How many appeals against what a round said wait for an answer."""
    return Appeal.objects.open().filter(entry__round=round_).count()

def possible_reviews(entry):
    """Rounds in preparation into which the subject of an entry could go for its review."""
    reviewing = Round.objects.filter(status=Round.Status.DRAFT, entries__review_of__isnull=False)
    return reviewing.exclude(entries__subject=entry.subject_id).distinct()
