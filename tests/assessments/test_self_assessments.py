"""The pages of self-assessment: an agency's, the officers', a checker's; who may see them and what they do."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import ExcellenceCheck, ExcellenceYear, SelfAnswer, SelfAssessment, SelfFile
from assessments.services import excellence_checks, excellence_years, self_assessments
from tests import factories, specimens
from tests.assessments import self_assessing as make

pytestmark = pytest.mark.django_db

ANSWER = {"level": "4", "done": "برنامه داریم", "links": "https://example.org/a"}


@pytest.fixture(autouse=True)
def english(in_english):
    pass


def queries(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def page(client, user, name, *args):
    client.force_login(user)
    return client.get(reverse(name, args=args))


# --- the officers' years -------------------------------------------------------------------------


def posted_year(framework, **fields):
    return {"year": "1404", "framework": framework.pk, "deadline": "1420/01/10", "checks_due": "1420/03/10",
            "check_percent": "30", "note": "", **fields}  # fmt: skip


def test_an_officer_opens_a_year(client):
    framework = make.framework()
    client.force_login(factories.officer())
    url = reverse("excellence_new")
    assert client.get(url).status_code == 200
    wrong = client.post(url, posted_year(framework, checks_due="1420/01/05", note="مهم"))
    assert wrong.status_code == 422 and "The checkers work after" in wrong.content.decode() and "مهم" in wrong.content.decode()
    answer = client.post(url, posted_year(framework))
    year = ExcellenceYear.objects.get()
    assert answer.url == year.get_absolute_url() and year.check_percent == 30
    again = client.post(url, posted_year(framework))
    assert again.status_code == 422 and "open already" in again.content.decode()


def test_years_are_for_officers(client):
    year = make.year()
    for user in (factories.representative(), factories.assessor().user):
        client.force_login(user)
        for name, args in (("excellence_list", []), ("excellence_new", []), ("excellence_year", [year.pk]), ("excellence_edit", [year.pk]),
                           ("excellence_extend", [year.pk]), ("excellence_draw", [year.pk]), ("excellence_move", [year.pk, "cancel"])):  # fmt: skip
            for method in (client.get, client.post):
                assert method(reverse(name, args=args)).status_code == 404, name


def test_the_list_of_years_and_of_agencies_cost_the_same_at_any_length(client):
    client.force_login(factories.officer())
    make.submitted(make.year())
    few = queries(client, reverse("excellence_list"))
    year = make.year(number=1402)
    make.submitted(year)
    url = reverse("excellence_year", args=[year.pk])
    one = queries(client, url)
    for _n in range(12):
        make.begun(year)
    for number in range(1390, 1400):
        make.year(number=number)
    assert queries(client, reverse("excellence_list")) == few
    assert queries(client, url) == one <= 22


def test_a_year_tells_who_is_late_and_reminds(client):
    year, late = make.year(), factories.agency(name_en="Late Agency")
    done = make.submitted(year)
    ExcellenceYear.objects.filter(pk=year.pk).update(deadline=timezone.now() - timedelta(hours=1))
    client.force_login(factories.officer())
    url = reverse("excellence_year", args=[year.pk])
    shown = client.get(f"{url}?state=late").content.decode()
    assert "Late Agency" in shown and done.agency.name_en not in shown
    empty = client.post(url, {"bulk_action": "remind"})
    assert empty.status_code == 422 and "Choose at least one row" in empty.content.decode()
    assert client.post(url, {"bulk_action": "remind", "row": [late.pk]}).url == url
    assert year.moves.filter(action="remind").exists()
    refused = client.post(url, {"bulk_action": "remind", "row": [done.agency_id]})
    assert refused.status_code == 422 and "have submitted" in refused.content.decode()


def test_a_year_is_edited_extended_and_cancelled(client):
    year = make.year()
    client.force_login(factories.officer())
    edit = reverse("excellence_edit", args=[year.pk])
    fields = {"check_percent": "20", "checks_due": "1420/05/01", "note": "یادداشت"}
    assert client.post(edit, {**fields, "version": "1"}).status_code == 302
    stale = client.post(edit, {**fields, "check_percent": "25", "version": "1"})
    assert stale.status_code == 422 and "Saved meanwhile by somebody else" in stale.content.decode()
    extend = reverse("excellence_extend", args=[year.pk])
    assert client.post(extend, {"deadline": "1420/05/01", "why": ""}).status_code == 422
    assert client.post(extend, {"deadline": "1420/04/01", "why": "تعطیلات"}).status_code == 302
    year.refresh_from_db()
    assert (year.check_percent, year.note) == (20, "یادداشت") and year.moves.filter(action="extend").exists()
    cancel = reverse("excellence_move", args=[year.pk, "cancel"])
    assert client.get(cancel).status_code == 200
    assert client.post(cancel, {"why": ""}).status_code == 422
    client.post(cancel, {"why": "اشتباه"})
    year.refresh_from_db()
    assert year.status == "cancelled"
    for name in ("excellence_edit", "excellence_extend", "excellence_draw"):
        assert client.get(reverse(name, args=[year.pk])).status_code == 302


def test_the_draw_and_the_end_of_a_year(client):
    year = make.year(percent=100)
    own = make.submitted(year)
    factories.agency()
    client.force_login(factories.officer())
    draw = reverse("excellence_draw", args=[year.pk])
    assert "1 agency has not submitted" in client.get(draw).content.decode()
    assert client.post(draw, {"why": ""}).status_code == 422
    assert client.post(draw, {"why": "وقت گذشت"}).status_code == 302
    shown = client.get(year.get_absolute_url()).content.decode()
    year.refresh_from_db()
    assert year.seed in shown and "has no checker yet" in shown
    close = reverse("excellence_move", args=[year.pk, "close"])
    assert client.get(close).status_code == 302
    assert "not confirmed" in client.post(close).content.decode()
    excellence_checks.release(own.pk, by=factories.officer(), why="کسی نماند")
    assert client.post(close).status_code == 302
    year.refresh_from_db()
    assert year.status == "closed"


# --- the agency ----------------------------------------------------------------------------------


def test_an_agency_begins_and_finds_its_years(client):
    year, agency = make.year(), factories.agency()
    user = factories.representative(agency)
    client.force_login(user)
    assert "Begin" in client.get(reverse("self_assessment_list")).content.decode()
    start = reverse("self_assessment_start", args=[year.pk, agency.pk])
    assert client.get(start).status_code == 405
    answer = client.post(start)
    own = SelfAssessment.objects.get()
    assert answer.url == own.get_absolute_url() and client.post(start).url == own.get_absolute_url()
    assert "Go on" in client.get(reverse("self_assessment_list")).content.decode()
    other = factories.agency()
    assert client.post(reverse("self_assessment_start", args=[year.pk, other.pk])).status_code == 404
    assert page(client, factories.assessor().user, "self_assessment_list").status_code == 404
    assert page(client, factories.officer(), "self_assessment_list").url == reverse("excellence_list")


def test_an_answer_is_saved_with_its_file_at_once(client):
    own, user = make.begun(make.year())
    first, second = make.leaves(own.year)[:2]
    client.force_login(user)
    url = reverse("self_answer", args=[own.pk, first.pk])
    assert client.get(url).status_code == 200
    answer = client.post(url, {**ANSWER, "version": "0", "then": "next", "file": specimens.upload(specimens.pdf(), "سند.pdf")})
    assert answer.url == reverse("self_answer", args=[own.pk, second.pk])
    saved, file = SelfAnswer.objects.get(), SelfFile.objects.get()
    assert (saved.value, saved.done, file.indicator) == (4, "برنامه داریم", first)
    assert "سند.pdf" in client.get(url).content.decode()
    client.post(reverse("self_file_remove", args=[file.pk]))
    assert "سند.pdf" not in client.get(url, follow=True).content.decode().split("toast")[0].split('id="files"')[1]


def test_a_wrong_level_and_a_wrong_file_lose_nothing(client):
    own, user = make.begun(make.year())
    leaf = make.leaves(own.year)[0]
    client.force_login(user)
    url = reverse("self_answer", args=[own.pk, leaf.pk])
    wrong = client.post(url, {**ANSWER, "level": "7", "version": "0"})
    assert wrong.status_code == 422 and "برنامه داریم" in wrong.content.decode()
    told = client.post(url, {**ANSWER, "version": "1", "file": specimens.upload(b"MZ" + bytes(80), "a.pdf")}, follow=True)
    assert "Programs are not taken" in told.content.decode() and SelfAnswer.objects.get().value == 4


def test_two_windows_are_shown_side_by_side(client):
    own, user = make.begun(make.year())
    leaf = make.leaves(own.year)[0]
    client.force_login(user)
    url = reverse("self_answer", args=[own.pk, leaf.pk])
    client.post(url, {**ANSWER, "version": "0"})
    stale = client.post(url, {**ANSWER, "done": "چیز دیگر", "version": "0"})
    shown = stale.content.decode()
    assert stale.status_code == 409 and "چیز دیگر" in shown and "برنامه داریم" in shown and 'value="1"' in shown
    assert client.post(url, {**ANSWER, "done": "چیز دیگر", "version": "1"}).status_code == 302
    assert SelfAnswer.objects.get().done == "چیز دیگر"


def test_autosave_answers_in_json(client):
    own, user = make.begun(make.year())
    leaf = make.leaves(own.year)[0]
    client.force_login(user)
    url = reverse("self_answer_autosave", args=[own.pk, leaf.pk])
    assert client.get(url).status_code == 405
    saved = client.post(url, {**ANSWER, "version": "0"})
    assert saved.status_code == 200 and json.loads(saved.content)["version"] == 1
    assert client.post(url, {**ANSWER, "done": "x", "version": "0"}).status_code == 409
    assert client.post(url, {**ANSWER, "level": "9", "version": "1"}).status_code == 422
    done = make.submitted(own.year)
    client.force_login(done.submitted_by)
    refused = client.post(reverse("self_answer_autosave", args=[done.pk, leaf.pk]), {**ANSWER, "done": "y", "version": "1"})
    assert refused.status_code == 422 and "submitted" in json.loads(refused.content)["message"]


def test_strangers_find_nothing_of_an_agency(client):
    own, user = make.begun(make.year())
    leaf = make.leaves(own.year)[0]
    file = self_assessments.attach(own.pk, leaf.pk, specimens.upload(specimens.pdf()), by=user)
    addresses = [
        ("self_assessment", [own.pk]), ("self_answer", [own.pk, leaf.pk]), ("self_answer_autosave", [own.pk, leaf.pk]),
        ("self_assessment_submit", [own.pk]), ("self_assessment_result", [own.pk]), ("self_file", [file.pk]), ("self_file_remove", [file.pk]),
    ]  # fmt: skip
    for stranger in (factories.representative(), factories.assessor().user):
        client.force_login(stranger)
        for name, args in addresses:
            for method in (client.get, client.post):
                assert method(reverse(name, args=args)).status_code in (404, 405), name
    client.logout()
    for name, args in addresses:
        assert "/sign-in/" in client.post(reverse(name, args=args)).url


def test_a_draft_is_read_by_nobody_but_its_agency(client):
    own, user = make.begun(make.year())
    leaf = make.leaves(own.year)[0]
    self_assessments.save_answer(own.pk, leaf.pk, {"done": "پنهان است"}, by=user, version=0)
    file = self_assessments.attach(own.pk, leaf.pk, specimens.upload(specimens.pdf(), "پنهان.pdf"), by=user)
    officer = factories.officer()
    shown = page(client, officer, "self_assessment", own.pk).content.decode()
    assert "پنهان" not in shown and "0 of 4" in shown
    assert page(client, officer, "self_answer", own.pk, leaf.pk).status_code == 404
    assert page(client, officer, "self_file", file.pk).status_code == 404
    assert page(client, officer, "self_assessment_result", own.pk).status_code == 302
    assert page(client, user, "self_file", file.pk).status_code == 200


def test_submitting_from_the_review_page(client):
    own, user = make.begun(make.year())
    client.force_login(user)
    url = reverse("self_assessment_submit", args=[own.pk])
    assert client.get(url).content.decode().count("has no level yet") == 4
    missing = client.post(url, {"version": own.version})
    assert missing.status_code == 422
    make.answer_all(own, user)
    stale = client.post(url, {"version": own.version - 1})
    assert stale.status_code == 422 and "changed an answer meanwhile" in stale.content.decode()
    assert client.post(url, {"version": own.version}).url == own.get_absolute_url()
    own.refresh_from_db()
    assert own.status == "submitted" and client.get(url).status_code == 302
    assert client.get(reverse("self_answer", args=[own.pk, make.leaves(own.year)[0].pk])).status_code == 302


def test_an_officer_reads_and_gives_back(client):
    own = make.submitted(make.year())
    client.force_login(factories.officer())
    shown = client.get(own.get_absolute_url()).content.decode()
    assert make.DONE in shown
    url = reverse("self_assessment_return", args=[own.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, {"why": ""}).status_code == 422
    assert client.post(url, {"why": "پیوست خوانا نیست"}).status_code == 302
    assert client.get(url).status_code == 302
    assert "پیوست خوانا نیست" in page(client, own.submitted_by, "self_assessment", own.pk).content.decode()


def test_a_result_tells_of_others_only_what_may_be_told(client):
    _open, rows = make.drawn(percent=0, count=5, level=[2, 3, 4, 5])
    others = [row.agency.name_en for row in rows[1:]]
    shown = page(client, rows[0].submitted_by, "self_assessment_result", rows[0].pk).content.decode()
    assert "Median of all agencies" in shown and not any(name in shown for name in others)
    assert "radar-plot" in shown and "result-bar" in shown
    _year, few = make.drawn(percent=0, count=4, number=1402)
    shown = page(client, few[0].submitted_by, "self_assessment_result", few[0].pk).content.decode()
    assert "Fewer than 5 agencies" in shown and "Median of all agencies" not in shown
    assert page(client, rows[1].submitted_by, "self_assessment_result", rows[0].pk).status_code == 404


def test_the_check_is_told_to_the_agency_once_confirmed_and_never_by_whom(client):
    _year, (own,) = make.drawn()
    checker = factories.assessor(first_name="بازبین", last_name="پوشیده", name_en="Hidden Checker")
    make.checked(own, level=2, assessor=checker)
    agency, officer = own.submitted_by, factories.officer()
    for name in ("self_assessment", "self_assessment_result"):
        shown = page(client, agency, name, own.pk).content.decode()
        assert "Hidden Checker" not in shown and "شواهد این سطح" not in shown and "Difference" not in shown
    assert "شواهد این سطح" in page(client, officer, "self_assessment", own.pk).content.decode()
    excellence_checks.confirm(own.pk, by=officer)
    shown = page(client, agency, "self_assessment", own.pk).content.decode()
    assert "شواهد این سطح" in shown and "Hidden Checker" not in shown
    shown = page(client, agency, "self_assessment_result", own.pk).content.decode()
    assert "Difference" in shown and "Hidden Checker" not in shown


# --- the check -----------------------------------------------------------------------------------


def test_an_officer_appoints_a_checker_without_a_tie(client):
    _year, (own,) = make.drawn()
    free, tied = factories.assessor(name_en="Free Person"), factories.assessor(name_en="Tied Person")
    tied.affiliations.create(agency=own.agency)
    client.force_login(factories.officer())
    url = reverse("checker_appoint", args=[own.pk])
    shown = client.get(url).content.decode()
    assert "Free Person" in shown and "Tied Person" not in shown
    assert client.post(url, {"assessor": tied.pk}).status_code == 422
    assert client.post(url, {"assessor": free.pk}).url == own.get_absolute_url()
    assert client.get(url).status_code == 302
    check = ExcellenceCheck.objects.get()
    end = reverse("check_withdraw", args=[check.pk])
    assert client.get(end).status_code == 200 and client.post(end, {"why": ""}).status_code == 422
    assert client.post(end, {"why": "وقت ندارد"}).status_code == 302
    check.refresh_from_db()
    assert check.withdrawn_at is not None


def test_a_checker_reads_writes_and_hands_in(client):
    _year, (own,) = make.drawn()
    check = make.appointed(own)
    client.force_login(check.assessor.user)
    assert own.agency.name_en in client.get(reverse("check_list")).content.decode()
    url = reverse("check_form", args=[check.pk])
    shown = client.get(url).content.decode()
    assert make.DONE in shown and "replaces nothing" in shown
    leaves = make.leaves(own.year)
    values = {f"r-{leaf.pk}": "3" for leaf in leaves} | {f"c-{leaf.pk}": "دیدم" for leaf in leaves}
    wrong = client.post(url, {**values, f"r-{leaves[0].pk}": "9", "version": "1"})
    assert wrong.status_code == 422 and "Saved, except" in wrong.content.decode()
    submit = reverse("check_submit", args=[check.pk])
    assert "has no level yet" in client.get(submit).content.decode()
    assert client.post(submit, {"version": "2"}).status_code == 422
    assert client.post(url, {**values, "version": "2", "then": "review"}).url == submit
    assert client.post(submit, {"version": "1"}).status_code == 422
    assert client.post(submit, {"version": "3"}).url == url
    own.refresh_from_db()
    assert own.status == "checked"
    assert "handed in" in client.get(url).content.decode() and client.get(submit).status_code == 302


def test_two_windows_of_a_checker(client):
    _year, (own,) = make.drawn()
    check = make.appointed(own)
    client.force_login(check.assessor.user)
    leaf, url = make.leaves(own.year)[0], reverse("check_form", args=[check.pk])
    client.post(url, {f"c-{leaf.pk}": "یکی", "version": "1"})
    stale = client.post(url, {f"c-{leaf.pk}": "دیگری", "version": "1"})
    assert stale.status_code == 409 and "یکی" in stale.content.decode() and "دیگری" in stale.content.decode()
    autosave = reverse("check_autosave", args=[check.pk])
    assert client.post(autosave, {f"c-{leaf.pk}": "سومی", "version": "1"}).status_code == 409
    assert json.loads(client.post(autosave, {f"c-{leaf.pk}": "سومی", "version": "2"}).content)["version"] == 3
    assert client.post(autosave, {f"r-{leaf.pk}": "77", "version": "3"}).status_code == 422


def test_a_checker_declines(client):
    _year, (own,) = make.drawn()
    check = make.appointed(own)
    client.force_login(check.assessor.user)
    url = reverse("check_decline", args=[check.pk])
    assert client.get(url).status_code == 200 and client.post(url, {"why": ""}).status_code == 422
    assert client.post(url, {"why": "همکار بوده‌ام"}).url == reverse("check_list")
    assert client.get(reverse("check_form", args=[check.pk])).status_code == 404


def test_a_check_is_only_its_checkers_and_the_evidence_with_it(client):
    year = make.year(percent=100)
    own, user = make.begun(year)
    leaf = make.leaves(year)[0]
    file = self_assessments.attach(own.pk, leaf.pk, specimens.upload(specimens.pdf()), by=user)
    make.answer_all(own, user)
    self_assessments.submit(own.pk, by=user, version=own.version)
    excellence_years.draw_sample(year.pk, by=factories.officer(), why="x")
    own.refresh_from_db()
    check = make.appointed(own)
    names = ("check_form", "check_submit", "check_decline", "check_autosave")
    for stranger in (factories.assessor().user, user, factories.officer()):
        client.force_login(stranger)
        for name in names:
            assert client.post(reverse(name, args=[check.pk])).status_code == 404, name
    checker = check.assessor.user
    assert page(client, checker, "self_file", file.pk).status_code == 200
    assert page(client, checker, "self_assessment", own.pk).status_code == 404
    excellence_checks.withdraw(check.pk, by=factories.officer(), why="وقت ندارد")
    assert page(client, checker, "self_file", file.pk).status_code == 404
    assert page(client, checker, "check_form", check.pk).status_code == 404
    for name in ("check_withdraw", "check_return", "checker_appoint"):
        client.force_login(checker)
        assert client.post(reverse(name, args=[check.pk])).status_code == 404


def test_confirming_shows_the_difference_first(client):
    _year, (own,) = make.drawn(level=4)
    check = make.checked(own, level=2)
    client.force_login(factories.officer())
    url = reverse("self_assessment_confirm", args=[own.pk, "confirm"])
    assert "50.0" in client.get(url).content.decode()
    back = reverse("check_return", args=[check.pk])
    assert client.get(back).status_code == 200
    assert client.post(back, {"why": "دلیل روشن نیست"}).status_code == 302
    assert client.get(url).status_code == 302  # nothing to confirm now
    excellence_checks.submit_check(check.pk, by=check.assessor.user, version=ExcellenceCheck.objects.get().version)
    assert client.post(url).url == own.get_absolute_url()
    own.refresh_from_db()
    assert own.status == "confirmed"
    assert client.post(url).status_code == 422
    assert client.get(reverse("self_assessment_confirm", args=[own.pk, "other"])).status_code == 404


def test_the_form_of_a_checker_costs_the_same_for_many_criteria(client):
    def asked(dimensions):
        _year, (own,) = make.drawn(number=1390 + dimensions, framework_=make.framework(dimensions=dimensions))
        check = make.appointed(own)
        client.force_login(check.assessor.user)
        return queries(client, reverse("check_form", args=[check.pk]))

    assert asked(2) == asked(6) <= 16


def test_the_desk_names_what_waits(client):
    year, agency = make.year(percent=100), factories.agency()
    user, officer = factories.representative(agency), factories.officer()
    assert "Self-assessment of 1403" in page(client, user, "desk").content.decode()
    assert "Agencies that submitted" in page(client, officer, "desk").content.decode()
    make.submitted(year, agency=agency)
    assert "Being filled in" not in page(client, user, "desk").content.decode()
    excellence_years.draw_sample(year.pk, by=officer, why="x")
    assert "Without a checker" in page(client, officer, "desk").content.decode()
    check = make.appointed(SelfAssessment.objects.filter(agency=agency).get())
    assert "External check" in page(client, check.assessor.user, "desk").content.decode()
