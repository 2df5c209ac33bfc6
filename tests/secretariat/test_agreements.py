"""Agreements: officers keep them, both sides follow their commitments, the public reads what was published, a review stays."""

from datetime import timedelta

import pytest
from django.urls import reverse

from secretariat.calendar import today
from secretariat.errors import RuleBroken, Stale
from secretariat.models import ActionItem, Agreement, AgreementReview, Notice
from secretariat.services import actions, agreements
from tests import council as make
from tests import doing, factories, specimens

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def agency():
    return factories.agency()


@pytest.fixture
def representative(agency):
    return factories.representative(agency)


def url(name, *args):
    return reverse(name, args=args)


def page(client, user, address):
    client.force_login(user)
    return client.get(address)


def typed(agency, council, **fields):
    return {
        "agency": agency.pk, "council": council.pk, "title_fa": "همکاری در کتاب کودک", "number": "۱۲/م", "signed_on": "1404/05/01",
        "valid_from": "1404/05/01", "text": "متن", "version": 1, **fields,
    }  # fmt: skip


# --- keeping -------------------------------------------------------------------------------------


def test_an_officer_writes_signs_publishes_and_ends(client, officer, agency, representative, in_english):
    council = make.council()
    client.force_login(officer)
    made = client.post(url("agreement_new"), typed(agency, council, signed_on="", number=""))
    agreement = Agreement.objects.get()
    assert made.url == agreement.get_absolute_url() and agreement.is_draft
    refused = client.post(url("agreement_move", agreement.pk, "sign"), {"version": 1})
    assert refused.status_code == 422 and "Still missing" in refused.content.decode()
    assert client.post(url("agreement_edit", agreement.pk), typed(agency, council)).status_code == 302
    assert client.post(url("agreement_move", agreement.pk, "sign"), {"version": 2}).status_code == 302
    agreement.refresh_from_db()
    assert (agreement.status, agreement.moves.get().by) == ("signed", officer)
    assert Notice.objects.get(user=representative).kind == "agreement_signed"
    assert client.get(url("agreement_edit", agreement.pk)).url == agreement.get_absolute_url()
    assert client.post(url("agreement_publish", agreement.pk), {"public": "1"}).status_code == 302
    assert client.post(url("agreement_move", agreement.pk, "end"), {"why": "", "version": 2}).status_code == 422
    assert client.post(url("agreement_move", agreement.pk, "end"), {"why": "پایان دوره", "version": 2}).status_code == 302
    agreement.refresh_from_db()
    assert (agreement.status, agreement.is_public) == ("ended", True)


def test_bad_input_is_explained_and_nothing_is_lost(client, officer, agency):
    council = make.council()
    doing.agreement(agency, number="12/م")
    client.force_login(officer)
    for wrong in ({"number": "12/م"}, {"valid_until": "1400/01/01"}, {"title_fa": ""}, {"agency": ""}):
        answer = client.post(url("agreement_new"), {**typed(agency, council, text="متن بلند من"), **wrong})
        assert answer.status_code == 422 and "متن بلند من" in answer.content.decode(), wrong
    assert Agreement.objects.count() == 1


def test_two_officers_on_one_draft(client, officer, agency):
    draft = doing.agreement(agency, status="draft", number="1")
    agreements.save(draft.pk, by=officer, version=1, title_fa="نخست")
    client.force_login(officer)
    stale = client.post(url("agreement_edit", draft.pk), typed(agency, draft.council, title_fa="دوم"))
    assert stale.status_code == 409 and "نخست" in stale.content.decode() and "دوم" in stale.content.decode()
    with pytest.raises(Stale):
        agreements.sign(draft.pk, by=officer, version=1)
    actions.commit(draft.pk, by=officer, side="agency", title="x", owner=officer, due_days=9)
    with pytest.raises(RuleBroken):
        agreements.save(draft.pk, by=officer, version=2, agency=factories.agency())
    other = make.council()
    agreements.save(draft.pk, by=officer, version=2, council=other)
    assert ActionItem.objects.get().council == other


def test_only_officers_keep_agreements(client, agency, representative):
    agreement = doing.agreement(agency)
    for act in (
        lambda: agreements.create(by=representative, agency=agency, council=agreement.council, title_fa="x"),
        lambda: agreements.end(agreement.pk, by=representative, why="x"),
        lambda: agreements.publish(agreement.pk, by=representative, is_public=True),
        lambda: agreements.attach(agreement.pk, specimens.upload(specimens.pdf()), by=representative),
        lambda: actions.commit(agreement.pk, by=representative, side="agency", title="x", owner=representative, due_days=3),
        lambda: agreements.review(agreement.pk, by=representative),
    ):
        with pytest.raises(RuleBroken):
            act()
    client.force_login(representative)
    for name in ("agreement_edit", "commitment_new"):
        assert client.get(url(name, agreement.pk)).status_code == 404
    for name in ("agreement_publish", "agreement_review_make", "agreement_file_add"):
        assert client.post(url(name, agreement.pk)).status_code == 404


# --- reading -------------------------------------------------------------------------------------


def test_who_reads_an_agreement(client, officer, agency, representative):
    agreement = doing.agreement(agency, title_fa="تفاهم‌نامهٔ ما")
    promised = doing.action(agreement=agreement, owner=representative, title="چاپ کتاب")
    draft = doing.agreement(agency, status="draft")
    member = make.seat(agreement.council).user
    for reader in (officer, representative, member):
        words = page(client, reader, agreement.get_absolute_url()).content.decode()
        assert "تفاهم‌نامهٔ ما" in words and promised.title in words
    assert page(client, representative, draft.get_absolute_url()).status_code == 404
    assert page(client, factories.representative(), agreement.get_absolute_url()).status_code == 404
    assert "تفاهم‌نامهٔ ما" in page(client, representative, url("agreement_list")).content.decode()
    assert "تفاهم‌نامهٔ ما" not in page(client, factories.representative(), url("agreement_list")).content.decode()


def test_the_public_reads_only_what_was_published(client, agency, representative):
    agreement = doing.agreement(agency, title_fa="تفاهم‌نامهٔ ما")
    doing.action(agreement=agreement, owner=representative, title="چاپ کتاب")
    scan = agreements.attach(agreement.pk, specimens.upload(specimens.pdf()), by=None)
    assert client.get(agreement.get_absolute_url()).status_code == 404
    assert "تفاهم‌نامهٔ ما" not in client.get(agency.get_absolute_url()).content.decode()
    agreements.publish(agreement.pk, by=None, is_public=True)
    words = client.get(agreement.get_absolute_url()).content.decode()
    assert agreement.text in words
    for kept in ("چاپ کتاب", str(representative), scan.name, agreement.council.name_fa):
        assert kept not in words
    assert "تفاهم‌نامهٔ ما" in client.get(agency.get_absolute_url()).content.decode()
    stranger = factories.representative()
    assert "چاپ کتاب" not in page(client, stranger, agreement.get_absolute_url()).content.decode()
    assert page(client, stranger, url("agreement_file", scan.pk)).status_code == 404
    agreements.publish(agreement.pk, by=None, is_public=False)
    client.logout()
    assert client.get(agreement.get_absolute_url()).status_code == 404


def test_a_list_asks_the_same_of_one_and_of_thirty(client, officer, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(officer)

    def asked():
        client.get(url("agreement_list"))
        with CaptureQueriesContext(connection) as queries:
            client.get(url("agreement_list"))
        return len(queries)

    doing.action(agreement=doing.agreement())
    few = asked()
    for _n in range(29):
        doing.action(agreement=doing.agreement())
    assert asked() == few <= 12


# --- commitments ---------------------------------------------------------------------------------


def test_a_commitment_from_promise_to_confirmation(client, officer, agency, representative):
    agreement = doing.agreement(agency)
    client.force_login(officer)
    said = {"side": "agency", "title": "چاپ ده کتاب", "owner": representative.pk, "due_days": "۲۰"}
    assert client.post(url("commitment_new", agreement.pk), {**said, "side": ""}).status_code == 422
    assert client.post(url("commitment_new", agreement.pk), said).url == agreement.get_absolute_url()
    item = ActionItem.objects.get()
    assert (item.agreement, item.agency, item.council) == (agreement, agency, agreement.council)
    assert Notice.objects.filter(user=representative, kind="action_given").exists()
    client.force_login(representative)
    assert client.post(url("action_note", item.pk), {"text": "پنج کتاب چاپ شد", "percent": "۵۰"}).status_code == 302
    assert client.post(url("action_move", item.pk, "report"), {"why": "همه چاپ شد", "version": 1}).status_code == 302
    assert item.title in page(client, representative, url("action_list")).content.decode()
    client.force_login(officer)
    assert client.post(url("action_move", item.pk, "confirm"), {"version": 2}).status_code == 302
    agreements.end(agreement.pk, by=officer, why="پایان")
    with pytest.raises(RuleBroken):
        actions.commit(agreement.pk, by=officer, side="agency", title="x", owner=representative, due_days=3)


def test_the_review_is_a_paper_that_stays(client, officer, agency, representative, in_english):
    agreement = doing.agreement(agency)
    client.force_login(officer)
    assert client.post(url("agreement_review_make", agreement.pk)).url == agreement.get_absolute_url()
    item = doing.action(agreement=agreement, owner=representative, title="چاپ کتاب")
    actions.note(item.pk, by=representative, text="نیمی از کار", percent=50)
    actions.postpone(item.pk, by=officer, why="کاغذ نبود", due_on=today() + timedelta(days=30))
    doing.action(agreement=agreement, side="secretariat", owner=officer, title="معرفی ارزیاب", due_on=today() - timedelta(days=2))
    doing.action(agreement=agreement, owner=representative, title="لغوشده", status="cancelled")
    made = client.post(url("agreement_review_make", agreement.pk))
    review = AgreementReview.objects.get()
    assert made.url == review.get_absolute_url() and review.made_by == officer
    actions.move(item.pk, "report", by=representative, why="شد")
    words = page(client, representative, review.get_absolute_url()).content.decode()
    for part in ("چاپ کتاب", "نیمی از کار", "معرفی ارزیاب", "to do", "(late)", "Postponements"):
        assert part in words, part
    assert "لغوشده" not in words
    assert page(client, factories.representative(), review.get_absolute_url()).status_code == 404
    draft = doing.agreement(agency, status="draft")
    with pytest.raises(RuleBroken):
        agreements.review(draft.pk, by=officer)


def test_files_of_an_agreement(client, officer, agency, representative):
    agreement = doing.agreement(agency)
    client.force_login(officer)
    add = url("agreement_file_add", agreement.pk)
    assert client.post(add, {"file": specimens.upload(specimens.pdf())}).url.endswith("#files")
    assert client.post(add, {"file": specimens.upload(specimens.pdf())}).status_code == 422
    file = agreement.files.get()
    assert page(client, representative, url("agreement_file", file.pk)).status_code == 200
    assert client.post(url("agreement_file_remove", file.pk)).status_code == 404
    client.force_login(officer)
    assert client.post(url("agreement_file_remove", file.pk)).status_code == 302
    assert page(client, representative, url("agreement_file", file.pk)).status_code == 404
