"""The API: agencies submit, follow and attach; the public reads sets and marks; refusals are words and codes."""

import uuid

import pytest
from django.urls import reverse
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from products.models import Product
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency():
    return factories.agency()


@pytest.fixture
def api(agency):
    client = APIClient()
    token = Token.objects.create(user=factories.representative(agency))
    client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    return client


@pytest.fixture
def stranger():
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=factories.representative()).key}")
    return client


def begin(api, **said):
    return api.post("/api/v1/products/", {"kind": factories.product_kind().code, **said}, format="json")


COMPLETE = {
    "answers": {"title_fa": "باغ كتاب", "title_en": "Book garden", "summary": "خلاصه‌ای از اثر برای داوری", "audience": "general", "starts_on": "۱۴۰۴/۰۱/۰۵"},
    "creators": [{"name": "گلناز پورچیان", "role": "نویسنده"}],
    "links": [{"url": "https://example.org/work", "label": "نمونه"}],
}  # fmt: skip


def test_a_product_goes_from_draft_to_submitted(api):
    made = begin(api, **COMPLETE)
    assert made.status_code == 201, made.content
    assert made.json()["status"] == "draft"
    pk, version = made.json()["id"], made.json()["version"]
    upload = api.post(f"/api/v1/products/{pk}/files/", {"file": _pdf()}, format="multipart")
    assert upload.status_code == 201, upload.content
    sent = api.post(f"/api/v1/products/{pk}/submit/", {"version": version}, format="json")
    assert sent.status_code == 200, sent.content
    assert sent.json()["status"] == "submitted"
    assert [move["action"] for move in sent.json()["moves"]] == ["submit"]
    assert Product.objects.get(pk=pk).title_fa == "باغ کتاب"  # the Arabic kaf was normalised


def _pdf():
    import io

    from django.core.files.uploadedfile import SimpleUploadedFile
    from pypdf import PdfWriter

    writer, out = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(out)
    return SimpleUploadedFile("نمونه.pdf", out.getvalue(), content_type="application/pdf")


def test_what_is_missing_is_named(api):
    made = begin(api, answers={"title_fa": "بی‌خلاصه"}).json()
    sent = api.post(f"/api/v1/products/{made['id']}/submit/", {"version": made["version"]}, format="json")
    assert sent.status_code == 400
    assert "summary" in {problem["field"] for problem in sent.json()["problems"]}
    assert Product.objects.get(pk=made["id"]).status == "draft"


def test_an_idempotency_key_begins_one_product(api):
    kind, key = factories.product_kind().code, str(uuid.uuid4())
    answers = [api.post("/api/v1/products/", {"kind": kind}, format="json", HTTP_IDEMPOTENCY_KEY=key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Product.objects.count() == 1


def test_a_stale_version_is_refused_and_nothing_lost(api):
    made = begin(api).json()
    url = f"/api/v1/products/{made['id']}/"
    first = api.patch(url, {"version": made["version"], "answers": {"title_fa": "نخست"}}, format="json")
    assert first.status_code == 200
    second = api.patch(url, {"version": made["version"], "answers": {"title_fa": "دوم"}}, format="json")
    assert second.status_code == 409
    assert api.get(url).json()["draft"]["answers"]["title_fa"] == "نخست"


def test_a_stranger_finds_nothing(api, stranger):
    made = begin(api).json()
    url = f"/api/v1/products/{made['id']}/"
    assert stranger.get(url).status_code == 404
    assert stranger.patch(url, {"version": 1, "answers": {}}, format="json").status_code == 404
    for action in ("submit", "withdraw", "files"):
        assert stranger.post(f"{url}{action}/", {"version": 1, "why": "x"}, format="json").status_code == 404
    assert stranger.get("/api/v1/products/").json()["count"] == 0


def test_another_agencys_name_does_not_help(stranger, agency):
    assert begin(stranger, agency=agency.slug).status_code == 404


def test_the_anonymous_may_only_read_what_is_public():
    client = APIClient()
    assert client.get("/api/v1/products/").status_code == 401
    assert begin(client).status_code == 401
    for name in ("sets", "kinds", "marks"):
        assert client.get(f"/api/v1/{name}/").status_code == 200


def test_sets_are_read_without_drafts():
    version = factories.published_set()
    tree = APIClient().get(f"/api/v1/sets/{version.set.code}/versions/1/")
    assert tree.status_code == 200
    assert [node["code"] for node in tree.json()["indicators"]] == ["D1", "D2"]
    assert tree.json()["indicators"][0]["children"][0]["scale"]["kind"] == "ordinal"
    from assessments.models import IndicatorSet, SetVersion

    draft = SetVersion.objects.create(
        set=IndicatorSet.objects.create(code="secret", title_fa="x", title_en="x", layer="kind"), number=1
    )
    assert APIClient().get("/api/v1/sets/secret/").status_code == 404
    assert APIClient().get(f"/api/v1/sets/secret/versions/{draft.number}/").status_code == 404


def test_an_unsafe_file_is_refused_in_words(api):
    from django.core.files.uploadedfile import SimpleUploadedFile

    made = begin(api).json()
    evil = SimpleUploadedFile(
        "a.pdf", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", content_type="application/pdf"
    )
    answer = api.post(f"/api/v1/products/{made['id']}/files/", {"file": evil}, format="multipart")
    assert answer.status_code == 400
    assert answer.json()["detail"]


def test_queries_do_not_grow_with_the_list(api, agency, django_assert_max_num_queries):
    kind = factories.product_kind()
    for _ in range(30):
        factories.product(agency_=agency, kind=kind)
    with django_assert_max_num_queries(8):
        assert api.get("/api/v1/products/").json()["count"] == 30


def test_the_documentation_draws_every_operation(client):
    page = client.get(reverse("api_docs")).content.decode()
    for path in ("/api/v1/products/{id}/submit/", "/api/v1/marks/{serial}/", "/api/v1/sets/{code}/versions/{number}/"):
        assert path in page
    assert client.get(reverse("api_schema")).status_code == 200
