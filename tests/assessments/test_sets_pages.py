"""Indicator sets in the browser: what everybody reads, what officers do, and who is kept out."""

import re
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Indicator, IndicatorSet, SetVersion
from assessments.selectors.sets import tree, walk
from assessments.services import sets
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer():
    return factories.officer()


@pytest.fixture
def published():
    return factories.published_set(dimensions=2, indicators=2, code="poster")


@pytest.fixture
def draft(published, officer):
    return sets.new_version(published.set_id, by=officer)


@pytest.fixture
def desk(client, officer):
    """The officer's browser."""
    client.force_login(officer)
    return client


def node(version, code):
    return next(node for node in walk(tree(version)) if node.code == code)


def at(name, version, *more):
    return reverse(name, args=[version.set.code, version.number, *more])


def sent(version, **fields):
    return {"edition": SetVersion.objects.get(pk=version.pk).edition, "once_key": str(uuid.uuid4()), **fields}


def indicator_fields(**fields):
    return {
        "kind": "indicator", "title_fa": "شاخص تازه", "title_en": "New one", "weight": "۰", "rater": "expert",
        "scale": str(factories.scale().pk), **fields,
    }  # fmt: skip


EDITOR = ["set_edit", "set_about", "set_node_new", "set_publish", "set_discard", "set_preview", "set_retire"]


# --- what everybody reads ------------------------------------------------------------------------


def test_everybody_reads_published_sets_and_no_draft(client, draft):
    page = client.get(reverse("set_list")).content.decode()
    assert "Set" in page and "draft" not in page and reverse("set_new") not in page
    assert at("set_version", draft.based_on) in page
    assert client.get(at("set_version", draft)).status_code == 404
    assert client.get(at("set_diff", draft)).status_code == 404
    assert client.get(at("set_version", draft.based_on)).status_code == 200
    assert client.get(reverse("set_version", args=["poster", 77])).status_code == 404


def test_a_set_without_a_published_version_is_not_there(client, officer):
    sets.create_set(by=officer, code="secret", title_fa="نهان", title_en="Hidden", layer="kind")
    assert "Hidden" not in client.get(reverse("set_list")).content.decode()
    assert client.get(reverse("set_latest", args=["secret"])).status_code == 404
    client.force_login(officer)
    assert "Hidden" in client.get(reverse("set_list")).content.decode()


def test_the_page_says_everything_about_an_indicator(client, officer):
    draft = sets.create_set(by=officer, code="all", title_fa="همه", title_en="All", layer="kind")
    top = sets.save_node(draft.pk, edition=1, by=officer, title_fa="بُعد", title_en="Reach", weight=100, scale=None)
    harm = factories.scale("inverse", anchors=[{"value": v, "fa": f"ف{v}", "en": f"harm {v}"} for v in range(5)])
    common = {"by": officer, "parent": top, "title_fa": "شاخص", "weight": 50}
    sets.save_node(
        draft.pk, edition=2, title_en="Harm", scale=harm, gate_least=50, allow_na=True, guidance_en="Look twice.", guidance_fa="نگاه",
        sources=[{"title": "A book", "url": "https://example.org/"}], **common,
    )  # fmt: skip
    sets.save_node(
        draft.pk, edition=3, title_en="Audience", scale=factories.scale("ratio"), rater="secretariat", unit_en="people", **common
    )
    version = sets.publish(draft.pk, by=officer)
    page = client.get(at("set_version", version)).content.decode()
    for words in (
        "Look twice.", "no worse than “harm 2”", "may be “not applicable”", "measured once by the secretariat", "(people)",
        "the target is set for each round", "The secretariat sets the target for each round", "https://example.org/", "harm 4",
        version.content_hash,
    ):  # fmt: skip
        assert words in page, words


def test_a_retired_version_stays_and_says_so(client, published, draft, officer):
    sets.publish(draft.pk, by=officer)
    page = client.get(at("set_version", published)).content.decode()
    assert "This version is retired" in page and at("set_version", draft) in page
    assert client.get(reverse("set_latest", args=["poster"])).url == at("set_version", draft)
    assert "Version 1" in client.get(at("set_version", draft)).content.decode()


def test_what_changed_between_published_versions_is_public(client, published, draft, officer):
    sets.save_node(draft.pk, edition=1, by=officer, pk=node(draft, "D1I1").pk, title_en="Renamed")
    sets.publish(draft.pk, by=officer)
    page = client.get(at("set_diff", draft)).content.decode()
    assert "Renamed" in page and "<del>Indicator 1.1</del>" in page and "1 changed" in page
    assert client.get(at("set_diff", draft) + "?with=9").status_code == 404
    assert "first version" in client.get(at("set_diff", factories.published_set())).content.decode()


def test_both_languages(client, published):
    client.cookies["language"] = "fa"
    page = client.get(at("set_version", published)).content.decode()
    assert 'dir="rtl"' in page and "شاخص 1.1" in page and "۲۵٪" in page
    client.cookies["language"] = "en"
    page = client.get(at("set_version", published)).content.decode()
    assert 'dir="ltr"' in page and "Indicator 1.1" in page and "25%" in page


def queries(client, address):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_query_counts_do_not_grow(client, officer):
    small, large = factories.published_set(dimensions=1, indicators=5), factories.published_set(dimensions=4, indicators=16)
    assert queries(client, at("set_version", small)) == queries(client, at("set_version", large)) <= 6
    few = queries(client, reverse("set_list"))
    for _ in range(12):
        factories.published_set(dimensions=1, indicators=1)
    assert queries(client, reverse("set_list")) == few <= 6
    client.force_login(officer)
    drafts = [sets.new_version(version.set_id, by=officer) for version in (small, large)]
    for name in ("set_edit", "set_preview", "set_publish", "set_diff"):
        counts = [queries(client, at(name, version)) for version in drafts]
        assert counts[0] == counts[1] <= 12, name


def test_a_visitor_gets_a_304_until_something_changes(client, published, officer):
    for address in (at("set_version", published), reverse("set_list")):
        first = client.get(address)
        assert "no-cache" in first["Cache-Control"] and "Cookie" in first["Vary"]
        again = client.get(address, headers={"if-none-match": first["ETag"]})
        assert again.status_code == 304 and "Content-Security-Policy" not in again
        client.cookies["language"] = "fa"
        assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 200
        del client.cookies["language"]
        IndicatorSet.objects.filter(pk=published.set_id).update(title_en=f"Renamed {first['ETag'][3:9]}")
        assert client.get(address, headers={"if-none-match": first["ETag"]}).status_code == 200
    client.force_login(officer)
    signed_in = client.get(at("set_version", published))
    assert client.get(at("set_version", published), headers={"if-none-match": first["ETag"]}).status_code == 200
    assert "private" in signed_in["Cache-Control"]


# --- who is kept out -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", EDITOR)
def test_the_editor_does_not_exist_for_others(name, draft):
    for person in (factories.user(), factories.representative(), factories.assessor().user):
        browser = Client()
        browser.force_login(person)
        assert browser.get(at(name, draft)).status_code == 404
        assert browser.post(at(name, draft), sent(draft)).status_code == 404
    answer = Client().get(at(name, draft))
    assert answer.status_code == 302 and reverse("sign_in") in answer.url


def test_rows_and_new_versions_do_not_exist_for_others(client, draft):
    row = node(draft, "D1I1").pk
    addresses = [at("set_node", draft, row), at("set_node_delete", draft, row), reverse("set_new")]
    for person in (None, factories.user(), factories.representative(), factories.assessor().user):
        if person:
            client.force_login(person)
        for address in [*addresses, reverse("set_new_version", args=["poster"])]:
            answer = client.post(address, sent(draft, title_fa="x", title_en="x"))
            assert answer.status_code == (404 if person else 302)
    assert Indicator.objects.filter(version=draft).count() == 6 and IndicatorSet.objects.count() == 1


@pytest.mark.parametrize("name", ["set_edit", "set_about", "set_publish", "set_discard", "set_node_new"])
def test_a_published_version_is_not_edited_by_any_page(desk, published, name):
    row = published.indicators.get(code="D1I1")
    before = list(published.indicators.values())
    assert desk.get(at(name, published)).url == at("set_version", published)
    fields = sent(
        published, **{f"weight-{row.pk}": "70"}, do="save", title_fa="x", title_en="x", scale=row.scale_id, parent=row.parent_id
    )
    answer = desk.post(at(name, published), fields, follow=True)
    assert answer.redirect_chain and "A published version never changes" in answer.content.decode()
    for name_ in ("set_node", "set_node_delete"):
        assert desk.post(at(name_, published, row.pk), fields).url == at("set_version", published)
    assert list(published.indicators.values()) == before
    assert SetVersion.objects.get(pk=published.pk).status == "published"


# --- building ------------------------------------------------------------------------------------


def test_from_nothing_to_published_in_the_browser(desk):
    fields = {"title_fa": "پوستر", "title_en": "Poster", "code": "poster", "layer": "kind", "once_key": str(uuid.uuid4())}
    answer = desk.post(reverse("set_new"), fields)
    draft = SetVersion.objects.get(set__code="poster")
    assert answer.url == at("set_edit", draft)
    # A double press of the button leads to the same draft.
    assert desk.post(reverse("set_new"), fields).url == answer.url and IndicatorSet.objects.count() == 1
    desk.post(
        at("set_node_new", draft),
        sent(draft, kind="dimension", title_fa="نگاه", title_en="Look", guidance_fa="", weight="۱۰۰", parent=""),
    )
    dimension = draft.indicators.get()
    assert (dimension.title_en, dimension.weight, dimension.code) == ("Look", 100, "D1")
    scale = factories.scale()
    for weight in ("۳۳٫۵", "66.5"):
        answer = desk.post(
            at("set_node_new", draft), sent(draft, **indicator_fields(weight=weight, parent=dimension.pk, scale=scale.pk))
        )
        assert answer.status_code == 302
    page = desk.get(at("set_publish", draft)).content.decode()
    assert "Ready to be published" in page
    answer = desk.post(at("set_publish", draft), sent(draft))
    assert answer.url == at("set_version", draft)
    assert SetVersion.objects.get(pk=draft.pk).status == "published"


def test_a_taken_code_and_missing_titles_are_explained_and_nothing_is_lost(desk, published):
    answer = desk.post(reverse("set_new"), {"title_fa": "پوستر دوم", "title_en": "", "code": "poster", "layer": "kind"})
    assert answer.status_code == 422 and "پوستر دوم" in answer.content.decode()
    answer = desk.post(reverse("set_new"), {"title_fa": "پوستر دوم", "title_en": "Second", "code": "poster", "layer": "kind"})
    assert answer.status_code == 422 and "already a set with this code" in answer.content.decode()


def test_weights_in_persian_digits(desk, draft):
    one, two = node(draft, "D1"), node(draft, "D2")
    desk.post(at("set_edit", draft), sent(draft, **{f"weight-{one.pk}": "۳۳٫۳۳۳۳۳۳", f"weight-{two.pk}": "٦٦٫٦٦٦٦٦٧"}, do="save"))
    assert [str(n.weight) for n in tree(draft)] == ["33.333333", "66.666667"]


@pytest.mark.parametrize("typed", ["abc", "-5", "101", "1/2"])
def test_a_wrong_weight_is_explained_and_nothing_is_lost(desk, draft, typed):
    one, two = node(draft, "D1"), node(draft, "D2")
    answer = desk.post(
        at("set_edit", draft), sent(draft, **{f"weight-{one.pk}": typed, f"weight-{two.pk}": "61"}, do=f"up:{two.pk}")
    )
    page = answer.content.decode()
    assert answer.status_code == 422 and f'value="{typed}"' in page and 'value="61"' in page and f'id="error-{one.pk}"' in page
    assert [n.weight for n in tree(draft)] == [50, 50]


def test_every_button_saves_the_weights_that_were_typed(desk, draft):
    one, two = node(draft, "D1"), node(draft, "D2")
    typed = {f"weight-{one.pk}": "60", f"weight-{two.pk}": "40"}
    answer = desk.post(at("set_edit", draft), sent(draft, **typed, do=f"up:{two.pk}"))
    assert answer.url.endswith(f"#node-{two.pk}")
    assert [(n.code, n.weight) for n in tree(draft)] == [("D2", 40), ("D1", 60)]
    answer = desk.post(at("set_edit", draft), sent(draft, **{**typed, f"weight-{one.pk}": ""}, do="spread:"))
    assert [(n.code, n.weight) for n in tree(draft)] == [("D2", 40), ("D1", 60)] and answer.url.endswith("#group-top")
    for action, name in ((f"edit:{one.pk}", "set_node"), (f"delete:{one.pk}", "set_node_delete")):
        typed[f"weight-{one.pk}"] = str(int(typed[f"weight-{one.pk}"]) - 10)
        answer = desk.post(at("set_edit", draft), sent(draft, **typed, do=action))
        assert answer.url == at(name, draft, one.pk) and node(draft, "D1").weight == int(typed[f"weight-{one.pk}"])
    answer = desk.post(at("set_edit", draft), sent(draft, do=f"indicator:{one.pk}"))
    assert answer.url == at("set_node_new", draft) + f"?kind=indicator&parent={one.pk}"


def test_the_sum_is_checked_by_the_server_too(desk, draft):
    one = node(draft, "D1I1")
    desk.post(at("set_edit", draft), sent(draft, **{f"weight-{one.pk}": "45"}, do="save"))
    page = desk.get(at("set_edit", draft)).content.decode()
    group = re.search(rf'data-sum="{one.parent.pk}" data-state="(\w+)"', page)
    assert group[1] == "wrong" and "In “Dimension 1” the weights sum to 95, not 100." in page
    refused = desk.post(at("set_publish", draft), sent(draft))
    assert refused.status_code == 422 and "In “Dimension 1” the weights sum to 95, not 100." in refused.content.decode()
    assert SetVersion.objects.get(pk=draft.pk).status == "draft"


def test_a_row_is_edited_moved_and_deleted(desk, draft):
    row, target = node(draft, "D1I1"), node(draft, "D2")
    other = factories.scale("boolean")
    answer = desk.post(
        at("set_node", draft, row.pk),
        sent(
            draft,
            **indicator_fields(
                title_fa="كتاب", title_en="Book", weight="۱۲٫۵", scale=other.pk, parent=target.pk, code="B1", allow_na="on",
                gate_least="۱۰۰", unit_fa="نسخه", unit_en="copies", rater="secretariat", sources="منبع | https://example.org/a\nکتابی دیگر",
            ),
            **{f"weight-{target.pk}": "55"},
        ),
    )  # fmt: skip
    assert answer.url == at("set_edit", draft) + f"#node-{row.pk}"
    fresh = node(draft, "B1")
    assert (fresh.parent.code, fresh.parent.weight, fresh.title_fa, str(fresh.weight)) == ("D2", 55, "کتاب", "12.500000")
    assert (fresh.scale, fresh.allow_na, fresh.gate_least, fresh.unit_en, fresh.rater) == (
        other,
        True,
        100,
        "copies",
        "secretariat",
    )
    assert fresh.sources == [{"title": "منبع", "url": "https://example.org/a"}, {"title": "کتابی دیگر"}]
    page = desk.get(at("set_node_delete", draft, target.pk)).content.decode()
    assert "Book" in page and "goes with it" in page
    desk.post(at("set_node_delete", draft, target.pk), sent(draft))
    assert [n.code for n in walk(tree(draft))] == ["D1", "D1I2"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"title_fa": ""}, "required"),
        ({"sources": "x | javascript:alert(1)"}, "An address begins with https://"),
        ({"code": "کد"}, "Use Latin letters"),
        ({"code": "D1I2"}, "taken by another row"),
        ({"gate_least": "101"}, "100"),
        ({"parent": ""}, "required"),
        ({"parent": "999999"}, "Select a valid choice"),
        ({"scale": "999999"}, "Select a valid choice"),
    ],
)
def test_bad_input_of_a_row_is_explained_and_nothing_is_lost(desk, draft, fields, words):
    row = node(draft, "D1I1")
    typed = indicator_fields(title_en="Kept as typed", parent=row.parent.pk) | fields
    answer = desk.post(at("set_node", draft, row.pk), sent(draft, **typed))
    page = answer.content.decode()
    assert answer.status_code == 422 and words in page and "Kept as typed" in page
    assert node(draft, "D1I1").title_en == "Indicator 1.1"


def test_a_ratio_is_measured_by_the_secretariat(desk, draft):
    ratio = factories.scale("ratio")
    row = node(draft, "D1I1")
    answer = desk.post(at("set_node", draft, row.pk), sent(draft, **indicator_fields(scale=ratio.pk, parent=row.parent.pk)))
    assert answer.status_code == 422 and "measured by the secretariat" in answer.content.decode()


def test_the_form_of_a_row_comes_alone_to_htmx(desk, draft):
    row = node(draft, "D1I1")
    part = desk.get(at("set_node", draft, row.pk), headers={"hx-request": "true"}).content.decode()
    assert "<html" not in part and 'name="title_fa"' in part
    assert "<html" in desk.get(at("set_node", draft, row.pk)).content.decode()
    assert desk.get(at("set_node", draft, 0)).status_code == 302


def test_two_officers_one_draft_weights(desk, draft, officer):
    one, two = node(draft, "D1"), node(draft, "D2")
    opened = sent(draft, **{f"weight-{one.pk}": "70", f"weight-{two.pk}": "50"}, do="save")
    sets.save_weights(draft.pk, {one.pk: 20}, edition=1, by=officer)
    answer = desk.post(at("set_edit", draft), opened)
    page = answer.content.decode()
    assert answer.status_code == 422 and "Somebody else changed this draft" in page
    # Both versions are shown, what was typed is kept, and nothing was overwritten.
    assert 'value="70"' in page and "now: 20" in page and node(draft, "D1").weight == 20
    # With the knowledge of it the officer may insist.
    assert desk.post(at("set_edit", draft), opened | sent(draft)).status_code == 302
    assert node(draft, "D1").weight == 70


def test_two_officers_one_row(desk, draft, officer):
    row = node(draft, "D1I1")
    opened = sent(draft, **indicator_fields(title_en="Mine", parent=row.parent.pk))
    sets.save_node(draft.pk, edition=1, by=officer, pk=row.pk, title_en="Theirs")
    answer = desk.post(at("set_node", draft, row.pk), opened)
    page = answer.content.decode()
    assert answer.status_code == 422 and 'value="Mine"' in page and "Theirs" in page and "What stands now" in page
    assert node(draft, "D1I1").title_en == "Theirs"
    assert desk.post(at("set_node", draft, row.pk), opened | sent(draft)).status_code == 302
    assert node(draft, "D1I1").title_en == "Mine"


def test_a_row_deleted_meanwhile_can_be_added_anew(desk, draft, officer):
    row = node(draft, "D1I1")
    opened = sent(draft, **indicator_fields(title_en="Mine", parent=row.parent.pk))
    sets.delete_node(draft.pk, row.pk, edition=1, by=officer)
    answer = desk.post(at("set_node", draft, row.pk), opened)
    page = answer.content.decode()
    assert answer.status_code == 422 and "deleted meanwhile" in page and 'value="Mine"' in page
    assert f'action="{at("set_node_new", draft)}"' in page


def test_two_officers_one_introduction(desk, draft, officer):
    words = {"title_fa": "پوستر", "title_en": "Poster mine", "intro_en": "Mine", "note_en": "New"}
    opened = sent(draft, **words)
    sets.describe(draft.pk, edition=1, by=officer, intro_en="Theirs")
    answer = desk.post(at("set_about", draft), opened)
    page = answer.content.decode()
    assert answer.status_code == 422 and "Mine" in page and "Theirs" in page
    assert desk.post(at("set_about", draft), opened | sent(draft)).url == at("set_edit", draft)
    draft.refresh_from_db()
    assert (draft.note_en, draft.set.intro_en) == ("New", "Mine")


def test_publishing_what_somebody_changed_after_the_look(desk, draft, officer):
    opened = sent(draft)
    sets.save_weights(draft.pk, {node(draft, "D1").pk: 60, node(draft, "D2").pk: 40}, edition=1, by=officer)
    answer = desk.post(at("set_publish", draft), opened)
    assert answer.status_code == 422 and "changed after you opened this page" in answer.content.decode()
    assert SetVersion.objects.get(pk=draft.pk).status == "draft"


def test_publishing_shows_the_differences_and_retires_the_former(desk, published, draft, officer):
    sets.save_node(draft.pk, edition=1, by=officer, pk=node(draft, "D1I1").pk, guidance_en="Sharper")
    page = desk.get(at("set_publish", draft)).content.decode()
    assert "Sharper" in page and "What changes from version 1" in page
    assert desk.post(at("set_publish", draft), sent(draft)).url == at("set_version", draft)
    published.refresh_from_db()
    assert published.status == "retired"


def test_a_new_version_by_the_button_and_only_one(desk, published):
    address = reverse("set_new_version", args=["poster"])
    assert desk.get(address).status_code == 405
    answer = desk.post(address, {"once_key": str(uuid.uuid4())})
    assert answer.url == reverse("set_edit", args=["poster", 2])
    answer = desk.post(address, {"once_key": str(uuid.uuid4())}, follow=True)
    assert "There is already a draft of this set: version 2." in answer.content.decode()
    assert published.set.versions.count() == 2


def test_discarding_a_draft(desk, published, draft):
    opened = sent(draft)
    SetVersion.objects.filter(pk=draft.pk).update(edition=5)
    desk.post(at("set_discard", draft), opened)
    assert SetVersion.objects.filter(pk=draft.pk).exists()
    assert desk.post(at("set_discard", draft), sent(draft)).url == reverse("set_latest", args=["poster"])
    assert list(published.set.versions.all()) == [published]


def test_retiring_needs_a_reason(desk, published):
    answer = desk.post(at("set_retire", published), {"why": " "})
    assert answer.status_code == 422 and "Write the reason" in answer.content.decode()
    desk.post(at("set_retire", published), {"why": "Out of use"})
    published.refresh_from_db()
    assert published.status == "retired" and published.moves.get().why == "Out of use"
    assert desk.get(at("set_retire", published)).url == at("set_version", published)


def test_the_preview_shows_the_form_of_the_assessor(desk, draft):
    page = desk.get(at("set_preview", draft)).content.decode()
    assert "Indicator 1.1" in page and "level 5" in page and "Guidance" in page
    assert "<form" not in page.split("<main")[1].split("</main")[0]
