"""The officers' pages of screening: the queue and the form, who finds them, and that nothing typed is lost."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from products.models import Overlap, Product, Screening
from products.services.screening import CHECKLIST, screen
from secretariat.models import Holiday
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

ALL_YES = {f"check_{code}": "yes" for code in CHECKLIST}


@pytest.fixture
def officer(client):
    person = factories.officer()
    client.force_login(person)
    return person


@pytest.fixture
def version():
    return factories.submission()


def address(version):
    return reverse("screening_form", args=[version.product_id])


def post(client, version, decision, **fields):
    typed = {"version": version.pk, "once_key": str(uuid.uuid4()), "decision": decision, **ALL_YES, **fields}
    return client.post(address(version), typed)


@pytest.mark.parametrize("name", ["product_queue", "screening_form", "overlap_list"])
def test_only_officers_find_the_pages(client, version, name):
    url = address(version) if name == "screening_form" else reverse(name)
    assert client.get(url).status_code == 302
    assert reverse("sign_in") in client.get(url).url
    for person in (factories.representative(version.product.agency), factories.representative(), factories.assessor().user):
        client.force_login(person)
        assert client.get(url).status_code == 404
        if name == "screening_form":
            assert post(client, version, "accept").status_code == 404
    assert not Screening.objects.exists()
    client.force_login(factories.officer())
    assert client.get(url).status_code == 200


# --- the queue -----------------------------------------------------------------------------------


def test_the_queue_shows_what_waits_oldest_first_with_its_working_days(client, officer):
    old, new = factories.submission(), factories.submission()
    Product.objects.filter(pk=old.product_id).update(submitted_at=timezone.now() - timedelta(days=14))
    factories.product("accepted")
    factories.product("returned")
    page = client.get(reverse("product_queue")).context["list"].page
    assert [row.pk for row in page.rows] == [old.product_id, new.product_id]
    columns = {column.key: column for column in client.get(reverse("product_queue")).context["list"].columns}
    assert columns["waiting"].read(page.rows[0]) == 12  # two Fridays in two weeks
    assert columns["waiting"].read(page.rows[1]) == 0


def test_holidays_are_no_waiting(client, officer):
    old = factories.submission()
    Product.objects.filter(pk=old.product_id).update(submitted_at=timezone.now() - timedelta(days=14))
    day = timezone.localdate() - timedelta(days=5 if (timezone.localdate() - timedelta(days=5)).weekday() != 4 else 6)
    Holiday.objects.create(date=day, title_fa="تعطیل", title_en="Holiday")
    found = client.get(reverse("product_queue")).context["list"]
    assert found.days_waiting(found.page.rows[0]) == 11


def test_the_queue_filters_by_agency_kind_and_what_was_handed_in_again(client, officer):
    once, again = factories.submission(), factories.submission()
    screen(again.pk, "return", dict.fromkeys(CHECKLIST, "yes"), {"summary": "کوتاه"}, "", by=officer)
    again = factories.submission(again.product)
    queue = reverse("product_queue")

    def shown(**query):
        return {row.pk for row in client.get(queue, query).context["list"].page.rows}

    assert shown() == {once.product_id, again.product_id}
    assert shown(again="on") == {again.product_id}
    assert shown(agency=once.product.agency_id) == {once.product_id}
    assert shown(kind=again.product.kind_id) == {again.product_id}
    Overlap.objects.create(product=factories.product("accepted"), other=once.product, similarity=0.9)
    assert shown(overlapping="on") == {once.product_id}
    assert [row.open_overlaps for row in client.get(queue, {"overlapping": "on"}).context["list"].page.rows] == [1]


def test_the_queue_is_exported_as_seen(client, officer, version):
    answer = client.get(reverse("product_queue"), {"export": "xlsx"})
    assert answer.status_code == 200 and "spreadsheetml" in answer["Content-Type"]


def test_the_queue_asks_the_same_queries_for_three_and_for_thirty(client, officer):
    kind = factories.product_kind()

    def grow(to):
        for _n in range(to - Product.objects.filter(status="submitted").count()):
            factories.product("submitted", kind=kind)

    def asked():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(reverse("product_queue"), {"size": 100}).status_code == 200
        return len(queries)

    grow(3)
    asked()
    few = asked()
    grow(30)
    assert asked() == few


def test_an_empty_queue_says_so(client, officer):
    assert "Nothing waits for screening." in client.get(reverse("product_queue")).content.decode()


# --- the form ------------------------------------------------------------------------------------


def test_the_form_shows_everything_that_was_handed_in(client, officer):
    version = factories.submission(title_fa="کتاب <b>تازه</b>")
    page = client.get(address(version)).content.decode()
    assert "کتاب &lt;b&gt;تازه&lt;/b&gt;" in page and "سارا یوسفی" in page and 'href="https://example.org/"' in page
    for name in ("title_fa", "summary", "audience", "starts_on", "unit", "creators", "links", "files"):
        assert f'name="wrong_{name}"' in page and f'name="why_{name}"' in page
    for code in CHECKLIST:
        assert page.count(f'name="check_{code}"') == 3


def test_accept_goes_on_with_the_one_that_waits_longest(client, officer, version):
    newer, older = factories.submission(), factories.submission()
    Product.objects.filter(pk=older.product_id).update(submitted_at=timezone.now() - timedelta(days=3))
    answer = post(client, version, "accept")
    assert answer.status_code == 302 and answer.url == address(older)
    assert Product.objects.get(pk=version.product_id).status == "accepted"
    post(client, older, "accept")
    assert post(client, newer, "accept").url == reverse("product_queue")


def test_returned_reasons_stand_beside_the_fields_of_the_agency(client, officer, version):
    answer = post(client, version, "return", wrong_summary="on", why_summary="کوتاه است", why_files="پرونده باز نمی‌شود")
    assert answer.status_code == 302
    assert version.screening.field_reasons == {"summary": "کوتاه است", "files": "پرونده باز نمی‌شود"}
    client.force_login(factories.representative(version.product.agency))
    form = client.get(reverse("product_edit", args=[version.product_id])).content.decode()
    assert "کوتاه است" in form and "پرونده باز نمی‌شود" in form
    assert "کوتاه است" in client.get(version.product.get_absolute_url()).content.decode()


def test_what_was_asked_before_stands_beside_the_next_version(client, officer, version):
    post(client, version, "return", why_summary="کوتاه است")
    again = factories.submission(version.product, summary="اکنون بلندتر شده است")
    parts = {part.key: part for part in client.get(address(again)).context["parts"]}
    assert parts["summary"].asked == "کوتاه است" and parts["summary"].change.after == "اکنون بلندتر شده است"
    assert parts["audience"].asked == "" and parts["audience"].change is None


@pytest.mark.parametrize(
    ("decision", "fields", "told"),
    [
        ("accept", {"check_rights": ""}, "Answer every item of the checklist."),
        ("accept", {"check_rights": "no"}, "An item of the checklist is answered “no”"),
        ("accept", {"check_rights": "maybe"}, "Select a valid choice"),
        ("accept", {"why_summary": "کوتاه است"}, "Something stands to be corrected"),
        ("return", {}, "Say at least for one field what must be corrected"),
        ("return", {"wrong_summary": "on"}, "Write what must be corrected."),
        ("return", {"note": "س" * 2001}, "At most 2,000 letters"),
        ("refuse", {}, "Write the reason."),
        ("", {}, "Choose a decision."),
        ("shred", {}, "Choose a decision."),
    ],
)
def test_bad_input_is_explained_and_keeps_everything(client, officer, version, decision, fields, told):
    typed = {"why_title_fa": "نام کامل را بنویسید", **fields}
    if decision == "return" and not fields.get("wrong_summary") and not fields.get("note"):
        typed = fields
    answer = post(client, version, decision, **typed)
    page = answer.content.decode()
    assert answer.status_code == 422 and told in page.replace("&#x27;", "'")
    for name, value in typed.items():
        if name.startswith(("why_", "note")):
            assert value in page
    assert re.search(r'name="check_identity" value="yes"[^>]*checked', page)
    assert not Screening.objects.exists() and Product.objects.get().status == "submitted"


def test_accept_with_an_open_overlap_is_refused_and_decided_in_place(client, officer, version):
    overlap = Overlap.objects.create(
        product=version.product, other=factories.product("accepted"), similarity=0.8, reasons={"title": 0.9}
    )
    answer = post(client, version, "accept")
    assert answer.status_code == 422 and "Decide on every likely overlap first." in answer.content.decode()
    answer = post(client, version, "accept", **{f"overlap_{overlap.pk}_decision": "distinct"})
    assert answer.status_code == 422 and "Write the reason." in answer.content.decode()
    said = {f"overlap_{overlap.pk}_decision": "distinct", f"overlap_{overlap.pk}_reason": "دو اثر جدا"}
    assert post(client, version, "accept", **said).status_code == 302
    overlap.refresh_from_db()
    assert (overlap.decision, overlap.decision_reason) == ("distinct", "دو اثر جدا")


def test_an_overlap_that_another_officer_decided_meanwhile_stands_and_what_was_typed_is_told(client, officer, version):
    from products.services.overlaps import decide

    overlap = Overlap.objects.create(product=version.product, other=factories.product("accepted"), similarity=0.8)
    decide(overlap.pk, "cooperate", "با هم بسازند", by=factories.officer())
    said = {f"overlap_{overlap.pk}_decision": "distinct", f"overlap_{overlap.pk}_reason": "دو اثر جدا"}
    answer = post(client, version, "accept", **said)
    page = answer.content.decode()
    assert answer.status_code == 422 and "دو اثر جدا" in page and "با هم بسازند" in page
    assert Overlap.objects.get().decision == "cooperate" and not Screening.objects.exists()
    assert post(client, version, "accept").status_code == 302


def test_a_double_submit_gives_the_first_result(client, officer, version):
    key = str(uuid.uuid4())
    first = post(client, version, "accept", once_key=key)
    second = post(client, version, "accept", once_key=key)
    assert first.status_code == second.status_code == 302 and first.url == second.url
    assert Screening.objects.count() == 1


def test_when_another_officer_was_faster_nothing_typed_is_lost(client, officer, version):
    other = factories.officer(first_name="Mina", last_name="Quick")
    screen(version.pk, "refuse", dict.fromkeys(CHECKLIST, "yes"), {}, "در این دوره نیست", by=other)
    answer = post(client, version, "return", why_summary="کوتاه است", note="یادداشت من")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Mina Quick has screened this submission meanwhile" in page
    assert "کوتاه است" in page and "یادداشت من" in page
    assert 'value="return"' not in page  # there is nothing left to decide
    assert Screening.objects.get().by == other


def test_when_the_agency_handed_in_again_the_old_form_leads_to_the_new_version(client, officer, version):
    screen(version.pk, "return", dict.fromkeys(CHECKLIST, "yes"), {}, "اصلاح کنید", by=factories.officer())
    newer = factories.submission(version.product)
    answer = post(client, version, "accept", note="یادداشت من")
    assert answer.status_code == 409 and "یادداشت من" in answer.content.decode()
    assert "Open the newest version" in answer.content.decode()
    assert not Screening.objects.filter(version=newer).exists()


def test_a_screened_submission_is_shown_with_its_decision_and_no_form(client, officer, version):
    post(client, version, "return", why_summary="کوتاه است")
    page = client.get(address(version))
    assert page.status_code == 200 and page.context["form"] is None
    assert "کوتاه است" in page.content.decode() and officer.display_name in page.content.decode()


@pytest.mark.parametrize("asked", ["0", "99999999", "x", "9" * 40, "²"])
def test_a_version_that_is_not_there_changes_nothing(client, officer, version, asked):
    answer = client.post(address(version), {**ALL_YES, "decision": "accept", "version": asked})
    assert answer.status_code in (302, 404)
    if answer.status_code == 404:
        assert not Screening.objects.exists()


def test_a_product_that_was_never_handed_in_has_no_screening(client, officer):
    assert client.get(reverse("screening_form", args=[factories.product().pk])).status_code == 404
    assert client.get(reverse("screening_form", args=[10**9])).status_code == 404
