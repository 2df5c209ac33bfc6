"""The trail of a round: everything on record is in it, once, in the order of time, readable by a stranger; and its checks."""

import io
import json
from collections import Counter
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from assessments import rules, trail
from assessments.models import (
    Assessment,
    Assignment,
    AssignmentMove,
    ConflictOfInterest,
    Escalation,
    Extension,
    Measurement,
    PanelDraftMove,
    Reminder,
    Round,
    RoundMove,
    ScoringFlag,
    ScoringRun,
    WaiverMove,
)
from assessments.selectors import trail as sources
from assessments.services import (
    assessments,
    bundles,
    conflicts,
    deadlines,
    flags,
    measurements,
    phases,
    reminders,
    rounds,
    runs,
    set_aside,
)
from secretariat.models.moves import Move
from tests import council, factories
from tests.assessments.round_pages import measured_version

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def ahead(**span):
    return timezone.now() + timedelta(**span)


def handed_in(assignment):
    person = assignment.assessor.user
    leaves = [part.version.indicators.filter(scale__isnull=False, rater="expert") for part in assignment.entry.sheet.parts.all()]
    values = {f"r-{leaf.pk}": "4" for part in leaves for leaf in part}
    there = Assessment.objects.filter(assignment=assignment).first()
    saved = assessments.save_draft(assignment.pk, values, by=person, version=there.version if there else 0)
    assessments.submit(assignment.pk, by=person, version=saved.assessment.version)


@pytest.fixture(scope="module")
def told_story(django_db_setup, django_db_blocker):
    """Lived through once for all: what a test does to it is taken back."""
    with django_db_blocker.unblock(), transaction.atomic(), translation.override("en"):
        yield lived_through().pk
        transaction.set_rollback(True)


@pytest.fixture
def story(told_story):
    return Round.objects.get(pk=told_story)


def lived_through():
    """A round in which about everything happened that can happen."""
    officer, second = factories.officer(last_name="Karimi"), factories.officer()
    version = measured_version()
    round_ = rounds.create_round(
        by=officer, title_fa="دور بلند", title_en="A long round", deadline=ahead(days=20), appeal_days=5, needs_second=True
    )
    titles = ["First", "Second", "Third"]
    entries = [
        rounds.add_subject(round_.pk, factories.subject(title_en=title).pk, [(version, 100)], by=officer) for title in titles
    ]
    spare = rounds.add_subject(round_.pk, factories.subject(title_en="Spare").pk, [(version, 100)], by=officer)
    rounds.remove_entry(spare.pk, by=officer)
    rounds.edit_round(round_.pk, by=officer, version=1, opens_at=ahead(days=1), panel_size=4)
    people = [factories.assessor(last_name=name) for name in ("Abedi", "Bagheri", "Chamani", "Danaei", "Golshan", "Ebadi", "Farahani")]
    assignments = {}
    for entry in entries:
        for person in people[:5]:
            assignments[entry, person] = rounds.assign(entry.pk, person.pk, by=officer)
    Round.objects.filter(pk=round_.pk).update(opens_at=timezone.now() - timedelta(minutes=1))
    phases.keep_time()
    first = entries[0]
    unwilling = rounds.assign(first.pk, people[5].pk, by=officer)
    rounds.answer(unwilling.pk, "decline", by=people[5].user, why="My brother made it", conflict=True)
    silent = rounds.assign(first.pk, people[6].pk, by=officer)
    Assignment.objects.filter(pk=silent.pk).update(answer_by=timezone.now() - timedelta(minutes=1))
    deadlines.lapse_offers()
    for row in assignments.values():
        rounds.answer(row.pk, "accept", by=row.assessor.user)
    rounds.extend_deadline(round_.pk, ahead(days=25), by=officer, why="Holidays")
    slow = assignments[entries[1], people[3]]
    asked = deadlines.ask_time(slow.pk, ahead(days=40), by=people[3].user, why="Journey")
    deadlines.answer_request(asked.pk, "refused", by=officer, why="The council meets")
    again = deadlines.ask_time(slow.pk, ahead(days=30), by=people[3].user, why="Illness")
    deadlines.answer_request(again.pk, "granted", by=officer, why="Get well")
    deadlines.give_time(round_.pk, [slow.pk], ahead(days=35), by=second, why="A week more")
    reminders.remind(round_.pk, Reminder.Kind.BEFORE, [people[3].pk], by=officer)
    Escalation.objects.create(assignment=slow, level=1, for_day=timezone.localdate(), late=2)
    levels, ratio = version.indicators.filter(rater="secretariat").order_by("code")
    for entry in entries:
        measurements.set_measurement(entry.pk, levels.pk, by=officer, value=3)
        measurements.set_measurement(entry.pk, ratio.pk, by=officer, not_applicable=True)
    measurements.set_measurement(first.pk, levels.pk, by=officer, value=4, note="Counted again")
    for row in assignments.values():
        handed_in(row)
    reopened = assignments[first, people[0]]
    assessments.reopen(reopened.pk, by=officer, why="A slip of the pen")
    handed_in(Assignment.objects.get(pk=reopened.pk))
    conflicts.set_conflict(people[2].pk, first.subject_id, "His sister made it", by=officer, source="staff")
    rounds.exclude_entry(entries[2].pk, by=officer, why="Came too late")
    rounds.include_entry(entries[2].pk, by=officer)
    runs.score_round(round_.pk)
    rounds.move_round(round_.pk, "close", by=officer)
    question = ScoringFlag.objects.create(round=round_, kind="severity", assessor=people[1], figure=9, sheets=9)
    flags.answer_flag(question.pk, "none", "Strict, but right", by=officer)
    seen = ScoringFlag.objects.get(pk=question.pk).answered_at
    flags.answer_flag(question.pk, "talked", "We spoke", by=second, seen=seen)
    set_aside.set_aside(round_.pk, people[3].pk, by=officer, why="A test")
    set_aside.take_back(round_.pk, people[3].pk, by=officer, why="Only a test")
    runs.score_round(round_.pk)
    rounds.move_round(round_.pk, "score", by=officer)
    rounds.move_round(round_.pk, "revise", by=officer, why="A measurement was mistyped")
    measurements.set_measurement(first.pk, levels.pk, by=officer, value=5)
    runs.score_round(round_.pk)
    rounds.move_round(round_.pk, "score", by=officer)
    rounds.move_round(round_.pk, "confirm", by=second)
    rounds.move_round(round_.pk, "publish", by=officer)
    return round_


def printed(round_, *options, **words):
    out = io.StringIO()
    call_command("trail", str(round_.pk), *options, stdout=out, **{"language": "en", **words})
    return out.getvalue()


# ------------------------------------------------------------------ nothing is left out, nothing is told twice
def test_every_row_is_told_once(story):
    rows = Counter(line.row for line in trail.told(story))
    assert [row for row, times in rows.items() if times > 1] == []
    for model in (RoundMove, AssignmentMove, Extension, Reminder, Escalation, ScoringRun, Assessment):
        for row in model.objects.all():
            name = f"{model._meta.model_name}:{row.pk}"
            assert any(key == name or key.startswith(f"{name}:") for key in rows), f"{model.__name__} {row.pk} is left out"
    assert sum(key.startswith("scoringflagevent") for key in rows) == 2
    assert sum(key.startswith("conflictofinterestevent") for key in rows) == ConflictOfInterest.objects.count() == 2
    assert sum(key.startswith("measurementevent") for key in rows) == Measurement.pgh_event_model.objects.count() == 8
    assert sum(key.startswith("extension") for key in rows) == 5  # two asked, two answered, one given unasked
    assert RoundMove.objects.count() >= 14 and AssignmentMove.objects.count() >= 40


def test_every_table_of_moves_of_a_round_has_its_place():
    """A new thing that moves and belongs to a round must find its way into the trail, or be named here."""
    elsewhere = {"StudyMove", "SetVersionMove", "ProgrammeMove", "ExcellenceYearMove", "SelfAssessmentMove"}  # none is of one round
    found = {model.__name__ for model in apps.get_app_config("assessments").get_models() if issubclass(model, Move)}
    assert found - elsewhere == {model.__name__ for model in sources.MOVES}
    assert elsewhere <= found


def test_moves_of_other_rounds_are_not_told(story):
    other = factories.assignment(status="offered")
    rounds.answer(other.pk, "accept", by=other.assessor.user)
    rows = {line.row for line in trail.told(story)}
    assert f"assignmentmove:{other.moves.get().pk}" not in rows
    assert {line.row for line in trail.told(other.entry.round)} & rows == set()


def test_panels_and_waivers_have_their_moves(story):
    entry = story.entries.first()
    from assessments.models import ConflictWaiver, PanelDraft

    draft = PanelDraft.objects.create(round=story, seed=1) if "seed" in {f.name for f in PanelDraft._meta.fields} else PanelDraft.objects.create(round=story)
    PanelDraftMove.objects.create(draft=draft, action="fill", source="", target=draft.status)
    waiver = ConflictWaiver.objects.create(assessor=factories.assessor(), subject=entry.subject, reason="x", asked_by=factories.officer())
    WaiverMove.objects.create(waiver=waiver, action="ask", source="", target="asked")
    rows = {line.row.partition(":")[0] for line in trail.told(story)}
    assert {"paneldraftmove", "waivermove"} <= rows


# ------------------------------------------------------------------ readable by a stranger
def test_it_is_told_in_the_order_of_time(story):
    moments = [line.at for line in trail.told(story)]
    assert moments == sorted(moments) and len(moments) > 80


def test_who_what_when_from_to_and_why(story):
    lines = trail.told(story)

    def only(what, **fields):
        found = [line for line in lines if line.what == what and all(getattr(line, name) == value for name, value in fields.items())]
        assert len(found) == 1, (what, fields, [line for line in lines if line.what == what])
        return found[0]

    opened = only("Open the round")
    assert (opened.by, opened.source, opened.target) == (None, "in preparation", "open for assessment")
    assert only("Take the scores back to moderation").why == "A measurement was mistyped"
    reopened = only("Reopen the assessment")
    assert "Abedi" in reopened.about and "First" in reopened.about and reopened.why == "A slip of the pen"
    assert reopened.source == "assessment submitted" and reopened.target == "accepted" and "Karimi" in reopened.by
    assert "Ebadi" in only("Decline").about and only("Decline").why == "My brother made it"
    assert "Farahani" in only("Not answered in time").about
    assert "Chamani" in only("Conflict of interest", target="withdrawn by the secretariat").about
    assert only("More time refused").why == "The council meets" and "→" in only("More time given", why="Get well").facts["deadline"]
    assert only("Product taken out of the round").why == "Spare"
    assert only("Question answered", why="We spoke").facts["decision"] == "discussed with the assessor"
    changed = [line for line in lines if line.what == "Round changed"]
    assert any("assessors for each product" in line.facts for line in changed)
    assert any("deadline of the assessors" in line.facts for line in changed)  # the extension tells from when to when
    assert not any("state" in line.facts for line in changed)  # that is what the moves tell
    frozen = [line for line in lines if line.what.startswith("Run frozen")]
    assert len(frozen) == 2 and frozen[-1].facts["digest of what it rests on"] == story.run.inputs_hash


def test_the_command_prints_text_that_ends_with_its_checks(story):
    words = printed(story)
    assert words.startswith(f"Trail of round {story.pk}: A long round")
    assert "Reopen the assessment" in words and "reason: A slip of the pen" in words and "by the portal itself" in words
    checks = words[words.index("\nChecks\n") :]
    assert checks.count("✓") == 3 and "✗" not in checks and story.run.inputs_hash in checks
    assert "\nNone" not in words and "None\n" not in words


def test_in_persian_every_word_and_digit_is_persian(story):
    words = printed(story, language="fa")
    assert ("سابقهٔ کامل دور" in words and "بازگشایی" in words) or "باز کردن" in words
    import re

    plain = re.sub(r"[0-9a-f]{64}|m\d+:\d+|[\w.]+@[\w.]+", "", words)
    assert not re.search(r"^[0-9]", plain, re.M), "dates in Persian digits"


def test_json_carries_the_same(story):
    told = json.loads(printed(story, "--json"))
    assert told["round"] == story.pk and told["state"] == story.status
    assert [line["row"] for line in told["lines"]] == [line.row for line in trail.told(story)]
    assert {"at", "what", "row", "about", "by", "from", "to", "why", "facts"} == set(told["lines"][0])
    assert [check["holds"] for check in told["checks"]] == [True, True, True]


# ------------------------------------------------------------------ the checks
def test_a_state_without_a_move_is_found(story):
    Assignment.objects.filter(status="declined").update(status="withdrawn")
    out = io.StringIO()
    with pytest.raises(CommandError, match="check failed"):
        call_command("trail", str(story.pk), stdout=out, language="en")
    assert "✗ Every state" in out.getvalue() and "its last move led to declined" in out.getvalue()


def test_a_score_that_does_not_follow_is_found(story):
    entry = story.entries.first()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE assessments_score SET value = 1, low = 0, high = 2 WHERE id = %s", [entry.result_id])
        cursor.execute("SET session_replication_role = DEFAULT")
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("trail", str(story.pk), stdout=out, language="en")
    assert "✗ Every stored score" in out.getvalue() and f"entry {entry.pk}" in out.getvalue()


def test_a_round_that_is_not_there():
    with pytest.raises(CommandError, match="no round 77"):
        call_command("trail", "77", stdout=io.StringIO())


def test_a_draft_has_a_trail_and_its_checks_too():
    round_ = rounds.create_round(by=factories.officer(), title_fa="دور", deadline=ahead(days=9))
    words = printed(round_)
    assert "Round made" in words and words.count("✓") == 2


def test_the_queries_do_not_grow_with_the_round(story):
    def queries():
        with CaptureQueriesContext(connection) as found:
            trail.told(story)
            list(sources.gaps_in_moves(story))
        return len(found)

    queries()
    few = queries()
    Round.objects.filter(pk=story.pk).update(status="open")
    for entry in story.entries.all():
        for _ in range(4):
            factories.assignment(entry, status="offered").moves.create(action="offer", source="", target="offered")
    assert queries() == few


def test_every_move_has_words():
    for table in (rules.ROUND_MOVES, rules.ASSIGNMENT_MOVES):
        assert all(str(step.label) for step in table.values())


def test_asked_bundles_are_told(story):
    bundles.ask_bundle(story.pk, by=factories.officer())
    assert any(line.what == "Data for recomputation asked for" for line in trail.told(story))


def test_marks_that_rest_on_the_round_are_told_too():
    mark = council.granted_mark()
    lines = [line for line in trail.told(mark.score.entry.round) if line.row.startswith("markmove")]
    assert {line.row for line in lines} == {f"markmove:{move.pk}" for move in mark.moves.all()}
    assert all(line.what and line.about for line in lines)


def test_who_did_it_is_left_open_where_no_row_says_so(story):
    entered = next(line for line in trail.told(story) if line.what == "Product entered")
    assert entered.by == ""
    words = printed(story).split("Product entered: First")[1]
    assert "by" not in words.splitlines()[1].split(":")[0].replace("judged by", "")
