"""One officer runs a whole round in the browser: from an empty one to published results, with the time of every step.

The assessors' sheets are filled in by the demonstration. PRODUCTS and ASSESSORS in the environment make it as large as
wanted, and with SHOTS=folder it leaves pictures; the times are printed, never judged.
"""

import os
import re
import sys
import time

import pytest
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import expect

from assessments.models import Assignment, Moderation, PanelDraft, Round
from assessments.services import runs
from portal import demo
from secretariat.models import Notice
from secretariat.persian import digits_to_persian
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PRODUCTS, ASSESSORS = int(os.environ.get("PRODUCTS", 24)), int(os.environ.get("ASSESSORS", 10))
SHOTS = os.environ.get("SHOTS", "")


class Steps:
    """Says how long each step took the officer, page loads and the portal's own work included."""

    def __init__(self, page):
        self.page, self.started, self.told = page, time.perf_counter(), []

    def done(self, name):
        now = time.perf_counter()
        self.told.append((name, now - self.started))
        sys.stdout.write(f"{now - self.started:7.1f} s  {name}\n")
        if SHOTS:
            self.page.screenshot(path=f"{SHOTS}/officer-{len(self.told):02}.png", full_page=True)
        self.started = time.perf_counter()

    def pause(self):
        """What follows is not the officer's time."""
        self.started = time.perf_counter()


def press(page):
    page.locator("main form .form-actions .btn-primary").last.click()


def move(page, round_, action, state):
    page.goto(reverse("round_move", args=[round_.pk, action]))
    press(page)
    page.wait_for_url(re.compile(f"/rounds/{round_.pk}/$"))
    round_.refresh_from_db()
    assert round_.status == state


def test_one_officer_runs_a_round(pages, worker):
    call_command("starter", without_demo=True)
    call_command("demo", products=PRODUCTS, assessors=ASSESSORS, panel=3, waiting=True)
    officer = factories.officer(first_name="گلناز", last_name="پورچیان")
    page = pages(user=officer)
    page.set_default_timeout(60_000)
    page.goto(reverse("round_new"))
    steps = Steps(page)

    page.locator("[name=title_fa]").fill("دور یک کارشناس")
    page.locator("[name=deadline]").fill("۱۴۲۰/۰۱/۲۰")
    page.locator("[name=see_submitter]").select_option("never")
    press(page)
    page.wait_for_url(re.compile("/rounds/[0-9]+/$"))
    round_ = Round.objects.get()
    steps.done("an empty blind round")

    page.goto(reverse("round_add_products", args=[round_.pk]))
    page.locator("[name=bulk_all]").check()
    page.locator("[name=bulk_action]").select_option("preview")
    page.locator("[data-bulk] button").last.click()
    press(page)
    page.wait_for_url(re.compile(f"/rounds/{round_.pk}/$"))
    assert round_.entries.count() == PRODUCTS
    steps.done(f"{PRODUCTS} products entered")

    page.goto(reverse("round_panels", args=[round_.pk]))
    press(page)
    worker.wait_for(lambda: PanelDraft.objects.filter(status="ready").exists(), limit=120)
    page.goto(reverse("round_panels", args=[round_.pk]))
    apply = page.locator(f"a[href='{reverse('round_panels_apply', args=[round_.pk])}']")
    expect(apply).to_be_visible()
    steps.done("panels proposed")
    apply.click()
    press(page)
    page.wait_for_url(re.compile(f"/rounds/{round_.pk}/"))
    assert Assignment.objects.filter(entry__round=round_).count() == 3 * PRODUCTS
    steps.done("panels applied")

    move(page, round_, "open", "open")
    steps.done("opened: everybody is asked")
    asked = Notice.objects.filter(kind="assignment_offered")
    assert asked.count() == asked.values("user").distinct().count()  # one notice a person, however many products

    assert demo.judge(round_, seed=1) == 3 * PRODUCTS
    worker.wait_for(lambda: not round_.entries.stale().exists(), limit=180)
    steps.pause()
    page.goto(reverse("round_results", args=[round_.pk]))
    expect(page.locator("main")).to_contain_text(digits_to_persian(str(PRODUCTS)))
    steps.done("results looked at")

    move(page, round_, "close", "moderation")
    steps.done("closed")
    page.goto(reverse("round_remarks", args=[round_.pk]))
    page.locator(".remarks-all button").click()
    page.locator("dialog[open] button[value=yes]").click()
    expect(page.locator(".remark")).to_have_count(0)
    steps.done("the assessors' words released")
    settle_disagreements(page, round_)
    steps.done("disagreements settled")
    worker.wait_for(lambda: not round_.entries.stale().exists(), limit=180)
    move(page, round_, "score", "scored")
    steps.done("scores fixed")
    move(page, round_, "confirm", "confirmed")
    steps.done("scores confirmed")
    page.goto(reverse("round_move", args=[round_.pk, "publish"]))
    press(page)
    page.wait_for_url(re.compile(f"/rounds/{round_.pk}/$"))
    round_.refresh_from_db()
    assert round_.is_public and round_.run.summary["products"] == PRODUCTS
    steps.done("published")
    sys.stdout.write(f"{sum(seconds for _name, seconds in steps.told):7.1f} s  in all\n")
    assert list(runs.differences()) == []


def settle_disagreements(page, round_):
    """What the portal found to lie far apart stands as it is, for one reason written once."""
    page.goto(reverse("round_moderation", args=[round_.pk]))
    found = Moderation.objects.living().filter(entry__round=round_)
    if not found.exists():
        return
    page.locator("[name=bulk_all]").check()
    page.locator("[name=bulk_action]").select_option("stands")
    page.locator("[data-bulk] button").last.click()
    page.locator("[name=why]").fill("اختلاف برداشت است و نه خطا؛ امتیاز منصفانه آن را در نظر گرفته است.")
    press(page)
    page.wait_for_url(re.compile(f"/rounds/{round_.pk}/moderation/"))
    assert not found.exists()
