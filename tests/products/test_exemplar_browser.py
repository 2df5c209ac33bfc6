"""An exemplar in a real browser: nominated, agreed to, named and read, on a desk and on a phone."""

import pytest
from django.urls import reverse

from products.models import Exemplar
from secretariat.models import Resolution
from tests import council as make
from tests import exemplars, factories
from tests.axe import faults_of, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sound(page):
    assert faults_of(page) == [] and not too_wide(page), page.url


def test_from_the_nomination_to_the_page_that_everybody_reads(pages):
    product, room = exemplars.scored_product(files=1, title_fa="گنجینهٔ نور"), exemplars.sitting()
    owner = factories.representative(product.agency)
    # The officer nominates and writes.
    page = pages(user=factories.officer(), width=1280)
    page.goto(reverse("exemplar_candidates"))
    page.click("main table tbody a")
    sound(page)
    page.click("main form[method=post] button.btn-primary")
    page.wait_for_url("**/edit/")
    for box in page.query_selector_all(".spot:not(.spot-depth-2) input"):
        box.check()
    for stem in ("reason", "done", "worked", "needs", "begin"):
        page.fill(f"#id_{stem}_fa", f"سخن {stem}")
    page.check("#id_files_0")
    sound(page)
    page.click('button[name="then"][value="read"]')
    exemplar = Exemplar.objects.get()
    page.wait_for_url(f"**{reverse('exemplar_detail', args=[exemplar.pk])}")
    sound(page)
    page.click(f'form[action="{reverse("exemplar_ask", args=[exemplar.pk])}"] button')
    page.wait_for_selector("main .state-warning")
    # The agency reads and consents on a phone, in the dark.
    phone = pages(user=owner, width=390, theme="dark")
    phone.goto(reverse("desk"))
    phone.click(f'a[href="{reverse("exemplar_consent", args=[exemplar.pk])}"]')
    sound(phone)
    phone.check("input[value=yes]")
    phone.check("#id_agrees")
    phone.click("main form[method=post] button.btn-primary")
    phone.wait_for_url(f"**{reverse('exemplar_detail', args=[exemplar.pk])}")
    sound(phone)
    # The secretary puts it before the council; the vote itself has tests of its own.
    desk = pages(user=room.keeper, width=1280)
    desk.goto(reverse("exemplars_for_council", args=[room.item.pk]))
    desk.check("input[name=exemplars]")
    sound(desk)
    desk.click("main form[method=post] button.btn-primary")
    desk.wait_for_url("**/decisions/*/exemplars/")
    resolution = make.adopted(Resolution.objects.get())
    desk.goto(reverse("exemplar_board", args=[resolution.pk]))
    sound(desk)
    desk.click(f'form[action="{reverse("exemplar_publish", args=[resolution.pk])}"] button')
    desk.click("[data-confirm-yes]")
    desk.wait_for_selector(f'a[href="{reverse("exemplar_public", args=[exemplar.pk])}"]')
    # Everybody finds and reads it.
    for width, theme in ((390, "light"), (1280, "dark")):
        reader = pages(width=width, theme=theme)
        reader.goto(reverse("exemplar_list"))
        sound(reader)
        reader.click(".exemplar-card a")
        reader.wait_for_url(f"**{reverse('exemplar_public', args=[exemplar.pk])}")
        assert "سخن begin" in reader.inner_text("main")
        sound(reader)
