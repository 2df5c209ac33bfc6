"""Papers of councils that met before ballots, presences and the register were kept: they come over whole, and what is decided stays so.

The database is one of its own, brought to the older form by the migrations themselves, filled, and brought up to date.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from secretariat.selectors import register
from tests import databases
from tests.refusal import refused

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE, AFTER = "0002_actions_and_agreements", "0003_councils_vote"
HELD = datetime(2025, 3, 19, 10, tzinfo=UTC)  # the last day but one of 1403


@pytest.fixture
def old_database(django_db_blocker):
    """An empty database in the older form; the process works on it."""
    name = f"{connection.settings_dict['NAME']}_old_papers"
    with databases.server() as cursor:
        databases.drop(name, cursor)
        cursor.execute(f'CREATE DATABASE "{name}"')
    with databases.connected_to(name):
        call_command("migrate", "secretariat", BEFORE, verbosity=0)
        yield
    with databases.server() as cursor:
        databases.drop(name, cursor)


def models_of(migration):
    """The models as they were after a migration."""
    apps = MigrationExecutor(connection).loader.project_state(("secretariat", migration)).apps
    return lambda name: apps.get_model("secretariat", name)


def old_papers(model):
    """A council of four with two thirds as its quorum: a resolution adopted, one lost, one that is being voted on, and a plan."""
    people = [model("User").objects.create(username=f"member{n}") for n in range(5)]
    council = model("Council").objects.create(kind="policy", name_fa="شورا", name_en="Council", quorum_percent="66.66")
    roles = ["chair", "member", "member", "member", "observer"]
    seats = [
        model("Seat").objects.create(council=council, user=user, role=role, starts_on=(HELD - timedelta(days=90)).date())
        for user, role in zip(people, roles, strict=True)
    ]

    def meeting(number, starts_at, status):
        made = model("Meeting").objects.create(council=council, number=number, starts_at=starts_at, status=status)
        for seat in seats:
            model("Attendance").objects.create(meeting=made, seat=seat, present=seat != seats[3])
        return made

    def put(meeting, title, choices):
        made = model("Resolution").objects.create(council=council, meeting=meeting, title=title, text="متن", kind="general")
        for seat, choice in zip(seats, choices, strict=False):
            model("Vote").objects.create(resolution=made, seat=seat, choice=choice)
        return made

    first, second = meeting(1, HELD, "held"), meeting(2, HELD + timedelta(days=30), "planned")
    meeting(3, HELD + timedelta(days=4000), "planned")
    adopted = put(first, "مصوب", ["for", "for", "recused"])
    lost = put(first, "ردشده", ["for", "against", "against"])
    put(second, "در رأی", ["for", "abstain"])
    model("Resolution").objects.filter(pk=adopted.pk).update(
        status="adopted", year=1403, number=1, adopted_at=HELD + timedelta(hours=2), seats_present=3, seats_in_force=4
    )
    model("Resolution").objects.filter(pk=lost.pk).update(status="rejected")
    return adopted.pk


def test_what_was_decided_before_stays_decided_and_is_registered(old_database):
    adopted = old_papers(models_of(BEFORE))
    call_command("migrate", "secretariat", AFTER, verbosity=0)
    model = models_of(AFTER)
    rule = model("DecisionRule").objects.get()
    assert (rule.decision, rule.quorum_over, rule.quorum_under) == ("general", 2, 3)
    told = [(one.number, one.year, one.status, one.started_at, one.ended_at) for one in model("Meeting").objects.order_by("number")]
    held, going_on, planned = told
    assert held == (1, 1403, "held", HELD, HELD + timedelta(hours=2))
    assert going_on == (2, 1404, "in_session", HELD + timedelta(days=30), None)
    assert planned[2:] == ("planned", None, None)
    stays = model("Presence").objects.values_list("attendance__meeting__number", "left_at")
    assert sorted(stays, key=lambda stay: stay[0]) == [(1, HELD + timedelta(hours=2))] * 4 + [(2, None)] * 4
    ballots = model("Ballot").objects.order_by("resolution_id")
    assert [(one.status, one.verdict, one.seats, one.present, one.recused) for one in ballots] == [
        ("closed", "carried", 4, 3, 1), ("closed", "lost", 4, 3, 0), ("open", "", None, None, None),
    ]  # fmt: skip
    assert [(one.votes_for, one.votes_against) for one in ballots] == [(2, 0), (1, 2), (None, None)]
    assert model("Recusal").objects.get().resolution_id == adopted
    votes = model("Vote").objects.values_list("ballot__resolution__title", "choice", "by_hand")
    assert sorted(votes) == sorted(
        [("مصوب", "for", True)] * 2 + [("ردشده", "for", True)] + [("ردشده", "against", True)] * 2
        + [("در رأی", "for", True), ("در رأی", "abstain", True)]
    )  # fmt: skip
    entry = model("Resolution").objects.get(status="adopted")
    assert (entry.pk, entry.register_no, entry.previous_hash) == (adopted, 1, "0" * 64)
    assert entry.hash == register.chained(entry.previous_hash, entry.register_entry)
    assert [choice for _seat, choice in json.loads(entry.register_entry)["votes"]] == ["for", "for"]
    with refused("decided_is_frozen"):
        entry.title = "x"
        entry.save()
