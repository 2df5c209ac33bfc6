"""A table of assessors: what each row would do, that nothing is written before it is confirmed, and all of it then."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation
from openpyxl import Workbook, load_workbook

from assessments.forms.roster_sheet import LABELS
from assessments.models import Affiliation, Assessor, ExpectedAssessor, ExpertiseField, RosterImport
from assessments.selectors.roster_import import preview
from assessments.services import roster_import as services
from secretariat import sent_tables
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Invitation, Letter, Notice, Province, User
from secretariat.services import invitations
from tests import factories
from tests.refusal import refused, sql

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

KEYS = list(LABELS)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def officer(client):
    user = factories.officer()
    client.force_login(user)
    return user


def sheet(*rows, headings=None, language="en"):
    """A file with these rows: dicts of column keys."""
    book = Workbook()
    with translation.override(language):
        book.active.append(headings or [str(label) for label in LABELS.values()])
    for row in rows:
        book.active.append([row.get(key) for key in KEYS])
    out = io.BytesIO()
    book.save(out)
    return SimpleUploadedFile("استادان.xlsx", out.getvalue())


def received(*rows, by=None, **options):
    return services.receive(sheet(*rows, **options), by=by or factories.officer())


def looked_at(kept):
    return preview(RosterImport.objects.get(pk=kept.pk).content)


def write(kept, by=None):
    return services.write(kept.pk, by=by or factories.officer(), seen=looked_at(kept)[1])


NEW = {"name": "علي كريمي", "email": "Ali@Example.org"}


# --- what a row says -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_row_in_either_language(language):
    agency, field = factories.agency(name_fa="رادیو", name_en="Radio"), ExpertiseField.objects.create(name_fa="شعر", name_en="Poetry")
    other = ExpertiseField.objects.create(name_fa="سینما", name_en="Cinema")
    version = factories.published_set()
    province = Province.objects.create(iso="IR-99", name_fa="استان ما", name_en="Ours")
    row = {
        **NEW,
        "mobile": "۰۹۱۲۱۲۳۴۵۶۷",
        "national_code": 12345679,  # Excel has taken the zeros
        "fields": "شعر، Cinema",
        "sets": version.set.code,
        "languages": "فارسی؛ en",
        "province": "استان ما",
        "capacity": 7.0,
        "affiliations": "رادیو (پیش‌تر در آنجا کار می‌کرده)" if language == "fa" else "Radio (worked there before)",
    }
    (line,), _seen = looked_at(received(row, language=language))
    assert (line.state, line.way, line.row.name, line.row.email, line.row.faults) == ("new", "invite", "علی کریمی", "ali@example.org", [])
    assert line.row.profile == {
        "mobile": "+989121234567",
        "national_code": "0012345679",
        "fields": [field.pk, other.pk],
        "sets": [version.set_id],
        "languages": ["fa", "en"],
        "province": province.pk,
        "capacity": 7,
        "affiliations": [[agency.pk, "former"]],
    }


@pytest.mark.parametrize(
    ("said", "cell", "words"),
    [
        ({"email": "nobody"}, "B2", "valid email"),
        ({"email": ""}, "B2", "Write the e-mail"),
        ({"mobile": "021"}, "C2", "mobile"),
        ({"national_code": "1234567890"}, "D2", "mistyped"),
        ({"fields": "نیست"}, "E2", "no field of expertise “نیست”"),
        ({"sets": "نیست"}, "F2", "no indicator set"),
        ({"languages": "klingon"}, "G2", "not in the list of languages"),
        ({"province": "نیست"}, "H2", "no province"),
        ({"capacity": "زیاد"}, "I2", "number"),
        ({"capacity": 0}, "I2", "1"),
        ({"affiliations": "نیست"}, "J2", "no agency “نیست”"),
        ({"affiliations": "Radio (friend)"}, "J2", "not a kind of tie"),
        ({"name": ""}, "row 2", "name of somebody who is new"),
    ],
)
def test_what_is_wrong_is_told_with_its_cell(said, cell, words):
    factories.agency(name_en="Radio")
    kept = received({**NEW, "capacity": 3, **said})
    (line,), seen = looked_at(kept)
    assert line.state == "wrong"
    assert [(place, words in sentence) for place, sentence in line.row.faults] == [(cell, True)], line.row.faults
    with pytest.raises(RuleBroken, match="Some rows are wrong"):
        services.write(kept.pk, by=factories.officer(), seen=seen)
    assert not Invitation.objects.exists()


def test_the_same_address_or_person_twice_is_wrong():
    me = factories.assessor(mobile="+989121234567")
    lines, _seen = looked_at(received(NEW, {**NEW, "email": "ALI@example.org"}, {"email": me.user.email}, {**NEW, "email": "x@example.org", "mobile": "09121234567"}))
    assert [line.state for line in lines] == ["new", "wrong", "unchanged", "wrong"]
    assert lines[1].row.faults == [("B3", "This address stands in row 2 already.")]
    assert "Row 4 means the same person." in lines[3].row.faults[0][1]


def test_one_row_that_means_two_people_is_wrong():
    one, other = factories.assessor(), factories.user(mobile="+989121234567")
    lines, _seen = looked_at(received({"email": one.user.email, "mobile": "09121234567"}))
    assert lines[0].state == "wrong" and "different people" in lines[0].row.faults[0][1] and other.pk


@pytest.mark.parametrize(("rows", "words"), [([["x", "y"]], "headings"), ([["Name", "E-mail address"]], "no row below")])
def test_a_table_without_headings_or_rows_is_refused(rows, words):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(RuleBroken, match=words):
        services.receive(SimpleUploadedFile("x.xlsx", out.getvalue()), by=factories.officer())
    with pytest.raises(RuleBroken, match="may not"):
        services.receive(sheet(NEW), by=factories.user())


# --- what comes of it ------------------------------------------------------------------------------


def test_who_is_new_is_invited_and_comes_with_what_the_row_says():
    agency, field = factories.agency(), ExpertiseField.objects.create(name_fa="شعر", name_en="Poetry")
    officer = factories.officer()
    row = {**NEW, "fields": "شعر", "capacity": 4, "languages": "fa", "affiliations": agency.name_fa, "national_code": "0012345679"}
    write(received(row), by=officer)
    invitation = Invitation.objects.get()
    assert (invitation.email, invitation.purpose, invitation.state) == ("ali@example.org", "assessor", "open")
    assert Letter.objects.filter(to="ali@example.org").exists() and not Assessor.objects.exists()
    token = invitations._give_key(invitation)
    invitation.save()
    invitations.accept_as_new(token, first_name="علی", last_name="کریمی", password="x")
    made = Assessor.objects.get()
    assert (made.capacity, made.languages, made.national_code) == (4, ["fa"], "0012345679")
    assert list(made.expertise_fields.all()) == [field]
    tie = made.affiliations.get()
    assert (tie.agency, tie.kind, tie.by) == (agency, "employee", officer)


def test_who_has_an_account_is_put_on_the_roster():
    person = factories.user(email="Ali@example.org")
    write(received({**NEW, "capacity": 4}))
    assert Assessor.objects.get().user == person and Assessor.objects.get().capacity == 4
    assert Notice.objects.filter(user=person, kind="assessor_added").exists() and not Invitation.objects.exists()


def test_an_assessor_is_changed_where_the_row_says_something_else():
    me, agency = factories.assessor(mobile="+989120000001"), factories.agency(name_en="Radio")
    Affiliation.objects.create(assessor=me, agency=agency, kind="board")
    Affiliation.objects.create(assessor=me, agency=factories.agency())
    row = {"name": "نام دیگر", "email": me.user.email, "mobile": "09121234567", "capacity": 3, "affiliations": "Radio (works there)"}
    kept = received(row)
    (line,), _seen = looked_at(kept)
    assert line.state == "changed"
    assert line.changes == [("Products at one time", "15", "3"), ("Affiliations", line.changes[1][1], "Radio (works there)")]
    assert len(line.notes) == 2  # the account's own name and mobile number stay
    write(kept)
    me.refresh_from_db()
    assert (me.capacity, me.user.mobile, me.version) == (3, "+989120000001", 2)
    assert sorted(me.affiliations.values_list("kind", flat=True)) == ["employee", "employee"]
    (again,), _seen = looked_at(received(row))
    assert again.state == "unchanged" and again.changes == []


def test_people_are_found_by_their_national_code():
    me = factories.assessor()
    Assessor.objects.filter(pk=me.pk).update(national_code="0012345679")
    (line,), _seen = looked_at(received({**NEW, "national_code": "0012345679"}))
    assert (line.state, line.person) == ("unchanged", me) and "another e-mail address" in line.notes[0]


def test_the_same_table_again_changes_nothing():
    rows = [{**NEW, "capacity": 5}, {**NEW, "email": "b@example.org"}]
    write(received(*rows))
    again = received(*rows)
    assert [line.state for line in looked_at(again)[0]] == ["unchanged", "unchanged"]
    write(again)
    assert Invitation.objects.count() == 2 and Letter.objects.count() == 2


def test_an_expired_invitation_is_sent_again_with_what_is_new():
    write(received({**NEW, "capacity": 5, "languages": "fa"}))
    Invitation.objects.update(expires_at=timezone.now(), invited_at=timezone.now() - timedelta(days=30))
    kept = received({**NEW, "capacity": 6})
    assert looked_at(kept)[0][0].state == "changed"
    write(kept)
    assert Invitation.objects.get().state == "open" and Letter.objects.count() == 2
    assert ExpectedAssessor.objects.get().profile == {"capacity": 6, "languages": ["fa"]}


def test_a_tie_in_the_table_ends_an_assignment_at_once():
    row = factories.assignment()
    agency = row.entry.subject.agency
    write(received({"email": row.assessor.user.email, "affiliations": agency.name_fa}))
    row.refresh_from_db()
    assert row.status == "withdrawn"


def test_all_rows_or_none():
    """A row that fails while it is written takes the others with it."""
    person = factories.user(email="b@example.org")
    kept = received({**NEW, "capacity": 5}, {"name": "x", "email": "b@example.org"})
    seen = looked_at(kept)[1]
    Assessor.objects.create(user=person)
    with pytest.raises(Stale, match="changed since"):
        services.write(kept.pk, by=factories.officer(), seen=seen)
    assert not Invitation.objects.exists() and not Letter.objects.exists()
    kept.refresh_from_db()
    assert kept.written_at is None


def test_a_table_is_written_once_and_forgotten_in_time():
    kept = received(NEW)
    write(kept)
    with pytest.raises(RuleBroken, match="already"):
        services.write(kept.pk, by=factories.officer(), seen="x")
    with refused("import_is_written_once"):
        RosterImport.objects.filter(pk=kept.pk).update(written_at=timezone.now())
    with refused("import_written_by_somebody"):
        sql("UPDATE assessments_rosterimport SET written_by_id = NULL WHERE id = %s", kept.pk)
    assert sent_tables.forget() == 0
    open_ = received(NEW)
    RosterImport.objects.update(sent_at=timezone.now() - sent_tables.KEPT - timedelta(days=1))
    assert sent_tables.forget() == 2
    with pytest.raises(RuleBroken, match="forgotten"):
        services.write(open_.pk, by=factories.officer(), seen="x")


# --- the pages -------------------------------------------------------------------------------------


def test_the_pages_are_for_officers(client, officer):
    kept = received(NEW, by=officer)
    urls = [reverse("roster_import"), reverse("roster_template"), reverse("roster_import_detail", args=[kept.pk])]
    assert [client.get(url).status_code for url in urls] == [200] * 3
    for stranger in (factories.user(), factories.assessor().user, factories.representative()):
        client.force_login(stranger)
        assert {client.get(url).status_code for url in urls} | {client.post(urls[0]).status_code, client.post(urls[2]).status_code} == {404}
    client.logout()
    assert all("next=" in client.get(url).url for url in urls)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_template_fits_the_import(client, officer, language):
    client.cookies["language"] = language
    factories.agency()
    ExpertiseField.objects.create(name_fa="شعر", name_en="Poetry")
    book = load_workbook(io.BytesIO(client.get(reverse("roster_template")).content))
    filled = book.worksheets[0]
    assert len(filled.data_validations.dataValidation) == 3 and filled.max_column == len(LABELS)  # no set and no province are there
    filled.append(["علی", "ali@example.org"])
    out = io.BytesIO()
    book.save(out)
    kept = services.receive(SimpleUploadedFile("x.xlsx", out.getvalue()), by=officer)
    lines, _seen = looked_at(kept)
    assert [(line.row.email, line.state) for line in lines] == [("ali@example.org", "new")]  # the example is left out


def test_sending_looking_and_confirming(client, officer):
    response = client.post(reverse("roster_import"), {"file": sheet({**NEW, "capacity": "x"})})
    page = client.get(response.url).content.decode()
    assert "I2" in page and "1 row is wrong" in page and "Write 1 row" not in page
    response = client.post(reverse("roster_import"), {"file": sheet({**NEW, "capacity": 4})})
    url = response.url
    shown = client.get(url)
    page = shown.content.decode()
    assert "Write 1 row" in page and "ali@example.org" in page and not Invitation.objects.exists()
    wrong = client.post(url, {"seen": "other"})
    assert wrong.status_code == 422 and "Something changed" in wrong.content.decode() and not Invitation.objects.exists()
    assert client.post(url, {"seen": shown.context["seen"]}).url == url
    assert Invitation.objects.count() == 1 and "Written by" in client.get(url).content.decode()
    assert "already" in client.post(url, {"seen": shown.context["seen"]}).content.decode()


def test_a_file_that_cannot_be_read_is_explained(client, officer):
    url = reverse("roster_import")
    for file in (SimpleUploadedFile("x.xlsx", b"no workbook"), None):
        response = client.post(url, {"file": file} if file else {})
        assert response.status_code == 422 and not RosterImport.objects.exists()


def test_five_hundred_rows_are_previewed_in_a_fixed_number_of_queries_and_written(client, officer):
    def rows(count):
        return [{"name": f"نام {n}", "email": f"n{n}@example.org", "capacity": 3, "languages": "fa"} for n in range(count)]

    def count(kept):
        content = RosterImport.objects.get(pk=kept.pk).content
        with CaptureQueriesContext(connection) as caught:
            preview(content)
        return len(caught)

    few, many = received(*rows(3)), received(*rows(500))
    assert count(few) == count(many) <= 20
    for n in range(100, 200):
        User.objects.create(username=f"n{n}", email=f"n{n}@example.org")
    url = reverse("roster_import_detail", args=[many.pk])
    page = client.get(url)
    assert len(page.content) < 100_000
    assert client.post(url, {"seen": page.context["seen"]}).status_code == 302
    assert Assessor.objects.count() == 100 and ExpectedAssessor.objects.count() == Letter.objects.filter(to__startswith="n").count() - 100 == 400
