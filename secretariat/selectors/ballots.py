"""How a resolution stands: by which rule it is voted on, who is recused, how many votes there are, and what they come to."""

from django.utils.translation import gettext as _

from secretariat import calendar, matters, rules
from secretariat.models import DecisionRule
from secretariat.rules import voting
from secretariat.rules.voting import Standing, Verdict, VotingRule
from secretariat.selectors.meetings import presence_at, voting_seats


def rule_for(resolution):
    """The rule a ballot on this resolution would be taken by: the strictest among the kinds of decision it holds."""
    rows = {row.decision: row.rule for row in DecisionRule.objects.filter(council=resolution.council_id)}
    general = rows.get(rules.Decision.GENERAL, VotingRule())
    return voting.strictest([rows.get(kind, general) for kind in matters.decisions_of(resolution)])


def ballot_of(resolution):
    """The ballot that counts (or will) of a resolution; None while nobody votes on it."""
    return resolution.ballots.exclude(status=rules.BallotStatus.VOID).first()


def recused_seats(resolution):
    """Primary keys of the seats that do not decide on a resolution: on record, and by ties as long as nothing is open."""
    recorded = set(resolution.recusals.values_list("seat", flat=True))
    if resolution.status != rules.ResolutionStatus.DRAFT or ballot_of(resolution) is not None:
        return recorded
    return recorded | set(matters.ties_of(resolution, list(voting_seats(resolution.meeting))))


def standing_of(resolution):
    """The Standing of a resolution: as counted, or as it is now. What a secret ballot holds nobody knows before the count."""
    ballot = ballot_of(resolution)
    if ballot is not None and ballot.standing is not None:
        return ballot.standing
    seats = set(voting_seats(resolution.meeting).values_list("pk", flat=True))
    votes = dict(ballot.votes.values_list("seat", "choice")) if ballot else {}
    marked = set(ballot.marks.values_list("seat", flat=True)) if ballot else set()
    present = (presence_at(resolution.meeting).keys() | votes.keys() | marked) & seats
    recused = recused_seats(resolution) & seats
    choices = list(votes.values())
    return Standing(
        seats=len(seats),
        present=len(present),
        recused=len(recused),
        recused_present=len(recused & present),
        votes_for=choices.count("for"),
        votes_against=choices.count("against"),
        votes_abstain=choices.count("abstain"),
    )


def verdict_of(resolution):
    """(Verdict, Standing) of a resolution as it stands."""
    ballot, standing = ballot_of(resolution), standing_of(resolution)
    if ballot is not None and ballot.verdict:
        return Verdict(ballot.verdict), standing
    return voting.outcome(ballot.rule if ballot else rule_for(resolution), standing), standing


def is_open(ballot):
    """Whether members are still voting: then nobody is told how, whoever keeps the papers neither."""
    return ballot is not None and ballot.status == rules.BallotStatus.OPEN


def cast_unseen(ballot):
    """Whether an open ballot holds votes that nobody but their members knows."""
    return is_open(ballot) and (ballot.is_secret or ballot.votes.filter(by_hand=False).exists())


def in_words(resolution):
    """Quorum and votes of a resolution as they stand now, in sentences; of an open ballot only how many have voted."""
    ballot, (verdict, standing) = ballot_of(resolution), verdict_of(resolution)
    if not is_open(ballot):
        return voting.in_words(verdict, standing)
    quorum, _votes = voting.in_words(verdict, standing)
    voted = ballot.votes.count() + ballot.marks.count()
    told = {"voted": calendar.digits(voted), "all": calendar.digits(standing.voters)}
    return quorum, _("%(voted)s of %(all)s who may vote have voted.") % told, _("How they voted is told once it is counted.")


def why_not_adoptable(resolution):
    """The sentence that stands against adoption now, or None; of an open ballot only that there is no quorum."""
    verdict, standing = verdict_of(resolution)
    if is_open(ballot_of(resolution)) and verdict != Verdict.NO_QUORUM:
        return None
    return voting.refusal(verdict, standing)
