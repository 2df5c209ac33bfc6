"""Proposing, granting and withdrawing quality marks: a score informs, a resolution decides, publication is separate."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assessments.models import Affiliation, Assignment, ConflictOfInterest, Score
from assessments.rules import SETTLED_ROUNDS
from assessments.selectors.appeals import overruled
from assessments.selectors.behind import maker_users, related_users
from products import rules, serials
from products.models import Product, QualityMark
from secretariat import calendar, persian
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.models import BallotMark, Council, Resolution, RoleGrant, User, Vote
from secretariat.rules import ResolutionStatus, is_officer, second_factor_missing, serves_council
from secretariat.services import notices
from secretariat.workflow import advance

VALID_YEARS = 2


def deciding_scores(subjects):
    """The root scores that decisions on `subjects` may rest on, newest settled round first for each."""
    return (
        Score.objects.filter(
            current_of__subject__in=subjects,
            value__isnull=False,
            entry__round__status__in=SETTLED_ROUNDS,
            entry__excluded_at=None,
            entry__is_calibration=False,
        )
        .exclude(entry__in=overruled())
        .select_related("entry__round")
        .order_by("entry__subject_id", "-entry__round__deadline", "-entry_id")
    )


def deciding_score(product):
    """The root score a decision may rest on: of the newest round whose scores are fixed; else None."""
    return deciding_scores([product.subject_id]).first()


def score_changed(mark):
    """Whether the product's score in its round is another one now than when the mark was proposed."""
    entry = mark.score.entry
    return entry.is_stale or entry.result is None or entry.result.value != mark.score_value


def level_for(value):
    """The highest level whose threshold the unrounded score reaches, or None."""
    reached = [level for level, least in rules.THRESHOLDS.items() if value >= least]
    return reached[-1] if reached else None


@transaction.atomic
def propose(resolution_id, product_id, level, *, by, reason=""):
    """Put a product before a council: the mark rests on the product's own current score.

    Raises RuleBroken without a usable score, with a failed gate, below the level's threshold without a reason,
    or when the resolution is already decided.
    """
    resolution = Resolution.objects.select_for_update(of=("self",), no_key=True).select_related("council").get(pk=resolution_id)
    if level not in rules.THRESHOLDS:
        raise RuleBroken(_("Choose a level."), field="level")
    if not (is_officer(by) or serves_council(by, resolution.council_id)):
        raise RuleBroken(_("You may not do this."))
    if resolution.status != ResolutionStatus.DRAFT:
        raise RuleBroken(_("This resolution is already decided."), field="resolution")
    _ask_nobody_votes(resolution)
    if resolution.kind != Resolution.Kind.GRANT_MARKS or not resolution.council.grants_marks:
        raise RuleBroken(_("This council, or this kind of resolution, does not grant quality marks."), field="resolution")
    product = Product.objects.select_for_update(of=("self",), no_key=True).get(pk=product_id)
    if product.status != rules.ProductStatus.ACCEPTED:
        raise RuleBroken(_("Only a product accepted for assessment can be proposed."), field="product")
    score = deciding_score(product)
    if score is None:
        raise RuleBroken(_("This product has no score from a closed round yet."), field="product")
    if score.entry.is_stale:
        raise RuleBroken(_("The score of this product is being recomputed; try again in a minute."), field="product")
    if score.gate_failed:
        raise RuleBroken(_("An eliminatory indicator failed: no mark can be granted, whatever the score."), field="product")
    if score.value < rules.THRESHOLDS[level] and not reason.strip():
        raise RuleBroken(
            _("The score is below the threshold of this level (%(least)s). Write the reason, or choose a lower level.")
            % {"least": calendar.digits(rules.THRESHOLDS[level])},
            field="below_threshold_reason",
        )
    if product.marks.filter(resolution=resolution).exists() or product.withheld.filter(resolution=resolution).exists():
        raise RuleBroken(_("This product stands in this resolution already."), field="product")
    mark = QualityMark.objects.create(
        product=product,
        resolution=resolution,
        score=score,
        score_value=score.value,
        score_low=score.low,
        score_high=score.high,
        level=level,
        below_threshold_reason=reason.strip(),
    )
    mark.moves.create(action="propose", source="", target=mark.status, by=by, why=mark.below_threshold_reason)
    return mark


def ties(products):
    """Why each person may not decide on each of `products`: {product id: {user id: sentence}}; a fixed number of queries.

    Waivers are for judging: they give nobody a vote.
    """
    owners = {p.subject_id: p.agency_id for p in products}
    agencies, subjects = set(owners.values()), set(owners)
    held = RoleGrant.objects.filter(Q(until=None) | Q(until__gt=timezone.now()))
    roles = held.annotate(of=Coalesce("agency", "unit__agency")).filter(of__in=agencies)
    affiliated = Affiliation.objects.binding().filter(agency__in=agencies)
    judged = Assignment.objects.active().filter(entry__subject__in=subjects)
    declared = ConflictOfInterest.objects.binding().filter(subject__in=subjects)
    by_agency = [
        (set(affiliated.values_list("agency", "assessor__user")), _("is tied to the agency")),
        (set(roles.values_list("of", "user")), _("holds a role in the agency")),
    ]
    by_subject = [
        (set(declared.values_list("subject", "assessor__user")), _("has a conflict of interest on record")),
        (set(judged.values_list("entry__subject", "assessor__user")), _("is among its assessors")),
        (related_users(owners), _("is related to somebody behind it")),
        (maker_users(subjects), _("is behind it")),
    ]
    found = {}
    for product in products:
        reasons = found[product.pk] = {}
        for pairs, sentence in by_subject:
            reasons |= {user: sentence for subject, user in pairs if subject == product.subject_id}
        for pairs, sentence in by_agency:
            reasons |= {user: sentence for agency, user in pairs if agency == product.agency_id}
    return found


def products_before(resolution):
    """The products on which a resolution on marks decides, each granted or withheld."""
    products = [mark.product for mark in resolution.marks.exclude(status=rules.MarkStatus.DROPPED).select_related("product")]
    return products + [row.product for row in resolution.withheld.select_related("product")]


def ties_by_seat(products, seats):
    """Why seats should be recused from deciding on `products`: {seat id: [(product, sentence), …]}.

    A seat is tied by its holder and by its deputy: either may vote for it.
    """
    reasons = ties(products)
    found = {}
    for product in products:
        for seat in seats:
            told = [reasons[product.pk][user] for user in (seat.user_id, seat.deputy_id) if user in reasons[product.pk]]
            if told:
                found.setdefault(seat.pk, []).append((product, told[0]))
    return found


def recusals(products, seats):
    """The same in one sentence for each seat: {seat id: sentence}."""
    return {
        seat: "؛ ".join(f"{product}: {sentence}" for product, sentence in told)
        for seat, told in ties_by_seat(products, seats).items()
    }


def ask_no_partial_vote(resolution, product):
    """Refuse what would rest on the vote of somebody tied to the product."""
    partial = [str(user) for user in partial_voters(resolution, ties([product])[product.pk])]
    if partial:
        raise RuleBroken(
            _("Voted in spite of a conflict of interest: %(names)s. They must be recused.") % {"names": "، ".join(partial)}
        )


def partial_voters(resolution, tied):
    """Those of the `tied` (user ids) who have voted on a resolution, themselves or by their seat, openly or secretly."""
    who = set()
    for rows, by_hand in ((Vote.objects, Q(by_hand=True)), (BallotMark.objects, Q(pk=None))):
        counted = rows.filter(ballot__resolution=resolution).exclude(ballot__status="void")
        who |= set(counted.values_list("seat__user", flat=True)) | set(counted.exclude(by_hand).values_list("cast_by", flat=True))
    return list(User.objects.filter(pk__in=who & set(tied)).order_by("sort_key", "pk"))


def _ask_nobody_votes(resolution):
    if resolution.ballots.filter(status__in=("open", "tied")).exists():
        raise RuleBroken(_("The council is voting on it: what is proposed stays until the ballot is closed or broken off."))


@transaction.atomic
def grant(mark_id, *, by, publish=True):
    """Grant a proposed mark on the strength of its adopted resolution: serial, validity, and notice to the agency.

    The decision stands on the score as it was when proposed; if the score has changed since, granting is refused
    so that the council decides on what is true. Raises RuleBroken.
    """
    ask_second_factor(by=by)
    mark = QualityMark.objects.only("product").get(pk=mark_id)
    # One serial at a time, whichever council grants; and never two living marks for one product.
    list(Council.objects.select_for_update(no_key=True).filter(grants_marks=True).order_by("pk").values_list("pk"))
    Product.objects.select_for_update(no_key=True).get(pk=mark.product_id)
    mark = QualityMark.objects.select_related("resolution", "score__entry__round", "score__entry__result", "product__agency").get(pk=mark_id)
    if mark.status == rules.MarkStatus.PROPOSED:
        _check_decision(mark)
    now = timezone.now()
    today = timezone.localdate(now)
    former = _former(mark.product)
    # One that still holds keeps its time: its successor begins the day after.
    first = max(today, former.valid_until + timedelta(days=1)) if former else today
    mark = advance(
        QualityMark.objects.select_related("resolution", "product"),
        mark_id,
        "grant",
        by=by,
        serial=_next_serial(today),
        granted_at=now,
        published_at=now if publish else None,
        valid_from=first,
        valid_until=_years_later(first, VALID_YEARS),
        renews=former,
    )
    if publish:
        _tell_agency(mark, "granted", MESSAGES["granted"])
    return mark


def _former(product):
    """The mark that a new one of the same product follows: the latest that was not revoked; None for the first."""
    return product.marks.filter(status__in=rules.LIVING_MARKS).order_by("-valid_until", "-pk").first()


@transaction.atomic
def grant_all(resolution_id, *, by, publish=True):
    """Grant every mark still proposed in an adopted resolution, all or none; gives the marks."""
    proposed = QualityMark.objects.filter(resolution=resolution_id, status=rules.MarkStatus.PROPOSED).order_by(
        "product__sort_key", "pk"
    )
    granted = []
    for mark in proposed.select_related("product"):
        try:
            granted.append(grant(mark.pk, by=by, publish=publish))
        except RuleBroken as refusal:
            raise RuleBroken(
                _("“%(product)s”: %(refusal)s No mark was granted.") % {"product": mark.product, "refusal": refusal}
            ) from refusal
    if not granted:
        raise RuleBroken(_("No mark waits to be granted in this resolution."))
    return granted


def ask_second_factor(*, by):
    """Refuse whoever must confirm with a second factor and has not."""
    if by is not None and second_factor_missing(by):
        raise RuleBroken(_("What a council decided is made public and changed only after a second factor: confirm it on your account page first."))


def _check_decision(mark):
    if mark.resolution.status != ResolutionStatus.ADOPTED:
        raise RuleBroken(_("The resolution is not adopted yet."))
    if mark.product.status != rules.ProductStatus.ACCEPTED:
        raise RuleBroken(_("The product is no longer before the secretariat."))
    if not mark.score.entry.round.is_settled:
        raise RuleBroken(_("The scores of its round are not fixed yet."))
    if score_changed(mark):
        raise RuleBroken(_("The score has changed since the proposal; the council must decide on the new one."))
    if mark.score.gate_failed:
        raise RuleBroken(_("An eliminatory indicator failed: no mark can be granted, whatever the score."))
    ask_no_partial_vote(mark.resolution_id, mark.product)
    if mark.product.marks.in_the_way().exists():
        raise RuleBroken(
            _("This product already holds a mark: revoke it first, or renew it in its last %(days)s days.")
            % {"days": calendar.digits(rules.RENEWAL_CALLS[0])}
        )


@transaction.atomic
def publish(mark_id, *, by):
    """Make a granted mark public, if it was granted without publication."""
    ask_second_factor(by=by)
    mark = QualityMark.objects.select_for_update(of=("self",)).select_related("resolution", "product").get(pk=mark_id)
    if not rules.MARK_MOVES["grant"].who(by, mark):
        raise RuleBroken(_("You may not do this."))
    if mark.status != rules.MarkStatus.GRANTED or mark.published_at:
        raise RuleBroken(_("Only a granted mark that is not yet public can be published."))
    mark.published_at = timezone.now()
    mark.save(update_fields=["published_at"])
    mark.moves.create(action="publish", source=mark.status, target=mark.status, by=by)
    _tell_agency(mark, "granted", MESSAGES["granted"])
    return mark


def drop(mark_id, *, by, why):
    """Take a proposal back, with a reason."""
    return _advance(mark_id, "drop", by=by, why=why)


def suspend(mark_id, *, by, why):
    """Suspend a mark in force, with a reason; the agency is told."""
    return _advance(mark_id, "suspend", by=by, why=why)


def restore(mark_id, *, by, why):
    """Put a suspended mark in force again, with a reason; the agency is told."""
    return _advance(mark_id, "restore", by=by, why=why)


def revoke(mark_id, *, by, why):
    """End a mark for good, with a reason; the agency is told and the register says so."""
    return _advance(mark_id, "revoke", by=by, why=why)


@transaction.atomic
def _advance(mark_id, action, *, by, why):
    if action == "drop":
        _ask_nobody_votes(QualityMark.objects.select_related("resolution").get(pk=mark_id).resolution)
    else:
        ask_second_factor(by=by)
    mark = advance(QualityMark.objects.select_related("resolution", "product"), mark_id, action, by=by, why=why)
    if mark.published_at:
        _tell_agency(mark, action, MESSAGES[action], why=why.strip())
    if action == "revoke":
        from products.services.exemplars import retire_with_mark

        retire_with_mark(mark, by=by, why=why.strip())
    return mark


MESSAGES = {
    "granted": gettext_lazy("“%(product)s” received: %(level)s."),
    "suspend": gettext_lazy("The mark of “%(product)s” was suspended: %(why)s"),
    "restore": gettext_lazy("The mark of “%(product)s” is in force again: %(why)s"),
    "revoke": gettext_lazy("The mark of “%(product)s” was revoked: %(why)s"),
}


def _tell_agency(mark, event, text, why=""):
    fa, en = both(lambda: text % {"product": mark.product.title, "level": mark.get_level_display(), "why": why})
    last = mark.moves.order_by("-pk").values_list("pk", flat=True).first()
    notices.tell_agency(
        mark.product.agency_id, f"mark_{event}", fa, en, link=mark.product.get_absolute_url(), once=f"mark-{event}-{last}"
    )


def _next_serial(day):
    year = persian.to_jalali(day).year
    last = QualityMark.objects.filter(serial__startswith=f"{year}-").order_by("-serial").values_list("serial", flat=True).first()
    return serials.written(year, int(last.split("-")[1]) + 1 if last else 1)


def _years_later(day, years):
    """The same Jalali day `years` later (30 Esfand of a leap year becomes 29)."""
    jalali = persian.to_jalali(day)
    length = persian.days_in_month(jalali.year + years, jalali.month)
    return persian.to_gregorian(jalali.year + years, jalali.month, min(jalali.day, length))
