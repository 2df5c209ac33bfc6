"""Quorum and majority: arithmetic on whole numbers and exact fractions, without a database.

Two quorums are asked. The meeting's: enough of all its seats are present. And the item's: of those seats that are not
recused from it, enough are present. A recused person therefore helps nobody to reach the second by sitting there.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import ceil, floor

from django.utils.translation import gettext as _

from secretariat import calendar

LEAST_VOTERS = 2  # one person alone is no council
OF = ("votes", "present", "all")  # of what a majority is counted, the mildest first


class Verdict(StrEnum):
    NO_QUORUM = "no_quorum"
    LOST = "lost"
    TIE = "tie"  # the chair may give the casting vote
    CARRIED = "carried"


@dataclass(frozen=True)
class VotingRule:
    """How a kind of decision is taken."""

    quorum: Fraction = Fraction(2, 3)
    share: Fraction = Fraction(1, 2)
    strict: bool = True  # more than `share`; else at least
    of: str = "votes"  # of the votes for and against, of those present, of all seats; the recused are never among them
    casting: bool = True  # at equal votes the chair decides
    secret: bool = False


@dataclass(frozen=True)
class Standing:
    """How a ballot stands: voting seats on the day, those present, those recused, and the votes."""

    seats: int
    present: int
    recused: int = 0
    recused_present: int = 0
    votes_for: int = 0
    votes_against: int = 0
    votes_abstain: int = 0

    @property
    def entitled(self):
        """Seats that may vote on this item."""
        return self.seats - self.recused

    @property
    def voters(self):
        """Those of them who are present."""
        return self.present - self.recused_present


def has_quorum(rule, standing):
    """Whether the meeting and the item both have enough people."""
    return (
        standing.present >= rule.quorum * standing.seats
        and standing.voters >= rule.quorum * standing.entitled
        and standing.voters >= LEAST_VOTERS
    )


def base(rule, standing):
    """Of how many the majority is counted."""
    return {"all": standing.entitled, "present": standing.voters, "votes": standing.votes_for + standing.votes_against}[rule.of]


def carries(rule, votes_for, of):
    """Whether so many votes out of `of` are the majority asked for."""
    if of == 0:
        return False
    return votes_for > rule.share * of if rule.strict else votes_for >= rule.share * of


def outcome(rule, standing):
    """The verdict of a ballot as it stands."""
    if not has_quorum(rule, standing):
        return Verdict.NO_QUORUM
    if carries(rule, standing.votes_for, base(rule, standing)):
        return Verdict.CARRIED
    return Verdict.TIE if _is_tie(rule, standing) else Verdict.LOST


def _is_tie(rule, standing):
    """Equal votes where one more for it would carry: only then can the chair's decide anything."""
    if not rule.casting or not rule.strict or rule.share != Fraction(1, 2) or rule.of == "all":
        return False
    if standing.votes_for != standing.votes_against:
        return False
    one_more = replace(standing, votes_for=standing.votes_for + 1)
    return standing.votes_for > 0 and carries(rule, one_more.votes_for, base(rule, one_more))


def after_casting(choice):
    """The verdict once the chair has given the casting vote, or has not ("")."""
    return Verdict.CARRIED if choice == "for" else Verdict.LOST


def strictest(rules):
    """One rule for a vote on several kinds of decision at once: what carries by it carries by each of `rules`.

    The hardest share need not stand beside the broadest count, so each is taken by itself: more than half of all seats
    together with two thirds of the votes are two thirds of all seats.
    """
    rules = list(rules)
    share = max(rule.share for rule in rules)
    return VotingRule(
        quorum=max(rule.quorum for rule in rules),
        share=share,
        strict=any(rule.strict for rule in rules if rule.share == share),
        of=max((rule.of for rule in rules), key=OF.index),
        # Equal votes decide nothing where one of the rules would not call them equal.
        casting=all(rule.casting for rule in rules) and len({(rule.share, rule.strict) for rule in rules}) == 1,
        secret=any(rule.secret for rule in rules),
    )


# --- in words ------------------------------------------------------------------------------------


def refusal(verdict, standing):
    """A sentence saying why a ballot that stands so does not carry, or None where it does."""
    numbers = _numbers(standing)
    if verdict == Verdict.NO_QUORUM:
        if standing.recused:
            return (
                _("No quorum: %(present)s of %(seats)s voting seats are present; of the %(entitled)s not recused %(voters)s are.")
                % numbers
            )
        return _("No quorum: %(present)s of %(seats)s voting seats are present.") % numbers
    if verdict == Verdict.LOST:
        return _("Not carried: %(for)s for, %(against)s against.") % numbers
    if verdict == Verdict.TIE:
        return _("Equal votes: %(for)s for, %(against)s against. The chair gives the casting vote.") % numbers
    return None


def in_words(verdict, standing):
    """Two sentences for people: the quorum, and the votes."""
    numbers = _numbers(standing)
    reached = _("no quorum") if verdict == Verdict.NO_QUORUM else _("quorum reached")
    words = {Verdict.CARRIED: _("carried"), Verdict.TIE: _("equal votes")}
    return (
        _("%(present)s of %(seats)s voting seats present: %(verdict)s.") % {**numbers, "verdict": reached},
        _("%(for)s for, %(against)s against, %(abstain)s abstained, %(recused)s recused: %(verdict)s.")
        % {**numbers, "verdict": words.get(verdict, _("not carried"))},
    )


def rule_in_words(rule):
    """How a decision of this rule is taken, in one sentence."""
    sentence = (
        _("Quorum %(quorum)s of the seats; more than %(share)s %(of)s.")
        if rule.strict
        else _("Quorum %(quorum)s of the seats; at least %(share)s %(of)s.")
    )
    return sentence % {"quorum": fraction_in_words(rule.quorum), "share": fraction_in_words(rule.share), "of": _of(rule)}


def least_for(rule, of):
    """The smallest number of votes for it that is the majority asked for out of `of`."""
    exact = rule.share * of
    return floor(exact) + 1 if rule.strict else max(1, ceil(exact))


def arithmetic(rule, standing):
    """How a count is worked out, line by line, so that anybody can check it: [(what, numbers)]."""
    numbers = _numbers(standing)
    numbers |= {
        "quorum": calendar.digits(ceil(rule.quorum * standing.seats)),
        "own_quorum": calendar.digits(max(LEAST_VOTERS, ceil(rule.quorum * standing.entitled))),
        "base": calendar.digits(base(rule, standing)),
        "least": calendar.digits(least_for(rule, base(rule, standing))),
    }
    lines = [(_("Quorum"), _("%(present)s of %(seats)s voting seats were present; at least %(quorum)s are asked.") % numbers)]
    if standing.recused:
        lines.append(
            (_("Without the recused"), _("%(recused)s recused; of the %(entitled)s others %(voters)s were present; at least %(own_quorum)s are asked.") % numbers)
        )
    lines.append((_("Votes"), _("%(for)s for, %(against)s against, %(abstain)s abstained.") % numbers))
    least = _("Out of %(base)s that is at least %(least)s for it.") % numbers
    lines.append((_("Majority"), f"{_majority(rule)} {least}"))
    return lines


def _majority(rule):
    share = {"share": fraction_in_words(rule.share), "of": _of(rule)}
    return _("More than %(share)s %(of)s.") % share if rule.strict else _("At least %(share)s %(of)s.") % share


def _of(rule):
    return {
        "votes": _("of the votes for and against"),
        "present": _("of those present"),
        "all": _("of all seats"),
    }[rule.of]


def fraction_in_words(value):
    """A share as people say it."""
    if value == Fraction(1, 2):
        return _("half")
    if value == Fraction(2, 3):
        return _("two thirds")
    if value == 1:
        return _("all")
    return calendar.digits(f"{value.numerator}/{value.denominator}")


def _numbers(standing):
    counts = {
        "present": standing.present,
        "seats": standing.seats,
        "entitled": standing.entitled,
        "voters": standing.voters,
        "for": standing.votes_for,
        "against": standing.votes_against,
        "abstain": standing.votes_abstain,
        "recused": standing.recused,
    }
    return {name: calendar.digits(n) for name, n in counts.items()}
