"""Setting an assessor aside and taking him back: services, database, pages."""

import pytest
from django.urls import reverse
from django.utils import timezone

from assessments.models import Assignment, Score, SetAside
from assessments.selectors import flags as selectors
from assessments.selectors import rounds as round_selectors
from assessments.selectors import set_aside as aside_selectors
from assessments.services import rounds, runs, set_aside
from secretariat.errors import RuleBroken
from tests import factories
from tests.assessments import scored_rounds
from tests.assessments.asked import WHY, a_flag, answered, ask, people
from tests.refusal import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def judged():
    """Eight products judged by four of five assessors each; everybody could be spared."""
    return scored_rounds.judged_round(products=8, assessors=5, panel=4)


# ------------------------------------------------------------------ setting aside
def test_setting_aside_leaves_nothing_of_him_in_the_scores_and_keeps_the_results_so_far(judged, officer):
    person, before = people(judged)[0], judged.run
    mine = set(Assignment.objects.filter(assessor=person).values_list("entry", flat=True))
    raters = dict(Score.objects.filter(run=before, part=None).values_list("entry", "raters"))
    made = set_aside.set_aside(judged.pk, person.pk, by=officer, why=f" {WHY} ")
    assert (made.why, made.by, made.ended_at) == (WHY, officer, None)
    assert set(judged.entries.stale().values_list("pk", flat=True)) == mine
    after = runs.score_round(judged.pk)
    assert person.pk in before.readings.values_list("assessor", flat=True)
    assert person.pk not in after.readings.values_list("assessor", flat=True)
    now = dict(Score.objects.filter(run=after, part=None).values_list("entry", "raters"))
    assert now == {pk: count - (pk in mine) for pk, count in raters.items()}
    before.refresh_from_db()
    assert str(person) in before.kept_because
    for _ in range(runs.KEPT_PROVISIONAL + 2):
        runs.score_round(judged.pk, force=True)
    assert Score.objects.filter(run=before).exists()
    trail = judged.moves.get(action="set_aside")
    assert (trail.by, trail.source, trail.target, trail.why) == (officer, "open", "open", f"{person}: {WHY}")
    assert not list(runs.differences(judged.pk))


def test_what_is_announced_is_what_happens(judged, officer):
    person = people(judged)[1]
    told = aside_selectors.preview(judged, person.pk)
    before = {score.entry_id: score for score in Score.objects.filter(run=judged.run, part=None, indicator=None)}
    assert not SetAside.objects.exists()
    set_aside.set_aside(judged.pk, person.pk, by=officer, why=WHY)
    after = {score.entry_id: score for score in Score.objects.filter(run=runs.score_round(judged.pk), part=None, indicator=None)}
    changes = {pk: after[pk].value - before[pk].value for pk in after}
    assert told.largest == pytest.approx(max(map(abs, changes.values())))
    assert told.sheets == Assignment.objects.filter(assessor=person).count()
    assert told.other_rank == sum(after[pk].rank != before[pk].rank for pk in after)
    for row in told.rows:
        assert (row.delta, row.rank_before, row.rank_after) == (
            pytest.approx(changes[row.entry.pk]), before[row.entry.pk].rank, after[row.entry.pk].rank,
        )  # fmt: skip
    assert [abs(row.delta) for row in told.rows] == sorted((abs(row.delta) for row in told.rows), reverse=True)


def test_taking_back_gives_the_results_that_were(judged, officer):
    person = people(judged)[0]
    before = dict(Score.objects.filter(run=judged.run).values_list("pk", "value"))
    set_aside.set_aside(judged.pk, person.pk, by=officer, why=WHY)
    between = runs.score_round(judged.pk)
    ended = set_aside.take_back(judged.pk, person.pk, by=officer, why="دلیل برطرف شد")
    assert (ended.ended_by, ended.ended_at is None) == (officer, False)
    after = runs.score_round(judged.pk)
    assert after.inputs_hash == judged.run.inputs_hash
    assert sorted(after.scores.values_list("value", flat=True)) == sorted(before.values())
    between.refresh_from_db()
    assert str(person) in between.kept_because
    assert judged.moves.filter(action="take_back", why__startswith=str(person)).exists()
    with pytest.raises(RuleBroken):
        set_aside.take_back(judged.pk, person.pk, by=officer, why=WHY)
    set_aside.set_aside(judged.pk, person.pk, by=officer, why="دوباره")
    assert SetAside.objects.filter(assessor=person).count() == 2


def test_setting_aside_answers_the_questions_about_him_and_taking_back_asks_them_again(judged, officer):
    person, other, *_rest = people(judged)
    own, pair = a_flag(judged, assessor=person), a_flag(judged, "pair", assessor=other, other=person)
    spoken = answered(a_flag(judged, "erratic", assessor=person), officer, "talked", "پیش از آن")
    foreign = a_flag(judged, assessor=other)
    made = set_aside.set_aside(judged.pk, person.pk, by=officer, why=WHY)
    for flag in (own, pair):
        flag.refresh_from_db()
        assert (flag.decision, flag.answer, flag.answered_by, flag.answered_at) == ("aside", WHY, officer, made.at)
    spoken.refresh_from_db()
    foreign.refresh_from_db()
    assert (spoken.decision, foreign.decision) == ("talked", "")
    SetAside.objects.create(round=judged, assessor=other, why=WHY, by=officer)  # past the rule that protects the panels
    set_aside.take_back(judged.pk, person.pk, by=officer, why=WHY)
    own.refresh_from_db()
    pair.refresh_from_db()
    assert own.decision == "", "it is asked again"
    assert pair.decision == "aside", "the other of the pair is still set aside"
    assert [event.decision for event in selectors.former_answers(own)] == ["aside"]


def test_a_product_left_with_too_few_is_named(officer):
    round_ = factories.round_("open")
    entries = [factories.entry(round_, factories.subject(title_fa="اثر کم‌داور"))]
    spare = factories.assessor()
    for entry in entries:
        factories.submitted_assessment(entry, 4, spare)
        for _ in range(2):
            factories.submitted_assessment(entry, 4)
    with pytest.raises(RuleBroken, match="اثر کم‌داور"):
        set_aside.set_aside(round_.pk, spare.pk, by=officer, why=WHY)
    factories.submitted_assessment(entries[0], 4)
    set_aside.set_aside(round_.pk, spare.pk, by=officer, why=WHY)


def test_a_product_left_out_of_the_results_holds_nobody(officer):
    entry, spare = factories.entry(), factories.assessor()
    factories.submitted_assessment(entry, 4, spare)
    rounds.exclude_entry(entry.pk, by=officer, why=WHY)
    set_aside.set_aside(entry.round_id, spare.pk, by=officer, why=WHY)


def test_one_set_aside_before_counts_for_no_panel(judged, officer):
    first, second, *_rest = people(judged)
    set_aside.set_aside(judged.pk, first.pk, by=officer, why=WHY)
    with pytest.raises(RuleBroken):  # panels of four: the two together leave two
        set_aside.set_aside(judged.pk, second.pk, by=officer, why=WHY)


def test_setting_aside_is_refused_once_results_stand_and_of_cancelled_rounds(judged, officer):
    person = people(judged)[0]
    scored_rounds.published(judged)
    with pytest.raises(RuleBroken):
        set_aside.set_aside(judged.pk, person.pk, by=officer, why=WHY)
    cancelled = factories.round_("cancelled")
    with pytest.raises(RuleBroken):
        set_aside.set_aside(cancelled.pk, person.pk, by=officer, why=WHY)
    assert not SetAside.objects.exists()


def test_setting_aside_wants_a_reason_a_colleague_and_something_submitted(judged, officer):
    person = people(judged)[0]
    refusals = [
        (person.pk, {"by": officer, "why": "  "}),
        (person.pk, {"by": factories.granted("officer", person.user), "why": WHY}),
        (person.pk, {"by": factories.representative(), "why": WHY}),
        (person.pk, {"by": None, "why": WHY}),
        (factories.assessor().pk, {"by": officer, "why": WHY}),
    ]
    for assessor, said in refusals:
        with pytest.raises(RuleBroken):
            set_aside.set_aside(judged.pk, assessor, **said)
    assert not SetAside.objects.exists()
    set_aside.set_aside(judged.pk, person.pk, by=officer, why=WHY)
    with pytest.raises(RuleBroken):
        set_aside.set_aside(judged.pk, person.pk, by=officer, why=WHY)
    with pytest.raises(RuleBroken):  # by himself
        set_aside.take_back(judged.pk, person.pk, by=person.user, why=WHY)


def test_who_is_set_aside_does_not_count_for_the_publication(judged, officer):
    rounds.move_round(judged.pk, "close", by=officer, why=WHY)
    judged.refresh_from_db()
    assert round_selectors.why_not_publishable(judged) == []
    for person in people(judged)[:2]:
        SetAside.objects.create(round=judged, assessor=person, why=WHY, by=officer)
    assert len(round_selectors.why_not_publishable(judged)) == 1
    SetAside.objects.update(ended_at=timezone.now(), ended_by=officer)
    assert round_selectors.why_not_publishable(judged) == []


def test_an_assessor_is_set_aside_once_at_a_time(officer):
    flag = a_flag()
    row = {"round": flag.round, "assessor": flag.assessor, "by": officer, "why": WHY}
    first = SetAside.objects.create(**row)
    with refused("set_aside_once"):
        SetAside.objects.create(**row)
    SetAside.objects.filter(pk=first.pk).update(ended_at=timezone.now(), ended_by=officer)
    SetAside.objects.create(**row)


def test_nobody_is_set_aside_without_a_reason(officer):
    flag = a_flag()
    with refused("set_aside_with_a_reason"):
        SetAside.objects.create(round=flag.round, assessor=flag.assessor, by=officer, why="")


@pytest.mark.parametrize("said", [{"ended_at": timezone.now()}, {"ended_by": True}])
def test_somebody_ends_it_at_some_time(said, officer):
    flag = a_flag()
    row = SetAside.objects.create(round=flag.round, assessor=flag.assessor, by=officer, why=WHY)
    with refused("set_aside_ended_by_somebody"):
        SetAside.objects.filter(pk=row.pk).update(**{name: officer if value is True else value for name, value in said.items()})


def test_setting_aside_shows_what_would_change_before_it_is_done(client, officer, judged, in_english):
    person = people(judged)[0]
    address = reverse("round_set_aside", args=[judged.pk, person.pk])
    client.force_login(officer)
    page = client.get(address).content.decode()
    assert "What would change" in page and "The largest changes" in page
    assert client.post(address, {"why": ""}).status_code == 422
    assert not SetAside.objects.exists()
    assert client.post(address, {"why": WHY}).status_code == 302
    card = client.get(reverse("round_assessor", args=[judged.pk, person.pk])).content.decode()
    assert WHY in card and "Count the ratings again" in card
    assert "already" in client.get(address).content.decode()
    assert WHY in client.get(reverse("round_assessors", args=[judged.pk])).content.decode()
    back = reverse("round_take_back", args=[judged.pk, person.pk])
    assert WHY in client.get(back).content.decode()
    assert client.post(back, {"why": "دلیل برطرف شد"}).status_code == 302
    assert client.get(back).status_code == 404


def test_what_cannot_be_set_aside_says_why_and_offers_no_form(client, officer, in_english):
    entry, person = factories.entry(), factories.assessor()
    for assessor in (person, None, None):
        factories.submitted_assessment(entry, 4, assessor)
    page = ask(officer, "round_set_aside", entry.round_id, person.pk, client=client).content.decode()
    assert "This cannot be done" in page and str(entry.subject) in page and 'name="why"' not in page
