"""Overlaps between agencies: how likeness is measured, what is kept, who decides and who learns of it."""

import datetime
import uuid

import jdatetime
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from products.models import Overlap, Product
from products.services import overlaps
from products.services.overlaps import WEIGHTS, decide, find, period_likeness, weigh
from secretariat.errors import RuleBroken, Stale
from secretariat.models import Notice
from tests import factories
from tests.together import at_once

days = st.dates(datetime.date(1990, 1, 1), datetime.date(2040, 1, 1))
periods = st.none() | st.tuples(days, days).map(lambda pair: tuple(sorted(pair)))
shares = st.fixed_dictionaries({name: st.floats(0, 1) for name in WEIGHTS})


# --- likeness ------------------------------------------------------------------------------------


@given(periods, periods)
def test_likeness_of_periods_is_a_symmetric_share(one, two):
    share = period_likeness(one, two)
    assert 0 <= share <= 1 and share == period_likeness(two, one)
    if one:
        assert period_likeness(one, one) == 1
    if not (one and two):
        assert share == 0


@given(days, st.integers(0, 400), st.integers(0, 400))
def test_periods_further_apart_are_never_more_alike(day, near, far):
    near, far = sorted((near, far))

    def apart(gap):
        return period_likeness((day, day), (day + datetime.timedelta(gap), day + datetime.timedelta(gap)))

    assert apart(far) <= apart(near)
    assert apart(0) == 1 and apart(31) == 0


@given(shares)
def test_the_whole_is_a_share_and_grows_with_each_part(parts):
    whole = weigh(parts)
    assert 0 <= whole <= 1
    for name in parts:
        assert weigh({**parts, name: 1}) >= whole - 1e-4
    assert weigh(dict.fromkeys(parts, 1)) == 1


pytestmark = pytest.mark.django_db

SPRING = {"starts_on": jdatetime.date(1403, 2, 1), "ends_on": jdatetime.date(1403, 2, 20)}


def alike(status="accepted", **fields):
    fields.setdefault("title_fa", "نمایشگاه کتاب کودک تهران")
    return factories.product(status, **{**SPRING, **fields})


def test_an_identical_product_of_another_agency_is_wholly_alike():
    kind = factories.product_kind()
    other = alike(kind=kind)
    mine = alike("submitted", kind=kind, title_en="A quite different English title")
    (overlap,) = find(mine.pk)
    assert (overlap.product, overlap.other, overlap.similarity, overlap.decision) == (mine, other, 1.0, "open")
    assert overlap.reasons == {"title": 1.0, "kind": 1.0, "audience": 1.0, "period": 1.0}


def test_spelling_and_order_of_submission_make_no_difference():
    kind = factories.product_kind()
    one = alike("submitted", kind=kind, title_fa="نمایشگاه كتاب كودك و نوجوان")
    two = alike("submitted", kind=kind, title_fa="نمایشگاهِ کتابِ کودک", audience="children")
    (first,) = find(one.pk)
    likeness = first.similarity, first.reasons
    first.delete()
    (second,) = find(two.pk)
    assert (second.similarity, second.reasons) == likeness
    assert 0.55 <= second.similarity < 1


@pytest.mark.parametrize("status", ["draft", "withdrawn", "refused"])
def test_what_is_not_before_the_secretariat_overlaps_with_nothing(status):
    kind = factories.product_kind()
    gone = alike(status, kind=kind)
    mine = alike("submitted", kind=kind)
    assert find(mine.pk) == [] and find(gone.pk) == []


def test_ones_own_agency_and_other_titles_are_left_out():
    kind = factories.product_kind()
    mine = alike("submitted", kind=kind)
    alike(kind=kind, agency_=mine.agency)
    alike(kind=kind, title_fa="مستند دریاچهٔ ارومیه")
    alike(kind=kind, title_fa="🎬🎬🎬")
    assert find(mine.pk) == []


def test_a_like_title_alone_is_not_enough():
    other = alike(audience="experts", starts_on=jdatetime.date(1390, 1, 1), ends_on=None)
    mine = alike("submitted", title_fa="نمایشگاه کتاب")
    assert find(mine.pk) == [] and other.overlapped_by.count() == 0


def test_a_pair_is_one_row_and_a_second_search_changes_nothing_decided():
    kind = factories.product_kind()
    one, two = alike("submitted", kind=kind), alike("submitted", kind=kind)
    (overlap,) = find(two.pk)
    decide(overlap.pk, "distinct", "دو نمایشگاه جدا", by=factories.officer())
    (same,) = find(one.pk)
    assert same.pk == overlap.pk and same.decision == "distinct" and same.product == two
    Product.objects.filter(pk=two.pk).update(title_fa="چیز دیگری")
    assert [kept.decision for kept in find(one.pk)] == ["distinct"]


def test_an_undecided_pair_that_is_no_longer_likely_goes():
    kind = factories.product_kind()
    one, two = alike("submitted", kind=kind), alike("submitted", kind=kind)
    find(two.pk)
    Product.objects.filter(pk=two.pk).update(title_fa="چیز دیگری")
    assert find(one.pk) == [] and not Overlap.objects.exists()


def test_a_submission_is_compared_by_itself():
    kind = factories.product_kind()
    factories.submission(title_fa="جشنوارهٔ قصه‌گویی", kind=kind)
    second = factories.submission(title_fa="جشنواره قصه گویی", kind=kind)
    assert [overlap.product_id for overlap in Overlap.objects.all()] == [second.product_id]


@pytest.mark.django_db(transaction=True)
def test_of_two_alike_submitted_at_once_one_sees_the_other():
    from products.services.submission import save_draft, start, submit

    kind = factories.product_kind()
    drafts = []
    for _n in range(2):
        draft = start(factories.agency(), kind, by=None)
        said = {"title_fa": "جشنوارهٔ قصه‌گویی", "summary": "خلاصه", "audience": "general", "starts_on": "1403/02/01"}
        rows = {"creators": [{"name": "سارا", "role": ""}], "links": [{"url": "https://example.org/", "label": ""}]}
        drafts.append(save_draft(draft.pk, {"answers": said, **rows}, by=None, version=draft.version))
    handed_in = at_once(*(lambda draft=draft: submit(draft.pk, by=None, version=draft.version).number for draft in drafts))
    assert handed_in == [1, 1]
    assert Overlap.objects.count() == 1


# --- deciding ------------------------------------------------------------------------------------


@pytest.fixture
def overlap():
    kind = factories.product_kind()
    other = alike(kind=kind, title_en="Book fair of the others")
    return Overlap.objects.create(
        product=alike("submitted", kind=kind, title_en="Book fair"), other=other, similarity=0.9, reasons={"title": 0.9}
    )


@pytest.fixture
def officer(client):
    person = factories.officer()
    client.force_login(person)
    return person


def test_only_officers_decide_and_only_with_a_reason(overlap):
    officer = factories.officer()
    for person in (factories.user(), factories.representative(overlap.product.agency), factories.assessor().user):
        with pytest.raises(RuleBroken):
            decide(overlap.pk, "distinct", "چون", by=person)
    for decision, reason, field in (("open", "چون", "decision"), ("x", "چون", "decision"), ("distinct", "  ", "reason")):
        with pytest.raises(RuleBroken) as broken:
            decide(overlap.pk, decision, reason, by=officer)
        assert broken.value.field == field
    overlap.refresh_from_db()
    assert overlap.decision == "open"


def test_a_decision_is_told_and_a_later_one_stays_in_the_history(overlap):
    officer, late = factories.officer(), factories.officer()
    mine, theirs = factories.representative(overlap.product.agency), factories.representative(overlap.other.agency)
    decide(overlap.pk, "distinct", "دو کار جدا", by=officer, seen="open")
    assert Notice.objects.filter(user=mine, kind="overlap_decided").count() == 1
    assert not Notice.objects.filter(user=theirs).exists()
    with pytest.raises(Stale):
        decide(overlap.pk, "duplicate", "همان است", by=late, seen="open")
    decide(overlap.pk, "cooperate", "با هم", by=late, seen="distinct")
    assert Notice.objects.filter(user=theirs, kind="overlap_decided").count() == 1
    told = Notice.objects.filter(user=theirs).get()
    assert overlap.product.title_fa in told.text_fa and told.link == overlap.other.get_absolute_url()
    assert [event.decision for event in overlap.events.order_by("pgh_id")] == ["open", "distinct", "cooperate"]


# --- pages ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_english")
def test_only_officers_find_the_pages(client, overlap):
    recheck = reverse("overlap_recheck", args=[overlap.product_id])
    assert reverse("sign_in") in client.get(overlap.get_absolute_url()).url
    assert reverse("sign_in") in client.post(recheck).url
    for person in (factories.representative(overlap.product.agency), factories.representative(), factories.assessor().user):
        client.force_login(person)
        assert client.get(reverse("overlap_list")).status_code == 404
        assert client.get(overlap.get_absolute_url()).status_code == 404
        said = {"decision": "distinct", "reason": "x", "seen": "open"}
        assert client.post(overlap.get_absolute_url(), said).status_code == 404
        assert client.post(recheck).status_code == 404
    overlap.refresh_from_db()
    assert overlap.decision == "open"


@pytest.mark.usefixtures("in_english")
def test_overlap_detail_shows_both_sides_and_records_the_decision_once(client, officer, overlap):
    page = client.get(overlap.get_absolute_url()).content.decode()
    assert "Book fair of the others" in page and str(overlap.product.agency) in page and "90%" in page
    said = {"decision": "cooperate", "reason": "یک نمایشگاه با هم", "seen": "open", "once_key": str(uuid.uuid4())}
    said["next"] = reverse("screening_form", args=[overlap.product_id])
    first, second = client.post(overlap.get_absolute_url(), said), client.post(overlap.get_absolute_url(), said)
    assert first.status_code == second.status_code == 302 and first.url == second.url == said["next"]
    overlap.refresh_from_db()
    assert (overlap.decision, overlap.decided_by) == ("cooperate", officer)


@pytest.mark.usefixtures("in_english")
def test_overlap_detail_explains_bad_input_and_keeps_it(client, officer, overlap):
    for said, kept in (
        ({"decision": "distinct", "reason": " "}, "distinct"),
        ({"reason": "یک دلیل"}, "یک دلیل"),
        ({}, "required"),
    ):
        answer = client.post(overlap.get_absolute_url(), {"seen": "open", **said})
        assert answer.status_code == 422 and kept in answer.content.decode()
    long = client.post(overlap.get_absolute_url(), {"seen": "open", "decision": "distinct", "reason": "س" * 3000})
    assert long.status_code == 422 and "س" * 3000 in long.content.decode()


@pytest.mark.usefixtures("in_english")
def test_overlap_detail_shows_a_decision_made_meanwhile_and_lets_it_be_replaced(client, officer, overlap):
    decide(overlap.pk, "distinct", "دو کار جدا", by=factories.officer(first_name="Mina", last_name="Quick"))
    said = {"decision": "duplicate", "reason": "همان است", "seen": "open"}
    answer = client.post(overlap.get_absolute_url(), said)
    page = answer.content.decode()
    assert answer.status_code == 409 and "Mina Quick" in page and "دو کار جدا" in page and "همان است" in page
    assert 'name="seen" value="distinct"' in page
    assert client.post(overlap.get_absolute_url(), {**said, "seen": "distinct"}).status_code == 302
    overlap.refresh_from_db()
    assert overlap.decision == "duplicate"
    assert "دو کار جدا" in client.get(overlap.get_absolute_url()).content.decode()  # among the earlier decisions


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example"])
def test_overlap_detail_leads_to_no_other_site(client, officer, overlap, elsewhere):
    said = {"decision": "distinct", "reason": "چون", "seen": "open", "next": elsewhere}
    assert client.post(overlap.get_absolute_url(), said).url == reverse("overlap_list")


def test_overlap_list_has_the_open_ones_first_and_none_that_came_to_nothing(client, officer, overlap):
    decided = Overlap.objects.create(product=alike(), other=alike(), similarity=0.99)
    decide(decided.pk, "distinct", "چون", by=officer)
    Overlap.objects.create(product=alike("submitted"), other=alike("refused"), similarity=0.95)
    rows = client.get(reverse("overlap_list")).context["list"].page.rows
    assert [row.pk for row in rows] == [overlap.pk, decided.pk]
    rows = client.get(reverse("overlap_list"), {"decision": "distinct"}).context["list"].page.rows
    assert [row.pk for row in rows] == [decided.pk]
    rows = client.get(reverse("overlap_list"), {"agency": overlap.other.agency_id}).context["list"].page.rows
    assert [row.pk for row in rows] == [overlap.pk]


def test_overlap_list_asks_the_same_queries_for_three_and_for_thirty(client, officer):
    kind = factories.product_kind()
    mine = factories.product("submitted", kind=kind)

    def asked(to):
        for _n in range(to - Overlap.objects.count()):
            Overlap.objects.create(product=mine, other=factories.product("accepted", kind=kind), similarity=0.8)
        client.get(reverse("overlap_list"))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse("overlap_list"), {"size": 100}).status_code == 200
        return len(queries)

    assert asked(3) == asked(30)


def test_recheck_compares_anew(client, officer):
    kind = factories.product_kind()
    mine = alike("submitted", kind=kind)
    alike(kind=kind)
    answer = client.post(reverse("overlap_recheck", args=[mine.pk]), {"once_key": str(uuid.uuid4())})
    assert answer.status_code == 302 and answer.url == mine.get_absolute_url()
    assert Overlap.objects.count() == 1
    assert client.get(reverse("overlap_recheck", args=[mine.pk])).status_code == 405


@pytest.mark.usefixtures("in_english")
def test_the_agency_reads_title_agency_kind_and_the_decision_but_no_more(client, overlap):
    Product.objects.filter(pk=overlap.other_id).update(summary="خلاصهٔ محرمانه")
    client.force_login(factories.representative(overlap.product.agency))
    url = overlap.product.get_absolute_url()
    page = client.get(url).content.decode()
    assert "Book fair of the others" in page and overlap.other.agency.name_en in page and "has not decided yet" in page
    assert "خلاصهٔ محرمانه" not in page and overlap.other.get_absolute_url() + '"' not in page
    officer = factories.officer(first_name="Mina", last_name="Quick")
    decide(overlap.pk, "distinct", "دو کار جدا", by=officer)
    page = client.get(url).content.decode()
    assert "دو کار جدا" in page and "distinct work" in page and "Mina Quick" not in page


@pytest.mark.usefixtures("in_english")
def test_the_other_agency_learns_of_it_only_when_it_is_decided(client, overlap):
    client.force_login(factories.representative(overlap.other.agency))
    url = overlap.other.get_absolute_url()
    assert overlap.product.agency.name_en not in client.get(url).content.decode()
    decide(overlap.pk, "cooperate", "با هم بسازید", by=factories.officer())
    assert "با هم بسازید" in client.get(url).content.decode()


def test_the_weights_are_one_and_their_names_are_kept():
    assert sum(overlaps.WEIGHTS.values()) == pytest.approx(1)
