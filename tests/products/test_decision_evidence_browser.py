"""Reading the papers of a board one after the other: by keyboard, on a telephone, with a real file and a real score."""

import pytest
from django.urls import reverse
from django.utils import timezone

from assessments.models import Entry
from assessments.services import runs
from products.models import Overlap
from tests import council as make
from tests import factories
from tests.axe import faults_of
from tests.products.test_decision_evidence import handed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def judged():
    """Two handed-in products of one round, really judged and really scored; the better one first."""
    version = factories.published_set(scale_=factories.scale("number", step="0.01"))
    round_ = factories.round_("open", title_fa="دور نخست")
    sheet, panel, products = factories.sheet(round_, version), [factories.assessor() for _n in range(3)], []
    for title, values in (("کتاب باران", (91, 88, 90)), ("نقش صنوبر", (89, 90, 86))):
        product, _file, _version = handed_in(title, factories.agency())
        entry = Entry.objects.create(round=round_, subject=product.subject, sheet=sheet)
        for assessor, value in zip(panel, values, strict=True):
            factories.submitted_assessment(entry, str(value), assessor)
        products.append(product)
    Entry.objects.filter(round=round_).update(inputs_version=2, inputs_changed_at=timezone.now())
    runs.score_round(round_.pk)
    factories.settled(round_)
    return products


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 1280), ("fa", "dark", 390)])
def test_a_member_reads_one_after_the_other_and_returns_to_the_vote(pages, language, theme, width):
    first, second = judged()
    resolution = make.session()
    make.proposed_mark(resolution_=resolution, product=first)
    make.withheld(resolution, second)
    Overlap.objects.create(product=first, other=factories.product("accepted"), similarity=0.8)
    page = pages(user=make.seats(resolution)[1].user, language=language, theme=theme, width=width)
    board, papers, after = (
        reverse("decision_board", args=[resolution.pk]),
        *(reverse("decision_evidence", args=[resolution.pk, product.pk]) for product in (first, second)),
    )
    page.goto(board)
    page.click(f'a[href="{papers}"]')
    assert faults_of(page) == []
    # In a page of its own; whether a browser shows a PDF there or keeps it is the browser's matter.
    with page.context.expect_page(), page.context.expect_event("request", lambda asked: asked.url.endswith("?show=1")):
        page.click(".papers-files a[target]")
    page.keyboard.press("ArrowLeft" if language == "fa" else "ArrowRight")
    page.wait_for_url(f"**{after}")
    page.keyboard.press("ArrowRight" if language == "fa" else "ArrowLeft")
    page.wait_for_url(f"**{papers}")
    page.keyboard.press("Escape")
    page.wait_for_url(f"**{board}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
