"""A table of councils and seats: what each row would do, that nothing is written before it is confirmed, and all of it then."""

import io
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import Workbook, load_workbook

from secretariat import persian, sent_tables
from secretariat.errors import RuleBroken, Stale
from secretariat.forms.council_sheet import LABELS
from secretariat.models import Council, CouncilImport, Letter, Notice, Seat, User
from secretariat.selectors.council_import import preview
from secretariat.services import council_import as services
from tests import council as make
from tests import factories
from tests.refusal import refused, sql

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NEW = {
    "council": "کمیسیون کتاب", "council_en": "Commission of books", "kind": "commission", "first_name": "علی", "last_name": "رضایی",
    "email": "ali@example.org", "mobile": "09121234567", "role": "member", "since": "1404/01/01", "until": "1406/12/29",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def head(client):
    user = factories.granted("secretary")
    client.force_login(user)
    return user


def sheet(*rows, language="en"):
    book = Workbook()
    with translation.override(language):
        book.active.append([str(label) for label in LABELS.values()])
    for row in rows:
        book.active.append([row.get(key) for key in LABELS])
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("شوراها.xlsx", out.getvalue())


def received(*rows, **options):
    return services.receive(sheet(*rows, **options), by=factories.granted("secretary"))


def looked_at(kept):
    return preview(CouncilImport.objects.get(pk=kept.pk).content)


def write(kept, by=None):
    return services.write(kept.pk, by=by or factories.granted("secretary"), seen=looked_at(kept)[1])


def faults(*rows):
    """[(row, cell, sentence)] of a table."""
    return [(line.row.number, *fault) for line in looked_at(received(*rows))[0] for fault in line.row.faults]


def day(text):
    return persian.parse_jalali(text).jalali


# --- what is written -------------------------------------------------------------------------------


def test_a_council_its_seat_and_its_member_come_into_being_together():
    parent = {**NEW, "council": "ستاد", "council_en": "", "kind": "executive", "email": "sara@example.org", "last_name": "کریمی", "mobile": ""}
    child = {**NEW, "parent": "ستاد", "deputy": "sara@example.org"}
    kept = write(received(child, parent))
    council = Council.objects.get(name_en="Commission of books")
    assert (council.kind, council.parent.name_fa, council.parent.name_en) == ("commission", "ستاد", "ستاد")
    seat = council.seats.get()
    assert (seat.role, seat.starts_on, seat.ends_on, seat.deputy.email) == ("member", day("1404/01/01"), day("1406/12/29"), "sara@example.org")
    assert (seat.user.first_name, seat.user.last_name, seat.user.mobile) == ("علی", "رضایی", "+989121234567")
    assert not seat.user.has_usable_password()
    assert Notice.objects.get(user=seat.user).text_en == "You have a seat in “Commission of books”: member."
    assert reverse("password_reset") in Letter.objects.get(to="ali@example.org", subject="حساب شما در درگاه").text
    assert kept.counts == {"wrong": 0, "new": 2, "changed": 0, "unchanged": 0}


def test_who_has_an_account_keeps_it_and_what_stands_is_left_alone():
    user = factories.user(email="Ali@Example.org", last_name="دیگر")
    write(received(NEW))
    seat = Seat.objects.get()
    assert seat.user == user and seat.user.last_name == "دیگر"
    lines, _seen = looked_at(received(NEW, {**NEW, "until": ""}, {**NEW, "since": ""}))
    assert [line.state for line in lines[:1]] == ["unchanged"]
    before = Seat.objects.get()
    write(received({**NEW, "until": "", "since": ""}))
    assert Seat.objects.get().ends_on == before.ends_on and Notice.objects.filter(kind="seat_given").count() == 1


def test_a_term_is_made_longer_and_gets_a_deputy():
    write(received(NEW))
    deputy = factories.user(email="deputy@example.org")
    lines, _seen = looked_at(received({**NEW, "until": "1408/12/29", "deputy": "deputy@example.org"}))
    assert lines[0].state == "changed" and len(lines[0].changes) == 2
    write(received({**NEW, "until": "1408/12/29", "deputy": "deputy@example.org"}))
    seat = Seat.objects.get()
    assert (seat.ends_on, seat.deputy) == (day("1408/12/29"), deputy)


def test_days_may_be_cells_that_excel_holds_as_dates():
    write(received({**NEW, "since": date(2025, 3, 21), "until": ""}))
    assert (Seat.objects.get().starts_on, Seat.objects.get().ends_on) == (day("1404/01/01"), None)


def test_headings_words_and_digits_in_persian_are_read():
    row = {**NEW, "kind": "کمیسیون", "role": "رئیس", "since": "۱۴۰۴/۰۱/۰۱", "mobile": "۰۹۱۲۱۲۳۴۵۶۷"}
    write(received(row, language="fa"))
    assert (Seat.objects.get().role, Council.objects.get().kind) == ("chair", "commission")


# --- what is refused, cell by cell ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "cell", "words"),
    [
        ({"council": ""}, "A2", "name of the council"),
        ({"kind": ""}, "C2", "no council of this name"),
        ({"kind": "club"}, "C2", "not a kind"),
        ({"parent": "هیچ"}, "D2", "no row sets it up"),
        ({"parent": "کمیسیون کتاب"}, "D2", "under itself"),
        ({"first_name": ""}, "E2", "first and last name"),
        ({"last_name": ""}, "F2", "first and last name"),
        ({"email": ""}, "G2", "e-mail"),
        ({"email": "ali"}, "G2", "valid"),
        ({"mobile": "12"}, "H2", ""),
        ({"mobile": "09120000001"}, "H2", "Another account"),
        ({"role": "king"}, "I2", "not a role"),
        ({"since": "1404/13/01"}, "J2", ""),
        ({"until": "1403/01/01"}, "K2", "ends after it begins"),
        ({"deputy": "nobody@example.org"}, "L2", "Nobody with this address"),
        ({"deputy": "ali@example.org"}, "L2", "own deputy"),
    ],
)
def test_each_wrong_cell_is_named_and_nothing_is_written(change, cell, words):
    factories.user(mobile="09120000001")
    kept = received({**NEW, **change}, {**NEW, "council": "شورای دیگر", "email": "x@example.org", "mobile": ""})
    lines, seen = looked_at(kept)
    told = [fault for fault in lines[0].row.faults if fault[0] == cell]
    assert told and words in told[0][1] and lines[0].state == "wrong"
    with pytest.raises(RuleBroken, match="Nothing was written"):
        services.write(kept.pk, by=factories.granted("secretary"), seen=seen)
    assert not Council.objects.exists() and not Seat.objects.exists() and not Letter.objects.exists()


def test_two_seats_at_one_time_and_two_chairs_are_refused():
    there = make.council(name_fa="شورا")
    holder = factories.user(email="holder@example.org")
    make.seat(there, holder, role="chair", starts_on=day("1403/01/01"))
    row = {**NEW, "council": "شورا", "council_en": "", "kind": ""}
    assert faults({**row, "email": "holder@example.org", "role": "member"})[0][1] == "J2"
    assert faults({**row, "role": "chair"})[0][1] == "I2"
    fresh = {**NEW, "council": "تازه"}
    other = {**fresh, "email": "other@example.org", "mobile": "", "last_name": "دوم"}
    assert [fault[:2] for fault in faults(fresh, {**fresh, "role": "observer"})] == [(3, "G3")]
    assert [fault[:2] for fault in faults({**fresh, "role": "chair"}, {**other, "role": "chair"})] == [(3, "I3")]
    later = {**other, "role": "chair", "since": "1407/01/01", "until": ""}
    assert faults({**fresh, "role": "chair"}, later) == []


def test_councils_do_not_stand_under_each_other_in_a_circle():
    a = {**NEW, "council": "یک", "council_en": "One", "parent": "دو"}
    b = {**NEW, "council": "دو", "council_en": "Two", "parent": "یک"}
    assert {cell for _row, cell, _words in faults(a, b)} == {"D2", "D3"}


def test_a_term_is_not_shortened_by_a_table():
    write(received(NEW))
    assert [fault[:2] for fault in faults({**NEW, "until": "1405/01/01"})] == [(2, "K2")]


def test_a_row_that_needs_a_wrong_one_is_wrong_too():
    broken = {**NEW, "since": "x"}
    told = faults(broken, {**NEW, "email": "b@example.org", "mobile": "", "last_name": "ب"})
    assert [fault[0] for fault in told] == [2, 3] and "Row 2" in told[1][2]


# --- all or nothing -----------------------------------------------------------------------------------


def test_what_changed_since_the_preview_is_not_written_over():
    kept = received(NEW)
    seen = looked_at(kept)[1]
    factories.user(email="ali@example.org")
    with pytest.raises(Stale):
        services.write(kept.pk, by=factories.granted("secretary"), seen=seen)
    assert not Council.objects.exists()


def test_a_fault_in_the_middle_leaves_nothing_behind(monkeypatch):
    kept = received(NEW, {**NEW, "email": "b@example.org", "mobile": "", "last_name": "ب"})
    told = []

    def breaks(*args, **kwargs):
        told.append(1)
        if len(told) == 2:
            raise RuntimeError

    monkeypatch.setattr(services.bodies, "tell", breaks)
    with pytest.raises(RuntimeError):
        write(kept)
    assert not Council.objects.exists() and not Seat.objects.exists() and not User.objects.filter(email="ali@example.org").exists()


def test_written_once_by_somebody_and_forgotten_in_time():
    kept = received(NEW)
    write(kept)
    with pytest.raises(RuleBroken, match="already"):
        services.write(kept.pk, by=factories.granted("secretary"), seen="x")
    with refused("council_import_is_written_once"):
        CouncilImport.objects.filter(pk=kept.pk).update(written_at=timezone.now())
    with refused("council_import_written_by_somebody"):
        sql("UPDATE secretariat_councilimport SET written_by_id = NULL WHERE id = %s", kept.pk)
    CouncilImport.objects.update(sent_at=timezone.now() - sent_tables.KEPT - timedelta(days=1))
    assert sent_tables.forget() == 1 and CouncilImport.objects.get().content == {}


def test_only_who_heads_the_secretariat_sets_councils_up():
    kept = received(NEW)
    for other in (factories.officer(), factories.user()):
        with pytest.raises(RuleBroken, match="may not"):
            services.receive(sheet(NEW), by=other)
        with pytest.raises(RuleBroken, match="may not"):
            services.write(kept.pk, by=other, seen=looked_at(kept)[1])


# --- the pages ----------------------------------------------------------------------------------------


def test_the_pages_are_for_the_head(client, head):
    kept = received(NEW)
    urls = [reverse("council_import"), reverse("council_import_template"), reverse("council_import_detail", args=[kept.pk])]
    assert [client.get(url).status_code for url in urls] == [200] * 3
    for stranger in (factories.officer(), factories.user(), make.seat(make.council(), role="secretary").user):
        client.force_login(stranger)
        assert {client.get(url).status_code for url in urls} | {client.post(urls[0]).status_code, client.post(urls[2]).status_code} == {404}
    client.logout()
    assert all("next=" in client.get(url).url for url in urls)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_template_fits_the_import(client, head, language):
    client.cookies["language"] = language
    book = load_workbook(io.BytesIO(client.get(reverse("council_import_template")).content))
    filled = book.worksheets[0]
    assert filled.max_column == len(LABELS)
    filled.append([NEW.get(key) for key in LABELS])
    out = io.BytesIO()
    book.save(out)
    kept = services.receive(SimpleUploadedFile("x.xlsx", out.getvalue()), by=head)
    assert [(line.row.get("email"), line.state) for line in looked_at(kept)[0]] == [("ali@example.org", "new")]  # the example is left out


def test_sending_looking_and_confirming(client, head):
    response = client.post(reverse("council_import"), {"file": sheet({**NEW, "role": "king"})})
    page = client.get(response.url).text
    assert "I2" in page and "1 row is wrong" in page and "Write 1 row" not in page
    url = client.post(reverse("council_import"), {"file": sheet(NEW)}).url
    shown = client.get(url)
    assert "Write 1 row" in shown.text and "ali@example.org" in shown.text and "رضایی" in shown.text and not Council.objects.exists()
    wrong = client.post(url, {"seen": "other"})
    assert wrong.status_code == 422 and "Something changed" in wrong.text and not Council.objects.exists()
    assert client.post(url, {"seen": shown.context["seen"]}).url == url
    assert Seat.objects.count() == 1 and "Written by" in client.get(url).text
    assert "already" in client.post(url, {"seen": shown.context["seen"]}).text


def test_a_file_that_cannot_be_read_is_explained(client, head):
    url = reverse("council_import")
    for file in (SimpleUploadedFile("x.xlsx", b"no workbook"), None):
        response = client.post(url, {"file": file} if file else {})
        assert response.status_code == 422 and not CouncilImport.objects.exists()


def test_two_hundred_seats_are_previewed_in_a_fixed_number_of_queries_and_written(client, head):
    def rows(count):
        return [
            {"council": f"کمیسیون {n % 9}", "kind": "commission", "first_name": f"نام {n}", "last_name": f"خانواده {n}",
             "email": f"n{n}@example.org", "role": "chair" if n < 9 else "member", "since": "1404/01/01"}
            for n in range(count)
        ]  # fmt: skip

    def count(kept):
        content = CouncilImport.objects.get(pk=kept.pk).content
        with CaptureQueriesContext(connection) as caught:
            preview(content)
        return len(caught)

    few, many = received(*rows(10)), received(*rows(200))
    assert count(few) == count(many) <= 6
    url = reverse("council_import_detail", args=[many.pk])
    page = client.get(url)
    assert len(page.content) < 100_000
    answer = client.post(url, {"seen": page.context["seen"]})
    assert answer.status_code == 302, answer.context["error"]
    assert (Council.objects.count(), Seat.objects.count(), Seat.objects.filter(role="chair").count()) == (9, 200, 9)
    assert Letter.objects.filter(to__endswith="@example.org").values("to").distinct().count() == 200
