"""The panels of a round in a real browser: an empty round filled, changed by hand, applied; one declines and is replaced."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessments.models import Assignment, PanelDraft, Round
from assessments.services import panels, rounds
from tests import factories
from tests.assessments.filled_rounds import filled, seats, unfilled_round
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def officer():
    return factories.officer()


def look(page, address):
    page.goto(address)
    page.evaluate("document.querySelectorAll('main details').forEach((part) => { part.open = true })")
    assert faults_of(page) == [], address
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address


def test_the_whole_journey_from_an_empty_round_to_a_replacement(pages, officer):
    round_, _people = unfilled_round(30, 14, sets=3, tied=5)
    page = pages(user=officer, language="en")
    page.goto(reverse("round_detail", args=[round_.pk]))
    page.get_by_role("link", name="Fill the panels").click()
    page.get_by_label("even loads come first").check()
    page.get_by_role("button", name="Fill the panels").click()
    expect(page.get_by_text("The panels are being filled.")).to_be_visible()
    # Left and found again: the worker ends meanwhile, and the page that waits sees it by itself.
    page.goto(reverse("desk"))
    page.goto(reverse("round_panels", args=[round_.pk]))
    panels.fill(PanelDraft.objects.get().pk)
    expect(page.get_by_text("30 of 30")).to_be_visible()
    # One panel by hand: somebody goes, somebody comes, two change places.
    draft = PanelDraft.objects.get()
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    seated = page.locator("table").first.locator("tbody tr")
    gone = seated.first.locator("th").inner_text().splitlines()[0]
    seated.first.get_by_role("button", name="Take off").click()
    expect(page.get_by_text("1 assessor is missing")).to_be_visible()
    page.get_by_role("button", name="Place here").first.click()
    expect(page.get_by_text("placed by hand")).to_be_visible()
    seated.filter(has_not_text="placed by hand").last.get_by_role("link", name="Exchange").click()
    page.get_by_role("button", name="Exchange").first.click()
    expect(page.get_by_text("The two have changed places")).to_be_visible()
    page.get_by_role("link", name="Back to the draft").click()
    page.get_by_role("button", name="Fill the rest again").click()
    expect(page.get_by_text("The panels are being filled.")).to_be_visible()
    panels.fill(draft.pk)
    expect(page.get_by_text("30 of 30")).to_be_visible()
    assert draft.seats.filter(is_locked=True).count() == 3 and draft.seats.filter(source="barred").exists()
    page.get_by_role("link", name="By assessor").click()
    expect(page.get_by_role("img", name="Products of each assessor in this round").first).to_be_visible()
    page.get_by_role("link", name="By product").click()
    # Applied: in preparation nobody is told.
    page.get_by_role("link", name="Apply…").click()
    page.get_by_role("button", name="Appoint these assessors").click()
    expect(page.get_by_text("90 assignments were made.")).to_be_visible()
    assert gone and Assignment.objects.count() == 90
    rounds.move_round(round_.pk, "open", by=officer)
    # One declines; the next one is asked by one click.
    lost = Assignment.objects.first()
    rounds.answer(lost.pk, "decline", by=lost.assessor.user, why="I am abroad")
    page.goto(reverse("desk"))
    page.get_by_role("link", name="Products short of assessors").click()
    expect(page.get_by_text("I am abroad")).to_be_visible()
    page.get_by_role("button", name="Ask").first.click()
    expect(page.get_by_text("1 assessor was asked.")).to_be_visible()
    assert lost.entry.assignments.filter(status="offered").count() == 3


def test_a_filling_is_stopped_and_a_draft_put_away(pages, officer):
    round_, _people = unfilled_round(4, 6)
    panels.start(round_.pk, by=officer)
    page = pages(user=officer, language="en")
    page.goto(reverse("round_panels", args=[round_.pk]))
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("The filling is stopped.")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("dialog").get_by_role("button").first.click()
    expect(page.get_by_text("The draft is put away.")).to_be_visible()
    assert PanelDraft.objects.get().status == "discarded"


def test_everything_works_without_scripts(pages, officer):
    round_, _people = unfilled_round(4, 6)
    page = pages(user=officer, language="en", scripts=False)
    page.goto(reverse("round_panels", args=[round_.pk]))
    page.get_by_role("button", name="Fill the panels").click()
    panels.fill(PanelDraft.objects.get().pk)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("4 of 4", exact=True)).to_be_visible()
    page.get_by_role("link", name="Apply…").click()
    page.get_by_role("button", name="Appoint these assessors").click()
    assert Assignment.objects.count() == 12


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 390), ("en", "dark", 1280)])
def test_every_page_is_readable(pages, officer, language, theme, width):
    empty, _people = unfilled_round(3, 4)
    short, _people = unfilled_round(6, 5, capacity=3, status="open")
    Round.objects.filter(pk=short.pk).update(panel_size=4)
    draft = filled(short, officer)
    busy, _people = unfilled_round(3, 4)
    panels.start(busy.pk, by=officer)
    judged, _people = unfilled_round(3, 6, status="open")
    applied = filled(judged, officer)
    panels.apply(applied.pk, by=officer, version=applied.version)
    lost = Assignment.objects.first()
    rounds.answer(lost.pk, "decline", by=lost.assessor.user, why="x")
    entry, assessor = seats(draft)[0]
    page = pages(user=officer, language=language, theme=theme, width=width)
    for name, args in (
        ("round_panels", [empty.pk]), ("round_panels", [short.pk]), ("round_panels", [busy.pk]), ("round_panels_fill", [short.pk]),
        ("round_panel_loads", [short.pk]), ("round_panel", [short.pk, entry]), ("round_panel_swap", [short.pk, entry, assessor]),
        ("round_panels_apply", [short.pk]), ("replacement_list", []), ("assignment_list", []),
    ):  # fmt: skip
        look(page, reverse(name, args=args))
    look(page, reverse("replacement_leave") + f"?entry={lost.entry_id}")
