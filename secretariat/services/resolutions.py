"""What a count leads to: a resolution adopted, numbered and entered in the register, or put on record as not adopted."""

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from secretariat import matters, persian, rules
from secretariat.digests import spelled
from secretariat.errors import RuleBroken
from secretariat.models import Council, Resolution
from secretariat.models.resolutions import FIRST_HASH, REGISTER_LOCK
from secretariat.rules import Decision, ResolutionStatus
from secretariat.rules.voting import Verdict, refusal
from secretariat.selectors import ballots, register
from secretariat.workflow import advance


@transaction.atomic
def adopt(ballot, *, by):
    """Adopt what a closed ballot carried: the next number of its council and year, and the next entry of the register.

    Both numbers are taken under a lock, so that neither series has a gap.
    """
    from secretariat.services import minutes

    resolution = ballot.resolution
    if ballot.verdict != Verdict.CARRIED:
        raise RuleBroken(_("The vote has not carried it."))
    Council.objects.select_for_update(no_key=True).get(pk=resolution.council_id)
    now = timezone.now()
    year = persian.to_jalali(timezone.localdate(now)).year
    last = Resolution.objects.filter(council=resolution.council_id, year=year).aggregate(last=Max("number"))["last"] or 0
    _one_adoption_at_a_time()
    before = Resolution.objects.registered().last()
    numbers = {"year": year, "number": last + 1, "adopted_at": now, "register_no": (before.register_no if before else 0) + 1}
    for name, value in numbers.items():
        setattr(resolution, name, value)
    entry = spelled(register.facts(resolution, ballot))
    previous = before.hash if before else FIRST_HASH
    adopted = advance(
        Resolution.objects.select_related("council", "meeting", "agenda_item"),
        resolution.pk,
        "adopt",
        by=by,
        **numbers,
        seats_in_force=ballot.seats,
        seats_present=ballot.present,
        register_entry=entry,
        previous_hash=previous,
        hash=register.chained(previous, entry),
    )
    if adopted.decision == Decision.MINUTES and adopted.agenda_item and adopted.agenda_item.minutes_of_id:
        minutes.approve(adopted.agenda_item.minutes_of_id, by=by, resolution=adopted)
    return adopted


@transaction.atomic
def record_lost(ballot, *, by):
    """Record that a closed ballot did not carry its motion; it keeps its words and votes but gets no number."""
    return _reject(ballot.resolution_id, by=by)


@transaction.atomic
def withdraw(resolution_id, *, by, why=""):
    """Record a motion as not adopted without (or after too few) votes. Raises RuleBroken when the open ballot says otherwise."""
    from secretariat.services.ballots import locked_resolution

    if ballots.ballot_of(locked_resolution(resolution_id)) is not None:
        raise RuleBroken(_("A ballot is open: count it, or break it off first."))
    return _reject(resolution_id, by=by, why=why)


def _reject(resolution_id, *, by, why=""):
    rejected = advance(Resolution.objects.all(), resolution_id, "reject", by=by, why=why)
    matters.after_loss(rejected, why, by=by)
    return rejected


@transaction.atomic
def decide(resolution_id, action, *, by, why=""):
    """Count the open ballot of a resolution where that leads to `action` ("adopt" or "reject"), or withdraw it unvoted.

    For papers entered afterwards: whoever says "adopt" of a motion that is not carried is told why, and nothing is done.
    At equal votes "adopt" is the chair's casting vote.
    """
    from secretariat.services import ballots as voting

    resolution = voting.locked_resolution(resolution_id)
    if not rules.serves_council(by, resolution.council_id):
        raise RuleBroken(_("You may not do this."))
    ballot = ballots.ballot_of(resolution)
    if resolution.status != ResolutionStatus.DRAFT:
        raise RuleBroken(_("This resolution is decided; its votes are frozen."))
    if ballot is None and action == "reject":
        return withdraw(resolution_id, by=by, why=why)
    if ballot is None:
        raise RuleBroken(ballots.why_not_adoptable(resolution) or _("Nobody has voted on it yet."))
    verdict, standing = ballots.verdict_of(resolution)
    # What members have cast themselves is not told by trying: it is counted, whatever comes of it.
    unknown = ballots.cast_unseen(ballot)
    if not unknown and action == "adopt" and verdict in (Verdict.NO_QUORUM, Verdict.LOST):
        raise RuleBroken(refusal(verdict, standing))
    if not unknown and action == "reject" and verdict == Verdict.CARRIED:
        raise RuleBroken(_("The votes on record carry it: it cannot be recorded as not adopted."))
    if ballot.status == rules.BallotStatus.OPEN:
        ballot = voting.close_ballot(ballot.pk, by=by)
    if unknown:
        pass  # the count has decided, or the chair now does, on the page of the vote
    elif ballot.status == rules.BallotStatus.TIED and action == "adopt":
        voting.give_casting_vote(ballot.pk, rules.Choice.FOR, by=by)
    elif ballot.status == rules.BallotStatus.TIED:
        voting.settle_without_casting(ballot.pk, why or _("The chair gave no casting vote."), by=by)
    return Resolution.objects.select_related("council", "meeting").get(pk=resolution_id)


def _one_adoption_at_a_time():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [REGISTER_LOCK])
