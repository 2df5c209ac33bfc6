"""Why a fair score, the public page of a round and the release of its data, in a real browser, on paper too."""

import hashlib

import pytest
from django.urls import reverse

from assessments import tasks
from assessments.models import Entry, RoundBundle
from assessments.services import bundles
from tests import factories
from tests.assessments.scored_rounds import judged_round, published
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def look(page, address):
    """Open a page with everything unfolded, and ask axe and the ruler."""
    page.goto(address)
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true })")
    assert faults_of(page) == [], address


@pytest.fixture
def round_():
    return published(judged_round(products=12, assessors=6, panel=4, missing=0.05, strengths="قوت"))


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 390), ("en", "dark", 1280)])
def test_every_reader_sees_why(pages, round_, language, theme, width):
    entry = Entry.objects.filter(round=round_).select_related("subject__agency").order_by("result__rank")[3]
    bundle = bundles.make_bundle(bundles.ask_bundle(round_.pk, by=None).pk)
    for person in (factories.officer(), factories.representative(entry.subject.agency)):
        page = pages(user=person, language=language, theme=theme, width=width)
        look(page, reverse("entry_scores", args=[entry.pk]))
        assert page.locator(".why-table tbody tr").count() > 10
        assert page.locator(".radar-plot").is_visible() and page.locator(".band-strip").is_visible()
    visitor = pages(language=language, theme=theme, width=width)
    look(visitor, reverse("round_public", args=[round_.pk]))
    with visitor.expect_download() as download:
        visitor.click("a[download]")
    assert hashlib.sha256(download.value.path().read_bytes()).hexdigest() == bundle.sha256


def test_on_paper_everything_is_unfolded(pages, round_):
    entry = Entry.objects.filter(round=round_).first()
    page = pages(user=factories.officer())
    page.goto(reverse("entry_scores", args=[entry.pk]))
    folded = page.locator(".why-all table tbody tr").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    assert page.locator(".why-hash").first.is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_an_officer_releases_the_data_and_sees_it_done(pages, round_, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks.make_bundle, "apply_async", lambda ids, **more: sent.append(ids))
    page = pages(user=factories.officer(), language="en")
    address = reverse("round_bundle", args=[round_.pk])
    look(page, address)
    page.click("main form button.btn-primary")
    page.click("dialog[open] button.btn-primary")
    page.wait_for_selector("progress")
    assert len(sent) == 1
    bundles.make_bundle(*sent[0])
    page.wait_for_selector(".note-success")
    assert RoundBundle.objects.get().sha256 in page.content()
    look(page, address)
