"""What the pages of marks show: a product's marks, what is true of a serial today, a resolution's board."""

from dataclasses import dataclass, field

from django.db.models import Q

from assessments.models import Entry, Score
from assessments.rules import PUBLIC_ROUNDS
from assessments.selectors.agreements import agreed_totals
from assessments.selectors.appeals import standing
from assessments.selectors.score_readers import AGENCY, COUNCIL
from assessments.selectors.scores import explain
from products import rules, serials
from products.models import Product, QualityMark
from products.selectors.renewals import standings
from products.services import marks as services
from secretariat import rules as council_rules
from secretariat.errors import RuleBroken
from secretariat.models import Resolution, Seat
from secretariat.selectors import ballots
from secretariat.selectors.meetings import presence_at, seats_on_day

WHOLE = (
    "product__agency",
    "product__kind",
    "resolution__council",
    "resolution__meeting",
    "score__entry__round",
    "score__entry__result",
    "score__run",
)


# Steps before the decision, and its publication: not the public's story of a mark.
UNTOLD = ("propose", "publish")
MOST_LIKELY = 5


def whole_marks():
    """Marks with everything their pages name, in one query."""
    return QualityMark.objects.select_related(*WHOLE)


def public_mark(typed):
    """The published mark of a serial as typed; None when none was ever published. Raises RuleBroken for an impossible serial."""
    return whole_marks().public().filter(serial=serials.read(typed)).first()


def mistyped_for(typed):
    """Published marks whose serial differs from what was typed in one digit, or in two that stand the wrong way round."""
    return whole_marks().public().filter(serial__in=serials.likely(typed)).order_by("serial")[:MOST_LIKELY]


def marks_of(product):
    """The published marks of a product, newest first, with the trail of their states."""
    return whole_marks().public().filter(product=product).prefetch_related("moves")


def last_reason(mark):
    """The move that brought the mark into its present state, where it says why."""
    return mark.moves.filter(target=mark.status).exclude(why="").order_by("-pk").first()


def verification(mark):
    """What the page of a serial tells of a published mark: what is true today, why, and what happened since it is public."""
    told = mark.moves.exclude(action__in=UNTOLD).filter(Q(action="grant") | Q(at__gte=mark.published_at)).order_by("at", "pk")
    return {
        "serial": mark.serial,
        "mark": mark,
        "reason": last_reason(mark),
        "history": list(told),
        "successor": mark.renewed_by.public().order_by("-pk").first(),
        "exemplar": mark.product.exemplars.shown().first(),
    }


@dataclass
class Row:
    """A proposal on the board of a resolution."""

    mark: QualityMark
    threshold: int
    gate_failed: bool
    changed: bool  # the score is no longer what it was when proposed
    partial: list = field(default_factory=list)  # people who voted in spite of a tie
    living: QualityMark | None = None
    agreed: float | None = None  # the total with what the panel agreed on, beside the score

    @property
    def obstacles(self):
        """Whether anything stands against granting it."""
        return bool(self.gate_failed or self.changed or self.partial or self.living)


def board(resolution):
    """The proposals of a resolution with what the council must know; a fixed number of queries."""
    proposed = list(whole_marks().filter(resolution=resolution).order_by("-score_value", "pk"))
    living = {
        mark.product_id: mark
        for mark in QualityMark.objects.in_the_way().filter(product__in=[m.product_id for m in proposed])
    }
    ties = services.ties([mark.product for mark in proposed])
    agreed = agreed_totals([mark.score for mark in proposed])
    voted = services.partial_voters(resolution, {user for tied in ties.values() for user in tied})
    rows = []
    for mark in proposed:
        undecided = mark.status == rules.MarkStatus.PROPOSED
        other = living.get(mark.product_id)
        rows.append(
            Row(
                mark=mark,
                threshold=rules.THRESHOLDS[mark.level],
                gate_failed=mark.score.gate_failed,
                changed=undecided and services.score_changed(mark),
                partial=[user for user in voted if user.pk in ties[mark.product_id]] if undecided else [],
                living=other if other is not None and other.pk != mark.pk else None,
                agreed=agreed.get(mark.score_id),
            )
        )
    return rows


@dataclass
class Candidate:
    """A product that could be proposed, with the score it would rest on."""

    product: Product
    score: Score
    level: str | None  # the highest level that the score reaches
    gate_failed: bool
    living: bool
    agreed: float | None = None  # the total with what the panel agreed on, beside the score
    like: list = field(default_factory=list)  # products that the scores do not tell apart from it, at another level

    @property
    def is_ready(self):
        return not self.gate_failed and not self.score.entry.is_stale


def candidates(resolution, round_):
    """The accepted products of a closed round that are not in the resolution yet, best first."""
    standing = Q(marks__resolution=resolution) | Q(withheld__resolution=resolution)
    return _scored(Product.objects.exclude(pk__in=Product.objects.filter(standing).values("pk")), round_)


def undecided(council_id, round_):
    """The accepted products of a closed round that stand before this council in no draft, best first."""
    drafts = Resolution.objects.filter(council=council_id, status=council_rules.ResolutionStatus.DRAFT)
    before = Q(marks__resolution__in=drafts, marks__status=rules.MarkStatus.PROPOSED) | Q(withheld__resolution__in=drafts)
    found = _scored(Product.objects.exclude(pk__in=Product.objects.filter(before).values("pk")), round_)
    groups = {}
    for one in found:
        if one.score.group is not None:
            groups.setdefault((one.score.run_id, one.score.component, one.score.group), []).append(one)
    for together in groups.values():
        for one in together:
            one.like = [other for other in together if other.level != one.level]
    return found


def _scored(rows, round_):
    products = {
        product.subject_id: product
        for product in rows.filter(subject__entries__round=round_, status=rules.ProductStatus.ACCEPTED).select_related("agency", "kind")
    }
    newest = {}
    for score in services.deciding_scores(products):
        newest.setdefault(score.entry.subject_id, score)
    living = set(
        QualityMark.objects.in_the_way().filter(product__subject__in=newest).values_list("product__subject", flat=True)
    )
    agreed = agreed_totals(newest.values())
    found = [
        Candidate(
            products[subject], score, services.level_for(score.value), score.gate_failed, subject in living, agreed.get(score.pk)
        )
        for subject, score in newest.items()
    ]
    return sorted(found, key=lambda one: (-one.score.value, one.product.pk))


def evidence_for(mark, user):
    """Why a product before a council has its score, for those who decide; None for whoever is tied to it."""
    if user.pk in services.ties([mark.product])[mark.product_id]:
        return None
    return explain(mark.score.entry, audience=COUNCIL)


RECUSED = "recused"  # stands where a vote would, and is none


@dataclass
class Place:
    """A seat on the day of the meeting, as the record shows it."""

    seat: Seat
    present: bool
    choice: str
    ties: list  # (product, sentence): why this person should be recused
    has_cast: bool = False  # voted on-line: nobody reads how before the count


def table(resolution):
    """The seats in force on the day of the meeting with attendance, vote and ties to what is proposed."""
    seats = list(seats_on_day(resolution.meeting).select_related("user").order_by("role", "user__sort_key", "pk"))
    present = _attended(resolution.meeting)
    ballot = ballots.ballot_of(resolution)
    votes = list(ballot.votes.all()) if ballot else []
    cast = {vote.seat_id for vote in votes if not vote.by_hand}
    choices = {vote.seat_id: vote.choice for vote in votes if vote.by_hand}
    choices |= dict.fromkeys(resolution.recusals.values_list("seat", flat=True), RECUSED)
    ties = services.ties_by_seat(services.products_before(resolution), seats)
    return [
        Place(seat, seat.pk in present, choices.get(seat.pk, ""), ties.get(seat.pk, []), seat.pk in cast) for seat in seats
    ]


def _attended(meeting):
    """Seats that are there now; after the session those that were."""
    if meeting.status != "held":
        return presence_at(meeting)
    return set(meeting.attendances.filter(presences__isnull=False).values_list("seat", flat=True))


def may_decide(user, resolution):
    """Whether `user` keeps the papers of this resolution's council."""
    return council_rules.serves_council(user, resolution.council_id)


def may_grant(user, resolution):
    """Whether `user` may grant what this resolution decided."""
    return council_rules.is_secretary(user) or may_decide(user, resolution)


def standing_of(typed):
    """(mark or None, what is wrong with the serial or "")."""
    try:
        return public_mark(typed), ""
    except RuleBroken as refusal:
        return None, str(refusal)


@dataclass
class Result:
    """What a product's agency reads after publication: its marks, and why each published round gave what it gave."""

    marks: list
    explanations: list


def result_for(product, user):
    """The result of a product for its own agency (and officers); None before anything was published."""
    if not (council_rules.is_officer(user) or council_rules.represents(user, product.agency_id)):
        return None
    found = list(marks_of(product))
    asked = standings(found, user)
    for mark in found:
        mark.reason, mark.renewal = last_reason(mark), asked.get(mark.pk)
    entries = Entry.objects.filter(subject=product.subject_id, round__status__in=PUBLIC_ROUNDS).select_related(
        "round", "subject", "sheet"
    )
    explanations = [explain(entry, audience=AGENCY) for entry in entries.order_by("-round__deadline", "-pk")]
    for told in explanations:
        told.appeals = standing(told.entry, user)
    return Result(found, explanations) if found or explanations else None
