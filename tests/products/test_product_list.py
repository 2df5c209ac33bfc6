"""The list: one's own products for an agency, everybody's for officers, as quick with thirty as with three."""

import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
URL = "/products/"


def test_an_agency_sees_its_own_only(client):
    mine, other = factories.agency(), factories.agency()
    factories.product(agency_=mine, title_fa="مال ما", title_en="Ours")
    factories.product(agency_=other, title_fa="مال دیگران", title_en="Theirs", status="accepted")
    client.force_login(factories.representative(mine))
    page = client.get(URL).text
    assert "Ours" in page and "Theirs" not in page and "New product" in page
    client.force_login(factories.officer())
    page = client.get(URL).text
    assert "Ours" in page and "Theirs" in page and other.name_en in page and "New product" not in page


def test_nobody_else_sees_any(client):
    factories.product(title_en="Hidden")
    for stranger in (factories.user(), factories.assessor().user):
        client.force_login(stranger)
        assert "Hidden" not in client.get(URL).text
    client.logout()
    assert client.get(URL).status_code == 302


def test_an_empty_list_says_what_comes_next(client):
    client.force_login(factories.representative())
    page = client.get(URL).text
    assert "No products yet" in page and reverse("product_new") in page


def test_filter_search_and_sort(client):
    agency, kind = factories.agency(), factories.product_kind(title_en="Films")
    factories.product(agency_=agency, title_fa="كتابخانه", title_en="Alpha", kind=kind)
    factories.product(agency_=agency, title_fa="بازی", title_en="Beta", status="accepted")
    client.force_login(factories.representative(agency))
    for query, there, gone in (
        ("?q=کتابخانه", "Alpha", "Beta"),
        ("?status=accepted", "Beta", "Alpha"),
        (f"?kind={kind.pk}", "Alpha", "Beta"),
        ("?submitted_from=1390/01/01", "Beta", "Alpha"),
    ):
        page = client.get(URL + query).text
        assert there in page and gone not in page, query
    page = client.get(URL + "?sort=title").text
    assert page.index("Beta") < page.index("Alpha")  # بازی comes before کتابخانه


def test_the_export_is_what_is_seen_and_holds_no_formula(client):
    agency = factories.agency()
    factories.product(agency_=agency, title_fa="=1+1", title_en="=HYPERLINK(1)")
    client.force_login(factories.representative(agency))
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(URL + "?export=xlsx").getvalue())).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert any("HYPERLINK" in str(cell.value) for cell in cells)
    assert all(cell.data_type != "f" for cell in cells)


@pytest.mark.parametrize("role", ["representative", "officer"])
def test_as_many_queries_for_thirty_as_for_three(client, role):
    agency, kind = factories.agency(), factories.product_kind()
    person = factories.representative(agency) if role == "representative" else factories.officer()
    client.force_login(person)
    for _row in range(3):
        factories.product(agency_=agency, kind=kind)
    client.get(URL)
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(URL)
    for _row in range(27):
        factories.product(agency_=agency, kind=factories.product_kind(indicator_set=kind.indicator_set))
    with CaptureQueriesContext(connection) as many:
        assert client.get(URL + "?size=50").text.count("<tr") >= 30
    assert len(many) == len(few) <= 14
