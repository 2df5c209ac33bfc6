"""The pages on which officers run rounds."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import Indicator, Measurement, Round
from tests import factories
from tests.assessments import round_pages
from tests.assessments.round_pages import measured_version

SIGHT = {"see_submitter": "after_own", "see_ratings": "never", "see_names": "never", "see_aggregates": "never"}
LIMITS = {"gap_total": "20", "gap_indicator": "۴۰", "moderation": "third", "moderation_days": "7"}

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NOBODY = ["user", "assessor", "representative"]


def person(kind):
    return {"user": factories.user, "assessor": lambda: factories.assessor().user, "representative": factories.representative}[kind]()


@pytest.fixture
def officer(client):
    user = factories.officer()
    client.force_login(user)
    return user


def addresses():
    entry = round_pages.entries(1)[0]
    return [
        reverse(name, args=args)
        for name, args in [
            ("round_list", []),
            ("round_new", []),
            ("round_detail", [entry.round_id]),
            ("round_edit", [entry.round_id]),
            ("round_move", [entry.round_id, "close"]),
            ("round_extend", [entry.round_id]),
            ("round_measurements", [entry.round_id]),
            ("round_results", [entry.round_id]),
            ("round_assign_bulk", [entry.round_id]),
            ("entry_detail", [entry.pk]),
            ("round_assign", [entry.pk]),
            ("entry_exclude", [entry.pk]),
            ("assignment_list", []),
        ]
    ]


def test_officers_find_every_page(client, officer):
    for url in addresses():
        assert client.get(url).status_code == 200, url


@pytest.mark.parametrize("kind", NOBODY)
def test_strangers_find_none(client, kind):
    client.force_login(person(kind))
    for url in addresses():
        assert client.get(url).status_code == 404, url
        assert client.post(url).status_code in (404, 405), url


def test_the_anonymous_are_sent_to_log_in(client):
    for url in addresses():
        response = client.get(url)
        assert response.status_code == 302 and "next=" in response.url, url


@pytest.mark.parametrize("language", ["fa", "en"])
def test_both_languages(client, officer, settings, language):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    for url in addresses():
        assert f'<html lang="{language}"' in client.get(url).content.decode()


# --- making and editing --------------------------------------------------------------------------


def test_round_new(client, officer):
    typed = {"title_fa": "دور پاییز", "deadline": round_pages.jalali(30), "panel_size": "۴", "cuts": "۶۰، ۷۵٫۵", "once_key": uuid.uuid4(), **SIGHT, **LIMITS}
    response = client.post(reverse("round_new"), typed)
    made = Round.objects.get()
    assert response.url == f"/rounds/{made.pk}/"
    assert (made.title_fa, made.panel_size, made.is_blind) == ("دور پاییز", 4, True)
    assert (made.cuts, made.top) == ([60, 75.5], None)
    assert timezone.localtime(made.deadline).strftime("%H:%M") == "23:59"
    # The same form sent twice makes one round.
    assert client.post(reverse("round_new"), typed).url == response.url and Round.objects.count() == 1


def test_round_new_explains_and_keeps(client, officer):
    response = client.post(reverse("round_new"), {"title_fa": "دور", "deadline": "1390/01/01", "panel_size": "2"})
    page = response.content.decode()
    assert response.status_code == 422 and not Round.objects.exists()
    assert 'value="دور"' in page and "1390/01/01" in page and "must not be before" in page


def test_round_edit_refuses_a_stale_form_and_shows_both(client, officer):
    round_ = factories.round_(title_en="First")
    url = reverse("round_edit", args=[round_.pk])
    typed = {"title_fa": round_.title_fa, "title_en": "Mine", "deadline": round_pages.jalali(9), "panel_size": "3", "version": "1", **SIGHT, **LIMITS,
             "cuts": "70, 80, 90", "top": "5"}  # fmt: skip
    assert client.post(url, {**typed, "title_en": "Theirs", "cuts": "50 60"}).status_code == 302
    response = client.post(url, typed)
    page = response.content.decode()
    assert response.status_code == 422 and "Theirs" in page and 'value="Mine"' in page and "50, 60" in page and 'name="version" value="2"' in page
    assert client.post(url, {**typed, "version": "2"}).status_code == 302
    assert Round.objects.get().title_en == "Mine"


def test_an_open_round_offers_only_what_may_change(client, officer):
    round_ = factories.round_("open")
    page = client.get(reverse("round_edit", args=[round_.pk])).content.decode()
    assert 'name="panel_size"' in page and 'name="deadline"' not in page and 'name="see_submitter"' not in page
    client.post(
        reverse("round_edit", args=[round_.pk]),
        {"title_fa": "نو", "panel_size": "5", "cuts": "80", "top": "۱۲", "version": "1", "see_submitter": "never",
         "deadline": round_pages.jalali(90), **LIMITS, "moderation": "consensus"},
    )  # fmt: skip
    fresh = Round.objects.get()
    assert (fresh.title_fa, fresh.panel_size, fresh.is_blind, fresh.deadline) == ("نو", 5, False, round_.deadline)
    assert (fresh.cuts, fresh.top) == ([80], 12)
    assert (fresh.gap_total, fresh.gap_indicator, fresh.moderation, fresh.moderation_days) == (20, 40, "consensus", 7)


@pytest.mark.parametrize("typed", ["", "ninety", "80, 70", "70, 70", "0, 50", "70, 100", "10 20 30 40 50 60 70 80 90 95"])
def test_bands_that_cannot_be_are_refused_and_kept_as_they_were_typed(client, officer, typed):
    fields = {"title_fa": "دور", "deadline": round_pages.jalali(9), "panel_size": "3", "cuts": typed, **SIGHT, **LIMITS}
    response = client.post(reverse("round_new"), fields)
    assert response.status_code == 422 and not Round.objects.exists()
    assert response.context["form"].errors.keys() == {"cuts"} and response.context["form"]["cuts"].value() == typed


def test_a_final_round_is_not_edited(client, officer):
    round_ = factories.round_("final")
    assert client.get(reverse("round_edit", args=[round_.pk])).status_code == 302


# --- moving --------------------------------------------------------------------------------------


def test_opening_shows_the_gaps_and_goes_on(client, officer):
    entry = round_pages.entries(1, factories.round_())[0]
    url = reverse("round_move", args=[entry.round_id, "open"])
    page = client.get(url).content.decode()
    assert "lacks 3 assessors" in page and entry.subject.title_en in page
    assert client.post(url).url == f"/rounds/{entry.round_id}/"
    assert Round.objects.get().status == "open"
    # What is no longer possible leads back to the round.
    assert client.get(url).status_code == 302
    assert client.post(url).status_code == 422


def test_closing_early_asks_why_and_keeps_what_was_typed(client, officer):
    row = factories.assignment()
    url = reverse("round_move", args=[row.entry.round_id, "close"])
    response = client.post(url, {"why": " "})
    assert response.status_code == 422 and "still awaited" in response.content.decode()
    assert client.post(url, {"why": "Enough"}).status_code == 302
    assert Round.objects.get().moves.get().why == "Enough"


def test_fixing_the_scores_names_what_blocks(client, officer):
    entry = round_pages.entries(1, factories.round_("moderation"))[0]
    response = client.post(reverse("round_move", args=[entry.round_id, "score"]))
    assert response.status_code == 422 and entry.subject.title_en in response.content.decode()
    assert entry.subject.title_en in client.get(reverse("round_detail", args=[entry.round_id])).content.decode()
    assert Round.objects.get().status == "moderation"


@pytest.mark.parametrize("action", ["extend", "exclude", "nonsense"])
def test_only_moves_that_exist_are_taken(client, officer, action):
    round_ = factories.round_("open")
    assert client.post(reverse("round_move", args=[round_.pk, action])).status_code == 302
    assert not round_.moves.exists()


def test_round_extend(client, officer):
    round_ = factories.round_("open", deadline=timezone.now() - timedelta(days=1))
    url = reverse("round_extend", args=[round_.pk])
    response = client.post(url, {"deadline": round_pages.jalali(-2), "why": "Holidays"})
    assert response.status_code == 422 and "Holidays" in response.content.decode()
    assert client.post(url, {"deadline": round_pages.jalali(5), "why": "Holidays"}).status_code == 302
    assert Round.objects.get().deadline > timezone.now()
    assert "Deadline extended" in client.get(reverse("round_detail", args=[round_.pk])).content.decode()


# --- measurements --------------------------------------------------------------------------------


@pytest.fixture
def measured():
    entry = round_pages.entries(1, version=measured_version())[0]
    levels, ratio = Indicator.objects.filter(rater="secretariat").order_by("code")
    return entry, f"{entry.pk}-{levels.pk}", f"{entry.pk}-{ratio.pk}"


def typed(key, value="", target="", note="", na="", was="|||"):
    return {f"value-{key}": value, f"target-{key}": target, f"note-{key}": note, f"na-{key}": na, f"was-{key}": was}


def test_round_measurements(client, officer, measured):
    entry, levels, ratio = measured
    url = reverse("round_measurements", args=[entry.round_id])
    response = client.post(url, {**typed(levels, "۴"), **typed(ratio, "۱٬۲۰۰٫۵", "۲۰۰۰", "گزارش")})
    assert response.status_code == 302
    assert set(Measurement.objects.values_list("value", "target", "by")) == {
        (Decimal(4), None, officer.pk),
        (Decimal("1200.5"), Decimal(2000), officer.pk),
    }
    entry.refresh_from_db()
    assert entry.is_stale


def test_measurements_are_saved_whole_or_not_at_all(client, officer, measured):
    entry, levels, ratio = measured
    url = reverse("round_measurements", args=[entry.round_id])
    sent = {**typed(levels, "4"), **typed(ratio, "12", note="Kept"), "once_key": uuid.uuid4()}
    response = client.post(url, sent)
    page = response.content.decode()
    assert response.status_code == 422 and "write the target too" in page and 'value="Kept"' in page
    assert not Measurement.objects.exists()
    response = client.post(url, {**typed(levels, "x7"), **typed(ratio)})
    assert response.status_code == 422 and "not a number" in response.content.decode()
    response = client.post(url, {**typed(levels, "4", note="x" * 301), **typed(ratio)})
    page = response.content.decode()
    assert response.status_code == 422 and "x" * 301 in page and "this is 1 more" in page.split(f'id="note-error-{levels}"')[1][:300]
    assert not Measurement.objects.exists()


def test_a_measurement_written_meanwhile_is_not_overwritten(client, officer, measured):
    entry, levels, _ratio = measured
    url = reverse("round_measurements", args=[entry.round_id])
    assert client.post(url, typed(levels, "2")).status_code == 302
    response = client.post(url, typed(levels, "5"))
    assert response.status_code == 422 and "Somebody else" in response.content.decode()
    assert Measurement.objects.get().value == 2
    # A form whose line was not touched leaves it alone.
    assert client.post(url, typed(levels, "", was="|||")).status_code == 302
    assert Measurement.objects.get().value == 2
    assert client.post(url, typed(levels, "5", was="2|||")).status_code == 302
    assert Measurement.objects.get().value == 5


def test_measurements_of_a_published_round_are_only_read(client, officer):
    entry = round_pages.entries(1, factories.round_("published"), version=measured_version())[0]
    url = reverse("round_measurements", args=[entry.round_id])
    page = client.get(url).content.decode()
    assert 'name="value-' not in page
    levels = Indicator.objects.get(code="L")
    client.post(url, typed(f"{entry.pk}-{levels.pk}", "3"))
    assert not Measurement.objects.exists()


# --- the same number of queries for few and for many ----------------------------------------------


def queries(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def judged(count, round_=None):
    made = round_pages.entries(count, round_)
    for place, entry in enumerate(made):
        round_pages.score(entry, 50 + place)
        for _ in range(3):
            factories.assignment(entry)
    return made


@pytest.mark.parametrize(("name", "most"), [("round_detail", 25), ("round_results", 12), ("round_assign_bulk", 12)])
def test_pages_of_a_round_cost_the_same_for_3_and_30(client, officer, name, most):
    few, many = judged(3)[0].round, judged(30)[0].round
    counts = [queries(client, reverse(name, args=[round_.pk])) for round_ in (few, many)]
    assert counts[0] == counts[1] <= most


def test_measurements_cost_the_same_for_3_and_30(client, officer):
    version = measured_version()
    few, many = round_pages.entries(3, version=version)[0].round, round_pages.entries(30, version=version)[0].round
    counts = [queries(client, reverse("round_measurements", args=[round_.pk])) for round_ in (few, many)]
    assert counts[0] == counts[1] <= 14


@pytest.mark.parametrize(("name", "most"), [("round_list", 8), ("assignment_list", 10)])
def test_lists_cost_the_same_for_3_and_30(client, officer, name, most):
    def grow(count):
        for _ in range(count):
            factories.assignment()

    grow(3)
    few = queries(client, reverse(name))
    grow(27)
    assert queries(client, reverse(name) + "?size=50") == few <= most


def test_entry_detail_costs_the_same_for_3_and_12_assessors(client, officer):
    few, many = round_pages.entries(2)
    for entry, count in ((few, 3), (many, 12)):
        for _ in range(count):
            factories.assignment(entry).moves.create(action="offer", target="offered", by=officer)
    counts = [queries(client, reverse("entry_detail", args=[entry.pk])) for entry in (few, many)]
    assert counts[0] == counts[1] <= 16
