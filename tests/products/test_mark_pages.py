"""The public pages of marks and the certificate: what is said of a serial is exactly what is true of it."""

import io
from datetime import timedelta

import pypdfium2
import pytest
import typst
import zxingcpp
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from products import serials
from products.models import QualityMark
from products.services import marks
from secretariat import persian, typesetting
from tests import council as make
from tests import factories

pytestmark = pytest.mark.django_db


def keeper_of(mark):
    return make.keeper(mark.resolution.council)


def backdated(mark, years=3):
    """The same mark as if it had been granted years ago: its last day is past."""
    from django.db import connection

    first = timezone.localdate() - timedelta(days=365 * years)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE products_qualitymark SET valid_from = %s, valid_until = %s WHERE id = %s",
            [first, first + timedelta(days=730), mark.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    return QualityMark.objects.get(pk=mark.pk)


def page(client, name, *args, **query):
    return client.get(reverse(name, args=args), query)


def text_of(response):
    return response.content.decode()


# --- serials -------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["{}", " {} ", "{:fa}", "{:bare}", "{:spaced}", "{:short}", "{:dash}"])
def test_a_serial_is_read_however_it_is_typed(typed):
    serial = serials.written(1404, 7)
    year, number, check = serial.split("-")
    forms = {
        "{}": serial, " {} ": f"  {serial} ", "{:fa}": persian.digits_to_persian(serial), "{:bare}": serial.replace("-", ""),
        "{:spaced}": serial.replace("-", " "), "{:short}": f"{year}-{int(number)}-{check}", "{:dash}": serial.replace("-", "–"),
    }  # fmt: skip
    assert serials.read(forms[typed]) == serial


def test_every_mistyped_digit_and_swap_is_found():
    from secretariat.errors import RuleBroken

    serial = serials.written(1404, 12345).replace("-", "")
    wrong = [serial[:i] + str((int(serial[i]) + d) % 10) + serial[i + 1 :] for i in range(10) for d in range(1, 10)]
    wrong += [serial[:i] + serial[i + 1] + serial[i] + serial[i + 2 :] for i in range(9) if serial[i] != serial[i + 1]]
    for one in wrong:
        with pytest.raises(RuleBroken):
            serials.read(one)


@pytest.mark.parametrize("typed", ["", "abc", "1404-0000", "1404-000071-3", "۱۲", "1404-00007-x"])
def test_nonsense_is_explained(typed, client):
    response = page(client, "mark_verify_form", serial=typed or " - ")
    assert response.status_code in (200, 400)
    if typed:
        assert response.status_code == 400
        assert 'aria-invalid="true"' in text_of(response)
        assert typed in text_of(response)


def test_the_form_leads_to_the_page_of_the_serial(client):
    mark = make.granted_mark()
    typed = persian.digits_to_persian(mark.serial.replace("-", ""))
    response = page(client, "mark_verify_form", serial=typed)
    assert response.status_code == 302
    assert response["Location"] == reverse("mark_verify", args=[mark.serial])
    # And so does an address with Persian digits.
    assert page(client, "mark_verify", typed)["Location"] == reverse("mark_verify", args=[mark.serial])


# --- verification --------------------------------------------------------------------------------


def test_a_valid_mark_is_told_with_all_that_was_decided(client, in_english):
    mark = make.granted_mark()
    response = page(client, "mark_verify", mark.serial)
    said = text_of(response)
    assert response.status_code == 200
    assert "This mark is valid." in said
    for word in (mark.product.title_en, mark.product.agency.name_en, mark.resolution.council.name_en, mark.resolution.reference, mark.serial):  # fmt: skip
        assert word in said
    assert "85.0" in said


@pytest.mark.parametrize(
    ("state", "words"),
    [("suspended", "This mark is suspended."), ("revoked", "This mark was revoked."), ("expired", "This mark has expired.")],
)
def test_what_is_not_valid_any_more_says_so(client, in_english, state, words):
    mark = make.granted_mark()
    if state == "expired":
        backdated(mark)
    else:
        {"suspended": marks.suspend, "revoked": marks.revoke}[state](mark.pk, by=keeper_of(mark), why="شکایت وارد بود")
    said = text_of(page(client, "mark_verify", mark.serial))
    assert words in said
    assert "This mark is valid." not in said
    assert ("شکایت وارد بود" in said) is (state != "expired")


def test_a_restored_mark_is_valid_again(client, in_english):
    mark = make.granted_mark()
    by = keeper_of(mark)
    marks.suspend(mark.pk, by=by, why="بررسی")
    marks.restore(mark.pk, by=by, why="رفع ابهام")
    assert "This mark is valid." in text_of(page(client, "mark_verify", mark.serial))


def test_never_granted_and_unpublished_serials_are_not_in_the_register(client, in_english):
    unpublished = make.granted_mark(publish=False)
    for serial in (serials.written(1404, 99999), unpublished.serial):
        response = page(client, "mark_verify", serial)
        assert response.status_code == 404
        assert "No mark was ever granted under this serial." in text_of(response)
    assert page(client, "mark_certificate", unpublished.serial).status_code in (302, 404)
    assert page(client, "product_public", unpublished.product_id).status_code == 404


# --- register ------------------------------------------------------------------------------------


def test_the_register_shows_published_marks_only(client):
    shown, hidden, proposed = make.granted_mark(), make.granted_mark(publish=False), make.proposed_mark()
    said = text_of(page(client, "mark_list"))
    assert shown.product.title_fa in said
    assert hidden.product.title_fa not in said
    assert proposed.product.title_fa not in said


def test_the_register_is_narrowed(client):
    gold, plain = make.granted_mark(value=95, low=91, high=98, level="gold"), make.granted_mark()
    marks.revoke(plain.pk, by=keeper_of(plain), why="تخلف")
    for query, found in (
        ({"level": "gold"}, {gold}), ({"state": "revoked"}, {plain}), ({"state": "expired"}, set()), ({"state": "granted"}, {gold}),
        ({"q": gold.product.title_fa}, {gold}), ({"q": plain.serial}, {plain}), ({"agency": plain.product.agency_id}, {plain}),
        ({"kind": gold.product.kind_id}, {gold}), ({"year": gold.serial[:4]}, {gold, plain}), ({"year": "1390"}, {gold, plain}),
    ):  # fmt: skip
        said = text_of(page(client, "mark_list", **query))
        assert {mark for mark in (gold, plain) if reverse("mark_verify", args=[mark.serial]) in said} == found, query


def test_the_register_asks_the_same_number_of_questions(client, django_assert_max_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            page(client, "mark_list")
        return len(asked)

    for _n in range(3):
        make.granted_mark()
    few = count()
    for _n in range(9):
        make.granted_mark()
    assert count() == few <= 8


# --- public page of a product --------------------------------------------------------------------


def test_the_public_page_tells_mark_and_score_but_no_assessor(client, in_english):
    product = make.scored_product(round_status="published")
    person = factories.assessor(first_name="پنهان", last_name="ناشناس", username="hidden-one")
    factories.assignment(product.subject.entries.get(), person, status="accepted")
    mark = make.granted_mark(product=product)
    said = text_of(page(client, "product_public", product.pk))
    assert mark.serial in said
    assert "85.0" in said
    for word in ("پنهان", "ناشناس", "hidden-one"):
        assert word not in said


def test_past_marks_are_told(client):
    first = make.granted_mark()
    marks.revoke(first.pk, by=keeper_of(first), why="تخلف")
    second = make.granted_mark(product=first.product)
    said = text_of(page(client, "product_public", first.product_id))
    assert first.serial.split("-")[2] in said
    assert reverse("mark_verify", args=[first.serial]) in said
    assert reverse("mark_verify", args=[second.serial]) in said


# --- certificate ---------------------------------------------------------------------------------


def pdf_of(client, mark, language):
    response = page(client, "mark_certificate", mark.serial, lang=language)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    return response.content


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_qr_of_the_certificate_opens_the_verification_page(client, settings, language):
    settings.PUBLIC_URL = "https://quality.example.ir"
    mark = make.granted_mark()
    pdf = pdf_of(client, mark, language)
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=3).to_pil()
    codes = zxingcpp.read_barcodes(picture)
    assert [code.text for code in codes] == [f"https://quality.example.ir{reverse('mark_verify', args=[mark.serial])}"]
    opened = client.get(codes[0].text.removeprefix("https://quality.example.ir"))
    assert opened.status_code == 200
    assert mark.product.title_fa in text_of(opened)


def test_the_certificate_says_what_was_decided(client):
    mark = make.granted_mark()
    fa, en = (PdfReader(io.BytesIO(pdf_of(client, mark, language))) for language in ("fa", "en"))
    said = en.pages[0].extract_text()
    for word in (mark.product.title_en, mark.product.agency.name_en, mark.serial, "85.0", mark.resolution.reference):
        assert word in said
    assert len(fa.pages) == len(en.pages) == 1
    assert fa.trailer["/Root"]["/Lang"] == "fa"
    assert en.trailer["/Root"]["/Lang"] == "en"
    assert mark.product.title_fa in fa.metadata.title
    # Read aloud in order: marked content and a structure tree, as PDF/UA asks.
    assert fa.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert "pdfuaid" in fa.trailer["/Root"]["/Metadata"].get_data().decode()


def test_the_persian_certificate_has_persian_digits(client):
    mark = make.granted_mark()
    words = pypdfium2.PdfDocument(pdf_of(client, mark, "fa"))[0].get_textpage().get_text_range()
    assert persian.digits_to_persian(mark.serial) in words
    assert "۸۵٫۰" in words or "۸۵" in words


def test_the_longest_title_still_fits_on_one_page(client):
    product = make.scored_product(title_fa="بررسی تطبیقی " * 23, title_en="Comparative study " * 16)
    mark = make.granted_mark(product=product)
    for language in ("fa", "en"):
        pdf = pdf_of(client, mark, language)
        assert len(PdfReader(io.BytesIO(pdf)).pages) == 1


def test_what_agencies_write_is_text_and_never_a_command(client):
    product = make.scored_product(title_fa='#read("/etc/passwd") $x$ *bold*', title_en='#include "certificate.typ" \\ @ref')
    mark = make.granted_mark(product=product)
    assert "root:" not in PdfReader(io.BytesIO(pdf_of(client, mark, "fa"))).pages[0].extract_text()
    assert '#include "certificate.typ"' in PdfReader(io.BytesIO(pdf_of(client, mark, "en"))).pages[0].extract_text()


@pytest.mark.parametrize("path", ["/etc/passwd", "../rules.py", "/../rules.py", "../../manage.py"])
def test_a_paper_reads_nothing_outside_its_folder(path, tmp_path):
    paper = tmp_path / "room" / "typst" / "paper.typ"
    paper.parent.mkdir(parents=True)
    for name in ("room/rules.py", "manage.py"):
        (tmp_path / name).write_text("1")
    for asked, may in ((path, False), ("paper.typ", True)):
        paper.write_text(f'#set document(title: "x")\n#read("{asked}").len()')
        if may:
            assert typesetting.pdf(paper).startswith(b"%PDF")
        else:
            with pytest.raises((typst.TypstError, RuntimeError)):
                typesetting.pdf(paper)


@pytest.mark.parametrize("state", ["suspended", "revoked", "expired"])
def test_no_certificate_of_what_is_not_in_force(client, state):
    mark = make.granted_mark()
    pdf_of(client, mark, "fa")  # kept in the cache, and yet not given out afterwards
    if state == "expired":
        backdated(mark)
    else:
        {"suspended": marks.suspend, "revoked": marks.revoke}[state](mark.pk, by=keeper_of(mark), why="دلیل")
    response = page(client, "mark_certificate", mark.serial)
    assert response.status_code == 410
    assert "text/html" in response["Content-Type"]


def test_other_languages_and_serials_are_not_found(client):
    mark = make.granted_mark()
    assert page(client, "mark_certificate", mark.serial, lang="xx").status_code == 404
    assert page(client, "mark_certificate", "1404-00001-0").status_code == 404
