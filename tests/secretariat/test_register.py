"""The register of resolutions: every entry bound to the one before, and whatever was tampered with is told."""

import json
from contextlib import contextmanager
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from products.services import marks
from secretariat.digests import spelled
from secretariat.models import Resolution
from secretariat.models.resolutions import FIRST_HASH
from secretariat.selectors import register
from secretariat.services import ballots
from tests import council as make
from tests.refusal import settle

pytestmark = pytest.mark.django_db


@contextmanager
def as_the_owner_of_the_database():
    """Write what no rule lets through: whoever owns the tables can switch their triggers off."""
    settle()
    tables = (
        "secretariat_resolution",
        "secretariat_ballot",
        "secretariat_ballotmove",
        "secretariat_vote",
        "secretariat_resolutionmove",
        "products_qualitymark",
    )
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def verify():
    """(exit in words, what was printed)."""
    out, told = StringIO(), StringIO()
    try:
        call_command("verify_register", stdout=out, stderr=told)
    except CommandError as error:
        assert error.returncode == 1
        return "broken", told.getvalue()
    return "whole", out.getvalue()


def three():
    return [make.adopted() for _n in range(3)]


def test_entries_follow_one_another_over_all_councils():
    entries = three()
    assert [one.register_no for one in entries] == [1, 2, 3]
    assert entries[0].previous_hash == FIRST_HASH
    assert [one.previous_hash for one in entries[1:]] == [one.hash for one in entries[:2]]
    outcome, told = verify()
    assert outcome == "whole"
    assert entries[2].hash in told


def test_an_empty_register_is_whole():
    make.session()
    assert verify()[0] == "whole"
    assert register.head() == (0, FIRST_HASH)


def test_an_entry_says_all_that_was_decided_and_how():
    mark = make.adopted_mark()
    entry = json.loads(Resolution.objects.get(pk=mark.resolution_id).register_entry)
    assert entry["parts"] == [[mark.product_id, "quality", "85.0"]]
    assert entry["counts"]["votes_for"] == 3
    assert len(entry["votes"]) == 3
    assert entry["rule"]["of"] == "votes"


def test_an_open_vote_stands_in_its_entry_a_secret_one_only_in_its_sum():
    resolution = make.session()
    ballot = make.ballot(resolution, None, secret=True)
    for seat in make.seats(resolution):
        ballots.cast(ballot.pk, "for", by=seat.user)
    ballots.close_ballot(ballot.pk, by=make.keeper(resolution.council))
    entry = json.loads(Resolution.objects.get(pk=resolution.pk).register_entry)
    assert entry["votes"] == []
    assert entry["counts"]["votes_for"] == 3
    assert verify()[0] == "whole"


def test_what_happens_to_marks_afterwards_leaves_the_entry_true():
    mark = make.granted_mark()
    by = make.keeper(mark.resolution.council)
    marks.revoke(mark.pk, by=by, why="تخلف")
    dropped = make.adopted_mark()
    marks.drop(dropped.pk, by=make.keeper(dropped.resolution.council), why="امتیاز عوض شد")
    before = make.session()
    gone = marks.propose(before.pk, make.scored_product().pk, "quality", by=make.keeper(before.council))
    marks.drop(gone.pk, by=make.keeper(before.council), why="پیش از رأی")
    make.adopted(before)
    assert verify()[0] == "whole"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("text", "چیز دیگر"),
        ("title", "دیگر"),
        ("number", 9),
        ("in_force_from", "2026-01-01"),
        ("register_entry", "{}"),
        ("hash", "a" * 64),
    ],
)
def test_a_changed_word_is_found(column, value):
    _first, second, _third = three()
    with as_the_owner_of_the_database() as cursor:
        cursor.execute(f"UPDATE secretariat_resolution SET {column} = %s WHERE id = %s", [value, second.pk])
    outcome, told = verify()
    assert outcome == "broken"
    assert "۲" in told


def test_an_entry_written_anew_with_its_hash_breaks_the_next():
    """Who knows how hashes are made can make one entry agree with itself, not with what follows."""
    _first, second, _third = three()
    entry = json.loads(second.register_entry) | {"text": "دیگر"}
    text = spelled(entry)
    with as_the_owner_of_the_database() as cursor:
        cursor.execute(
            "UPDATE secretariat_resolution SET text = 'دیگر', register_entry = %s, hash = %s WHERE id = %s",
            [text, register.chained(second.previous_hash, text), second.pk],
        )
    outcome, told = verify()
    assert outcome == "broken"
    assert "۳" in told


def test_a_changed_vote_or_mark_is_found():
    mark = make.adopted_mark()
    with as_the_owner_of_the_database() as cursor:
        cursor.execute("UPDATE products_qualitymark SET level = 'gold' WHERE id = %s", [mark.pk])
    assert "parts" in verify()[1]
    resolution = make.adopted()
    with as_the_owner_of_the_database() as cursor:
        cursor.execute("UPDATE secretariat_vote SET choice = 'against' WHERE ballot_id = %s", [resolution.ballots.get().pk])
    assert "votes" in verify()[1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_removed_entry_is_found(place):
    """The last one too, of which nothing in the chain speaks any more: the history does."""
    entry = three()[place]
    with as_the_owner_of_the_database() as cursor:
        for statement in (
            "DELETE FROM secretariat_vote WHERE ballot_id IN (SELECT id FROM secretariat_ballot WHERE resolution_id = %s)",
            "DELETE FROM secretariat_resolutionmove WHERE resolution_id = %s",
        ):
            cursor.execute(statement, [entry.pk])
        cursor.execute(
            "DELETE FROM secretariat_ballotmove WHERE ballot_id IN (SELECT id FROM secretariat_ballot WHERE resolution_id = %s)",
            [entry.pk],
        )
        cursor.execute("DELETE FROM secretariat_ballot WHERE resolution_id = %s", [entry.pk])
        cursor.execute("DELETE FROM secretariat_resolution WHERE id = %s", [entry.pk])
    assert verify()[0] == "broken"


def test_swapped_entries_are_found():
    first, second, _third = three()
    with as_the_owner_of_the_database() as cursor:
        cursor.execute("UPDATE secretariat_resolution SET register_no = 900 WHERE id = %s", [first.pk])
        cursor.execute("UPDATE secretariat_resolution SET register_no = 1 WHERE id = %s", [second.pk])
        cursor.execute("UPDATE secretariat_resolution SET register_no = 2 WHERE id = %s", [first.pk])
    outcome, told = verify()
    assert outcome == "broken"
    assert told.count("\n") >= 3


def test_an_adopted_resolution_made_a_draft_again_is_found():
    entry = three()[2]
    with as_the_owner_of_the_database() as cursor:
        cursor.execute(
            "UPDATE secretariat_resolution SET status = 'draft', number = NULL, adopted_at = NULL, register_no = NULL,"
            " register_entry = '', hash = '', previous_hash = '' WHERE id = %s",
            [entry.pk],
        )
    assert verify()[0] == "broken"
