"""What an assessor is shown of the others: nothing before his own judgement, afterwards exactly what the round says, off the panel nothing."""

from itertools import product

import pytest
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from assessments.blindness import KNOWS_SUBMITTER, judged_blind, shown_to
from assessments.models import Affiliation, Assignment, Entry, Round
from assessments.selectors.others import beside, others_of
from assessments.services import assessments, rounds, runs
from secretariat.models import Agency, Letter, Notice
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

EVERYTHING = {"see_ratings": "after_own", "see_names": "after_own", "see_aggregates": "after_own"}


@pytest.fixture
def version():
    return factories.published_set()


def panel(version, others=2, status="submitted", **policy):
    """An assignment of mine beside `others` who have submitted: (assignment, the others' assessments)."""
    agency = Agency.objects.filter(name_en="Secret Agency").first() or factories.agency(name_en="Secret Agency")
    entry = factories.entry(
        factories.round_("open", **{"see_submitter": "never", **policy}), factories.subject(agency), [version]
    )
    them = [
        factories.submitted_assessment(
            entry, 2 + n % 3, factories.assessor(first_name="Other", last_name=f"Person{n}"), comment=f"comment {n}",
            strengths=f"strength {n}", improvements=f"improvement {n}", note_to_staff=f"private {n}",
        )
        for n in range(others)
    ]  # fmt: skip
    me = factories.assessor(first_name="Mina", last_name="Myself")
    if status == "submitted":
        mine = factories.submitted_assessment(entry, 5, me, comment="my own words").assignment
    else:
        mine = factories.assignment(entry, me, status=status)
    Entry.objects.filter(pk=entry.pk).update(inputs_version=1, inputs_changed_at=timezone.now())
    runs.score_round(entry.round_id)
    return Assignment.objects.select_related("entry__round", "assessor__user").get(pk=mine.pk), them


def look(client, assignment):
    client.force_login(assignment.assessor.user)
    return client.get(reverse("assessment_others", args=[assignment.pk]))


# --- the page ----------------------------------------------------------------------------------------


def test_the_others_stand_beside_one_s_own_under_numbers(client, version):
    mine, them = panel(version, see_ratings="after_own")
    page = look(client, mine).text
    assert "Assessor 1" in page and "Assessor 2" in page and "Person0" not in page
    assert all(
        word in page for word in ("comment 0", "comment 1", "strength 0", "improvement 1", "my own words", "level 2", "level 3")
    )
    assert "private" not in page, "what is written to the secretariat is for the secretariat"
    assert page.count("<article") == 4 and "score-card" not in page and "Secret Agency" not in page
    assert [row.pk for row in beside(mine).order_by("pk")] == [row.pk for row in them]


def test_with_names_where_the_round_says_so(client, version):
    mine, _them = panel(version, see_ratings="after_own", see_names="after_own")
    page = look(client, mine).text
    assert "Other Person0" in page and "Assessor 1" not in page


def test_names_alone(client, version):
    mine, _them = panel(version, see_names="after_own")
    page = look(client, mine).text
    assert "Other Person0" in page and "comment 0" not in page and "level 2" not in page


def test_the_score_alone(client, version):
    mine, _them = panel(version, see_aggregates="after_own")
    answer = look(client, mine)
    assert "score-card" in answer.text and "comment 0" not in answer.text and "Person0" not in answer.text
    why = client.get(reverse("entry_scores", args=[mine.entry_id]))
    assert why.status_code == 200
    assert all(word not in why.text for word in ("Person0", "comment 0", "Assessor 1", "Secret Agency"))
    api = client.get(reverse("api-score-list")).json()["results"]
    assert [row["agency"] for row in api] == [None] and "Secret" not in client.get(
        reverse("api-score-detail", args=[mine.entry_id])
    ).content.decode()


def test_a_mean_of_two_would_give_the_other_one_away(client, version):
    mine, _them = panel(version, others=1, see_aggregates="after_own")
    answer = look(client, mine)
    assert "at least three" in answer.text and "score-card" not in answer.text
    assert client.get(reverse("entry_scores", args=[mine.entry_id])).status_code == 404
    assert client.get(reverse("api-score-list")).json()["results"] == []


def test_nobody_else_yet(client, version):
    mine, _them = panel(version, others=0, see_ratings="after_own")
    assert "Nobody else has submitted yet." in look(client, mine).text


def test_drafts_and_those_off_the_panel_are_not_among_the_others(version):
    mine, them = panel(version, see_ratings="after_own")
    factories.assignment(mine.entry, factories.assessor())
    gone = them[0].assignment
    Assignment.objects.filter(pk=gone.pk).update(status="withdrawn")
    assert [row.pk for row in beside(mine)] == [them[1].pk]
    assert [peer.label for peer in others_of(mine).peers] == ["Assessor 2"]


def test_a_link_leads_there_only_where_there_is_something(client, version):
    for policy, there in (({"see_ratings": "after_own"}, True), ({"see_names": "after_own"}, True), ({}, False)):
        mine, _them = panel(version, **policy)
        client.force_login(mine.assessor.user)
        page = client.get(reverse("assessment_detail", args=[mine.pk])).text
        assert (reverse("assessment_others", args=[mine.pk]) in page) is there


@pytest.mark.parametrize("sight", ["never", "after_own", "always"])
def test_the_maker_is_named_when_the_round_says_so(client, version, sight):
    mine, _them = panel(version, see_submitter=sight, see_ratings="after_own")
    told = sight != "never"
    for page in ("assessment_others", "assessment_detail"):
        client.force_login(mine.assessor.user)
        assert ("Secret Agency" in client.get(reverse(page, args=[mine.pk])).text) is told
    assert ("Secret Agency" in client.get(reverse("my_assessments")).text) is told
    before, _them = panel(version, status="accepted", see_submitter=sight) if sight == "always" else (None, None)
    if before:
        client.force_login(before.assessor.user)
        assert "Secret Agency" in client.get(reverse("assessment_form", args=[before.pk])).text


def test_the_page_asks_the_same_queries_for_three_and_for_nine(client, version):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for others in (3, 9):
        mine, _them = panel(version, others=others, **EVERYTHING)
        look(client, mine)
        with CaptureQueriesContext(connection) as asked:
            assert look(client, mine).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


# --- who does not see it -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["offered", "accepted", "declined", "withdrawn"])
def test_not_before_one_s_own_and_not_off_the_panel(client, version, status):
    mine, _them = panel(version, status=status, see_submitter="after_own", **EVERYTHING)
    assert look(client, mine).status_code == 404
    assert client.get(reverse("entry_scores", args=[mine.entry_id])).status_code == 404
    assert client.get(reverse("api-score-list")).json()["results"] == []
    assert not beside(mine).exists()
    assert "Secret Agency" not in client.get(reverse("my_assessments")).text
    told = others_of(mine)
    assert not (told.peers or told.names or told.why)


def test_without_a_word_of_the_round_there_is_no_such_page(client, version):
    mine, _them = panel(version)
    assert look(client, mine).status_code == 404


def test_strangers_officers_and_other_assessors_find_nothing(client, version):
    mine, them = panel(version, **EVERYTHING)
    url = reverse("assessment_others", args=[mine.pk])
    assert client.get(url).url.startswith(reverse("sign_in"))
    for user in (
        factories.user(),
        factories.officer(),
        them[0].assignment.assessor.user,
        factories.representative(mine.entry.subject.agency),
    ):
        client.force_login(user)
        assert client.get(url).status_code == 404
    client.force_login(mine.assessor.user)
    assert client.post(url).status_code == 405


def test_once_opened_again_the_others_are_out_of_sight(client, version):
    mine, _them = panel(version, **EVERYTHING)
    assert look(client, mine).status_code == 200
    officer = factories.officer()
    client.force_login(officer)
    assert "may have looked" in client.get(reverse("assessment_reopen", args=[mine.pk])).text
    assessments.reopen(mine.pk, by=officer, why="again")
    assert look(client, mine).status_code == 404
    assert client.get(reverse("entry_scores", args=[mine.entry_id])).status_code == 404


def test_a_conflict_that_comes_to_light_takes_the_sight_away(client, version):
    mine, _them = panel(version, **EVERYTHING)
    assert look(client, mine).status_code == 200
    Affiliation.objects.create(assessor=mine.assessor, agency=mine.entry.subject.agency)
    assert look(client, mine).status_code == 404
    assert client.get(reverse("entry_scores", args=[mine.entry_id])).status_code == 404
    assert not Notice.objects.filter(user=mine.assessor.user, text_en__contains="Secret").exists()


def test_an_officer_on_the_panel_reads_nothing_of_it_before_his_own(client, version):
    mine, _them = panel(version, status="accepted")
    officer = factories.granted("officer", user_=mine.assessor.user)
    client.force_login(officer)
    score = client.get(reverse("entry_detail", args=[mine.entry_id]))
    total = Entry.objects.select_related("result").get(pk=mine.entry_id).result.value
    assert score.status_code == 200 and f"{total:.1f}" not in score.text
    for other in mine.entry.assignments.filter(status="submitted"):
        assert client.get(reverse("assessment_detail", args=[other.pk])).status_code == 404
    assert client.get(reverse("entry_scores", args=[mine.entry_id])).status_code == 404
    client.force_login(factories.officer())
    assert f"{total:.1f}" in client.get(reverse("entry_detail", args=[mine.entry_id])).text


def test_an_officer_who_still_judges_reads_no_score_of_the_round(client, version):
    """The scores of other products tell how strict colleagues are; so the whole round waits, as its results do."""
    mine, _them = panel(version, status="accepted")
    officer = factories.granted("officer", user_=mine.assessor.user)
    other = factories.entry(mine.entry.round, factories.subject(), [factories.published_set()])
    for value in (1, 2, 4):
        factories.submitted_assessment(other, value, comment="of another product")
    Entry.objects.filter(pk=other.pk).update(inputs_version=1, inputs_changed_at=timezone.now())
    runs.score_round(other.round_id)
    total = Entry.objects.select_related("result").get(pk=other.pk).result.value
    for reader, reads in ((officer, False), (factories.officer(), True)):
        client.force_login(reader)
        assert (client.get(reverse("entry_scores", args=[other.pk])).status_code == 200) is reads
        assert (f"{total:.1f}" in client.get(reverse("entry_detail", args=[other.pk])).text) is reads
        assert bool(client.get(reverse("api-score-list")).json()["results"]) is reads


# --- one policy, read twice ----------------------------------------------------------------------------


def test_the_condition_on_rows_says_what_the_object_says(version):
    """`KNOWS_SUBMITTER` for querysets and `shown_to` for one assignment never disagree."""
    made = []
    for sight, status in product(Round._meta.get_field("see_submitter").choices, Assignment.Status.values):
        round_ = factories.round_("open", see_submitter=sight[0])
        made.append(factories.assignment(factories.entry(round_), status=status))
    for row in Assignment.objects.filter(pk__in=[one.pk for one in made]).select_related("entry__round", "assessor__user"):
        knows = Assignment.objects.filter(Q(pk=row.pk) & KNOWS_SUBMITTER).exists()
        assert knows is shown_to(row).submitter
        blind = judged_blind(row.assessor.user).filter(pk=row.pk).exists()
        assert blind is (row.status in ("accepted", "submitted") and not knows)
    assert len(made) == 3 * len(Assignment.Status)


# --- what is written to assessors ----------------------------------------------------------------------


@pytest.mark.parametrize(("sight", "told"), [("never", False), ("after_own", False), ("always", True)])
def test_the_owner_s_reason_for_taking_it_back_is_not_passed_on_where_it_could_name_him(version, sight, told):
    mine, _them = panel(version, status="accepted", see_submitter=sight)
    rounds.take_back_subject(
        mine.entry.subject_id, by=factories.representative(mine.entry.subject.agency), why="Secret Agency merges with another"
    )
    letter, notice = Letter.objects.get(to=mine.assessor.user.email), Notice.objects.get(user=mine.assessor.user)
    for text in (letter.text, letter.html, notice.text_fa, notice.text_en):
        assert ("Secret Agency" in text) is told
    assert "Secret Agency" in mine.moves.get(action="withdraw").why, "the record keeps it"
