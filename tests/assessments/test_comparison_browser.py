"""A weight study in a real browser: from the officer's question, by mouse and keyboard, to the weights in the draft."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from assessments.models import WeightStudy
from assessments.selectors.comparisons import groups_of
from assessments.services import comparisons
from secretariat import persian
from tests import factories
from tests.assessments import weighing
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def pair(page, left, right):
    """The pair of these two rows."""
    return page.get_by_role("group", name=f"“{left}” or “{right}”: which matters more, and how much?")


def by_keys(page, left, right, strokes, said):
    """Tab on to the pair, press the keys, and read what was said."""
    wanted = pair(page, left, right)
    while not wanted.locator(":focus").count():
        page.keyboard.press("Tab")
    for stroke in strokes.split():
        page.keyboard.press(stroke)
    expect(wanted.locator("[data-said]")).to_have_text(said)


def standing(page):
    return page.locator('[data-part="bar"]')


def test_from_the_question_to_the_weights_in_the_draft(pages):
    officer, draft = factories.officer(), weighing.draft(3, 2, code="poster")
    mouse, keys = factories.assessor(last_name="Mouse"), factories.assessor(last_name="Keys")
    desk = pages(user=officer, language="en")
    desk.goto("/sets/poster/1/edit/")
    desk.get_by_role("link", name="Ask experts for the weights").click()
    for dimension in (1, 2, 3):
        desk.get_by_label(f"Dimension {dimension}: 2 rows").uncheck()
    desk.get_by_label("Mouse").check()
    desk.get_by_label("Keys").check()
    desk.get_by_label("Deadline of the experts").fill(persian.short(timezone.localdate() + timedelta(days=9)))
    desk.get_by_role("button", name="Open the study").click()
    expect(desk.get_by_text("not begun")).to_have_count(2)
    study = WeightStudy.objects.get(version=draft)

    first = pages(user=mouse.user, language="en")
    first.goto("/desk/")
    first.get_by_role("main").get_by_role("link", name=draft.set.title_en, exact=True).click()
    first.get_by_role("link", name="Begin comparing").click()
    pair(first, "Dimension 1", "Dimension 2").get_by_role("radio", name="“Dimension 1” is moderately more important").check(
        force=True
    )
    pair(first, "Dimension 1", "Dimension 3").get_by_role("radio", name="“Dimension 3” is moderately more important").check(
        force=True
    )
    expect(standing(first)).to_contain_text("2 of 3 pairs compared")
    expect(standing(first)).to_contain_text("nothing to check them by")
    pair(first, "Dimension 2", "Dimension 3").get_by_role("radio", name="“Dimension 2” is moderately more important").check(
        force=True
    )
    expect(standing(first)).to_contain_text("contradictory: ")
    doubts = first.locator('[data-part="doubts"]')
    expect(doubts).to_contain_text("both equally important")
    doubts.get_by_role("link", name="Dimension 1 – Dimension 3").click()
    expect(pair(first, "Dimension 1", "Dimension 3").locator(":focus")).to_have_count(1)
    pair(first, "Dimension 1", "Dimension 3").get_by_role("radio", name="“Dimension 1” is strongly more important (5)").check(
        force=True
    )
    expect(standing(first)).to_contain_text("consistent: ")
    first.get_by_role("button", name="Save and go back").click()
    first.get_by_role("button", name="I have finished").click()
    expect(first.get_by_text("Your answers count.")).to_be_visible()

    second = pages(user=keys.user, language="en")
    second.goto(f"/studies/{study.pk}/compare/{groups_of(study)[0].pk}/")
    # From an open pair the first key leads to the middle.
    by_keys(second, "Dimension 1", "Dimension 2", "ArrowLeft ArrowLeft", "“Dimension 1” is slightly more important (2)")
    by_keys(
        second,
        "Dimension 1",
        "Dimension 3",
        "ArrowDown ArrowUp ArrowUp ArrowUp",
        "“Dimension 1” is moderately to strongly more important (4)",
    )
    by_keys(
        second,
        "Dimension 2",
        "Dimension 3",
        "ArrowRight ArrowRight ArrowLeft ArrowLeft",
        "“Dimension 2” is slightly more important (2)",
    )
    expect(standing(second)).to_contain_text("consistent: 0.00")
    second.get_by_role("button", name="Save and go back").press("Enter")
    second.get_by_role("button", name="I have finished").press("Enter")
    expect(second.get_by_text("Your answers count.")).to_be_visible()

    desk.goto(f"/studies/{study.pk}/")
    expect(desk.get_by_role("columnheader", name="Mouse")).to_be_visible()
    desk.get_by_role("link", name="End the comparing").click()
    desk.get_by_role("button", name="End the comparing").click()
    desk.get_by_role("link", name="Adopt the weights").click()
    desk.get_by_role("button", name="Adopt the weights").click()
    expect(desk.get_by_text("The weights stand in the draft of version 1.")).to_be_visible()
    expect(desk.locator('[data-sum="top"]')).to_have_attribute("data-state", "right")
    for row in draft.indicators.filter(parent=None):
        expect(desk.locator(f"#id_weight-{row.pk}")).to_have_value(f"{row.weight.normalize():f}")
    assert draft.indicators.get(code="D1").weight > 50


def test_in_persian_the_keys_go_the_way_the_arrow_points(pages):
    study = weighing.study(weighing.draft(2, 1), experts=1)
    (expert,), group = weighing.experts(study), groups_of(study)[0]
    page = pages(user=expert.user)
    page.goto(f"/studies/{study.pk}/compare/{group.pk}/")
    page.locator("[data-pair] [type=radio]:checked").focus()
    for stroke in ("ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(stroke)
    # The first row stands at the right.
    expect(page.locator("[data-said]")).to_have_text("«بُعد 1» تا حدی مهم‌تر است (۳)")
    expect(page.locator("[data-autosave-status]")).to_contain_text("ذخیره شد")
    assert expert.comparisons.get().step == 2


def test_an_expert_works_without_scripts(pages):
    study = weighing.study(weighing.draft(2, 1), experts=1)
    expert = weighing.experts(study)[0]
    page = pages(user=expert.user, language="en", scripts=False)
    page.goto(f"/studies/{study.pk}/compare/")
    page.get_by_role("link", name="Begin comparing").click()
    page.get_by_role("radio", name="“Dimension 2” is extremely more important (9)").check(force=True)
    page.get_by_role("button", name="Save and go back").click()
    page.get_by_role("button", name="I have finished").click()
    expect(page.get_by_text("Your answers count.")).to_be_visible()
    assert expert.comparisons.get().step == -8


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 390), ("en", "dark", 1280)])
def test_no_page_has_a_fault_that_axe_finds(pages, language, theme, width):
    officer = factories.officer()
    study = weighing.study(groups=("", "D1"), experts=3, officer=officer)
    for expert, steps in zip(weighing.experts(study)[:2], ([4, -4, 4], [2, 4, 1]), strict=True):
        weighing.answer(expert, steps)
        weighing.answer(expert, [1, None, 2], group=1)
        comparisons.finish(study.pk, by=expert.user)
    left_out, _second, at_work = weighing.experts(study)
    weighing.answer(at_work, [4, -4, 4])
    comparisons.exclude(left_out.pk, by=officer, why="Turned round.")
    fresh = weighing.draft(code="fresh")
    desk = pages(user=officer, language=language, theme=theme, width=width)
    own = pages(user=at_work.user, language=language, theme=theme, width=width)
    here = f"/studies/{study.pk}"
    group = groups_of(study)[0].pk
    for page, address in (
        (desk, "/studies/"), (desk, f"{here}/"), (desk, f"{here}/invite/"), (desk, f"{here}/extend/"), (desk, f"{here}/move/close/"),
        (desk, f"{here}/experts/{_second.pk}/exclude/"), (desk, f"/sets/{fresh.set.code}/1/weights/"),
        (own, f"{here}/compare/"), (own, f"{here}/compare/{group}/"),
    ):  # fmt: skip
        examine(page, address)
    comparisons.move_study(study.pk, "close", by=officer)
    examine(desk, f"{here}/adopt/")
    examine(own, f"{here}/compare/")


def examine(page, address):
    assert page.goto(address).status == 200, address
    assert faults_of(page, outside=[".site-head", ".site-foot"]) == [], address
