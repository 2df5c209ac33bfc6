"""Whatever happens in whatever order, by the services or past them: nobody judges what he must not.

After every step a statement of its own, which shares nothing with the triggers, looks for an active assignment in a
binding round beside a conflict; and all who tell of conflicts (database, queries, sentences) must tell the same.
"""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Value
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from assessments.models import (
    Affiliation,
    Assessment,
    Assessor,
    Assignment,
    ConflictOfInterest,
    ConflictWaiver,
    Entry,
    Relation,
    RosterImport,
    Round,
    Subject,
    SubjectMaker,
)
from assessments.models.conflicted import Conflicted
from assessments.selectors.conflicts import conflicts as told
from assessments.selectors.roster_import import preview
from assessments.services import assessments, conflicts, roster_import, rounds, waivers
from secretariat.errors import RuleBroken
from secretariat.models import Agency, RoleGrant, User
from tests import factories
from tests.refusal import settle

pytestmark = pytest.mark.django_db

NAMES = ["سارا یوسفی", "دکتر رضا کریمی", "Mina Amini"]
TIED = """
    WITH behind AS (
        SELECT s.id AS subject, m.name_key AS name FROM assessments_subject s JOIN assessments_subjectmaker m ON m.subject_id = s.id
        UNION SELECT s.id, a.head_key FROM assessments_subject s JOIN secretariat_agency a ON a.id = s.agency_id
        UNION SELECT s.id, unnest(ARRAY[u.name_key, u.name_en_key]) FROM assessments_subject s
            JOIN secretariat_rolegrant g ON g.agency_id = s.agency_id AND coalesce(g.until, 'infinity') > now()
            JOIN secretariat_user u ON u.id = g.user_id),
    today AS (SELECT (now() AT TIME ZONE 'Asia/Tehran')::date AS day),
    tied AS (
        SELECT p.id AS assessor, s.id AS subject, true AS firm FROM assessments_assessor p
            JOIN secretariat_rolegrant g ON g.user_id = p.user_id AND coalesce(g.until, 'infinity') > now()
            JOIN assessments_subject s ON s.agency_id = g.agency_id
        UNION ALL SELECT a.assessor_id, s.id, a.kind IN ('employee', 'board') FROM today, assessments_affiliation a
            JOIN assessments_subject s ON s.agency_id = a.agency_id WHERE coalesce(a.until, 'infinity') >= day
        UNION ALL SELECT assessor_id, subject_id, source = 'declared' FROM assessments_conflictofinterest, today
            WHERE coalesce(until, 'infinity') >= day
        UNION ALL SELECT p.id, m.subject_id, true FROM assessments_assessor p JOIN secretariat_user u ON u.id = p.user_id
            JOIN assessments_subjectmaker m ON m.user_id = u.id OR m.name_key IN (u.name_key, u.name_en_key)
        UNION ALL SELECT r.assessor_id, b.subject, false FROM assessments_relation r JOIN behind b ON b.name = r.name_key, today
            WHERE coalesce(r.until, 'infinity') >= day)
    SELECT DISTINCT t.assessor, t.subject FROM tied t WHERE t.firm OR NOT EXISTS (
        SELECT 1 FROM assessments_conflictwaiver w
        WHERE w.assessor_id = t.assessor AND w.subject_id = t.subject AND w.status = 'granted')
"""
GUILTY = f"""
    SELECT g.id FROM assessments_assignment g JOIN assessments_entry e ON e.id = g.entry_id
    JOIN assessments_round r ON r.id = e.round_id JOIN ({TIED}) c ON (c.assessor, c.subject) = (g.assessor_id, e.subject_id)
    WHERE g.status IN ('offered', 'accepted', 'submitted') AND r.status IN ('draft', 'open', 'moderation', 'scored', 'confirmed')
"""


def rows(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


two, three = st.integers(0, 1), st.integers(0, 2)
kinds = st.sampled_from(["employee", "board", "member", "former"])
days = st.sampled_from([None, -1, 0, 30])
some = st.lists(st.integers(0, 2), max_size=2, unique=True)


class Secretariat(RuleBasedStateMachine):
    """Two agencies with three subjects in three rounds, three assessors; every step stands or falls alone."""

    world = None  # made once, before the first example

    def __init__(self):
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.agencies, self.entries, self.assessors, self.officers = self.world

    def teardown(self):
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    def do(self, act):
        """One request: what a rule refuses, or the database, leaves nothing behind."""
        try:
            with transaction.atomic():
                act()
                settle()
        except (RuleBroken, Assignment.DoesNotExist, DatabaseError):
            pass

    # --- asking

    @initialize()
    def ask_everybody(self):
        for entry in self.entries:
            rounds.assign_many(entry.round_id, [(entry.pk, one.pk) for one in self.assessors], by=self.officers[0])

    @rule(entry=three, assessor=three)
    def assign(self, entry, assessor):
        self.do(lambda: rounds.assign(self.entries[entry].pk, self.assessors[assessor].pk, by=self.officers[0]))

    @rule(entries=some)
    def assign_in_bulk(self, entries):
        for entry in entries:
            pairs = [(self.entries[entry].pk, one.pk) for one in self.assessors]
            self.do(lambda e=entry, p=pairs: rounds.assign_many(self.entries[e].round_id, p, by=self.officers[0]))

    def assignment(self, entry, assessor):
        return Assignment.objects.get(entry=self.entries[entry], assessor=self.assessors[assessor])

    @rule(entry=three, assessor=three, other=three)
    def reassign(self, entry, assessor, other):
        def act():
            rounds.withdraw(self.assignment(entry, assessor).pk, by=self.officers[0], why="x")
            rounds.assign(self.entries[entry].pk, self.assessors[other].pk, by=self.officers[0])

        self.do(act)

    @rule(entry=three, assessor=three, decision=st.sampled_from(["accept", "decline"]), conflict=st.booleans())
    def answer(self, entry, assessor, decision, conflict):
        def act():
            row = self.assignment(entry, assessor)
            rounds.answer(row.pk, decision, by=row.assessor.user, why="x", conflict=conflict and decision == "decline")

        self.do(act)

    @rule(entry=three, assessor=three)
    def submit(self, entry, assessor):
        def act():
            row = self.assignment(entry, assessor)
            Assessment.objects.update_or_create(assignment=row, defaults={"submitted_at": timezone.now()})
            Assignment.objects.filter(pk=row.pk).update(status="submitted")

        self.do(act)

    @rule(entry=three, assessor=three)
    def give_back(self, entry, assessor):
        self.do(lambda: assessments.reopen(self.assignment(entry, assessor).pk, by=self.officers[0], why="x"))

    # --- ties

    @rule(assessor=three, agency=two, kind=kinds, until=days)
    def affiliate(self, assessor, agency, kind, until):
        last = None if until is None else timezone.localdate() + timedelta(days=until)
        where = {"assessor": self.assessors[assessor], "agency": self.agencies[agency], "since": None}
        self.do(lambda: Affiliation.objects.update_or_create(**where, defaults={"kind": kind, "until": last}))

    @rule(assessor=three, agency=two)
    def part(self, assessor, agency):
        self.do(lambda: Affiliation.objects.filter(assessor=self.assessors[assessor], agency=self.agencies[agency]).delete())

    @rule(assessor=three, name=three, until=days)
    def relate(self, assessor, name, until):
        last = None if until is None else timezone.localdate() + timedelta(days=until)
        where = {"assessor": self.assessors[assessor], "name": NAMES[name], "kind": "kin"}
        self.do(lambda: Relation.objects.update_or_create(**where, defaults={"until": last}))

    @rule(entry=three, names=some, handed_in=st.none() | three)
    def make(self, entry, names, handed_in):
        makers = [(NAMES[name], "", None) for name in names]
        if handed_in is not None:
            makers.append((f"کسی {handed_in}", "", self.assessors[handed_in].user))
        self.do(lambda: conflicts.set_makers(self.entries[entry].subject_id, makers))

    @rule(assessor=three, agency=two, name=three)
    def represent(self, assessor, agency, name):
        """Somebody gets a role; his name may be one that an assessor has told."""

        def act():
            user = self.assessors[assessor].user if name == 0 else factories.user(first_name=NAMES[name], last_name="")
            RoleGrant.objects.create(user=user, role="representative", agency=self.agencies[agency])

        self.do(act)

    @rule(agency=two)
    def end_roles(self, agency):
        past = timezone.now() - timedelta(days=1)
        self.do(lambda: RoleGrant.objects.filter(agency=self.agencies[agency]).update(since=past - timedelta(days=9), until=past))

    @rule(assessor=three, name=st.none() | three)
    def rename(self, assessor, name):
        def act():
            user = User.objects.get(pk=self.assessors[assessor].user_id)
            user.first_name, user.last_name = (f"نام {assessor}", "") if name is None else (NAMES[name], "")
            user.save()

        self.do(act)

    @rule(agency=two, name=st.none() | three)
    def head(self, agency, name):
        def act():
            row = Agency.objects.get(pk=self.agencies[agency].pk)
            row.head = "" if name is None else NAMES[name]
            row.save()

        self.do(act)

    @rule(entry=three, assessor=three)
    def exclude(self, entry, assessor):
        self.do(lambda: conflicts.set_conflict(self.assessors[assessor].pk, self.entries[entry].subject_id, "x", by=self.officers[0]))

    @rule(entry=three, assessor=three)
    def end_exclusion(self, entry, assessor):
        def act():
            row = ConflictOfInterest.objects.filter(assessor=self.assessors[assessor], subject=self.entries[entry].subject).first()
            if row:
                conflicts.end_conflict(row.pk, by=self.officers[0], why="x")

        self.do(act)

    @rule(assessor=three, agency=two, kind=kinds)
    def import_a_table(self, assessor, agency, kind):
        def act():
            said = {"n": 2, "email": self.assessors[assessor].user.email, "affiliations": f"{self.agencies[agency].slug} ({kind})"}
            kept = RosterImport.objects.create(
                file_name="x", sent_by=self.officers[0], content={"headings": {"email": "A", "affiliations": "B"}, "rows": [said]}
            )
            roster_import.write(kept.pk, by=self.officers[0], seen=preview(kept.content)[1])

        self.do(act)

    # --- waivers

    @rule(entry=three, assessor=three)
    def waive(self, entry, assessor):
        def act():
            subject = self.entries[entry].subject_id
            row = waivers.ask(self.assessors[assessor].pk, subject, "x", by=self.officers[0])
            waivers.grant(row.pk, by=self.officers[1])

        self.do(act)

    @rule(entry=three, assessor=three)
    def end_waiver(self, entry, assessor):
        def act():
            granted = ConflictWaiver.objects.filter(status="granted", assessor=self.assessors[assessor])
            for row in granted.filter(subject=self.entries[entry].subject):
                waivers.end(row.pk, by=self.officers[0], why="x")

        self.do(act)

    # --- rounds

    @rule(entry=three, action=st.sampled_from(["open", "close", "reopen", "revise", "cancel"]))
    def move(self, entry, action):
        self.do(lambda: rounds.move_round(self.entries[entry].round_id, action, by=self.officers[0], why="x"))

    @rule(entry=three, status=st.sampled_from(["scored", "confirmed", "published"]))
    def settle_scores(self, entry, status):
        self.do(lambda: factories.settled(Round.objects.get(pk=self.entries[entry].round_id), status))

    # --- past the services

    @rule(entry=three, assessor=three, status=st.sampled_from(["offered", "accepted", "submitted"]))
    def write_an_assignment(self, entry, assessor, status):
        row = {"entry": self.entries[entry], "assessor": self.assessors[assessor]}

        def act():
            if not Assignment.objects.filter(**row).update(status=status):
                Assignment.objects.bulk_create([Assignment(**row, status=status, alias=assessor + 1)])

        self.do(act)

    @rule(assessor=three, agency=two, name=three, which=st.integers(0, 6), entry=three)
    def write_a_tie(self, assessor, agency, name, which, entry):
        person, agency, subject = self.assessors[assessor], self.agencies[agency], self.entries[entry].subject
        writes = [
            lambda: Affiliation.objects.bulk_create([Affiliation(assessor=person, agency=agency, kind="member")]),
            lambda: Affiliation.objects.filter(assessor=person).update(until=None),
            lambda: Relation.objects.bulk_create([Relation(assessor=person, kind="dispute", name=NAMES[name])]),
            lambda: SubjectMaker.objects.bulk_create([SubjectMaker(subject=subject, name=NAMES[name])]),
            lambda: User.objects.filter(pk=person.user_id).update(name_en=NAMES[name]),
            lambda: Agency.objects.filter(pk=agency.pk).update(head=NAMES[name]),
            lambda: RoleGrant.objects.bulk_create([RoleGrant(user=person.user, role="representative", agency=agency)]),
        ]
        self.do(writes[which])

    @rule(assessor=three)
    def write_the_end_of_waivers(self, assessor):
        granted = ConflictWaiver.objects.filter(status="granted", assessor=self.assessors[assessor])
        self.do(lambda: granted.update(status="ended", ended_at=timezone.now(), ended_why="x"))

    @rule(entry=three, status=st.sampled_from(["draft", "open", "moderation", "cancelled"]))
    def write_a_state_of_a_round(self, entry, status):
        self.do(lambda: Round.objects.filter(pk=self.entries[entry].round_id).update(status=status))

    # --- what always holds

    @invariant()
    def nobody_judges_what_he_must_not(self):
        assert rows(GUILTY) == []

    @invariant()
    def all_tell_the_same(self):
        pairs = set(rows(TIED))
        subjects, people = list(Subject.objects.all()), list(Assessor.objects.select_related("user"))
        assert {(assessor, subject) for subject, assessor in told(subjects, people)} == pairs
        conflicted = Assessor.objects.filter(Conflicted("pk", Value(subjects[0].pk))).values_list("pk", flat=True)
        assert set(conflicted) == {assessor for assessor, subject in pairs if subject == subjects[0].pk}


def test_nobody_ever_judges_what_he_must_not():
    agencies = [factories.agency() for _ in range(2)]
    subjects = [factories.subject(agencies[n % 2]) for n in range(3)]
    places = [factories.round_("open"), factories.round_("open"), factories.round_("draft")]
    version = factories.published_set()
    sheets = [factories.sheet(place, version) for place in places]
    entries = [Entry.objects.create(round=places[n], subject=subject, sheet=sheets[n]) for n, subject in enumerate(subjects)]
    assessors = [factories.assessor(first_name=f"نام {n}", last_name="") for n in range(3)]
    Secretariat.world = agencies, entries, assessors, [factories.officer(), factories.officer()]
    run_state_machine_as_test(
        Secretariat,
        settings=settings(
            max_examples=25,
            stateful_step_count=18,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
