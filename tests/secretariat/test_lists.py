"""List pages: what is searched, filtered, sorted, paged, chosen and exported, on real agencies."""

import csv
import datetime
import io

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from openpyxl import load_workbook

from secretariat import lists, spreadsheets
from secretariat.errors import RuleBroken
from secretariat.lists import BulkAction, Choice, Column, DateRange, ListPage, RowAction, Toggle
from secretariat.models import Agency
from tests import factories

pytestmark = pytest.mark.django_db


class Agencies(ListPage):
    name = "agencies"
    caption = "Agencies"
    columns = [
        Column("name", "Name", sort="sort_key", value="name_fa", link=True),
        Column("kind", "Kind", sort="kind", kind="badge"),
        Column("since", "Since", sort="joined_on", value="joined_on", kind="date"),
        Column("province", "Province", sort="province__sort_key", value="province.name"),
        Column("phone", "Telephone", kind="code", shown=False),
    ]
    filters = [
        Choice("kind", "Kind", Agency.Kind.choices),
        DateRange("since", "Since", "joined_on", day=True),
        Toggle("member", "Members only", lambda rows: rows.filter(is_member=True)),
    ]
    search = ("search_key", "phone")
    default_sort = "name"
    bulk = [BulkAction("remind", "Remind")]

    def queryset(self):
        return Agency.objects.select_related("province")

    def row_url(self, row):
        return f"/agencies/{row.slug}/"

    def row_actions(self, row):
        return [
            RowAction("Edit", f"/agencies/{row.slug}/edit/", "pencil"),
            RowAction("Drop", "/drop/", post=True, confirm="Sure?"),
        ]


@pytest.fixture(autouse=True)
def _persian():
    with translation.override("fa"):
        yield


def page(query="", page_class=Agencies, method="get", data=None, **headers):
    request = getattr(RequestFactory(), method)(f"/agencies/?{query}", data or {}, headers=headers or None)
    if method == "post":
        request.GET = RequestFactory().get(f"/agencies/?{query}").GET
    request.user = AnonymousUser()
    return page_class(request)


def names(query="", **options):
    return [row["row"].name_fa for row in page(query, **options).rows]


def test_search_finds_any_spelling():
    factories.agency(name_fa="کتابخانه‌های عمومی کشور")
    factories.agency(name_fa="موزهٔ ملی")
    assert names("q=كتابخانه هاي") == ["کتابخانه‌های عمومی کشور"]
    assert names("q=موزه ملي") == ["موزهٔ ملی"]
    assert names("q=کتابخانه موزه") == []


def test_search_by_a_plain_column_reads_persian_digits():
    factories.agency(name_fa="الف", phone="021-66976601")
    factories.agency(name_fa="ب", phone="021-11111111")
    assert names("q=۶۶۹۷") == ["الف"]


def test_search_of_nothing_but_marks_shows_everything():
    factories.agency()
    assert len(names("q=؟")) == 1


def test_wildcards_are_only_letters():
    factories.agency(name_fa="صد در صد")
    assert names("q=%25") == ["صد در صد"]  # dropped by the folding, so it narrows nothing
    assert names("q=_x") == []


def test_sort_follows_the_persian_alphabet():
    for name in ("گنجینه", "آرامش", "ژرفا", "پژوهش", "کتاب"):
        factories.agency(name_fa=name)
    assert names() == ["آرامش", "پژوهش", "ژرفا", "کتاب", "گنجینه"]
    assert names("sort=-name") == ["گنجینه", "کتاب", "ژرفا", "پژوهش", "آرامش"]


def test_unknown_sort_falls_back_to_the_usual_one():
    factories.agency(name_fa="ب")
    factories.agency(name_fa="الف")
    assert names("sort=password") == names("sort=-phone") == ["الف", "ب"]


def test_empty_values_come_last_either_way():
    factories.agency(name_fa="نادانسته")
    factories.agency(name_fa="کهن", joined_on=datetime.date(2010, 1, 1))
    factories.agency(name_fa="نو", joined_on=datetime.date(2020, 1, 1))
    assert names("sort=since") == ["کهن", "نو", "نادانسته"]
    assert names("sort=-since") == ["نو", "کهن", "نادانسته"]


def test_rows_of_equal_value_stand_on_exactly_one_page():
    for _n in range(60):
        factories.agency(kind="ministry")
    seen = [row["pk"] for number in (1, 2, 3) for row in page(f"sort=kind&page={number}").rows]
    assert len(seen) == len(set(seen)) == 60


def test_filters_narrow_and_tell_themselves():
    factories.agency(name_fa="الف", kind="ministry", is_member=False)
    factories.agency(name_fa="ب", kind="university")
    shown = page("kind=ministry&member=on")
    assert shown.rows == []
    assert [chip["text"] for chip in shown.chips] == [
        "Kind: " + str(dict(Agency.Kind.choices)["ministry"]).capitalize(),
        "Members only",
    ]
    assert names("kind=ministry") == ["الف"]
    assert page("kind=ministry&q=x&page=3").chips[0]["url"] == "/agencies/?kind=ministry"


def test_a_filter_that_cannot_be_read_narrows_nothing_and_is_explained():
    factories.agency()
    shown = page("since_from=2020-01-01&kind=nonsense")
    assert len(shown.rows) == 1
    assert set(shown.form.errors) == {"since_from", "kind"}


def test_jalali_range_holds_both_its_days():
    for day in (datetime.date(2021, 3, 20), datetime.date(2021, 3, 21), datetime.date(2022, 3, 20), datetime.date(2022, 3, 21)):
        factories.agency(name_fa=f"{day}", joined_on=day)
    assert names("since_from=1400/01/01&since_to=۱۴۰۰/۱۲/۲۹") == ["2021-03-21", "2022-03-20"]


def test_page_numbers_are_bounded_and_read_in_any_digits():
    for _n in range(26):
        factories.agency()
    assert page("page=99").page.number == page("page=۲").page.number == 2
    assert page("page=-4").page.number == page("page=x").page.number == 1
    assert len(page("size=50").rows) == 26
    assert page("size=1000000").page_size == 25


def test_the_count_stops_at_its_limit(monkeypatch):
    monkeypatch.setattr(lists, "COUNT_LIMIT", 3)
    for _n in range(6):
        factories.agency()
    shown = page()
    assert shown.total == 4
    assert "۳" in shown.total_text and shown.total_text != "۳"


@pytest.mark.parametrize("query", ["", "q=دستگاه&kind=ministry&sort=-since"])
def test_query_count_is_the_same_for_3_and_30_rows(query):
    def count():
        shown = page(query)
        with CaptureQueriesContext(connection) as captured:
            assert shown.rows is not None and shown.total_text and shown.chips is not None and shown.headings
        return len(captured)

    province = factories.agency().province
    for _n in range(3):
        factories.agency(kind="ministry", province=province)
    few = count()
    for _n in range(30):
        factories.agency(kind="ministry", province=province)
    assert few == count() == 2


def test_column_choice_is_kept_in_the_address():
    factories.agency(phone="021-1")
    shown = page("column=phone&sort=-name")
    assert [column.key for column in shown.shown_columns] == ["name", "phone"]
    assert "column=phone" in shown.headings[0]["url"]
    assert "column=phone" in shown.export_url


def test_addresses_leave_out_what_is_empty_or_usual():
    assert page("q=&kind=&sort=name&page=1&size=25").here == "/agencies/"
    assert page("q=x&page=2").address(page=None) == "/agencies/?q=x"


def test_headings_say_how_the_table_is_sorted():
    factories.agency()
    heads = {head["column"].key: head for head in page("sort=-kind").headings}
    assert heads["kind"]["aria"] == "descending"
    assert heads["name"]["aria"] == "none"
    assert heads["kind"]["url"] == "/agencies/?sort=kind"


def test_values_are_escaped():
    factories.agency(name_fa="<b>x</b>")
    assert "<b>" not in page().rows[0]["cells"][0]["html"]


# --- bulk


def test_bulk_choice_gives_the_chosen_rows_within_the_filter():
    mine, other = factories.agency(kind="ministry"), factories.agency(kind="university")
    shown = page("kind=ministry", method="post", data={"bulk_action": "remind", "row": [mine.pk, other.pk, "x", "9" * 40]})
    action, rows = shown.bulk_choice()
    assert action == "remind" and list(rows) == [mine]


def test_bulk_choice_of_all_reaches_every_page():
    for _n in range(30):
        factories.agency(kind="ministry")
    factories.agency(kind="university")
    _action, rows = page("kind=ministry", method="post", data={"bulk_action": "remind", "bulk_all": "1"}).bulk_choice()
    assert rows.count() == 30


@pytest.mark.parametrize("data", [{"bulk_action": "destroy", "row": "1"}, {"bulk_action": "remind"}, {}])
def test_bulk_choice_refuses_what_was_not_offered_or_not_chosen(data):
    with pytest.raises(RuleBroken):
        page(method="post", data=data).bulk_choice()


def test_bulk_choice_refuses_too_many(monkeypatch):
    monkeypatch.setattr(lists, "BULK_LIMIT", 1)
    factories.agency(), factories.agency()
    with pytest.raises(RuleBroken):
        page(method="post", data={"bulk_action": "remind", "bulk_all": "1"}).bulk_choice()


# --- Excel


def sheet_of(response):
    return load_workbook(io.BytesIO(response.content)).active


def test_export_holds_exactly_what_is_seen_on_all_pages():
    for n in range(30):
        factories.agency(name_fa=f"وزارت {n:02}", kind="ministry", joined_on=datetime.date(2021, 3, 21), phone="021-1")
    factories.agency(kind="university")
    sheet = sheet_of(page("kind=ministry&sort=-name&column=since&column=phone&export=xlsx&page=2").respond("unused.html"))
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("Name", "Since", "Telephone")
    assert len(rows) == 31
    assert rows[1] == ("وزارت 29", "۱۴۰۰/۰۱/۰۱", "021-1")
    assert sheet.sheet_view.rightToLeft


@pytest.mark.parametrize("text", ["=1+1", "+cmd|x", "-2+3+cmd", "@SUM(A1)", "\t=1", '=HYPERLINK("x")'])
def test_export_writes_no_formula(text):
    factories.agency(name_fa=text)
    cell = sheet_of(page("export=xlsx").respond("unused.html"))["A2"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'")


def test_harmless_leaves_numbers_and_words_alone():
    assert [spreadsheets.harmless(value) for value in ("-12.5", "+98 21 66976601", "متن", 7, None)] == [
        "-12.5",
        "+98 21 66976601",
        "متن",
        7,
        None,
    ]
    assert spreadsheets.harmless("a\x0bb") == "ab"


class Parted(Agencies):
    """Agencies by kind, whatever else they are sorted by."""

    always_first = ("kind",)
    exports_csv = True

    def row_heads(self, row, previous):
        return [] if previous is not None and previous.kind == row.kind else [("part", row.kind)]

    def row_css(self, row):
        return f"of-{row.kind}"

    @property
    def export_columns(self):
        return self.columns


def test_parts_of_a_list_stay_together_under_their_heads_in_any_order():
    for name, kind in (("ب", "ministry"), ("الف", "university"), ("پ", "ministry"), ("ت", "university")):
        factories.agency(name_fa=name, kind=kind)
    for sort, order in (("name", "بپالفت"), ("-name", "پبتالف")):
        rows = page(f"sort={sort}", page_class=Parted).rows
        assert "".join(row["row"].name_fa for row in rows) == order
        assert [row["heads"] for row in rows] == [[("part", "ministry")], [], [("part", "university")], []]
        assert {row["css"] for row in rows} == {"of-ministry", "of-university"}
    assert [row["heads"] for row in page("size=25&page=1&q=ت", page_class=Parted).rows] == [[("part", "university")]]


def test_csv_opens_as_utf_8_and_holds_no_formula():
    factories.agency(name_fa="=1+1", kind="ministry", phone="")
    factories.agency(name_fa="بنیاد، «الف»", kind="ministry")
    response = page("export=csv&column=kind", page_class=Parted).respond("unused.html")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8" and response.headers["Cache-Control"] == "private, no-store"
    assert response.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert rows[0] == ["Name", "Kind", "Since", "Province", "Telephone"]  # all that the list offers, not only what is shown
    assert {row[0] for row in rows[1:]} == {"'=1+1", "بنیاد، «الف»"}


def test_csv_is_given_only_where_a_list_offers_it(client, officer):
    assert client.get("/styleguide/?export=csv").headers["Content-Type"].startswith("text/html")


# --- the page itself, through the style guide that shows one


@pytest.fixture
def officer(client):
    person = factories.officer()
    client.force_login(person)
    return person


def test_htmx_gets_only_the_list_and_the_address_to_show(client, officer):
    factories.agency(name_fa="یگانه")
    whole = client.get("/styleguide/?q=یگانه")
    part = client.get("/styleguide/?q=یگانه&kind=", headers={"HX-Request": "true", "HX-Target": "agencies-results"})
    assert b"<html" in whole.content and b"<html" not in part.content
    assert "یگانه" in part.content.decode()
    assert "kind=" not in part.headers["HX-Push-Url"]
    assert "HX-Request" in part.headers["Vary"]


def test_nothing_found_offers_the_whole_list(client, officer):
    factories.agency()
    text = client.get("/styleguide/?q=ناموجود").content.decode()
    assert 'href="/styleguide/"' in text and "empty" in text


def test_pages_name_their_parts_for_assistive_technology(client, officer):
    factories.agency()
    text = client.get("/styleguide/?sort=-name").content.decode()
    assert 'aria-sort="descending"' in text
    assert '<caption class="visually-hidden">' in text
    assert 'scope="row"' in text
