"""The results of a round in a real browser: read, searched, computed anew, compared, published apart; phones, themes, axe."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessments.models import Entry, Round, ScoringRun
from assessments.services import runs
from tests import factories
from tests.assessments import scored_rounds
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TREES = ["Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Juniper", "Larch", "Oak", "Poplar"]
LONG = "اثر با عنوانی چنان بلند که در هیچ سطری به‌تنهایی جا نمی‌گیرد و باید در چند سطر نوشته شود"


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def judged():
    """Ten products with long titles, computed twice."""
    round_ = scored_rounds.judged_round(
        products=10, assessors=6, panel=4, subject=lambda n: factories.subject(title_fa=f"{LONG} {n}", title_en=TREES[n])
    )
    runs.score_round(round_.pk, force=True)
    round_.refresh_from_db()
    return round_


@pytest.fixture
def apart():
    round_ = scored_rounds.judged_round(products=8, assessors=8, panel=4, parts=2)
    Round.objects.filter(pk=round_.pk).update(status="moderation")
    return round_


def look(page, address):
    page.goto(address)
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true })")
    assert faults_of(page) == [], address


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 390), ("en", "dark", 1280)])
def test_every_page_is_readable(pages, officer, judged, apart, language, theme, width):
    page, before = pages(user=officer, language=language, theme=theme, width=width), judged.run.supersedes_id
    for address in (
        reverse("round_results", args=[judged.pk]),
        reverse("round_results", args=[apart.pk]),
        reverse("round_runs", args=[judged.pk]),
        reverse("run_keep", args=[judged.pk, before]),
        reverse("runs_compare", args=[judged.pk]) + f"?run={before}",
        reverse("round_move", args=[apart.pk, "publish"]),
        reverse("round_new"),
    ):
        look(page, address)


def test_the_picture_follows_a_search_as_it_is_typed(pages, officer, judged):
    page = pages(user=officer, language="en")
    page.goto(reverse("round_results", args=[judged.pk]))
    points = page.locator("#results-picture .forest-wide .forest-point circle")
    expect(points).to_have_count(10)
    page.locator("#results-q").press_sequentially("Juni")
    expect(points).to_have_count(1)
    expect(page.locator("#results-results tbody tr:not(.list-head)")).to_have_count(1)
    page.locator("#results-q").clear()
    page.locator("#results-q").press("Enter")
    expect(points).to_have_count(10)
    page.get_by_role("link", name="Product", exact=True).click()  # sorted by title; the picture stays in the order of the scores
    expect(page.locator("#results-results .list-head")).to_have_count(0)
    ranks = [int(text) for text in page.locator("#results-picture .forest-wide .forest-lead text").all_text_contents()]
    assert ranks == sorted(ranks) and len(ranks) == 10


def test_a_run_at_work_is_followed_until_its_results_are_there(pages, officer, judged):
    running = ScoringRun.objects.create(round=judged, phase="open", progress=10, asked_by=officer)
    page = pages(user=officer, language="en")
    page.goto(reverse("round_results", args=[judged.pk]))
    bar = page.locator("#run-box progress")
    expect(bar).to_have_attribute("value", "10")
    ScoringRun.objects.filter(pk=running.pk).update(progress=60)
    expect(bar).to_have_attribute("value", "60")
    expect(page.locator("#run-words")).to_contain_text("60%")
    ScoringRun.objects.filter(pk=running.pk).update(status="failed")
    runs.score_round(judged.pk, force=True)
    expect(page.locator("#run-box")).to_contain_text("New results are there.")
    expect(page.locator("#run-words")).to_have_text("New results are there.")
    assert page.locator("#run-box[hx-get]").count() == 0  # nothing is asked any more
    page.get_by_role("link", name="Show them").click()
    expect(page.locator("#run-box")).not_to_contain_text("New results")


def test_a_run_is_stopped_without_scripts(pages, officer, judged):
    running = ScoringRun.objects.create(round=judged, phase="open", progress=10)
    page = pages(user=officer, language="en", scripts=False)
    page.goto(reverse("round_results", args=[judged.pk]))
    expect(page.get_by_role("link", name="Look again")).to_be_visible()
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("The computation is stopped")).to_be_visible()
    running.refresh_from_db()
    assert running.status == "cancelled"


def test_from_the_results_to_what_changed_since_a_kept_run(pages, officer, judged):
    page = pages(user=officer, language="en")
    page.goto(reverse("round_results", args=[judged.pk]))
    page.get_by_role("link", name="All computations").click()
    page.get_by_role("row").last.get_by_role("link", name="Keep").click()
    page.get_by_label("What it is kept for").fill("for the meeting")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").last).to_contain_text("for the meeting")
    page.get_by_role("row").last.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="The outcome is the same")).to_be_visible()
    expect(page.locator("#differences-results tbody tr")).to_have_count(10)


def test_lists_that_cannot_be_compared_stand_apart_only_on_purpose(pages, officer, apart):
    page = pages(user=officer, language="en")
    page.goto(reverse("round_results", args=[apart.pk]))
    expect(page.locator("#results-picture .forest-wide")).to_have_count(2)  # a picture for each
    page.get_by_role("link", name="What would join them").click()
    page.get_by_role("button", name="Fix the scores").click()
    summary = page.locator("[data-error-summary]")
    expect(summary).to_be_focused()
    summary.get_by_role("link").click()
    box = page.get_by_label("Let them stand as 2 separate lists")
    expect(box).to_be_focused()
    box.check()
    page.get_by_role("button", name="Fix the scores").click()
    expect(page.locator(".state-info").first).to_be_visible()
    apart.refresh_from_db()
    assert (apart.status, apart.separate_lists) == ("scored", True)
    assert Entry.objects.filter(round=apart, result__run=apart.run).count() == 8
