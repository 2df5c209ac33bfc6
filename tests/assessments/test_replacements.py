"""Whom panels have lost and whom to ask instead: proposals, acceptance, leaving, rounds that replace by themselves, the late."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import Affiliation, Assessor, Assignment, PanelGap, Round, SetAside
from assessments.selectors.replacements import proposals, short_panels
from assessments.services import calibration, panels, replacements, rounds
from assessments.tasks import sweep_replacements
from secretariat.errors import RuleBroken
from secretariat.models import Notice
from tests import factories
from tests.assessments import round_pages
from tests.assessments.filled_rounds import filled, unfilled_round

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer(client):
    user = factories.officer()
    client.force_login(user)
    return user


@pytest.fixture
def asked(officer):
    """An open round of six products with full panels."""
    round_, _people = unfilled_round(6, 9, status="open")
    draft = filled(round_, officer)
    panels.apply(draft.pk, by=officer, version=draft.version)
    Notice.objects.all().delete()
    return round_


def decline(assignment, why="Ill", **more):
    return rounds.answer(assignment.pk, "decline", by=assignment.assessor.user, why=why, **more)


def proposed(entry):
    (found,) = proposals(list(short_panels().filter(pk=entry.pk).select_related("subject", "round")))[entry.pk]
    return found.assessor


def text(response):
    return response.content.decode()


# --- what is proposed ----------------------------------------------------------------------------


def test_whoever_declines_leaves_a_place_for_the_fittest_who_may_be_asked(officer, asked):
    lost = Assignment.objects.first()
    entry = lost.entry
    assert not short_panels().exists()
    decline(lost)
    (short,) = short_panels()
    assert (short, short.missing, short.lost_count) == (entry, 1, 1)
    first = proposed(entry)
    assert first != lost.assessor and not entry.assignments.filter(assessor=first).exists()
    wanted = entry.sheet.parts.get().version.set
    assert wanted in first.expertise.all()
    Affiliation.objects.create(assessor=first, agency=entry.subject.agency)
    assert proposed(entry) != first
    Assessor.objects.update(is_active=False)
    assert proposals(list(short_panels()))[entry.pk] == []
    assert Assignment.objects.filter(entry=entry).count() == 3


@pytest.mark.parametrize("way", ["withdraw", "recuse", "lapse", "aside"])
def test_every_way_of_losing_somebody_is_seen(officer, asked, way):
    lost = Assignment.objects.first()
    if way == "withdraw":
        rounds.withdraw(lost.pk, by=officer, why="x")
    elif way == "recuse":
        Affiliation.objects.create(assessor=lost.assessor, agency=lost.entry.subject.agency)
    elif way == "lapse":
        Assignment.objects.filter(pk=lost.pk).update(status="lapsed")
    else:
        SetAside.objects.create(round=asked, assessor=lost.assessor, why="x", by=officer)
    assert lost.entry in short_panels()
    assert proposed(lost.entry) != lost.assessor


def test_places_of_several_panels_are_proposed_within_everybodys_room(officer):
    round_, people = unfilled_round(3, 5, status="open", sets=1)
    for entry in round_.entries.all():
        for person in people[:3]:
            factories.assignment(entry, person, "offered")
    for assignment in Assignment.objects.filter(assessor=people[0]):
        decline(assignment)
    Assessor.objects.filter(pk=people[3].pk).update(capacity=1)
    Assessor.objects.filter(pk=people[4].pk).update(capacity=1)
    found = proposals(list(short_panels()))
    given = [one.assessor.pk for group in found.values() for one in group]
    assert sorted(given) == sorted([people[3].pk, people[4].pk])


def test_the_same_is_proposed_as_long_as_nothing_changes(officer, asked):
    decline(Assignment.objects.first())
    entry = short_panels().get()
    assert len({proposed(entry).pk for _ in range(3)}) == 1


# --- accepting -----------------------------------------------------------------------------------


def test_accepting_asks_at_once_and_about_the_calibration_items_too(officer):
    round_, _people = unfilled_round(4, 9, status="open")
    item = round_.entries.first()
    calibration.set_calibration(item.pk, True, by=officer)
    draft = filled(round_, officer)
    panels.apply(draft.pk, by=officer, version=draft.version)
    new = factories.assessor()
    new.expertise.add(round_.entries.last().sheet.parts.get().version.set)
    lost = round_.entries.last().assignments.first()
    decline(lost)
    made, refused = replacements.accept([(lost.entry_id, new.pk)], by=officer)
    assert [row.assessor for row in made] == [new] and refused == []
    assert set(new.assignments.values_list("entry", flat=True)) == {lost.entry_id, item.pk}
    assert new.user.notices.filter(kind="assignment_offered").count() == 1
    assert not short_panels().exists()


def test_a_refused_one_is_told_and_the_others_are_asked(officer, asked):
    first, second = asked.entries.all()[:2]
    for entry in (first, second):
        decline(entry.assignments.first())
    good, bad = proposed(first), factories.assessor()
    Affiliation.objects.create(assessor=bad, agency=second.subject.agency)
    made, refused = replacements.accept([(first.pk, good.pk), (second.pk, bad.pk)], by=officer)
    assert len(made) == 1 and [line[1] for line in refused] == [bad]
    with pytest.raises(RuleBroken):
        replacements.accept([(second.pk, bad.pk)], by=factories.representative())


def test_nobody_is_asked_after_the_deadline_without_one_of_his_own(officer, asked):
    lost = Assignment.objects.first()
    decline(lost)
    other = proposed(lost.entry)
    Round.objects.filter(pk=asked.pk).update(deadline=timezone.now() - timedelta(days=1), answer_days=2)
    with pytest.raises(RuleBroken, match="has passed"):
        replacements.accept([(lost.entry_id, other.pk)], by=officer)
    until = timezone.now() + timedelta(days=9)
    (made,), _refused = replacements.accept([(lost.entry_id, other.pk)], by=officer, until=until)
    made.refresh_from_db()
    assert made.deadline == until and timezone.now() < made.answer_by <= until
    assert [notice.kind for notice in other.user.notices.all()] == ["assignment_offered"]


# --- the page ------------------------------------------------------------------------------------


def test_replacement_list_names_the_lost_the_reason_and_the_proposed(client, officer, asked):
    lost = Assignment.objects.first()
    decline(lost, why="I am abroad")
    response = client.get(reverse("replacement_list"))
    page = text(response)
    assert str(lost.assessor) in page and "I am abroad" in page and str(proposed(lost.entry)) in page
    assert Notice.objects.get(user=officer, kind="assignment_declined").link == reverse("replacement_list")
    assert client.get(reverse("replacement_list"), {"export": "xlsx"}).status_code == 200
    desk = text(client.get(reverse("desk")))
    assert reverse("replacement_list") in desk


def test_replacement_accept_takes_effect_once(client, officer, asked):
    lost = Assignment.objects.first()
    decline(lost)
    other = proposed(lost.entry)
    typed = {"pair": f"{lost.entry_id}:{other.pk}", "once_key": str(uuid.uuid4())}
    for _ in range(2):
        assert client.post(reverse("replacement_accept"), typed).url == reverse("replacement_list")
    assert lost.entry.assignments.filter(assessor=other, status="offered").count() == 1
    assert "No panel lacks anybody" in text(client.get(reverse("replacement_list")))
    client.post(reverse("replacement_accept"), {"pair": "x"})
    assert client.get(reverse("replacement_accept")).status_code == 405


def test_several_are_accepted_after_a_look(client, officer, asked):
    first, second = asked.entries.all()[:2]
    for entry in (first, second):
        decline(entry.assignments.first())
    url = reverse("replacement_list")
    response = client.post(url, {"bulk_action": "accept", "bulk_all": "1"})
    found = response.context["proposals"]
    pairs = [one.key for group in found.values() for one in group]
    assert len(pairs) == 2 and all(f'value="{pair}"' in text(response) for pair in pairs)
    assert Assignment.objects.filter(status="offered").count() == 16
    client.post(reverse("replacement_accept"), {"pair": pairs[:1]})
    assert Assignment.objects.filter(status="offered").count() == 17
    assert client.post(url, {"bulk_action": "accept"}).status_code == 302


def test_replacement_leave_needs_a_reason_and_holds_until_the_next_loss(client, officer, asked):
    entry = asked.entries.first()
    decline(entry.assignments.first())
    url = reverse("replacement_leave")
    assert "Leave the panel" in text(client.get(url, {"entry": entry.pk}))
    response = client.post(url, {"entry": entry.pk, "why": ""})
    assert response.status_code == 422 and str(entry.subject) in text(response)
    assert client.post(url, {"entry": entry.pk, "why": "Two are enough here"}).url == reverse("replacement_list")
    assert PanelGap.objects.get().missing == 1 and not short_panels().exists()
    assert client.get(reverse("replacement_list"), {"left": "on"}).context["list"].total == 1
    decline(entry.assignments.filter(status="offered").first())
    assert short_panels().get().missing == 2
    assert client.get(url, {"entry": asked.entries.last().pk}).status_code == 302
    bulk = client.post(reverse("replacement_list"), {"bulk_action": "leave", "row": entry.pk})
    assert str(entry.subject) in text(bulk) and PanelGap.objects.count() == 1


def test_a_panel_that_was_never_asked_is_not_left_so(officer):
    round_, _people = unfilled_round(1, 3, status="open")
    with pytest.raises(RuleBroken, match="Nobody was asked"):
        replacements.leave([round_.entries.get().pk], by=officer, why="x")


# --- rounds that replace by themselves -----------------------------------------------------------


def test_a_round_replaces_by_itself_only_where_it_says_so(officer, asked, django_capture_on_commit_callbacks):
    lost = Assignment.objects.first()
    decline(lost)
    assert replacements.replace_lost(asked.pk) == []
    Round.objects.filter(pk=asked.pk).update(replaces_itself=True)
    other = proposed(lost.entry)
    (made,) = replacements.replace_lost(asked.pk)
    assert made.assessor == other and made.offered_by is None
    assert Notice.objects.filter(user=officer, kind="replacement_asked").count() == 1
    assert replacements.replace_lost(asked.pk) == []
    # The next one who declines is replaced as well, until nobody is left.
    while rows := list(lost.entry.assignments.filter(status="offered")):
        for row in rows:
            decline(row)
        sweep_replacements()
    assert lost.entry.assignments.count() == 9 and not lost.entry.assignments.filter(status="offered").exists()


def test_a_loss_has_the_round_looked_at(asked, monkeypatch, django_capture_on_commit_callbacks):
    from assessments import tasks

    looked = []
    monkeypatch.setattr(tasks.replace_lost, "apply_async", lambda args, **more: looked.append(args))
    first, second = Assignment.objects.all()[:2]
    with django_capture_on_commit_callbacks(execute=True):
        decline(first)
    assert looked == []
    Round.objects.filter(pk=asked.pk).update(replaces_itself=True)
    with django_capture_on_commit_callbacks(execute=True):
        decline(second)
    assert looked == [(asked.pk,)]


def test_what_was_never_filled_or_whose_time_is_over_is_not_asked_by_itself(officer):
    round_, _people = unfilled_round(2, 6, status="open", replaces_itself=True)
    assert replacements.replace_lost(round_.pk) == []
    lost = factories.assignment(round_.entries.first(), factories.assessor(), "offered")
    decline(lost)
    Round.objects.filter(pk=round_.pk).update(deadline=timezone.now() - timedelta(hours=1))
    assert replacements.replace_lost(round_.pk) == []
    Round.objects.filter(pk=round_.pk).update(deadline=timezone.now() + timedelta(days=1))
    assert len(replacements.replace_lost(round_.pk)) == 1


# --- the late ------------------------------------------------------------------------------------


@pytest.fixture
def late(asked):
    """Two assignments of one person, whose time is over."""
    person = Assignment.objects.values_list("assessor", flat=True)[0]
    rows = list(Assignment.objects.filter(assessor=person)[:2])
    Round.objects.filter(pk=asked.pk).update(deadline=timezone.now() - timedelta(days=1))
    return rows


def test_the_late_are_taken_back_and_replaced_in_one_step(client, officer, late):
    url = reverse("assignment_list") + "?late=on"
    response = client.post(url, {"bulk_action": "reassign", "row": [row.pk for row in late]})
    page = text(response)
    lines = response.context["lines"]
    assert [row for row, _one in lines] == late and "deadline of their own" in page
    pairs = [one.key for _row, one in lines if one]
    assert len(pairs) == 2 and not {one.assessor for _row, one in lines} & {late[0].assessor}
    assert {row.status for row in Assignment.objects.filter(pk__in=[row.pk for row in late])} == {"offered"}
    confirm = reverse("assignment_reassign")
    typed = {"row": [row.pk for row in late], "pair": pairs}
    empty = client.post(confirm, {**typed, "why": "", "until": ""})
    assert empty.status_code == 422 and str(late[0].entry.subject) in text(empty) and pairs[0] in text(empty)
    passed = client.post(confirm, {**typed, "why": "No answer", "until": ""})
    assert passed.status_code == 422 and "has passed" in text(passed)
    assert Assignment.objects.filter(status="withdrawn").count() == 0
    done = client.post(confirm, {**typed, "why": "No answer", "until": round_pages.jalali(7)})
    assert done.url == reverse("assignment_list")
    assert {row.status for row in Assignment.objects.filter(pk__in=[row.pk for row in late])} == {"withdrawn"}
    for entry in {row.entry for row in late}:
        assert entry.assignments.filter(status="offered").count() == 3
    told = Notice.objects.filter(user=late[0].assessor.user)
    assert [notice.kind for notice in told] == ["assignment_withdrawn"] and "No answer" in told[0].text_en


def test_only_those_ticked_are_asked_and_what_is_over_is_not_taken_back(client, officer, late):
    done = client.post(
        reverse("assignment_reassign"), {"row": [row.pk for row in late], "why": "No answer", "until": ""}
    )
    assert done.status_code == 302 and short_panels().count() == 2
    again = client.post(reverse("assignment_reassign"), {"row": [row.pk for row in late], "why": "x", "until": ""})
    assert again.status_code == 302 and Assignment.objects.filter(status="withdrawn").count() == 2
    assert client.post(reverse("assignment_list"), {"bulk_action": "reassign"}).status_code == 302


# --- who may, and what it costs ------------------------------------------------------------------


def test_strangers_find_nothing_and_the_anonymous_log_in(client, asked):
    lost = Assignment.objects.first()
    decline(lost)
    typed = {"pair": f"{lost.entry_id}:{proposed(lost.entry).pk}", "entry": lost.entry_id, "row": lost.pk, "why": "x"}
    names = ("replacement_list", "replacement_accept", "replacement_leave", "assignment_reassign", "assignment_list")
    for stranger in (factories.representative(), lost.assessor.user):
        client.force_login(stranger)
        assert {client.post(reverse(name), typed).status_code for name in names} == {404}
    client.logout()
    assert all("next=" in client.post(reverse(name), typed).url for name in names)
    assert short_panels().count() == 1 and not PanelGap.objects.exists()


def test_the_list_costs_the_same_for_one_row_and_for_many(client, officer):
    counts = []
    for products in (1, 20):
        round_, people = unfilled_round(products, 8, status="open", sets=1, capacity=60)
        for entry in round_.entries.all():
            for person in people[:3]:
                factories.assignment(entry, person, "offered")
            decline(entry.assignments.first())
        url = reverse("replacement_list")
        client.get(url)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(url, {"round": round_.pk}).context["list"].total == products
        counts.append(len(caught))
    assert counts[0] == counts[1] <= 45, counts
