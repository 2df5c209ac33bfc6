"""The form: drafts kept word for word, errors beside the fields, two people at once, nothing lost."""

import json
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from products.models import KindField, Product, Screening
from products.services import submission
from tests import factories, specimens
from tests.products.test_product_service import COMPLETE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def agency():
    return factories.agency()


@pytest.fixture
def person(agency):
    return factories.representative(agency)


@pytest.fixture
def draft(agency, person):
    return submission.start(agency, factories.product_kind(), by=person)


@pytest.fixture
def signed_in(client, person):
    client.force_login(person)
    return client


def form_of(product, action="save", **fields):
    """What a browser posts for a complete form; `fields` say some of them otherwise."""
    product.refresh_from_db()
    body = {
        **COMPLETE["answers"],
        "creators-sent": "1",
        "links-sent": "1",
        "creators-0-name": "سارا يوسفي",
        "creators-0-role": "نويسنده",
        "links-0-url": "https://example.org/book",
        "links-0-label": "",
        "version": product.version,
        "action": action,
        "once_key": str(uuid.uuid4()),
    }
    return body | {name.replace("__", "-"): value for name, value in fields.items()}


def edit(product, query=""):
    return reverse("product_edit", args=[product.pk]) + query


def returned(product, person, **reasons):
    saved = submission.save_draft(product.pk, COMPLETE, by=person, version=product.version)
    version = submission.submit(product.pk, by=person, version=saved.version)
    Screening.objects.create(version=version, decision="return", field_reasons=reasons, note="یک نکته", by=factories.officer())
    Product.objects.filter(pk=product.pk).update(status="returned")
    product.refresh_from_db()
    return version


# --- new ---------------------------------------------------------------------------------------------


def test_new_opens_a_draft(signed_in, agency):
    kind = factories.product_kind()
    page = signed_in.get(reverse("product_new"))
    assert kind.title_en in page.text
    answer = signed_in.post(reverse("product_new"), {"agency": agency.pk, "kind": kind.pk})
    product = Product.objects.get()
    assert (product.agency, product.kind, answer.url) == (agency, kind, edit(product))


def test_new_twice_by_one_key_is_one_draft(signed_in, agency):
    body = {"agency": agency.pk, "kind": factories.product_kind().pk, "once_key": str(uuid.uuid4())}
    first, second = (signed_in.post(reverse("product_new"), body) for _ in range(2))
    assert first.url == second.url and Product.objects.count() == 1


def test_new_explains_what_is_missing(signed_in, agency):
    factories.product_kind()
    answer = signed_in.post(reverse("product_new"), {"agency": agency.pk})
    assert answer.status_code == 422 and "Choose what it is." in answer.text


def test_new_refuses_another_agency_and_a_closed_kind(signed_in, agency):
    other, closed = factories.agency(), factories.product_kind(is_active=False)
    assert signed_in.post(reverse("product_new"), {"agency": other.pk, "kind": factories.product_kind().pk}).status_code == 422
    assert signed_in.post(reverse("product_new"), {"agency": agency.pk, "kind": closed.pk}).status_code == 422
    assert not Product.objects.exists()


def test_new_asks_which_agency_when_there_are_several(signed_in, person):
    factories.granted("representative", person, agency=factories.agency(name_en="Second agency"))
    assert "Second agency" in signed_in.get(reverse("product_new")).text


def test_new_says_so_to_those_without_an_agency(client):
    client.force_login(factories.user())
    assert "You represent no member agency" in client.get(reverse("product_new")).text


# --- who may -----------------------------------------------------------------------------------------

PAGES = ["product_edit", "product_review", "product_detail", "product_withdraw"]


@pytest.mark.parametrize("name", PAGES)
def test_strangers_find_nothing(client, draft, name):
    for stranger in (factories.representative(), factories.user(), factories.assessor().user):
        client.force_login(stranger)
        assert client.get(reverse(name, args=[draft.pk])).status_code == 404


@pytest.mark.parametrize(
    "name", ["product_edit", "product_review", "product_withdraw", "product_autosave", "product_file_upload"]
)
def test_strangers_write_nothing(client, draft, name):
    client.force_login(factories.representative())
    assert client.post(reverse(name, args=[draft.pk]), form_of(draft, why="چون")).status_code == 404
    draft.refresh_from_db()
    assert (draft.status, draft.draft) == ("draft", {})


@pytest.mark.parametrize("name", [*PAGES, "product_autosave", "product_file_upload"])
def test_the_anonymous_are_sent_to_sign_in(client, draft, name):
    answer = client.post(reverse(name, args=[draft.pk]), form_of(draft))
    assert answer.status_code == 302 and "next=" in answer.url
    draft.refresh_from_db()
    assert draft.draft == {}


def test_officers_read_but_do_not_edit(client, draft):
    client.force_login(factories.officer())
    assert client.get(reverse("product_detail", args=[draft.pk])).status_code == 200
    assert client.get(edit(draft)).url == draft.get_absolute_url()
    answer = client.post(edit(draft), form_of(draft), follow=True)
    assert "Only the agency itself edits its product." in answer.text
    draft.refresh_from_db()
    assert draft.draft == {}


# --- saving ------------------------------------------------------------------------------------------


def test_what_was_typed_comes_back_word_for_word(signed_in, draft):
    odd = {"starts_on": "هفتهٔ پیش", "audience": "nobody", "title_fa": "كتاب 🎬", "links__0__url": "nope"}
    assert signed_in.post(edit(draft), form_of(draft, **odd)).url == edit(draft)
    page = signed_in.get(edit(draft)).text
    assert 'value="هفتهٔ پیش"' in page and 'value="كتاب 🎬"' in page and 'value="nope"' in page
    assert 'id="id_starts_on-error"' not in page and "data-error-summary" not in page
    checked = signed_in.get(edit(draft, "?check=1")).text
    assert 'value="هفتهٔ پیش"' in checked and 'id="id_starts_on-error"' in checked and 'href="#id_links-0-url"' in checked


def test_removing_the_last_row_is_kept(signed_in, draft):
    signed_in.post(edit(draft), form_of(draft))
    without = {name: value for name, value in form_of(draft).items() if not name.startswith("creators-0")}
    signed_in.post(edit(draft), without)
    draft.refresh_from_db()
    assert draft.draft["creators"] == [] and len(draft.draft["links"]) == 1


def test_more_rows_without_scripts(signed_in, draft):
    answer = signed_in.post(edit(draft), form_of(draft, action="more_creators"))
    assert answer.url.endswith("?more=1#creators")
    assert 'name="creators-3-name"' in signed_in.get(answer.url).text


def test_check_and_hand_in_leads_on(signed_in, draft):
    answer = signed_in.post(edit(draft), form_of(draft, action="review"))
    assert answer.url == reverse("product_review", args=[draft.pk])
    assert "کتاب علی" in signed_in.get(answer.url).text


def test_ten_megabytes_of_text_are_refused(signed_in, draft):
    answer = signed_in.post(edit(draft), form_of(draft, summary="س" * 5_500_000))
    assert answer.status_code == 413 and "longer than a form can take" in answer.text
    answer = signed_in.post(edit(draft), form_of(draft, summary="س" * 1_000_000))
    assert answer.status_code == 422 and "too long" in answer.text
    assert "س" * 1_000_000 in answer.text  # still there to be shortened
    draft.refresh_from_db()
    assert draft.draft == {}


def test_a_stale_form_shows_both_and_loses_nothing(signed_in, draft, agency):
    old = form_of(draft, title_fa="نوشتهٔ من", summary="خلاصهٔ من")
    colleague = factories.representative(agency, first_name="همکار", last_name="دیگر", name_en="Colleague")
    submission.save_draft(draft.pk, {"answers": {"title_fa": "نوشتهٔ همکار"}}, by=colleague, version=draft.version)
    answer = signed_in.post(edit(draft), old)
    assert answer.status_code == 409
    assert "نوشتهٔ من" in answer.text and "نوشتهٔ همکار" in answer.text and "Colleague" in answer.text
    assert "data-autosave-url" not in answer.text
    draft.refresh_from_db()
    assert draft.draft["answers"]["title_fa"] == "نوشتهٔ همکار"
    assert f'name="version" value="{draft.version}"' in answer.text
    # his title, my summary
    signed_in.post(edit(draft), form_of(draft, title_fa="نوشتهٔ من", summary="خلاصهٔ من", **{"use-title_fa": "theirs"}))
    draft.refresh_from_db()
    assert draft.draft["answers"]["title_fa"] == "نوشتهٔ همکار" and draft.draft["answers"]["summary"] == "خلاصهٔ من"


def test_autosave_answers_the_script(signed_in, draft):
    url = reverse("product_autosave", args=[draft.pk])
    body = form_of(draft, starts_on="غلط")
    answer = signed_in.post(url, body)
    draft.refresh_from_db()
    assert answer.json()["version"] == draft.version and answer.json()["saved_at"]
    assert draft.draft["answers"]["starts_on"] == "غلط"
    assert signed_in.post(url, body).json()["version"] == draft.version  # a lost answer, sent again
    stale = signed_in.post(url, {**body, "title_fa": "دیگر"})
    assert stale.status_code == 409 and stale.json()["url"] == edit(draft)
    assert signed_in.post(url, form_of(draft, summary="س" * 900_000)).status_code == 422
    assert signed_in.get(url).status_code == 405


def test_a_page_of_scripts_is_only_text(signed_in, draft):
    signed_in.post(edit(draft), form_of(draft, title_fa="<script>alert(1)</script>", creators__0__name='"><img src=x>'))
    for page in (edit(draft), edit(draft, "?check=1"), reverse("product_review", args=[draft.pk]), draft.get_absolute_url()):
        text = signed_in.get(page).text
        assert "<script>alert(1)" not in text and "<img src=x>" not in text


# --- returned ----------------------------------------------------------------------------------------


def test_reasons_stand_beside_the_fields(signed_in, draft, person):
    returned(draft, person, title_fa="نام کامل را بنویسید", creators="مترجم نیامده است")
    page = signed_in.get(edit(draft)).text
    assert page.count("نام کامل را بنویسید") == 2 and page.count("مترجم نیامده است") == 2
    assert "یک نکته" in page
    assert "نام کامل را بنویسید" in signed_in.get(draft.get_absolute_url()).text


# --- check and hand in -------------------------------------------------------------------------------


def hand_in(product):
    product.refresh_from_db()
    return {"version": product.version, "once_key": str(uuid.uuid4())}


def test_review_lists_what_is_missing(signed_in, draft):
    url = reverse("product_review", args=[draft.pk])
    page = signed_in.get(url)
    assert f'href="{edit(draft)}?check=1#id_title_fa"' in page.text and "Hand it in" not in page.text
    answer = signed_in.post(url, hand_in(draft))
    assert answer.status_code == 422
    draft.refresh_from_db()
    assert draft.status == "draft" and not draft.versions.exists()


def test_handing_in_twice_is_once(signed_in, draft):
    signed_in.post(edit(draft), form_of(draft))
    url, body = reverse("product_review", args=[draft.pk]), hand_in(draft)
    first, second = signed_in.post(url, body), signed_in.post(url, body)
    assert first.url == second.url == draft.get_absolute_url()
    third = signed_in.post(url, {**body, "once_key": str(uuid.uuid4())})  # the retry of another tab
    assert third.url == draft.get_absolute_url()
    assert draft.versions.count() == 1
    draft.refresh_from_db()
    assert draft.status == "submitted"


def test_handing_in_what_changed_meanwhile_is_shown_again(signed_in, draft, person):
    signed_in.post(edit(draft), form_of(draft))
    body = hand_in(draft)
    submission.save_draft(draft.pk, {"answers": {"title_fa": "نام نو"}}, by=person, version=body["version"])
    answer = signed_in.post(reverse("product_review", args=[draft.pk]), body)
    assert answer.status_code == 409 and "نام نو" in answer.text
    assert not draft.versions.exists()


def test_after_handing_in_the_form_is_closed(signed_in, draft):
    signed_in.post(edit(draft), form_of(draft))
    signed_in.post(reverse("product_review", args=[draft.pk]), hand_in(draft))
    assert signed_in.get(edit(draft)).url == draft.get_absolute_url()
    assert signed_in.post(edit(draft), form_of(draft, title_fa="x")).url == draft.get_absolute_url()
    assert signed_in.post(reverse("product_autosave", args=[draft.pk]), form_of(draft, title_fa="x")).status_code == 422
    draft.refresh_from_db()
    assert draft.title_fa == "کتاب علی"


# --- follow ------------------------------------------------------------------------------------------


def test_the_page_says_state_holder_and_next(signed_in, draft, person):
    page = signed_in.get(draft.get_absolute_url()).text
    assert "your agency" in page and "Go on with the draft" in page
    signed_in.post(edit(draft), form_of(draft))
    signed_in.post(reverse("product_review", args=[draft.pk]), hand_in(draft))
    page = signed_in.get(draft.get_absolute_url()).text
    assert "the secretariat" in page and "An officer checks" in page and person.get_full_name() in page


def test_the_agency_does_not_read_the_officer_s_name(signed_in, client, draft, person):
    from products.services import screening

    saved = submission.save_draft(draft.pk, COMPLETE, by=person, version=draft.version)
    version = submission.submit(draft.pk, by=person, version=saved.version)
    officer = factories.officer(name_en="Officer Hidden")
    screening.screen(version.pk, "accept", dict.fromkeys(screening.CHECKLIST, "yes"), {}, "", by=officer)
    assert "Officer Hidden" not in signed_in.get(draft.get_absolute_url()).text
    client.force_login(officer)
    assert "Officer Hidden" in client.get(draft.get_absolute_url()).text


@pytest.mark.parametrize(
    ("status", "words"),
    [("open", "the assessors"), ("moderation", "its results are being checked"), ("published", "the council decides")],
)
def test_an_accepted_product_tells_where_its_round_stands(signed_in, draft, status, words):
    Product.objects.filter(pk=draft.pk).update(status="accepted", title_fa="آ", submitted_at=draft.created_at)
    assert "next round" in signed_in.get(draft.get_absolute_url()).text
    factories.entry(factories.round_(status=status), draft.subject)
    assert words in signed_in.get(draft.get_absolute_url()).text


def test_versions_are_read_and_compared(signed_in, client, draft, person):
    returned(draft, person, title_fa="نام کامل")
    signed_in.post(edit(draft), form_of(draft, title_fa="نام کامل کتاب", creators__1__name="علی"))
    signed_in.post(reverse("product_review", args=[draft.pk]), hand_in(draft))
    first = signed_in.get(reverse("product_version", args=[draft.pk, 1])).text
    assert "کتاب علی" in first and "There is a newer version." in first
    diff = signed_in.get(reverse("product_version_diff", args=[draft.pk, 2])).text
    assert "کتاب علی" in diff and "نام کامل کتاب" in diff and "علی" in diff
    assert signed_in.get(reverse("product_version_diff", args=[draft.pk, 1])).status_code == 404
    assert signed_in.get(reverse("product_version", args=[draft.pk, 3])).status_code == 404
    client.force_login(factories.representative())
    for name, number in (("product_version", 1), ("product_version_diff", 2)):
        assert client.get(reverse(name, args=[draft.pk, number])).status_code == 404


# --- withdraw ----------------------------------------------------------------------------------------


def test_withdraw_asks_for_a_reason(signed_in, draft):
    url = reverse("product_withdraw", args=[draft.pk])
    assert signed_in.get(url).status_code == 200
    assert signed_in.post(url, {"why": " "}).status_code == 422
    assert signed_in.post(url, {"why": "اشتباه بود"}).url == draft.get_absolute_url()
    draft.refresh_from_db()
    assert draft.status == "withdrawn" and draft.moves.get().why == "اشتباه بود"
    assert signed_in.get(url).url == draft.get_absolute_url()
    assert signed_in.post(url, {"why": "دوباره"}).status_code == 422


# --- kinds' own questions ----------------------------------------------------------------------------


def test_questions_of_every_type(signed_in, draft):
    types = ["text", "long", "number", "whole", "date", "url", "isbn", "issn"]
    for place, type_ in enumerate(types):
        KindField.objects.create(
            kind=draft.kind, key=f"k{place}", label_fa=type_, label_en=type_, type=type_, required=True, position=place
        )
    KindField.objects.create(
        kind=draft.kind, key="c", label_fa="c", label_en="c", type="choice", choices=[{"value": "a", "fa": "الف", "en": "A"}]
    )
    wrong = {
        "q_k2": "x",
        "q_k3": "1/2",
        "q_k4": "روز",
        "q_k5": "javascript:alert(1)",
        "q_k6": "9789640000001",
        "q_k7": "1234",
        "q_c": "z",
    }
    signed_in.post(edit(draft), form_of(draft, **wrong))
    page = signed_in.get(edit(draft, "?check=1")).text
    for name in (*wrong, "q_k0", "q_k1"):
        assert f'id="id_{name}-error"' in page, name
    right = {
        "q_k0": "متن", "q_k1": "متن بلند", "q_k2": "۱۲٫۵", "q_k3": "۳٬۰۰۰", "q_k4": "1403/02/01", "q_k5": "example.org",
        "q_k6": "978-0-306-40615-7", "q_k7": "2008-1782"[:9], "q_c": "a",
    }  # fmt: skip
    right["q_k7"] = "0378-5955"
    signed_in.post(edit(draft), form_of(draft, **right))
    signed_in.post(reverse("product_review", args=[draft.pk]), hand_in(draft))
    draft.refresh_from_db()
    assert draft.status == "submitted"
    assert draft.details == {
        "k0": "متن", "k1": "متن بلند", "k2": "12.5", "k3": 3000, "k4": "2024-04-20", "k5": "https://example.org",
        "k6": "9780306406157", "k7": "0378-5955", "c": "a",
    }  # fmt: skip
    assert json.loads(json.dumps(draft.details)) == draft.details


# --- speed -------------------------------------------------------------------------------------------


def test_the_form_asks_the_database_as_often_for_much_as_for_little(signed_in, draft, person, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        signed_in.get(edit(draft))
    rows = {f"creators-{n}-name": "نام" for n in range(30)} | {f"links-{n}-url": f"https://example.org/{n}" for n in range(15)}
    signed_in.post(edit(draft), form_of(draft) | rows)
    for n in range(10):
        submission.attach(draft.pk, specimens.upload(specimens.pdf(text=str(n))), by=person)
    with django_assert_max_num_queries(14):
        signed_in.get(edit(draft))
    with django_assert_max_num_queries(14):
        signed_in.get(edit(draft, "?check=1"))


def test_handing_in_costs_the_same_whatever_it_holds_and_whoever_is_told(signed_in, draft, person):
    def cost(product, officers, files, others):
        for _one in range(officers):
            factories.officer()
        for n in range(files):
            submission.attach(product.pk, specimens.upload(specimens.pdf(text=f"{product.pk} {n}")), by=person)
        for _one in range(others):
            factories.product(status="submitted", kind=product.kind)
        signed_in.post(edit(product), form_of(product))
        with CaptureQueriesContext(connection) as queries:
            answer = signed_in.post(reverse("product_review", args=[product.pk]), hand_in(product))
        assert answer.url == product.get_absolute_url()
        return len(queries)

    second = submission.start(draft.agency, draft.kind, by=person)
    few, many = cost(draft, 1, 1, 1), cost(second, 10, 10, 20)
    assert few == many <= 45


def test_the_page_of_a_product_costs_the_same_for_many_versions(signed_in, draft, person):
    def cost():
        with CaptureQueriesContext(connection) as queries:
            signed_in.get(draft.get_absolute_url())
        return len(queries)

    returned(draft, person, title_fa="نام")
    few = cost()
    for _again in range(4):
        returned(draft, person, title_fa="نام")
    assert few == cost() <= 25
