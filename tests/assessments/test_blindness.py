"""What a round's policy shows an assessor: nothing of the others before his own judgement, nothing once he is off the panel."""

import pytest

from assessments.blindness import NOTHING, shown_to
from assessments.models import Round
from tests import factories
from tests.refusal import refused

pytestmark = pytest.mark.django_db
LATE = ("ratings", "names", "aggregates")


def shown(status, **policy):
    return shown_to(factories.assignment(factories.entry(factories.round_("open", **policy)), status=status))


@pytest.mark.parametrize("status", ["offered", "accepted"])
def test_before_his_own_judgement_only_the_submitter_can_be_shown(status):
    everything = {"see_ratings": "after_own", "see_names": "after_own", "see_aggregates": "after_own"}
    for sight in ("never", "after_own", "always"):
        told = shown(status, see_submitter=sight, **everything)
        assert told.submitter is (sight == "always") and not any(getattr(told, name) for name in LATE)


@pytest.mark.parametrize("name", LATE)
def test_after_it_exactly_what_the_round_shows(name):
    told = shown("submitted", see_submitter="never", **{f"see_{name}": "after_own"})
    assert not told.submitter and [other for other in LATE if getattr(told, other)] == [name]
    assert shown("submitted", see_submitter="after_own").submitter


@pytest.mark.parametrize("status", ["declined", "withdrawn"])
def test_off_the_panel_nothing_is_shown(status):
    assert shown(status, see_submitter="always", see_ratings="after_own") == NOTHING


def test_no_round_can_show_the_others_before_ones_own():
    round_ = Round.objects.filter(pk=factories.round_().pk)
    for name in LATE:
        with refused("round_shows_no_other_judgement_before_ones_own"):
            round_.update(**{f"see_{name}": "always"})
    with refused("round_says_when_the_submitter_is_seen"):
        round_.update(see_submitter="sometimes")
