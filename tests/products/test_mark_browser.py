"""The pages of marks in a real browser: nothing for axe to find, nothing wider than a phone, both languages and themes."""

import pytest
from django.urls import reverse

from products.models import CertificateBatch
from products.services import batches, marks
from secretariat.models import Presence, Recusal, Vote
from tests import council as make
from tests import factories
from tests.axe import faults_of, too_wide

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def look(page, address):
    """Open a page and ask axe and the ruler."""
    page.goto(address)
    assert faults_of(page) == [], address


@pytest.mark.parametrize("width", [390, 1280])
def test_a_title_without_a_place_to_break_stays_within_the_page(pages, width):
    product = make.scored_product(round_status="published", title_fa="نابخش" * 60, summary="Supercalifragilistic_" * 20)
    mark = make.granted_mark(product=product)
    page = pages(user=factories.officer(), language="fa", width=width)
    names = [("mark_list",), ("mark_verify", mark.serial), ("product_public", product.pk), ("product_detail", product.pk), ("home",)]
    for name, *args in [*names, ("decision_board", mark.resolution_id), ("exemplar_candidates",), ("exemplar_new", product.pk)]:
        page.goto(reverse(name, args=args))
        assert product.title_fa in page.content(), name
        assert too_wide(page) == [], name


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "light", 390), ("en", "dark", 1280)])
def test_public_pages(pages, language, theme, width):
    product = make.scored_product(round_status="published", summary="شرح")
    mark = make.granted_mark(product=product)
    gone = make.granted_mark()
    marks.revoke(gone.pk, by=make.keeper(gone.resolution.council), why="تخلف")
    page = pages(language=language, theme=theme, width=width)
    for address in (
        reverse("mark_list"),
        reverse("mark_verify_form"),
        reverse("mark_verify", args=[mark.serial]),
        reverse("mark_verify", args=[gone.serial]),
        reverse("product_public", args=[product.pk]),
        reverse("mark_open_data"),
        reverse("credential_check"),
    ):
        look(page, address)
    # A file that was taken from the page is brought back to be checked.
    page.goto(reverse("mark_verify", args=[mark.serial]))
    with page.expect_download() as taken:
        page.click(f'a[href="{reverse("mark_credential", args=[mark.serial, "jwt"])}"]')
    page.goto(reverse("credential_check"))
    page.set_input_files("#id_file", taken.value.path())
    page.click("main form button.btn-primary")
    page.wait_for_selector("main .note-success")
    assert faults_of(page) == []
    page.goto(reverse("mark_verify_form"))
    page.fill("#id_serial", mark.serial.replace("-", ""))
    page.press("#id_serial", "Enter")
    page.wait_for_url(f"**{reverse('mark_verify', args=[mark.serial])}")


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 390), ("fa", "dark", 1280)])
def test_the_secretary_takes_a_resolution_from_proposal_to_grant(pages, language, theme, width):
    resolution = make.resolution()
    product = make.scored_product()
    seats = [make.seat(resolution.council, role="chair" if n == 0 else "member") for n in range(3)]
    factories.granted("representative", seats[2].user, agency=product.agency)
    page = pages(user=make.keeper(resolution.council), language=language, theme=theme, width=width)
    board = reverse("decision_board", args=[resolution.pk])
    look(page, reverse("resolution_list"))
    look(page, board)
    # Proposed at the level that the score reaches, without a choice to make.
    look(page, reverse("mark_propose", args=[resolution.pk]))
    page.click("main form[method=post] button.btn-primary")
    page.wait_for_url(f"**{board}")
    assert resolution.marks.get().level == "quality"
    # The representative of the product's agency stands as recused beforehand.
    look(page, reverse("resolution_record", args=[resolution.pk]))
    for seat in seats:
        page.check(f"#id_seat-{seat.pk}-present")
    for seat in seats[:2]:
        page.select_option(f"#id_seat-{seat.pk}-choice", "for")
    page.click("main form[method=post] button.btn-primary")
    page.wait_for_url(f"**{board}")
    assert Presence.objects.count() == 3
    assert dict(Vote.objects.values_list("seat", "choice")) == {seats[0].pk: "for", seats[1].pk: "for"}
    assert Recusal.objects.get().seat == seats[2]
    look(page, board)
    look(page, reverse("ballot_close", args=[resolution.ballots.get().pk]))
    page.click("main form[method=post] button.btn-primary")
    page.wait_for_url(f"**{board}")
    look(page, reverse("mark_grant", args=[resolution.pk]))
    page.click("main form[method=post] button.btn-primary")
    page.wait_for_url(f"**{board}")
    mark = resolution.marks.get()
    assert mark.is_in_force
    look(page, reverse("mark_detail", args=[mark.pk]))
    look(page, reverse("mark_move", args=[mark.pk, "revoke"]))


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "dark", 390), ("fa", "light", 1280)])
def test_certificates_in_bulk_are_watched_and_taken(pages, language, theme, width):
    mark = make.granted_mark()
    resolution, keeper = mark.resolution, make.keeper(mark.resolution.council)
    page = pages(user=keeper, language=language, theme=theme, width=width)
    look(page, reverse("decision_board", args=[resolution.pk]))
    page.click(f'a[href="{reverse("certificate_batch_new", args=[resolution.pk])}"]')
    page.wait_for_url("**/certificates/")
    assert faults_of(page) == []
    page.click("main form[method=post] button.btn-primary")
    page.wait_for_selector("#batch-box progress")
    assert faults_of(page) == []
    batch = CertificateBatch.objects.get()
    batches.make(batch.pk)
    # The box asks for itself and finds the file.
    page.wait_for_selector(f'a[href="{reverse("certificate_batch_file", args=[batch.pk])}"]')
    assert faults_of(page) == []
    with page.expect_download() as taken:
        page.click(f'a[href="{reverse("certificate_batch_file", args=[batch.pk])}"]')
    assert taken.value.suggested_filename == f"certificates-{batch.pk}.zip"
    look(page, reverse("certificate_batches"))
