"""Quorum and majority: properties of every rule, and agreement with the same law written down another way."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretariat.rules import voting
from secretariat.rules.voting import Standing, Verdict, VotingRule

HALF, TWO_THIRDS = Fraction(1, 2), Fraction(2, 3)
ORDER = [Verdict.NO_QUORUM, Verdict.LOST, Verdict.TIE, Verdict.CARRIED]

rules = st.builds(
    VotingRule,
    quorum=st.sampled_from([HALF, TWO_THIRDS, Fraction(3, 4), Fraction(1, 3), Fraction(1)]),
    share=st.sampled_from([Fraction(1, 3), HALF, TWO_THIRDS, Fraction(3, 4), Fraction(3, 5)]),
    strict=st.booleans(),
    of=st.sampled_from(voting.OF),
    casting=st.booleans(),
)
# A seat on the day: (sits there, is recused, how it votes where it may).
people = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from(["for", "against", "abstain", ""])), min_size=0, max_size=14
)


def standing(seats):
    voting_now = [choice for there, recused, choice in seats if there and not recused]
    return Standing(
        seats=len(seats),
        present=sum(there for there, _recused, _choice in seats),
        recused=sum(recused for _there, recused, _choice in seats),
        recused_present=sum(there and recused for there, recused, _choice in seats),
        votes_for=voting_now.count("for"),
        votes_against=voting_now.count("against"),
        votes_abstain=voting_now.count("abstain"),
    )


def law(rule, seats):
    """The same as a secretary would work it out: counting people, and fractions only by whole numbers."""
    may = [one for one in seats if not one[1]]
    here = [one for one in may if one[0]]
    everybody_here = [one for one in seats if one[0]]

    def enough(some, all_):
        return len(some) * rule.quorum.denominator >= len(all_) * rule.quorum.numerator

    if not (enough(everybody_here, seats) and enough(here, may) and len(here) >= 2):
        return Verdict.NO_QUORUM
    yes = sum(choice == "for" for _there, _recused, choice in here)
    no = sum(choice == "against" for _there, _recused, choice in here)

    def wins(ayes, noes):
        whole = {"all": len(may), "present": len(here), "votes": ayes + noes}[rule.of]
        left, right = ayes * rule.share.denominator, whole * rule.share.numerator
        return whole > 0 and (left > right if rule.strict else left >= right)

    if wins(yes, no):
        return Verdict.CARRIED
    simple = rule.strict and rule.share == HALF and rule.of != "all"
    if rule.casting and simple and yes == no > 0 and wins(yes + 1, no):
        return Verdict.TIE
    return Verdict.LOST


@given(rules, people)
def test_it_is_the_law_written_down_another_way(rule, seats):
    assert voting.outcome(rule, standing(seats)) == law(rule, seats)


@given(rules, people, st.randoms())
def test_the_order_of_votes_does_not_matter(rule, seats, random):
    shuffled = list(seats)
    random.shuffle(shuffled)
    assert voting.outcome(rule, standing(shuffled)) == voting.outcome(rule, standing(seats))


@given(rules, people, st.data())
def test_a_vote_turned_for_it_never_harms_it(rule, seats, data):
    turned = [place for place, (there, recused, choice) in enumerate(seats) if there and not recused and choice != "for"]
    if not turned:
        return
    place = data.draw(st.sampled_from(turned))
    better = [*seats[:place], (True, False, "for"), *seats[place + 1 :]]
    assert ORDER.index(voting.outcome(rule, standing(better))) >= ORDER.index(voting.outcome(rule, standing(seats)))


@given(rules, people)
def test_nothing_is_carried_without_a_quorum_of_both_kinds(rule, seats):
    one = standing(seats)
    if voting.outcome(rule, one) in (Verdict.CARRIED, Verdict.TIE):
        assert one.present >= rule.quorum * one.seats
        assert one.voters >= rule.quorum * one.entitled
        assert one.voters >= 2
        assert one.votes_for > 0


@given(rules, people, st.data())
def test_a_recused_person_who_sits_there_changes_nothing_but_the_meetings_quorum(rule, seats, data):
    recused = [place for place, one in enumerate(seats) if one[1]]
    if not recused:
        return
    place = data.draw(st.sampled_from(recused))
    there, away = ([*seats[:place], (sits, True, ""), *seats[place + 1 :]] for sits in (True, False))
    first, second = standing(there), standing(away)
    assert (first.voters, first.entitled, voting.base(rule, first)) == (second.voters, second.entitled, voting.base(rule, second))
    if Verdict.NO_QUORUM not in (voting.outcome(rule, first), voting.outcome(rule, second)):
        assert voting.outcome(rule, first) == voting.outcome(rule, second)


@given(rules, people, st.data())
def test_who_leaves_without_having_voted_makes_no_quorum(rule, seats, data):
    silent = [place for place, (there, _recused, choice) in enumerate(seats) if there and choice == ""]
    if not silent:
        return
    place = data.draw(st.sampled_from(silent))
    gone = [*seats[:place], (False, *seats[place][1:]), *seats[place + 1 :]]
    if voting.outcome(rule, standing(seats)) == Verdict.NO_QUORUM:
        assert voting.outcome(rule, standing(gone)) == Verdict.NO_QUORUM


@given(st.lists(rules, min_size=1, max_size=4), people)
def test_the_strictest_rule_asks_for_the_largest_quorum(several, seats):
    strictest = voting.strictest(several)
    if voting.has_quorum(strictest, standing(seats)):
        assert all(voting.has_quorum(rule, standing(seats)) for rule in several)


@given(st.lists(rules, min_size=1, max_size=4), people)
def test_what_carries_by_the_strictest_rule_carries_by_each_it_joins(several, seats):
    verdict = voting.outcome(voting.strictest(several), standing(seats))
    each = [voting.outcome(rule, standing(seats)) for rule in several]
    if verdict == Verdict.CARRIED:
        assert set(each) == {Verdict.CARRIED}
    if verdict == Verdict.TIE:  # the chair may carry it now: then each of them would have let the chair, or carried before
        assert set(each) <= {Verdict.TIE, Verdict.CARRIED}


def test_the_hardest_share_is_counted_of_the_most():
    most_of_all = VotingRule(of="all")
    two_thirds_of_votes = VotingRule(of="votes", share=TWO_THIRDS, strict=False)
    joined = voting.strictest([most_of_all, two_thirds_of_votes])
    assert (joined.share, joined.of, joined.strict, joined.casting) == (TWO_THIRDS, "all", False, False)
    few = Standing(seats=9, present=6, votes_for=2, votes_abstain=4)
    assert voting.outcome(two_thirds_of_votes, few) == Verdict.CARRIED
    assert voting.outcome(joined, few) == Verdict.LOST


def test_the_highest_mark_is_the_strictest():
    commended = VotingRule(of="present")
    quality = VotingRule(of="present", share=TWO_THIRDS, strict=False, casting=False)
    gold = VotingRule(of="all", share=TWO_THIRDS, strict=False, casting=False)
    assert voting.strictest([commended, gold, quality]) == gold
    assert voting.strictest([quality, commended]) == quality
    assert voting.strictest([commended]) == commended


@pytest.mark.parametrize(
    ("yes", "no", "abstain", "verdict"),
    [(4, 3, 0, "carried"), (3, 3, 1, "tie"), (3, 4, 0, "lost"), (0, 0, 7, "lost"), (1, 1, 5, "tie"), (1, 0, 6, "carried")],
)
def test_more_than_half_of_the_votes(yes, no, abstain, verdict):
    one = Standing(seats=9, present=7, votes_for=yes, votes_against=no, votes_abstain=abstain)
    assert voting.outcome(VotingRule(), one) == verdict


def test_of_those_present_a_tie_is_one_vote_short():
    rule = VotingRule(of="present")
    assert voting.outcome(rule, Standing(seats=5, present=5, votes_for=2, votes_against=2, votes_abstain=1)) == Verdict.TIE
    assert voting.outcome(rule, Standing(seats=6, present=6, votes_for=2, votes_against=2, votes_abstain=2)) == Verdict.LOST


def test_two_thirds_of_three_are_two_exactly():
    one = Standing(seats=3, present=2, votes_for=2)
    assert voting.has_quorum(VotingRule(), one)
    assert not voting.has_quorum(VotingRule(quorum=Fraction(6667, 10000)), one)
    assert voting.outcome(VotingRule(of="all", share=TWO_THIRDS, strict=False), one) == Verdict.CARRIED
    assert voting.outcome(VotingRule(of="all", share=TWO_THIRDS, strict=True), one) == Verdict.LOST


def test_the_chairs_word_settles_a_tie():
    assert voting.after_casting("for") == Verdict.CARRIED
    assert voting.after_casting("against") == voting.after_casting("") == Verdict.LOST


def test_rules_and_verdicts_are_told_in_words(in_english):
    assert voting.rule_in_words(VotingRule()) == "Quorum two thirds of the seats; more than half of the votes for and against."
    gold = VotingRule(of="all", share=Fraction(3, 4), strict=False)
    assert voting.rule_in_words(gold) == "Quorum two thirds of the seats; at least 3/4 of all seats."
    few = Standing(seats=4, present=2, recused=1, recused_present=1)
    assert "of the 3 not recused 1 are" in voting.refusal(Verdict.NO_QUORUM, few)
    assert voting.refusal(Verdict.CARRIED, few) is None
    assert voting.in_words(Verdict.TIE, few)[1].endswith("equal votes.")
