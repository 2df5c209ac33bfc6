"""Questions about assessors and their answers: services, words, database, pages."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from assessments.models import AssessorReading, Assignment, Entry, ScoringFlag, SetAside
from assessments.selectors import flags as selectors
from assessments.services import flags, rounds, runs
from secretariat.errors import RuleBroken, Stale
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


# ------------------------------------------------------------------ answering
def test_an_answer_says_what_was_decided_by_whom_and_when(officer):
    flag = a_flag()
    before = timezone.now()
    stored = answered(flag, officer, "talked", f"  {WHY} ")
    assert (stored.decision, stored.answer, stored.answered_by) == ("talked", WHY, officer)
    assert before <= stored.answered_at <= timezone.now()


def test_an_answer_may_be_changed_and_its_former_words_stay(officer):
    flag, other = a_flag(), factories.officer()
    flag = answered(flag, officer, "review", "نخستین برداشت")
    flag = answered(flag, other, "none", "برداشت دوم")
    assert [(event.decision, event.answer, event.answered_by) for event in selectors.former_answers(flag)] == [
        ("review", "نخستین برداشت", officer)
    ]


def test_of_two_who_answer_at_once_the_second_reads_the_first(officer):
    flag = a_flag()
    answered(flag, officer)
    with pytest.raises(Stale) as stale:
        flags.answer_flag(flag.pk, "talked", "دومی", by=factories.officer(), seen=None)
    assert stale.value.current.answer == WHY
    assert ScoringFlag.objects.get().decision == "none"


@pytest.mark.parametrize("who", ["assessor", "other"])
def test_nobody_answers_a_question_about_himself(who):
    flag = a_flag(kind="pair")
    himself = factories.granted("officer", getattr(flag, who).user)
    with pytest.raises(RuleBroken):
        answered(flag, himself)


@pytest.mark.parametrize("person", [lambda: factories.assessor().user, factories.representative, lambda: None])
def test_only_officers_answer(person):
    with pytest.raises(RuleBroken):
        answered(a_flag(), person())


@pytest.mark.parametrize(
    ("decision", "answer", "field"), [("", WHY, "decision"), ("guilty", WHY, "decision"), ("none", " ", "answer")]
)
def test_an_answer_is_one_of_the_decisions_with_words(officer, decision, answer, field):
    with pytest.raises(RuleBroken) as broken:
        answered(a_flag(), officer, decision, answer)
    assert broken.value.field == field


def test_ratings_set_aside_is_said_only_where_they_are(officer):
    flag = a_flag()
    with pytest.raises(RuleBroken) as broken:
        answered(flag, officer, "aside")
    assert broken.value.field == "decision"
    SetAside.objects.create(round=flag.round, assessor=flag.assessor, why=WHY, by=officer)
    assert answered(flag, officer, "aside").decision == "aside"


def test_who_still_has_to_judge_answers_nothing():
    flag = a_flag(factories.round_("open"))
    himself = factories.officer()
    factories.assignment(factories.entry(flag.round), factories.assessor(user=himself), status="accepted")
    with pytest.raises(RuleBroken):
        answered(flag, himself)


def test_only_what_is_raised_and_unanswered_is_open(officer):
    flag = a_flag()
    a_flag(flag.round, is_raised=False)
    answered(a_flag(flag.round, "severity"), officer)
    a_flag()  # of another round
    assert selectors.open_questions(flag.round) == 1


def test_a_run_keeps_answers_and_forgets_questions_that_nobody_answered(judged, officer):
    first, second = people(judged)[:2]
    kept = answered(a_flag(judged, assessor=first), officer)
    lost = a_flag(judged, assessor=second)
    runs.score_round(judged.pk, force=True)
    kept.refresh_from_db()
    assert (kept.is_raised, kept.answer) == (False, WHY)
    assert not ScoringFlag.objects.filter(pk=lost.pk).exists()


# ------------------------------------------------------------------ in words
@pytest.mark.parametrize("kind", ScoringFlag.Kind.values)
@pytest.mark.parametrize("figure", [-12.34, 0.56])
def test_every_question_is_a_question_and_says_its_figure(kind, figure, in_english):
    flag = ScoringFlag(kind=kind, figure=figure, sheets=8, chance=0.0004)
    with translation.override("en"):
        asked, why = selectors.question(flag), selectors.evidence(flag)
        assert asked.endswith("?")
        assert any(digit in why for digit in "0123456789")
        assert selectors.basis(flag) in ("on 8 sheets", "on 8 common products")
        assert selectors.how_unusual(flag) == "about once in 2,500 cases by chance alone"
    with translation.override("fa"):
        assert selectors.question(flag).endswith("؟")


@pytest.mark.parametrize(
    ("chance", "words"), [(1e-9, "less than once in 1,000,000"), (0.0123, "once in 81"), (0.000345, "once in 2,900"), (None, "")]
)
def test_chance_is_told_as_once_in_so_many(chance, words):
    with translation.override("en"):
        assert words in selectors.how_unusual(ScoringFlag(kind="halo", figure=1, sheets=8, chance=chance))


def test_a_pair_is_laid_side_by_side_with_what_is_usual():
    version = factories.published_set()
    round_ = factories.round_("open")
    one, two, third = (factories.assessor() for _ in range(3))
    sheet = factories.sheet(round_, version)
    for shift in (0, 1):
        entry = Entry.objects.create(round=round_, subject=factories.subject(), sheet=sheet)
        said = {"D1I1": 3, "D1I2": 4, "D2I1": 5, "D2I2": 2}
        factories.submitted_assessment(entry, said, one)
        factories.submitted_assessment(entry, {**said, "D2I2": 2 + shift}, two)
        factories.submitted_assessment(entry, 1, third)
    factories.submitted_assessment(Entry.objects.create(round=round_, subject=factories.subject(), sheet=sheet), 3, one)
    flag = a_flag(round_, "pair", assessor=one, other=two)
    with CaptureQueriesContext(connection) as queries:
        told = selectors.side_by_side(flag)
    assert (told.same, told.answers, len(told.sheets), told.usual) == (7, 8, 2, 0.0)
    assert [sheet.same for sheet in told.sheets] == [4, 3]  # the most alike first
    (unlike,) = [line for line in told.sheets[1].lines if not line.is_same]
    assert (unlike.indicator.code, unlike.first[0], unlike.second[0]) == ("D2I2", 2, 3)
    assert len(queries) == 3


# ------------------------------------------------------------------ the database
def test_a_question_is_raised_once():
    flag = a_flag()
    with refused("flag_raised_once"):
        a_flag(flag.round, assessor=flag.assessor)
    pair = a_flag(flag.round, "pair")
    with refused("flag_raised_once"):
        a_flag(flag.round, "pair", assessor=pair.assessor, other=pair.other)


def test_an_unknown_kind_is_refused():
    flag = a_flag()
    with refused("flag_kind_known"):
        ScoringFlag.objects.filter(pk=flag.pk).update(kind="guilt")


def test_a_pair_names_two_and_nothing_else_does():
    flag, pair = a_flag(), a_flag(kind="pair")
    with refused("pair_flag_names_two"):
        ScoringFlag.objects.filter(pk=pair.pk).update(other=None)
    with refused("pair_flag_names_two"):
        ScoringFlag.objects.filter(pk=flag.pk).update(other=pair.other)


@pytest.mark.parametrize("missing", ["decision", "answer", "answered_by", "answered_at"])
def test_an_answer_is_whole_or_none(missing, officer):
    flag = answered(a_flag(), officer)
    with refused("flag_answered_wholly"):
        ScoringFlag.objects.filter(pk=flag.pk).update(**{missing: "" if missing in ("decision", "answer") else None})


def test_a_run_reads_an_assessor_once():
    run, person = factories.run(factories.round_("open")), factories.assessor()
    AssessorReading.objects.create(run=run, assessor=person, sheets=1, mean_given=50)
    with refused("one_reading_an_assessor"):
        AssessorReading.objects.create(run=run, assessor=person, sheets=2, mean_given=60)


# ------------------------------------------------------------------ pages
def test_the_list_asks_and_counts(client, officer, judged, in_english):
    person, other, *_rest = people(judged)
    a_flag(judged, "straightline", assessor=person, figure=0.62)
    answered(a_flag(judged, "pair", assessor=person, other=other), officer)
    page = ask(officer, "round_questions", judged.pk, client=client).content.decode()
    assert "Is there a reason why one and the same answer stands" in page
    assert "62%" in page and "1 question is not answered." in page
    assert "no action needed" in page and f"{person} and {other}" in page
    narrowed = client.get(reverse("round_questions", args=[judged.pk]), {"state": "open"}).content.decode()
    assert "62%" in narrowed and "independently" not in narrowed
    for name in ("round_detail", "round_results"):
        assert "1 question about the assessors is not answered." in ask(officer, name, judged.pk, client=client).content.decode()


def test_fixing_the_scores_says_how_many_questions_are_open_and_goes_on(client, officer, judged, in_english):
    rounds.move_round(judged.pk, "close", by=officer, why=WHY)
    a_flag(judged, assessor=people(judged)[0])
    address = reverse("round_move", args=[judged.pk, "score"])
    client.force_login(officer)
    assert "1 question about the assessors is not answered." in client.get(address).content.decode()
    assert "question about the assessors" not in client.get(reverse("round_move", args=[judged.pk, "cancel"])).content.decode()
    assert client.post(address, {"why": ""}).status_code == 302
    judged.refresh_from_db()
    assert judged.status == "scored"


def test_an_officer_reads_the_grounds_and_answers(client, officer, judged, in_english):
    flag = a_flag(judged, assessor=people(judged)[0])
    address = reverse("question_detail", args=[flag.pk])
    client.force_login(officer)
    page = client.get(address).content.decode()
    assert "Was every indicator judged by itself?" in page and "on 8 sheets" in page and "about once in 2,500 cases" in page
    assert client.post(address, {"decision": "", "answer": WHY, "seen": ""}).status_code == 422
    assert client.post(address, {"decision": "talked", "answer": WHY, "seen": ""}).status_code == 302
    flag.refresh_from_db()
    assert (flag.decision, flag.answered_by) == ("talked", officer)
    late = client.post(address, {"decision": "none", "answer": "دیرتر", "seen": ""})
    assert late.status_code == 422 and WHY in late.content.decode()
    # The form that is shown again knows what stands now.
    seen = late.content.decode().split('name="seen" value="')[1].split('"')[0]
    assert client.post(address, {"decision": "none", "answer": "دیرتر", "seen": seen}).status_code == 302
    page = client.get(address).content.decode()
    assert "Earlier answers" in page and WHY in page and "دیرتر" in page


def test_a_pair_is_shown_by_indicator(client, officer, judged, in_english):
    one, two, *_rest = people(judged)
    flag = a_flag(judged, "pair", assessor=one, other=two)
    page = ask(officer, "question_detail", flag.pk, client=client).content.decode()
    assert "Side by side" in page and "Indicator 1.1" in page
    common = set(Assignment.objects.filter(assessor=one).values_list("entry", flat=True)) & set(
        Assignment.objects.filter(assessor=two).values_list("entry", flat=True)
    )
    assert page.count('class="pair-sheet"') == len(common)


def test_whom_a_question_concerns_reads_it_without_a_form(client, judged, in_english):
    person = people(judged)[0]
    himself = factories.granted("officer", person.user)
    flag = a_flag(judged, assessor=person)
    page = ask(himself, "question_detail", flag.pk, client=client).content.decode()
    assert "This question is about you" in page and 'name="decision"' not in page
    answer = client.post(reverse("question_detail", args=[flag.pk]), {"decision": "none", "answer": WHY})
    assert answer.status_code == 422
    assert selectors.open_questions(judged) == 1


@pytest.mark.parametrize(
    "name", ["round_questions", "round_assessors", "round_reliability", "question_detail", "round_assessor", "round_set_aside"]
)
def test_an_officer_with_work_left_in_the_round_reads_nothing_yet(client, judged, name):
    himself, person = factories.officer(), people(judged)[0]
    entry = judged.entries.first()
    pending = Assignment.objects.create(entry=entry, assessor=factories.assessor(user=himself), status="accepted", alias=9)
    flag = a_flag(judged, assessor=person)
    args = {"question_detail": [flag.pk], "round_assessor": [judged.pk, person.pk], "round_set_aside": [judged.pk, person.pk]}
    page = ask(himself, name, *args.get(name, [judged.pk]), client=client)
    assert page.status_code == 403 and str(person) not in page.content.decode()
    Assignment.objects.filter(pk=pending.pk).update(status="withdrawn")
    assert ask(himself, name, *args.get(name, [judged.pk]), client=client).status_code == 200


def test_the_list_of_questions_takes_as_many_queries_for_many_as_for_few(client, officer):
    round_ = factories.round_("moderation")
    a_flag(round_)

    def count():
        with CaptureQueriesContext(connection) as queries:
            ask(officer, "round_questions", round_.pk, client=client)
        return len(queries)

    count()
    few = count()
    for kind in ("halo", "pair", "severity") * 3:
        answered(a_flag(round_, kind), officer)
    assert count() == few
