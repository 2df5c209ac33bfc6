"""A programme, which is no product, from the agency's empty form to its published score, by the pages that serve products."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from assessments.models import Entry, Programme, Round
from secretariat.persian import digits_to_persian
from tests import specimens
from tests.axe import faults_of
from tests.journeys.test_main_job import (
    ask_three,
    close_and_publish,
    make_a_round,
    press,
    rate_by_hand,
    release_the_words,
    take_on,
    wait_for_the_score,
    walk,
    world,
    write_and_submit,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["walk", "world"]  # fixtures

TITLE = "کتابخانه‌های سیار روستا"


def propose(page, tmp_path):
    page.goto(reverse("programme_list"))
    page.get_by_role("link", name="پیشنهاد برنامه").click()
    press(page)
    page.wait_for_url(re.compile("/programmes/[0-9]+/edit/"))
    for name, typed in (
        ("title_fa", TITLE),
        ("starts_on", "۱۴۰۴/۰۸/۱۷"),
        ("ends_on", "۱۴۰۴/۰۸/۲۴"),
        ("aims", "رساندن کتاب به کودکان روستاها."),
        ("audience", "کودکان و نوجوانان"),
        ("budget", "چهارصد میلیون ریال"),
        ("report", "هفت واحد سیار در یک هفته کار کردند."),
        ("links", "https://example.org/report"),
    ):
        page.locator(f"[name={name}]").fill(typed)
    expect(page.locator("[data-autosave-status]")).to_contain_text(re.compile("[۰-۹]{2}:[۰-۹]{2}"))
    page.reload()
    expect(page.locator("[name=report]")).to_have_value("هفت واحد سیار در یک هفته کار کردند.")
    report = tmp_path / "گزارش.pdf"
    report.write_bytes(specimens.pdf())
    page.set_input_files("#id_file", report)
    press(page, "button[name=then][value=read]")
    expect(page.get_by_role("link", name="گزارش.pdf")).to_be_visible()
    page.get_by_role("link", name="پیشنهاد به دبیرخانه").click()
    press(page)
    expect(page.locator(".state", has_text="پیشنهاد دستگاه").first).to_be_visible()
    return Programme.objects.get()


def accept(page, programme):
    page.goto(reverse("desk"))
    page.get_by_role("link", name=re.compile("برنامه‌های در انتظار پذیرش")).first.click()
    page.get_by_role("link", name=TITLE).click()
    page.get_by_role("link", name="پذیرفتن", exact=True).click()
    expect(page.locator("[name=indicator_set] option:checked")).to_have_text("برنامه")
    press(page)
    page.wait_for_url(f"**{programme.get_absolute_url()}")


def enter(page, round_pk):
    page.goto(reverse("round_detail", args=[round_pk]))
    page.get_by_role("link", name="افزودن برنامه").click()
    page.get_by_label(re.compile(TITLE)).check()
    press(page)
    page.wait_for_url(re.compile("/rounds/[0-9]+/$"))
    page.goto(reverse("round_move", args=[round_pk, "open"]))
    press(page)
    page.wait_for_url(re.compile("/rounds/[0-9]+/$"))
    assert Round.objects.get().status == "open"


def test_a_programme_goes_from_an_empty_form_to_its_published_score(world, worker, walk, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    faults = []
    agency, officer = walk.as_("sazman"), walk.as_("karshenas")
    programme = propose(agency, tmp_path)
    faults += [f"agency: {fault}" for fault in faults_of(agency)]
    accept(officer, programme)
    faults += [f"officer: {fault}" for fault in faults_of(officer)]
    round_pk = make_a_round(officer).pk
    enter(officer, round_pk)
    entry_pk = ask_three(officer)
    for n, levels in enumerate((("4", "5"), ("4", "4"), ("5", "4")), 1):
        judge = walk.as_(f"arzyab{n}")
        take_on(judge)
        expect(judge.get_by_text("هفت واحد سیار در یک هفته کار کردند.")).to_be_visible()
        rate_by_hand(judge, levels)
        write_and_submit(judge, n)
    score = wait_for_the_score(officer, worker, entry_pk)
    shown = digits_to_persian(f"{score.value:.1f}").replace(".", "٫")
    agency.goto(programme.get_absolute_url())
    expect(agency.get_by_text(shown)).to_have_count(0)
    release_the_words(officer, round_pk)
    close_and_publish(officer, round_pk)
    for reader in (officer, agency):
        reader.goto(programme.get_absolute_url())
        expect(reader.get_by_text(shown).first).to_be_visible()
    agency.get_by_role("link", name="چرا این امتیاز؟").click()
    expect(agency.locator(".why-top")).to_contain_text(shown)
    assert Entry.objects.get().subject.kind == "programme"
    assert not faults, "\n".join(faults)
