"""Weight studies in the browser: what officers do and see, how an expert answers, and who is kept out."""

import json
import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import Comparison, SetVersion, StudyExpert, WeightStudy
from assessments.selectors.comparisons import groups_of
from assessments.services import comparisons, sets
from secretariat import persian
from tests import factories
from tests.assessments import weighing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def desk(client, officer):
    """The officer's browser."""
    client.force_login(officer)
    return client


@pytest.fixture
def study(officer):
    return weighing.study(groups=("", "D1"), officer=officer)


@pytest.fixture
def expert(study):
    return weighing.experts(study)[0]


@pytest.fixture
def own(expert):
    """The expert's browser."""
    browser = Client()
    browser.force_login(expert.user)
    return browser


def at(name, study, *more):
    return reverse(name, args=[study.pk, *more])


def words(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def jalali(days):
    return persian.short(timezone.localdate() + timedelta(days=days))


def steps_sent(group, steps, version=0):
    """The fields of a page of pairs: answers in the order of the pairs, None for one left open."""
    rows = group.rows
    names = [f"p-{rows[n].pk}-{rows[m].pk}" for n in range(len(rows)) for m in range(n + 1, len(rows))]
    given = {name: "" if step is None else str(step) for name, step in zip(names, steps, strict=True)}
    return {**given, "version": str(version)}


# --- opening -------------------------------------------------------------------------------------


def test_an_officer_opens_a_study_from_the_page_of_the_set(desk, officer):
    draft, assessor, other = weighing.draft(code="poster"), factories.assessor(), factories.user(username="guest")
    assert reverse("study_new", args=["poster", 1]) in desk.get(reverse("set_edit", args=["poster", 1])).content.decode()
    page = desk.get(reverse("study_new", args=["poster", 1]))
    assert "Dimension 1: 3 rows, 3 pairs" in words(page) and assessor.user.display_name in words(page)
    sent = {"groups": ["*", "D2"], "roster": [assessor.pk], "others": "guest", "deadline": jalali(5), "note": "Please."}
    answer = desk.post(reverse("study_new", args=["poster", 1]), {**sent, "once_key": str(uuid.uuid4())})
    study = WeightStudy.objects.get(version=draft)
    assert answer.url == study.get_absolute_url()
    assert [group.code for group in groups_of(study)] == ["", "D2"]
    assert {expert.user for expert in weighing.experts(study)} == {assessor.user, other}
    assert desk.get(reverse("study_new", args=["poster", 1])).url == study.get_absolute_url()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"groups": []}, "This field is required"),
        ({"roster": []}, "Choose at least one expert"),
        ({"others": "nobody@nowhere.example"}, "There is no account of “nobody@nowhere.example”"),
        ({"deadline": ""}, "This field is required"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_opened(desk, change, sentence):
    weighing.draft(code="poster")
    sent = {"groups": ["*"], "roster": [factories.assessor().pk], "deadline": jalali(5), **change}
    answer = desk.post(reverse("study_new", args=["poster", 1]), sent)
    assert answer.status_code == 422 and sentence in words(answer)
    assert not WeightStudy.objects.exists()


def test_a_set_with_nothing_to_compare_says_so(desk, officer):
    sets.create_set(by=officer, code="empty", title_fa="تهی", title_en="Empty", layer="kind")
    assert "nothing to compare" in words(desk.get(reverse("study_new", args=["empty", 1])))


def test_more_experts_and_more_time(desk, study):
    extra = factories.assessor()
    assert extra.user.display_name in words(desk.get(at("study_invite", study)))
    desk.post(at("study_invite", study), {"roster": [extra.pk]})
    assert study.experts.filter(user=extra.user).exists()
    assert desk.post(at("study_invite", study), {"others": extra.user.username}).status_code == 422
    assert desk.post(at("study_extend", study), {"deadline": jalali(40), "why": ""}).status_code == 422
    desk.post(at("study_extend", study), {"deadline": jalali(40), "why": "Holidays"})
    assert "Holidays" in words(desk.get(at("study_detail", study)))


# --- the expert ----------------------------------------------------------------------------------


def test_an_expert_finds_the_study_on_the_desk_and_compares_without_scripts(own, study, expert):
    assert at("study_compare", study) in own.get(reverse("desk")).content.decode()
    first, second = groups_of(study)
    assert at("study_pairs", study, first.pk) in own.get(at("study_compare", study)).content.decode()
    page = own.get(at("study_pairs", study, first.pk))
    assert page.content.decode().count("data-pair ") + page.content.decode().count("data-pair>") == 3
    assert "“Dimension 1” is strongly more important (5)" in page.content.decode()
    answer = own.post(at("study_pairs", study, first.pk), {**steps_sent(first, [4, None, -2]), "then": "next"})
    assert answer.url == at("study_pairs", study, second.pk)
    assert sorted(expert.comparisons.values_list("step", flat=True)) == [-2, 4]
    assert "2 of 3 pairs compared" in words(own.get(at("study_pairs", study, first.pk)))


def test_autosave_tells_how_the_answers_stand(own, study, expert):
    group = groups_of(study)[0]
    address = at("study_autosave", study, group.pk)
    told = json.loads(own.post(address, steps_sent(group, [4, None, None])).content)
    assert told["version"] == 1 and "1 of 3 pairs compared" in told["parts"]["bar"]
    assert "Dimension 3" in told["parts"]["doubts"]
    told = json.loads(own.post(address, steps_sent(group, [4, -4, 4], version=1)).content)
    assert "contradictory: " in told["parts"]["bar"] and "both equally important" in told["parts"]["doubts"]
    told = json.loads(own.post(address, steps_sent(group, [1, 3, 1], version=2)).content)
    assert "consistent: 0.00" in told["parts"]["bar"] and "Would fit" not in told["parts"]["doubts"]


def test_two_windows_are_told_of_each_other_and_what_was_chosen_stays_on_the_page(own, study):
    group = groups_of(study)[0]
    own.post(at("study_autosave", study, group.pk), steps_sent(group, [1, 1, 1]))
    answer = own.post(at("study_autosave", study, group.pk), steps_sent(group, [5, 1, 1]))
    assert answer.status_code == 409 and answer.json()["url"] == at("study_pairs", study, group.pk)
    page = own.post(at("study_pairs", study, group.pk), steps_sent(group, [5, 1, 1]))
    assert page.status_code == 409 and re.search(r'value="5" checked', page.content.decode())
    assert 'name="version" value="1"' in page.content.decode()
    own.post(at("study_pairs", study, group.pk), steps_sent(group, [5, 1, 1], version=1))
    assert Comparison.objects.filter(step=5).count() == 1


@pytest.mark.parametrize("fields", [{"p-1-2": "3"}, {"p-x-2": "1"}, {"p-1": "1"}])
def test_answers_to_pairs_that_are_not_there_are_refused(own, study, fields):
    group = groups_of(study)[0]
    fields = {**fields, "version": "0"}
    assert own.post(at("study_autosave", study, group.pk), fields).status_code == 422
    assert own.post(at("study_pairs", study, group.pk), fields).status_code == 422


@pytest.mark.parametrize("step", ["9", "-9", "1.5", "many"])
def test_answers_beside_the_scale_are_refused(own, study, step):
    group = groups_of(study)[0]
    fields = {**steps_sent(group, [1, 1, 1]), f"p-{group.rows[0].pk}-{group.rows[1].pk}": step}
    answer = own.post(at("study_autosave", study, group.pk), fields)
    assert answer.status_code == 422 and "does not stand on the scale" in answer.json()["message"]
    assert not Comparison.objects.exists()


def test_finishing_names_what_is_not_connected_and_then_shows_the_answers(own, study, expert):
    answer = own.post(at("study_finish", study))
    assert answer.status_code == 422 and "“Dimension 1” | “Dimension 2” | “Dimension 3”" in words(answer)
    weighing.answer(expert, [2, 4, 1])
    weighing.answer(expert, [0, 0, None], group=1)
    assert own.post(at("study_finish", study)).status_code == 302
    page = words(own.get(at("study_compare", study)))
    assert "Your answers count" in page and "By your answers" in page and "By all experts" not in page
    assert own.get(at("study_pairs", study, groups_of(study)[0].pk)).url == at("study_compare", study)
    assert at("study_compare", study) not in own.get(reverse("desk")).content.decode().split("notice")[0]
    own.post(at("study_resume", study))
    assert StudyExpert.objects.get(pk=expert.pk).finished_at is None


def test_an_expert_never_sees_the_others(own, study, expert, officer):
    other = weighing.experts(study)[1]
    for one in (expert, other):
        weighing.answer(one, [2, 4, 1])
        weighing.answer(one, [2, 4, 1], group=1)
        comparisons.finish(study.pk, by=one.user)
    comparisons.exclude(other.pk, by=officer, why="a private reason")
    comparisons.move_study(study.pk, "close", by=officer)
    page = words(own.get(at("study_compare", study)))
    assert "By all experts" in page and "provisional" in page
    assert other.user.display_name not in page and "private reason" not in page
    comparisons.adopt(study.pk, by=officer)
    page = words(own.get(at("study_compare", study)))
    assert "By all experts" in page and "provisional" not in page


@pytest.mark.parametrize("name", ["study_compare", "study_pairs", "study_autosave", "study_finish", "study_resume"])
def test_the_pages_of_an_expert_are_not_there_for_others(study, officer, name):
    group = [groups_of(study)[0].pk] if name in ("study_pairs", "study_autosave") else []
    for person in (officer, factories.assessor().user):
        client = Client()
        client.force_login(person)
        for method in (client.get, client.post):
            assert method(at(name, study, *group)).status_code in (404, 405)


@pytest.mark.parametrize("name", ["study_detail", "study_invite", "study_extend", "study_adopt", "study_list"])
def test_the_pages_of_officers_are_not_there_for_experts(own, study, name):
    address = reverse(name) if name == "study_list" else at(name, study)
    assert own.get(address).status_code == 404
    assert own.post(address).status_code in (404, 405)


# --- the officer ---------------------------------------------------------------------------------


def test_the_officer_sees_progress_consistency_and_both_results(desk, study, expert):
    second = weighing.experts(study)[1]
    weighing.answer(expert, [4, -4, 4])
    weighing.answer(expert, [1, 1, 1], group=1)
    weighing.answer(second, [2, 4, 1])
    weighing.answer(second, [1, 3, 1], group=1)
    page = words(desk.get(at("study_detail", study)))
    assert "contradictory: " in page and "at work" in page and "Nobody has finished yet" in page
    comparisons.finish(study.pk, by=expert.user)
    comparisons.finish(study.pk, by=second.user)
    page = words(desk.get(at("study_detail", study)))
    assert "Disagreement" in page and "Row means" in page and "With those left out" not in page
    assert desk.post(at("study_exclude", study, expert.pk), {"why": ""}).status_code == 422
    desk.post(at("study_exclude", study, expert.pk), {"why": "Turned round."})
    page = words(desk.get(at("study_detail", study)))
    assert "With those left out" in page and "Reason: Turned round." in page
    desk.post(at("study_include", study, expert.pk))
    assert "With those left out" not in words(desk.get(at("study_detail", study)))


def test_the_officer_closes_and_adopts(desk, study, expert):
    weighing.answer(expert, [2, 4, 1])
    weighing.answer(expert, [4, -4, 4], group=1)
    comparisons.finish(study.pk, by=expert.user)
    assert "Not finished, and so not counted" in words(desk.get(at("study_move", study, "close")))
    assert desk.get(at("study_adopt", study)).url == study.get_absolute_url()
    desk.post(at("study_move", study, "close"))
    assert desk.post(at("study_move", study, "reopen"), {"why": ""}).status_code == 422
    page = words(desk.get(at("study_adopt", study)))
    assert "one expert" in page and "Together the answers contradict one another" in page and "draft of version 1" in page
    answer = desk.post(at("study_adopt", study))
    assert answer.url == reverse("set_edit", args=[study.version.set.code, 1])
    top = study.version.indicators.filter(parent=None).order_by("position")
    editor = desk.get(answer.url).content.decode()
    assert all(f'name="weight-{row.pk}" value="{row.weight.normalize():f}"' in editor for row in top)
    assert "The weights were adopted on" in words(desk.get(at("study_detail", study)))
    assert desk.post(at("study_adopt", study)).status_code == 422


def test_a_study_whose_draft_is_gone_is_gone(desk, study, officer):
    comparisons.move_study(study.pk, "cancel", by=officer, why="no more")
    sets.discard(study.version_id, edition=None, by=officer)
    assert desk.get(at("study_detail", study)).status_code == 404
    assert not SetVersion.objects.filter(pk=study.version_id).exists()


def test_the_list_of_studies(desk, study):
    page = words(desk.get(reverse("study_list")))
    assert study.version.set.title_en in page and "experts compare" in page


def test_both_languages(desk, own, study, expert):
    weighing.answer(expert, [2, None, 1])
    for client, address in ((desk, at("study_detail", study)), (own, at("study_compare", study))):
        client.cookies["language"] = "fa"
        page = client.get(address).content.decode()
        assert 'dir="rtl"' in page and "۲ از ۳ زوج" in page.replace("۲ از ۶ زوج", "۲ از ۳ زوج")


# --- how much is asked of the database ------------------------------------------------------------


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_query_counts_do_not_grow(desk, officer):
    counts = []
    for size, people in ((2, 1), (6, 9)):
        study = weighing.study(weighing.draft(size, 2), groups=("", "D1", "D2"), experts=people, officer=officer)
        for expert in weighing.experts(study):
            weighing.answer(expert, [1] * (size * (size - 1) // 2))
            for group in (1, 2):
                weighing.answer(expert, [1], group=group)
            comparisons.finish(study.pk, by=expert.user)
        client, group = Client(), groups_of(study)[0]
        client.force_login(expert.user)
        comparisons.resume(study.pk, by=expert.user)
        found = [
            queries(desk, at("study_detail", study)),
            queries(client, at("study_compare", study)),
            queries(client, at("study_pairs", study, group.pk)),
        ]
        comparisons.finish(study.pk, by=expert.user)
        comparisons.move_study(study.pk, "close", by=officer)
        counts.append([*found, queries(desk, at("study_adopt", study)), queries(client, at("study_compare", study))])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 14
