"""The sheet on its page: filling in, what cannot be read, two windows, who may see it, and how fast."""

import json

import pytest
from django.urls import reverse

from assessments.evidence import Evidence, EvidenceFile, _providers, register
from assessments.models import Affiliation, Assessment, Assignment, Indicator, Rating
from assessments.services import assessments as services
from secretariat.errors import RuleBroken, Stale
from tests import factories
from tests.assessments.sheets import forty
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment():
    return factories.assignment()


def _leaves(assignment):
    found = Indicator.objects.filter(version__sheet_parts__sheet=assignment.entry.sheet, scale__isnull=False)
    return {leaf.code: leaf.pk for leaf in found}


def _person(assignment):
    return assignment.assessor.user


@pytest.fixture
def seat(client, assignment):
    """The assessor's browser."""
    client.force_login(_person(assignment))
    return client


def _url(assignment, name="assessment_form"):
    return reverse(name, args=[assignment.pk])


def _save(assignment, version=0, **values):
    leaves = _leaves(assignment)
    fields = {f"r-{leaves[code]}": value for code, value in values.items()}
    return services.save_draft(assignment.pk, fields, by=_person(assignment), version=version)


# ------------------------------------------------------------------ saving
def test_the_page_shows_every_indicator_and_keeps_what_is_posted(seat, assignment, in_english):
    leaves = _leaves(assignment)
    page = seat.get(_url(assignment))
    assert page.status_code == 200
    for pk in leaves.values():
        assert f'name="r-{pk}"' in page.content.decode()
    assert not Assessment.objects.exists()  # looking writes nothing

    fields = {f"r-{leaves['D1I1']}": "4", f"c-{leaves['D1I1']}": "سخن", "strengths": "خوب", "version": "0"}
    answer = seat.post(_url(assignment), fields)
    assert answer.status_code == 302
    assessment = Assessment.objects.get()
    rating = assessment.ratings.get()
    assert (rating.value, rating.state, rating.comment) == (4, "scored", "سخن")
    assert (assessment.strengths, assessment.version) == ("خوب", 1)
    again = seat.get(_url(assignment)).content.decode()
    assert 'value="4" checked' in again
    assert "سخن" in again and "خوب" in again
    assert "of 4 answered" in again


def test_review_is_one_step_from_the_form(seat, assignment):
    answer = seat.post(_url(assignment), {"version": "0", "then": "review"})
    assert answer.headers["Location"] == _url(assignment, "assessment_submit")


def test_typed_numbers_may_be_persian_and_bad_ones_spoil_nothing_else(seat, in_english):
    version = factories.published_set(scale_=factories.scale("number"), allow_na=True)
    assignment = factories.assignment(factories.entry(versions=[version]))
    seat.force_login(_person(assignment))
    one, two, three, four = (_leaves(assignment)[f"D{d}I{i}"] for d in (1, 2) for i in (1, 2))
    fields = {f"r-{one}": "۸۷٫۵", f"r-{two}": "گلابی", f"r-{three}": "101", f"r-{four}": "na", "version": "0"}
    page = seat.post(_url(assignment), fields)
    assert page.status_code == 400
    html = page.content.decode()
    assert "گلابی" in html and 'value="101"' in html
    assert "Write a number from 0 to 100" in html
    kept = {rating.indicator_id: (rating.state, rating.value) for rating in Rating.objects.all()}
    assert kept == {one: ("scored", 87.5), four: ("na", None)}


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        ("ordinal", "6", "from 1 to 5"),
        ("ordinal", "2.5", "one of the levels"),
        ("ordinal", "na", "not among the answers"),
        ("boolean", "0.5", "one of the levels"),
        ("number", "-1", "from 0 to 100"),
        ("number", "3.00001", "four decimals"),
        ("number", "نان", "Write a number"),
    ],
)
def test_every_unfit_value_has_its_sentence(kind, typed, words, in_english):
    from django.utils import translation

    version = factories.published_set(1, 1, scale_=factories.scale(kind))
    assignment = factories.assignment(factories.entry(versions=[version]))
    with translation.override("en"):
        saved = _save(assignment, D1I1=typed)
    ((name, sentence),) = saved.errors.items()
    assert words in sentence
    assert saved.typed == {name: typed}
    assert not Rating.objects.exists()


def test_an_answer_can_be_changed_taken_back_and_left_alone(assignment):
    _save(assignment, D1I1="4", D1I2="5")
    _save(assignment, version=1, D1I1="2")
    _save(assignment, version=2, D1I1="")
    rows = {rating.indicator.code: (rating.state, rating.value) for rating in Rating.objects.select_related("indicator")}
    assert rows == {"D1I1": ("blank", None), "D1I2": ("scored", 5)}


def test_a_text_too_long_is_told_kept_on_the_page_and_spoils_nothing_else(seat, assignment, in_english):
    leaf = _leaves(assignment)["D1I1"]
    _save(assignment, D1I1="2")
    long = {f"c-{leaf}": "خ" * 2007, "improvements": "y" * 5001}
    page = seat.post(_url(assignment), {**long, f"r-{leaf}": "4", "strengths": "short", "version": "1"})
    html = page.content.decode()
    assert page.status_code == 400
    assert "At most 2,000 letters fit here; this is 7 more." in html and "At most 5,000 letters fit here; this is 1 more." in html
    assert "خ" * 2007 in html and "y" * 5001 in html
    rating, assessment = Rating.objects.get(), Assessment.objects.get()
    assert (rating.value, rating.comment) == (4, "")
    assert (assessment.strengths, assessment.improvements) == ("short", "")


def test_line_breaks_are_stored_in_one_way(seat, assignment):
    seat.post(_url(assignment), {"strengths": "one\r\ntwo\n\nthree ", "version": "0"})
    assert Assessment.objects.get().strengths == "one\ntwo\n\nthree"


@pytest.mark.parametrize("name", ["r-0", "r-x", "c--1", "r-99999999999999999999", "r-²"])
def test_an_answer_to_an_unknown_indicator_is_refused_whole(assignment, name):
    good = _leaves(assignment)["D1I1"]
    with pytest.raises(RuleBroken):
        services.save_draft(assignment.pk, {f"r-{good}": "4", name: "3"}, by=_person(assignment), version=0)
    assert not Rating.objects.exists()


def test_a_refused_save_loses_nothing_that_was_typed(seat, assignment):
    good = _leaves(assignment)["D1I1"]
    page = seat.post(_url(assignment), {f"r-{good}": "4", f"c-{good}": "نگاه", "strengths": "توانا", "r-0": "1", "version": "0"})
    html = page.content.decode()
    assert page.status_code == 409
    assert 'value="4" checked' in html and "نگاه" in html and "توانا" in html


# ------------------------------------------------------------------ two windows
def test_a_stale_form_shows_both_answers_and_loses_neither(seat, assignment, in_english):
    leaf = _leaves(assignment)["D1I1"]
    _save(assignment, D1I1="5")
    page = seat.post(_url(assignment), {f"r-{leaf}": "2", f"c-{leaf}": "mine", "strengths": "here", "version": "0"})
    assert page.status_code == 409
    html = page.content.decode()
    assert 'value="2" checked' in html and "mine" in html and "here" in html
    assert "Saved in another window" in html and "level 5" in html
    assert Rating.objects.get().value == 5
    # The page now carries the present version: saving again keeps what stands in it.
    assert 'name="version" value="1"' in html
    seat.post(_url(assignment), {f"r-{leaf}": "2", "version": "1"})
    assert Rating.objects.get().value == 2


def test_a_stale_autosave_tells_what_stands(seat, assignment):
    leaf = _leaves(assignment)["D1I1"]
    _save(assignment, D1I1="5")
    answer = seat.post(_url(assignment, "assessment_autosave"), {f"r-{leaf}": "2", "version": "0"})
    assert answer.status_code == 409
    told = answer.json()
    assert told["version"] == 1
    assert told["fields"][f"r-{leaf}"] == "5"
    assert Rating.objects.get().value == 5


@pytest.mark.django_db(transaction=True)
def test_two_windows_at_the_same_moment_one_saves_and_one_is_told(assignment):
    person, leaf = _person(assignment), _leaves(assignment)["D1I1"]

    def save(value):
        try:
            return services.save_draft(assignment.pk, {f"r-{leaf}": value}, by=person, version=0).assessment.version
        except Stale as stale:
            return stale.current.sheet.rows[0].answer.value

    results = at_once(lambda: save("2"), lambda: save("4"))
    stands = Rating.objects.get().value
    assert sorted(map(str, results)) == sorted(["1", str(stands)])
    assert Assessment.objects.get().version == 1


# ------------------------------------------------------------------ autosave
def test_autosave_answers_json_with_time_progress_and_errors(seat, assignment):
    leaves = _leaves(assignment)
    answer = seat.post(
        _url(assignment, "assessment_autosave"), {f"r-{leaves['D1I1']}": "4", f"r-{leaves['D1I2']}": "9", "version": "0"}
    )
    told = answer.json()
    assert answer.status_code == 200
    assert (told["version"], told["done"], told["coverage"]) == (1, 1, 25)
    assert list(told["errors"]) == [f"r-{leaves['D1I2']}"]
    assert told["stored"][f"r-{leaves['D1I1']}"] == "4"
    assert all(digit in "۰۱۲۳۴۵۶۷۸۹:" for digit in told["saved_at"])


def test_autosave_after_the_end_of_the_session_leads_to_sign_in(client, assignment):
    answer = client.post(_url(assignment, "assessment_autosave"), {"version": "0"})
    assert answer.status_code == 302
    assert reverse("sign_in") in answer.headers["Location"]
    assert not Assessment.objects.exists()


def test_a_closed_round_takes_no_more_answers_but_shows_them(seat, assignment, in_english):
    _save(assignment, D1I1="4")
    assignment.entry.round.status = "moderation"
    assignment.entry.round.save()
    answer = seat.post(_url(assignment, "assessment_autosave"), {"version": "1"})
    assert answer.status_code == 422
    html = seat.get(_url(assignment)).content.decode()
    assert "not open" in html and "level 4" in html and 'name="version"' not in html


# ------------------------------------------------------------------ who may
@pytest.mark.parametrize("name", ["assessment_form", "assessment_autosave", "assessment_submit", "assessment_detail"])
def test_strangers_find_nothing(client, assignment, name):
    method = client.post if name == "assessment_autosave" else client.get
    assert method(_url(assignment, name)).headers["Location"].startswith(reverse("sign_in"))
    colleague = factories.assignment(assignment.entry)
    for person in (factories.user(), _person(colleague), factories.representative(assignment.entry.subject.agency)):
        client.force_login(person)
        assert method(_url(assignment, name)).status_code == 404


def test_officers_do_not_write_in_an_assessors_sheet(client, assignment):
    client.force_login(factories.officer())
    assert client.get(_url(assignment)).status_code == 404
    assert client.post(_url(assignment, "assessment_autosave"), {"version": "0"}).status_code == 404


@pytest.mark.parametrize("status", ["withdrawn", "declined"])
def test_an_assignment_taken_back_is_gone(seat, assignment, status):
    Assignment.objects.update(status=status)
    for name in ("assessment_form", "assessment_submit"):
        assert seat.get(_url(assignment, name)).status_code == 404
    assert seat.post(_url(assignment, "assessment_autosave"), {"version": "0"}).status_code == 404


def test_a_tie_to_the_agency_closes_the_sheet_at_once(seat, assignment):
    # In bulk, so that nothing takes the assignment back: a tie that nobody has acted upon yet.
    Affiliation.objects.bulk_create([Affiliation(assessor=assignment.assessor, agency=assignment.entry.subject.agency)])
    assert seat.get(_url(assignment)).status_code == 404
    assert seat.post(_url(assignment, "assessment_autosave"), {"version": "0"}).status_code == 404
    Affiliation.objects.all().delete()  # at the commit the database would refuse it
    assert seat.get(_url(assignment)).status_code == 200


def test_a_request_not_yet_accepted_shows_no_sheet(seat, assignment):
    Assignment.objects.update(status="offered")
    answer = seat.get(_url(assignment))
    assert answer.status_code == 302
    with pytest.raises(RuleBroken):
        _save(assignment, D1I1="4")


# ------------------------------------------------------------------ blindness and evidence
@pytest.fixture
def shown():
    """A kind of subject whose evidence names what it was asked."""
    asked = []

    def provider(subject, *, blind):
        asked.append((subject.pk, blind))
        return Evidence([("Pages", "120")], [("Site", "https://example.org/")], [EvidenceFile("file 1.pdf", "/files/1/", 2048)])

    register("sample", provider)
    yield asked
    del _providers["sample"]


def test_the_evidence_stands_beside_the_sheet(client, shown, in_english):
    entry = factories.entry(subject_=factories.subject(kind="sample"))
    assignment = factories.assignment(entry)
    client.force_login(_person(assignment))
    html = client.get(_url(assignment)).content.decode()
    assert shown == [(entry.subject_id, False)]
    assert "120" in html and 'href="https://example.org/"' in html and 'href="/files/1/"' in html
    assert entry.subject.agency.name_en in html


def test_a_blind_round_does_not_name_the_agency(client, shown, in_english):
    entry = factories.entry(factories.round_(status="open", see_submitter="never"), factories.subject(kind="sample"))
    assignment = factories.assignment(entry)
    client.force_login(_person(assignment))
    for name in ("assessment_form", "assessment_submit"):
        html = client.get(_url(assignment, name)).content.decode()
        assert entry.subject.agency.name_en not in html and entry.subject.agency.name_fa not in html
    assert shown[0] == (entry.subject_id, True)


def test_others_ratings_are_nowhere_on_the_page(seat, assignment):
    factories.submitted_assessment(assignment.entry, 2, comment="نهفتهٔ یکم", strengths="نهفتهٔ دوم")
    html = seat.get(_url(assignment)).content.decode()
    assert "نهفته" not in html
    assert 'value="2" checked' not in html


# ------------------------------------------------------------------ speed
MOST_HTML = 100 * 1024


def test_forty_indicators_take_few_queries_and_little_html(client, django_assert_max_num_queries):
    assignment = forty()
    fields = {f"r-{pk}": "3" for pk in _leaves(assignment).values()}
    client.force_login(_person(assignment))
    client.get(_url(assignment))
    with django_assert_max_num_queries(12):
        page = client.get(_url(assignment))
    assert page.status_code == 200
    assert len(page.content) <= MOST_HTML
    for version, value in enumerate("345"):
        with django_assert_max_num_queries(10):
            answer = client.post(_url(assignment, "assessment_autosave"), {**dict.fromkeys(fields, value), "version": version})
        assert answer.status_code == 200
    assert Rating.objects.filter(value=5).count() == 40


def test_the_history_of_a_rating_is_kept(assignment):
    _save(assignment, D1I1="4")
    _save(assignment, version=1, D1I1="2")
    _save(assignment, version=2, D1I1="2")
    assert [event.value for event in Rating.pgh_event_models["update"].objects.order_by("pk")] == [2]
    assert json.dumps(_save(assignment, version=3).sheet.done) == "1"
