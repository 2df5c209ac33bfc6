"""Who sees and does what in a council: every address and every step, asked by everybody who has to do with it.

The addresses come from the resolver: a new page of councils, meetings, motions, votes or actions without a line here fails.
"""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from secretariat import rules
from secretariat.errors import RuleBroken
from secretariat.models import Attendance, Meeting, Resolution
from secretariat.services import (
    actions,
    agenda_papers,
    ballots,
    bodies,
    meetings,
    minutes,
    motions,
    presences,
    recusals,
    resolutions,
)
from tests import council as make
from tests import doing, factories, specimens
from tests.journeys.test_refusals import PORTAL, shorten_error_pages

pytestmark = pytest.mark.django_db

TODAY = timezone.localdate


def over():
    """A last day on which a session that has just begun was not held, though midnight came in between."""
    return TODAY() - timedelta(days=2)


ROLES = ("chair", "secretary", "member", "observer", "deputy", "keeper", "former", "once_deputy", "stranger")
KEEPERS = {"chair", "secretary", "keeper"}  # the secretary by seat, the secretary by role who has none, the chair
VOTERS = {"chair", "secretary", "member", "deputy"}  # the deputy for a member who is not there
SITTING = VOTERS | {"observer"}
COUNCIL = SITTING | KEEPERS
ALL = set(ROLES)
HEAD = set()  # for the head of the secretariat, who is none of these

ROOMS = (
    "council_",
    "meeting_",
    "minutes_",
    "presence_",
    "item_",
    "paper_",
    "resolution_",
    "recusal_",
    "ballot_",
    "action_",
)
OTHERS = ("decision_board", "mark_propose", "mark_grant", "marks_from_round", "overview")
# Whose page it is; the arguments are things of the council unless said otherwise.
PAGES = {
    "council_list": ALL, "council_detail": ALL,
    "council_import": HEAD, "council_import_template": HEAD, "council_import_detail": HEAD,
    "meeting_list": COUNCIL, "meeting_archive": COUNCIL, "meeting_detail": COUNCIL, "meeting_now": COUNCIL, "meeting_calendar": COUNCIL,
    "meeting_new": KEEPERS, "meeting_edit": KEEPERS, "meeting_move": KEEPERS,
    "meeting_answer": COUNCIL, "meeting_presence": KEEPERS, "presence_correct": KEEPERS, "item_begin": KEEPERS,
    "paper_file": COUNCIL, "paper_add": KEEPERS, "paper_remove": KEEPERS,
    "minutes_detail": COUNCIL, "minutes_print": COUNCIL, "minutes_paper": COUNCIL, "minutes_edit": KEEPERS, "minutes_keep": KEEPERS,
    "minutes_approve": {"chair"}, "minutes_sign": COUNCIL,
    "resolution_detail": COUNCIL, "resolution_new": KEEPERS, "resolution_edit": KEEPERS, "resolution_withdraw": KEEPERS,
    "resolution_record": KEEPERS, "recusal_declare": VOTERS, "recusal_record": KEEPERS, "recusal_take_back": KEEPERS,
    "ballot_open": KEEPERS, "ballot_vote": VOTERS, "ballot_state": COUNCIL, "ballot_hands": KEEPERS, "ballot_close": KEEPERS,
    "ballot_break_off": KEEPERS, "ballot_casting": KEEPERS,
    "action_board": ALL, "action_list": ALL, "action_column": ALL, "action_place": COUNCIL, "action_detail": COUNCIL, "action_report": COUNCIL,
    "action_new": KEEPERS, "action_edit": KEEPERS, "action_move": KEEPERS, "action_note": KEEPERS, "action_note_keep": KEEPERS,
    "action_file": COUNCIL, "action_file_add": KEEPERS, "action_file_remove": KEEPERS,
    "resolution_list": COUNCIL, "decision_board": COUNCIL, "mark_propose": KEEPERS, "mark_grant": KEEPERS, "marks_from_round": KEEPERS,
    "overview": COUNCIL,
}  # fmt: skip
# The administration: whoever keeps papers writes them there, nobody seats anybody.
ADMIN = {
    "secretariat_council_changelist": KEEPERS, "secretariat_council_change": KEEPERS, "secretariat_council_add": HEAD,
    "secretariat_meeting_changelist": KEEPERS, "secretariat_meeting_change": KEEPERS, "secretariat_meeting_add": KEEPERS,
    "secretariat_resolution_changelist": KEEPERS, "secretariat_resolution_change": KEEPERS, "secretariat_resolution_add": KEEPERS,
}  # fmt: skip
# In the head of every page, only for who finds something there.
NAVIGATION = {
    "meeting_list": COUNCIL,
    "resolution_list": COUNCIL,
    "action_board": COUNCIL,
    "overview": COUNCIL,
    "admin:index": KEEPERS,
}


@pytest.fixture
def world():
    """A council with one of each role, and a meeting in each state; the deputy sits in the one in session for a member who is not there."""
    council = make.council(minutes_by_chair=True)
    deputy, once_deputy = factories.user(), factories.user()
    seats = {role: make.seat(council, role=role) for role in ("chair", "secretary", "member", "observer")}
    deputised = make.seat(council, deputy=deputy)
    former = make.seat(council, starts_on=TODAY() - timedelta(days=300), ends_on=over(), deputy=once_deputy)
    people = {
        **{role: seat.user for role, seat in seats.items()}, "deputy": deputy, "once_deputy": once_deputy, "former": former.user,
        "keeper": make.keeper(council), "stranger": factories.representative(),
    }  # fmt: skip
    by = people["keeper"]
    planned = make.meeting(council, starts_at=timezone.now() + timedelta(days=9))
    called = meetings.call(make.meeting(council, starts_at=timezone.now() + timedelta(days=2)).pk, by=by)
    session = make.in_session(council)
    stays = {role: make.presence(session, seat) for role, seat in seats.items()}
    make.presence(session, deputised, user=deputy)
    held = make.meeting(council, status="held", starts_at=timezone.now() - timedelta(days=3))
    item = make.item(session)
    paper = agenda_papers.attach(item.pk, specimens.upload(specimens.pdf()), by=by)
    motion = make.resolution(council, session, kind="general", title="پیشنهاد", agenda_item=item)
    voted_on = make.resolution(council, session, kind="general", title="زیر رأی", agenda_item=item)
    marks = make.resolution(council, session, agenda_item=make.item(session, kind="marks"))
    adopted = make.resolution(council, session, agenda_item=make.item(session, kind="marks"))
    ballots.record(adopted.pk, {}, {seat.pk: "for" for role, seat in seats.items() if role != "observer"}, by=by)
    resolutions.decide(adopted.pk, "adopt", by=by)
    action = doing.action(council, factories.user(), title="کار")
    return SimpleNamespace(
        council=council, people=people, seats=seats, by=by, planned=planned, called=called, session=session, held=held, item=item, paper=paper,
        motion=motion, ballot=ballots.open_ballot(voted_on.pk, by=by), marks=marks, adopted=adopted, action=action,
        proof=actions.attach(action.pk, specimens.upload(specimens.pdf()), by=by), stay=stays["observer"],
        marks_item=marks.agenda_item, recusal=recusals.recuse(marks.pk, seats["member"].pk, "خویشاوند سازنده", by=by),
    )  # fmt: skip


def arguments(name, world):
    special = {
        "council_import_detail": [1], "meeting_edit": [world.called.pk], "meeting_move": [world.called.pk, "start"],
        "meeting_answer": [world.called.pk], "meeting_calendar": [world.called.pk],
        "presence_correct": [world.stay.pk], "paper_add": [world.item.pk], "item_begin": [world.item.pk],
        "resolution_new": [world.item.pk], "recusal_take_back": [world.marks.pk, world.seats["member"].pk],
        "ballot_open": [world.motion.pk], "action_column": ["todo"], "action_move": [world.action.pk, "cancel"],
        "action_report": [world.council.pk], "action_file": [world.proof.pk], "action_file_remove": [world.proof.pk],
        "marks_from_round": [world.marks_item.pk], "resolution_record": [world.marks.pk], "mark_grant": [world.adopted.pk],
    }  # fmt: skip
    rooms = {
        "council_detail": [world.council.pk], "meeting_": [world.session.pk], "minutes_": [world.held.pk], "paper_": [world.paper.pk],
        "resolution_": [world.motion.pk], "recusal_": [world.motion.pk], "ballot_": [world.ballot.pk], "action_": [world.action.pk],
        "decision_": [world.marks.pk], "mark_": [world.marks.pk],
    }  # fmt: skip
    if name in ("council_list", "council_import", "council_import_template", "meeting_list", "meeting_archive", "meeting_new", "overview",
                "action_board", "action_list", "action_place", "action_new", "resolution_list"):  # fmt: skip
        return []
    return special.get(name) or next(given for room, given in rooms.items() if name.startswith(room))


def asked(client, method, address, given=None):
    """The answer to a request, whose effects are taken back."""
    with transaction.atomic():
        answer = getattr(client, method)(address, given or {})
        transaction.set_rollback(True)
    return answer


def given(name, world):
    """What an address needs to be found at all."""
    return {
        "action_place": {"to": f"{world.action.pk}.{world.action.version}.cancelled"},
        "action_new": {"council": world.council.pk},
    }.get(name, {})


def test_every_address_of_councils_says_whose_it_is():
    found = {name for name in PORTAL if name.startswith(ROOMS) or name in OTHERS}
    assert found == set(PAGES), "addresses without a line in PAGES, or lines without an address"


# The others' pages are the same by the same rule, and walked with every address of the portal in the journeys.
@pytest.mark.parametrize("role", ["chair", "secretary", "member", "observer", "deputy", "former"])
def test_each_finds_exactly_the_own_pages(role, world, monkeypatch):
    shorten_error_pages(monkeypatch)
    client = Client()
    client.force_login(world.people[role])
    wrong = []
    for name, whose in PAGES.items():
        address = reverse(name, args=arguments(name, world))
        answer = asked(client, "get", address, given(name, world))
        if answer.status_code == 405:
            answer = asked(client, "post", address, given(name, world))
        found = answer.status_code != 404
        if found != (role in whose):
            wrong.append(f"{name}: {'found' if found else 'not found'} ({answer.status_code})")
    for name, whose in ADMIN.items():
        answer = asked(client, "get", reverse(f"admin:{name}", args=[world_row(name, world)] if name.endswith("_change") else []))
        if (answer.status_code == 200) != (role in whose):
            wrong.append(f"admin {name}: {answer.status_code}")
    page = client.get(reverse("desk")).content.decode()
    head = page[page.index("<nav") : page.index("<main")]
    wrong += [
        f"navigation to {name}" for name, whose in NAVIGATION.items() if (f'href="{reverse(name)}"' in head) != (role in whose)
    ]
    assert not wrong, "\n".join(wrong)


def world_row(name, world):
    return {"council": world.council, "meeting": world.called, "resolution": world.motion}[name.split("_")[1]].pk


def steps(world, user):
    """Every step in a council: what it is, who may, and how it is taken by `user`."""
    seat, motion, item = world.seats["member"], world.motion, world.item
    return {
        "plan": (KEEPERS, lambda: meetings.plan(world.council.pk, timezone.now(), by=user)),
        "set the agenda": (KEEPERS, lambda: meetings.set_agenda(world.planned.pk, [{"title": "بند"}], by=user)),
        "move": (KEEPERS, lambda: meetings.revise(world.planned.pk, by=user, place="دیگر")),
        "call": (KEEPERS, lambda: meetings.call(world.planned.pk, by=user)),
        "cancel": (KEEPERS, lambda: meetings.cancel(world.planned.pk, "دلیل", by=user)),
        "answer": (SITTING, lambda: meetings.answer(world.called.pk, Attendance.Answer.COMING, by=user)),
        "start": (KEEPERS, lambda: meetings.start(world.called.pk, by=user)),
        "record an arrival": (KEEPERS, lambda: meetings.leave(world.session.pk, seat.pk, by=user)),
        "correct an arrival": (KEEPERS, lambda: presences.strike(world.stay.pk, by=user)),
        "take up an item": (KEEPERS, lambda: meetings.begin_item(item.pk, by=user)),
        "hand out a paper": (KEEPERS, lambda: agenda_papers.attach(item.pk, specimens.upload(specimens.pdf(text="نشست")), by=user)),
        "put a motion": (KEEPERS, lambda: motions.put(item.pk, by=user, title="پیشنهاد", text="متن", decision="general")),
        "reword": (KEEPERS, lambda: motions.reword(motion.pk, by=user, seen_as=motions.seen(motion), title="دیگر", text="متن", decision="general")),
        "recuse somebody": (KEEPERS, lambda: recusals.recuse(motion.pk, seat.pk, "دلیل", by=user)),
        "step aside": (VOTERS, lambda: recusals.declare(motion.pk, "دلیل", by=user)),
        "open a vote": (KEEPERS, lambda: ballots.open_ballot(motion.pk, by=user)),
        "vote": (VOTERS, lambda: ballots.cast(world.ballot.pk, "for", by=user)),
        "count hands": (KEEPERS, lambda: ballots.record_hands(world.ballot.pk, {seat.pk: "for"}, by=user)),
        "count": (KEEPERS, lambda: ballots.close_ballot(world.ballot.pk, by=user)),
        "break off": (KEEPERS, lambda: ballots.break_off(world.ballot.pk, "دلیل", by=user)),
        "write the minutes": (KEEPERS, lambda: minutes.save_opening(world.held.pk, "متن", by=user, version=0)),
        "approve the minutes": ({"chair"}, lambda: minutes.approve(world.held.pk, by=user)),
        "give somebody something to do": (KEEPERS, lambda: actions.create(world.council.pk, by=user, title="کار", owner=user, due_on=TODAY())),
        "cancel what is to be done": (KEEPERS, lambda: actions.move(world.action.pk, "cancel", by=user, why="دلیل")),
        "choose the rules": (HEAD, lambda: bodies.set_rule(world.council.pk, "general", rules.voting.VotingRule(), by=user)),
        "begin a term": (HEAD, lambda: bodies.begin_term(world.council.pk, [seat], TODAY() + timedelta(days=400), None, by=user)),
    }  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_each_takes_exactly_the_own_steps(role, world):
    wrong, user = [], type(world.by).objects.get(pk=world.people[role].pk)
    for name, (whose, take) in steps(world, user).items():
        try:
            with transaction.atomic():
                take()
                transaction.set_rollback(True)
        except (RuleBroken, ObjectDoesNotExist) as refused:
            if role in whose:
                wrong.append(f"may not {name}: {refused}")
        else:
            if role not in whose:
                wrong.append(f"may {name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("change", [{"ends_on": "before"}, {"starts_on": "tomorrow"}])
def test_a_deputy_is_one_only_while_the_seat_is_in_force(change, world):
    days = {"before": over(), "tomorrow": TODAY() + timedelta(days=1)}
    named = {name: days[value] for name, value in change.items()}
    deputy = make.seat(world.council, deputy=factories.user(), **named).deputy
    assert rules.councils_of(deputy) == set() and not Meeting.objects.visible_to(deputy).exists()
    assert not Resolution.objects.visible_to(deputy).exists()
    client = Client()
    client.force_login(deputy)
    assert client.get(reverse("meeting_list")).status_code == 404
