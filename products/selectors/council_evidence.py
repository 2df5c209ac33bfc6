"""What a council reads of each product before it decides: what was handed in, why its score, what was found, what it held before."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from assessments.evidence import evidence_for
from assessments.models import ConflictWaiver, Entry, Moderation, Score
from assessments.rules import ModerationStatus
from assessments.selectors.moderations import reasons_in_words
from assessments.selectors.score_readers import COUNCIL, ScoreReader
from assessments.selectors.scores import explain
from products import rules
from products.models import Overlap, Product, QualityMark, RenewalFile, SubmissionVersion, Withheld
from products.models.council_readers import never_named, open_resolutions, read_with_council
from products.selectors.marks import marks_of, undecided
from products.selectors.overlaps import COME_TO_NOTHING, pair
from products.services import marks as services
from secretariat.models import Resolution
from secretariat.rules import LIVE_MEETINGS, MeetingStatus, ResolutionStatus, is_officer, serves_council
from secretariat.selectors.meetings import seats_on_day


@dataclass
class Place:
    """A product before a council, with what is proposed for it where something is already."""

    product: Product
    entry_id: int
    row: Any = None  # QualityMark or Withheld

    @property
    def is_mark(self):
        return isinstance(self.row, QualityMark)


def placed(resolution):
    """The products of a resolution in the order of its board. Two queries."""
    marks = resolution.marks.exclude(status=rules.MarkStatus.DROPPED).order_by("-score_value", "pk")
    rows = [*marks.select_related("product", "score"), *resolution.withheld.select_related("product", "score")]
    return [Place(row.product, row.score.entry_id, row) for row in rows]


def opened_on(resolution, user):
    """Those of them whose papers `user` may read: all to officers, to others as the council reads them."""
    places = placed(resolution)
    return _readable(places, user) if places and is_open_to(resolution, user) else []


def is_open_to(resolution, user):
    """Whether `user` reads papers of this resolution now, as an officer or as one of those who decide."""
    return is_officer(user) or open_resolutions(user).filter(pk=resolution.pk).exists()


def offered_beside(product_id, item, user):
    """The products offered for an agenda item on marks with this one, as far as `user` may read their papers."""
    product = Product.objects.filter(pk=product_id).first()
    score = services.deciding_score(product) if product else None
    found = undecided(item.meeting.council_id, score.entry.round) if score else []
    return _readable([Place(one.product, one.score.entry_id) for one in found], user)


def readable(user, product_ids):
    """Those of these products whose papers `user` may read: all to officers, to others as a council reads them."""
    if is_officer(user):
        return set(product_ids)
    return set(read_with_council(user).filter(pk__in=product_ids).values_list("pk", flat=True))


def _readable(places, user):
    opened = readable(user, [place.product.pk for place in places])
    return [place for place in places if place.product.pk in opened]


def why_aside(resolution, user):
    """Why this reader does not decide on a resolution, in sentences: on record, or by a tie of his or of whoever shares his seat."""
    seats = [seat for seat in user.places_now if seat.council_id == resolution.council_id]
    said = list(resolution.recusals.filter(seat__in=seats).values_list("reason", flat=True))
    if not said:
        tied = services.ties_by_seat(services.products_before(resolution), seats)
        said = [f"{product}: {sentence}" for seat in seats for product, sentence in tied.get(seat.pk, ())]
    if not said and serves_council(user, resolution.council_id):  # keeps the papers without a seat
        products = [place.product for place in placed(resolution)]
        reasons = services.ties(products)
        said = [f"{product}: {reasons[product.pk][user.pk]}" for product in products if user.pk in reasons[product.pk]]
    return list(dict.fromkeys(said))


def when_open(resolution, user):
    """When papers that are closed to a reader who is not recused open to him, in a sentence; "" where they never do."""
    meeting = resolution.meeting
    if meeting.status == MeetingStatus.PLANNED:
        return _("The papers of the products open to the members when the meeting is called.")
    seats = [seat for seat in user.places_now if seat.council_id == resolution.council_id]
    if meeting.status in LIVE_MEETINGS and seats and all(seat.deputy_id == user.pk for seat in seats):
        return _(
            "The papers of the products open to a deputy once the holder of the seat is excused, or the deputy has said to come."
        )
    return ""


@dataclass
class Neighbour:
    """A product that the scores do not tell apart from the one that is read."""

    score: Score
    product: Product | None  # None: it stands before the council in no line of this board


@dataclass
class Papers:
    """All that a council reads of one product, and its neighbours on the board."""

    place: Place
    number: int
    of: int
    before: Place | None
    after: Place | None
    is_named: bool
    evidence: Any
    version: SubmissionVersion | None
    renewal_files: list
    entry: Entry
    why: Any = None
    disagreements: list = field(default_factory=list)  # (Moderation, sentences)
    neighbours: list = field(default_factory=list)
    elsewhere: int = 0  # neighbours that stand on another board or on none
    overlaps: list = field(default_factory=list)
    tied: list = field(default_factory=list)  # (seat, sentence)
    waived: int = 0  # assessors who judged it under a waiver
    former_marks: list = field(default_factory=list)
    former_decisions: list = field(default_factory=list)

    @property
    def product(self):
        return self.place.product


def papers_of(product_id, places, user, *, meeting, resolution=None):
    """The papers of one of `places`, for a reader who may open them; a fixed number of queries, however many there are."""
    number = next(n for n, place in enumerate(places) if place.product.pk == product_id)
    place = places[number]
    product = Product.objects.select_related("agency", "kind", "subject").get(pk=product_id)
    is_named = not never_named().filter(pk=product_id).exists()
    entry = Entry.objects.select_related("round", "subject", "sheet", "result").get(pk=place.entry_id)
    place.product = product
    told = Papers(
        place=place,
        number=number + 1,
        of=len(places),
        before=places[number - 1] if number else None,
        after=places[number + 1] if number + 1 < len(places) else None,
        is_named=is_named,
        evidence=evidence_for(product.subject, blind=not is_named),
        renewal_files=_renewal_files(product) if is_named else [],
        version=product.versions.select_related("screening").first(),
        entry=entry,
        overlaps=[pair(overlap, product_id) for overlap in _overlaps(product)],
        tied=_tied(product, meeting),
        former_marks=list(marks_of(product)),
        former_decisions=_former(product, meeting.council_id, resolution),
    )
    if not is_officer(user) or ScoreReader(user).audience(entry) is not None:
        _scored(told, places)
    return told


def _scored(told, places):
    """What stands on the score; an officer who still judges it reads nothing of that."""
    entry, total = told.entry, told.entry.result
    told.why = explain(entry, audience=COUNCIL)
    settled = Moderation.objects.filter(entry=entry, status=ModerationStatus.CLOSED).prefetch_related("reasons__indicator")
    told.disagreements = [(moderation, reasons_in_words(moderation)) for moderation in settled]
    judged = entry.assignments.filter(status="submitted").values("assessor")
    told.waived = ConflictWaiver.objects.filter(subject=entry.subject_id, assessor__in=judged, status="granted").count()
    if total is None or total.group is None:
        return
    alike = Score.objects.filter(run=total.run_id, part=None, indicator=None, component=total.component, group=total.group)
    here = {place.entry_id: place.product for place in places}
    rows = alike.exclude(pk=total.pk).order_by("-value", "pk")
    told.neighbours = [Neighbour(row, here[row.entry_id]) for row in rows if row.entry_id in here]
    told.elsewhere = len(rows) - len(told.neighbours)


def _renewal_files(product):
    """What the agency sent beside its request to renew the product's mark."""
    accepted = rules.RenewalStatus.ACCEPTED
    return list(RenewalFile.objects.filter(request__mark__product=product, request__status=accepted, removed_at=None))


def _overlaps(product):
    rows = Overlap.objects.touching(product.pk).exclude(COME_TO_NOTHING)
    return rows.select_related("product__agency", "product__kind", "other__agency", "other__kind")


def _tied(product, meeting):
    """Who of the council does not decide on the product, and why."""
    reasons = services.ties([product])[product.pk]
    seats = seats_on_day(meeting).select_related("user", "deputy").order_by("role", "user__sort_key", "pk")
    found = []
    for seat in seats:
        sentence = reasons.get(seat.user_id) or (seat.deputy_id and reasons.get(seat.deputy_id))
        if sentence:
            found.append((seat, sentence))
    return found


def _former(product, council_id, resolution):
    """Earlier resolutions of the council that put the product off or gave it none, newest first."""
    rows = Withheld.objects.filter(product=product, resolution__council=council_id, resolution__status=ResolutionStatus.ADOPTED)
    rows = rows.exclude(resolution=resolution) if isinstance(resolution, Resolution) else rows
    return list(rows.select_related("resolution").order_by("-resolution__adopted_at", "-pk"))
