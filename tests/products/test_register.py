"""The register as everybody's data, and the page of a serial for people and programs: stable, complete, and true today."""

import csv
import io
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import Subject
from products import serials
from products.models import MarkMove, Product, QualityMark
from products.selectors import open_register
from products.services import marks
from secretariat import persian
from tests import council as make
from tests.products.test_mark_pages import backdated, keeper_of

pytestmark = pytest.mark.django_db


def table(client, **query):
    response = client.get(reverse("mark_register", args=["csv"]), query)
    assert response.status_code == 200 and response["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


# --- open data -----------------------------------------------------------------------------------


def test_the_columns_are_these_and_stay(client):
    make.granted_mark()
    promised = ["serial", "level", "standing", "since", "why", "product_id", "product_fa", "product_en", "kind", "kind_fa", "kind_en", "agency", "agency_fa", "agency_en", "score", "score_low", "score_high", "assessors", "resolution", "council_fa", "council_en", "granted_on", "valid_from", "valid_until", "renews", "verify_url", "as_of", "licence"]  # fmt: skip
    assert list(table(client)[0]) == promised
    told = client.get(reverse("mark_register", args=["json"])).json()
    assert list(told["marks"][0]) == promised
    page = client.get(reverse("mark_open_data")).content.decode()
    assert [name for name in promised if f">{name}</code>" not in page] == []


def test_every_row_says_its_day_its_licence_and_where_it_is_verified(client):
    mark = make.granted_mark()
    row = table(client)[0]
    assert (row["serial"], row["standing"], row["score"]) == (mark.serial, "granted", "85.0")
    assert row["as_of"] == timezone.localdate().isoformat()
    assert row["licence"] == open_register.LICENCE
    assert client.get("/" + row["verify_url"].split("/", 3)[3]).status_code == 200
    response = client.get(reverse("mark_register", args=["json"]))
    assert response.json()["licence"]["name"] == "CC BY 4.0" and response.json()["generated_at"]
    assert 'rel="license"' in response["Link"] and response["Access-Control-Allow-Origin"] == "*"


def test_an_ended_mark_says_since_when_and_why_a_restored_one_nothing(client):
    revoked, restored, expired, silent = (make.granted_mark() for _n in range(4))
    marks.revoke(revoked.pk, by=keeper_of(revoked), why="=کپی از دیگری")
    marks.suspend(restored.pk, by=keeper_of(restored), why="بررسی")
    marks.restore(restored.pk, by=keeper_of(restored), why="رفع ابهام")
    backdated(expired)
    rows = {row["serial"]: row for row in table(client)}
    assert rows[revoked.serial]["why"] == "'=کپی از دیگری"  # no formula in anybody's spreadsheet
    assert rows[revoked.serial]["since"] == timezone.localdate().isoformat()
    assert (rows[restored.serial]["standing"], rows[restored.serial]["why"]) == ("granted", "")
    assert rows[expired.serial]["standing"] == "expired"
    assert rows[silent.serial]["since"] == ""


def test_unpublished_marks_are_in_no_data_and_filters_hold(client):
    gold, plain, hidden = (
        make.granted_mark(value=95, low=91, high=98, level="gold"),
        make.granted_mark(),
        make.granted_mark(publish=False),
    )
    assert {row["serial"] for row in table(client)} == {gold.serial, plain.serial}
    assert [row["serial"] for row in table(client, level="gold")] == [gold.serial]
    assert hidden.serial not in client.get(reverse("mark_register", args=["json"])).content.decode()
    assert client.get(reverse("mark_register", args=["xml"])).status_code == 404


def many(count):
    """So many published marks more, without councils at work: each of a product of its own, on the decision of one."""
    first = make.granted_mark()
    like = first.product
    subjects = Subject.objects.bulk_create(
        Subject(kind="product", title_fa=f"محصول {n}", title_en=f"Product {n}", agency=like.agency) for n in range(count)
    )
    products = Product.objects.bulk_create(
        Product(subject=one, agency=like.agency, kind=like.kind, status="accepted", title_fa=one.title_fa, title_en=one.title_en,
                submitted_at=like.submitted_at)
        for one in subjects
    )  # fmt: skip
    kept = ("resolution", "score", "score_value", "score_low", "score_high", "level", "status", "granted_at", "published_at")
    decided = {name: getattr(first, name) for name in (*kept, "valid_from", "valid_until")}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        found = QualityMark.objects.bulk_create(
            QualityMark(**decided, product=one, serial=serials.written(1300, n)) for n, one in enumerate(products, 1)
        )
        MarkMove.objects.bulk_create(MarkMove(mark=one, action="grant", source="proposed", target="granted") for one in found)
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")


def queries(act):
    with CaptureQueriesContext(connection) as asked:
        act()
    return len(asked)


def test_five_hundred_rows_ask_no_more_than_one(client):
    make.granted_mark()
    pages = [
        lambda: client.get(reverse("mark_list"), {"size": 100, "column": "renews"}),
        lambda: client.get(reverse("mark_register", args=["csv"])),
        lambda: client.get(reverse("mark_register", args=["json"])),
    ]
    few = [queries(page) for page in pages]
    many(500)
    assert [queries(page) for page in pages] == few
    assert max(few) <= 8
    assert len(table(client)) == 502
    assert queries(lambda: client.get(reverse("mark_list"), {"q": "۱۳۰۰"})) <= 8


def test_the_register_is_searched_as_people_write(client):
    product = make.scored_product(title_fa="کتابخانه‌های یزد")
    mark = make.granted_mark(product=product)
    other = make.granted_mark()
    for words in ("كتابخانه هاي", "کتابخانههای", persian.digits_to_persian(mark.serial), "یزد"):
        said = client.get(reverse("mark_list"), {"q": words}).content.decode()
        assert reverse("mark_verify", args=[mark.serial]) in said, words
        assert reverse("mark_verify", args=[other.serial]) not in said, words


# --- the page of a serial ------------------------------------------------------------------------


def structured(said):
    return json.loads(re.search(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', said, re.S)[1])


def test_programs_read_what_is_true_today(client, settings):
    settings.PUBLIC_URL = "https://quality.example.ir"
    mark = make.granted_mark(product=make.scored_product(title_fa='</script><b>"بد"&', title_en=""))
    said = client.get(reverse("mark_verify", args=[mark.serial])).content.decode()
    told = structured(said)
    assert told["certificationStatus"].endswith("CertificationActive")
    assert told["certificationIdentification"] == mark.serial
    assert told["about"]["name"] == '</script><b>"بد"&'
    assert "</script><b>" not in said
    assert f'<meta property="og:url" content="https://quality.example.ir{reverse("mark_verify", args=[mark.serial])}">' in said
    marks.revoke(mark.pk, by=keeper_of(mark), why="تخلف")
    said = client.get(reverse("mark_verify", args=[mark.serial])).content.decode()
    assert structured(said)["certificationStatus"].endswith("CertificationInactive")


def test_the_history_is_told_without_names_and_only_since_it_is_public(client, in_english):
    mark = make.granted_mark(publish=False)
    by = keeper_of(mark)
    marks.suspend(mark.pk, by=by, why="پیش از انتشار")
    marks.restore(mark.pk, by=by, why="پیش از انتشار")
    marks.publish(mark.pk, by=by)
    marks.suspend(mark.pk, by=by, why="دلیل نخست")
    marks.restore(mark.pk, by=by, why="رفع ابهام")
    marks.revoke(mark.pk, by=by, why="دلیل پایانی")
    said = client.get(reverse("mark_verify", args=[mark.serial])).content.decode()
    for words in ("دلیل نخست", "رفع ابهام", "دلیل پایانی", "Grant the mark", "This mark was revoked."):
        assert words in said
    assert "پیش از انتشار" not in said
    assert by.last_name not in said


def test_it_offers_what_can_be_taken_along_only_while_it_holds(client):
    mark = make.granted_mark()
    address = reverse("mark_credential", args=[mark.serial, "jwt"])
    assert address in client.get(reverse("mark_verify", args=[mark.serial])).content.decode()
    marks.suspend(mark.pk, by=keeper_of(mark), why="بررسی")
    assert address not in client.get(reverse("mark_verify", args=[mark.serial])).content.decode()


@pytest.mark.parametrize("mistake", ["digit", "swap", "missing"])
def test_a_mistyped_serial_leads_to_the_likely_one(client, mistake):
    mark = make.granted_mark()
    digits = mark.serial.replace("-", "")
    if mistake == "digit":
        typed = digits[:6] + str((int(digits[6]) + 1) % 10) + digits[7:]
    elif mistake == "swap":
        at = next(at for at in range(9) if digits[at] != digits[at + 1])
        typed = digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    else:
        typed = digits[:-1]
    for response in (
        client.get(reverse("mark_verify", args=[typed])),
        client.get(reverse("mark_verify_form"), {"serial": typed}),
    ):
        assert response.status_code in (400, 404)
        assert (reverse("mark_verify", args=[mark.serial]) in response.content.decode()) is (mistake != "missing")


def test_likely_serials_are_true_ones_one_step_away():
    serial = serials.written(1404, 123)
    wrong = serial.replace("-", "")[:8] + "95"
    assert all(serials.read(one) == one for one in serials.likely(wrong))
    assert serials.likely("x") == serials.likely("") == []
