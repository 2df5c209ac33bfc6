"""The phases of a round: what each allows, and when the round moves on by itself."""

from assessments import rules
from assessments.models.roster import _BINDING_ROUND

Status = rules.RoundStatus


# ------------------------------------------------------------------ the table
def test_every_phase_says_what_it_allows():
    assert list(rules.ALLOWS) == list(Status)
    assert {act for acts in rules.ALLOWS.values() for act in acts} == set(rules.Act)


def test_questions_about_phases_are_answered_from_the_table():
    assert rules.EDITABLE_ROUNDS == (Status.DRAFT, Status.OPEN)
    assert rules.LIVE_ROUNDS == (Status.DRAFT, Status.OPEN, Status.MODERATION)
    assert rules.FIXED_ROUNDS == (Status.SCORED, Status.CONFIRMED)
    assert rules.PUBLIC_ROUNDS == (Status.PUBLISHED, Status.APPEAL, Status.FINAL)
    assert rules.SETTLED_ROUNDS == rules.FIXED_ROUNDS + rules.PUBLIC_ROUNDS
    assert rules.BINDING_ROUNDS == rules.LIVE_ROUNDS + rules.FIXED_ROUNDS
    assert rules.rounds_that_allow(rules.Act.ASSESS) == (Status.OPEN,)


def test_the_database_knows_the_same_binding_phases():
    assert all(f"'{status}'" in _BINDING_ROUND for status in rules.BINDING_ROUNDS)
    assert _BINDING_ROUND.count("'") == 2 * len(rules.BINDING_ROUNDS)
