"""The pages of a draft of panels: asked for, watched, read, changed by hand, applied; and what they cost."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from assessments.models import Affiliation, Assessor, Assignment, PanelDraft, Round
from assessments.services import panel_seats, panels
from tests import factories
from tests.assessments.filled_rounds import filled, seats, unfilled_round

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def officer(client):
    user = factories.officer()
    client.force_login(user)
    return user


@pytest.fixture
def draft(officer):
    round_, _people = unfilled_round(6, 8)
    return filled(round_, officer, seed=77)


def text(response):
    return response.content.decode()


def at(name, draft, *args):
    return reverse(name, args=[draft.round_id, *args])


# --- asking --------------------------------------------------------------------------------------


def test_round_panels_asks_how_then_fills_in_the_background(client, officer):
    round_, people = unfilled_round(6, 8)
    page = text(client.get(reverse("round_panels", args=[round_.pk])))
    assert "Fill the panels" in page and "Number of the draw" in page
    typed = {"weight": "even", "floor": "", "ceiling": "۹", "seed": "7", "version": "0", "once_key": str(uuid.uuid4())}
    url = reverse("round_panels_fill", args=[round_.pk])
    for _ in range(2):  # a double click
        assert client.post(url, typed).url == reverse("round_panels", args=[round_.pk])
    draft = PanelDraft.objects.get()
    assert (draft.status, draft.weight, draft.floor, draft.ceiling, draft.seed, draft.made_by) == ("filling", "even", None, 9, 7, officer)
    waiting = text(client.get(reverse("round_panels", args=[round_.pk])))
    assert "being filled" in waiting and "hx-get" in waiting
    status = client.get(reverse("round_panels_status", args=[round_.pk]), headers={"HX-Request": "true"})
    assert "HX-Refresh" not in status.headers and "every 1s" in text(status)
    panels.fill(draft.pk)
    status = client.get(reverse("round_panels_status", args=[round_.pk]), headers={"HX-Request": "true"})
    assert status.headers["HX-Refresh"] == "true"
    ready = client.get(reverse("round_panels", args=[round_.pk]))
    assert ready.context["told"].short == 0 and str(people[0]) in text(ready)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"floor": "5", "ceiling": "4"}, "cannot be less"),
        ({"weight": "odd"}, "odd"),
        ({"seed": "x"}, "x"),
    ],
)
def test_settings_that_make_no_sense_are_explained_and_kept(client, officer, wrong, words):
    round_, _people = unfilled_round(3, 4)
    typed = {"weight": "both", "floor": "1", "ceiling": "", "seed": "7", **wrong}
    response = client.post(reverse("round_panels_fill", args=[round_.pk]), typed)
    assert response.status_code == 422 and words in text(response) and not PanelDraft.objects.exists()


def test_settings_are_kept_for_the_next_filling_and_a_stale_form_is_told(client, officer, draft):
    url = at("round_panels_fill", draft)
    assert 'value="77"' in text(client.get(url))
    set_ = draft.round.sheets.first().parts.get().version.set_id
    typed = {"weight": "fit", "floor": "1", "ceiling": "", "seed": "7", "sets": [set_]}
    stale = client.post(url, {**typed, "version": draft.version + 1})
    assert stale.status_code == 422 and "Somebody else changed the draft" in text(stale)
    assert client.post(url, {**typed, "version": draft.version}).status_code == 302
    draft.refresh_from_db()
    assert draft.status == "filling" and draft.taking_part["sets"] == [set_] and draft.weight == "fit"


def test_a_round_without_products_or_past_appointing_has_no_draft(client, officer, draft):
    empty = factories.round_()
    assert "nothing to judge" in text(client.get(reverse("round_panels", args=[empty.pk])))
    Round.objects.filter(pk=draft.round_id).update(status="moderation")
    for name in ("round_panels", "round_panels_fill", "round_panels_apply", "round_panel_loads"):
        assert client.get(at(name, draft)).url == draft.round.get_absolute_url()


# --- reading -------------------------------------------------------------------------------------


def test_the_draft_says_what_is_short_and_what_would_help(client, officer):
    round_, _people = unfilled_round(6, 5, capacity=3, panel_size=4)
    draft = filled(round_, officer, ceiling=3)
    page = text(client.get(at("round_panels", draft)))
    assert "9 are missing" in page and "Raise the ceiling of 3" in page and "Ask for fewer than 4" in page
    assert "3 more assessors who fit" in page and "have no room left" in page
    assert client.get(at("round_panels", draft), {"short": "on"}).context["list"].total == 6


def test_a_conflict_is_named_as_the_reason(client, officer):
    round_, people = unfilled_round(2, 3)
    entry = round_.entries.first()
    Affiliation.objects.create(assessor=people[0], agency=entry.subject.agency)
    draft = filled(round_, officer)
    page = text(client.get(at("round_panels", draft)))
    assert f"“{entry.subject}” needs 3 more assessors" in page and "1 has a conflict of interest" in page
    panel = text(client.get(at("round_panel", draft, entry.pk)))
    assert "Is affiliated with" in panel


def test_the_list_is_narrowed_to_one_assessor_and_to_what_was_changed(client, officer, draft):
    entry, assessor = seats(draft)[0]
    mine = {place for place, who in seats(draft) if who == assessor}
    shown = client.get(at("round_panels", draft), {"assessor": assessor}).context["list"]
    assert {row["pk"] for row in shown.rows} == mine
    free = next(pk for pk in Assessor.objects.values_list("pk", flat=True) if (entry, pk) not in seats(draft))
    panel_seats.add(draft.pk, entry, free, by=officer)
    assert [row["pk"] for row in client.get(at("round_panels", draft), {"hand": "on"}).context["list"].rows] == [entry]


def test_loads_are_drawn_and_listed_and_who_takes_part_is_chosen(client, officer, draft):
    response = client.get(at("round_panel_loads", draft))
    assert text(response).count("load-new") >= 8 and response.context["list"].total == 8
    person = Assessor.objects.first()
    out = at("round_panel_choose", draft, person.pk, "out")
    assert client.post(out).url == at("round_panel_loads", draft)
    draft.refresh_from_db()
    assert draft.taking_part["out"] == [person.pk]
    assert client.get(at("round_panel_loads", draft), {"part": "no"}).context["list"].total == 1
    client.post(at("round_panel_choose", draft, person.pk, "in"))
    draft.refresh_from_db()
    assert draft.taking_part["out"] == [] and draft.taking_part["in"] == [person.pk]


def test_parts_that_nobody_joins_are_said_with_what_would_join_them(client, officer):
    round_, _people = unfilled_round(2, 6, sets=1, capacity=1)
    draft = filled(round_, officer)
    page = text(client.get(at("round_panels", draft)))
    assert "falls into 2 parts" in page and "calibration item" in page
    Assessor.objects.update(capacity=2)
    assert "would join them" in text(client.get(at("round_panels", draft)))


# --- by hand -------------------------------------------------------------------------------------


def test_a_panel_is_changed_on_its_own_page(client, officer, draft):
    entry, assessor = seats(draft)[0]
    url = at("round_panel", draft, entry)
    page = text(client.get(url))
    assert "In the panel" in page and "Who may be placed" in page
    assert client.post(url, {"action": "lock", "assessor": assessor}).url == url
    assert draft.seats.get(entry=entry, assessor=assessor).is_locked
    client.post(url, {"action": "unlock", "assessor": assessor})
    assert client.post(url, {"action": "drop", "assessor": assessor}).url == url
    assert "Taken off by hand" in text(client.get(url)) and "1 assessor is missing" in text(client.get(url))
    assert client.post(url, {"action": "add", "assessor": assessor}).url == url
    assert draft.seats.get(entry=entry, assessor=assessor).source == "hand"
    refused = client.post(url, {"action": "add", "assessor": assessor})
    assert refused.status_code == 422 and "in this panel already" in text(refused)
    assert client.post(url, {"action": "odd", "assessor": assessor}).status_code == 422
    assert client.post(url, {"action": "add", "assessor": "0"}).status_code == 404
    trail = [move.action for move in draft.moves.all()]
    assert trail[-4:] == ["lock", "unlock", "drop", "add"]


def test_two_change_places(client, officer):
    round_, _people = unfilled_round(4, 12)
    draft = filled(round_, officer)
    entry, assessor = seats(draft)[0]
    url = at("round_panel_swap", draft, entry, assessor)
    partners = client.get(url).context["partners"]
    assert partners and [one.gain for one in partners] == sorted((one.gain for one in partners), reverse=True)
    other = partners[0]
    assert client.post(url, {"with": f"{other.entry.pk}:{other.assessor.pk}"}).url == at("round_panel", draft, entry)
    assert {(entry, other.assessor.pk), (other.entry.pk, assessor)} <= set(seats(draft))
    again = client.post(url, {"with": f"{other.entry.pk}:{other.assessor.pk}"})
    assert again.status_code == 422 and "not in this panel any more" in text(again)
    assert client.post(url, {"with": "x"}).status_code == 422


def test_steps_refill_mend_stop_and_discard(client, officer, draft):
    entry, assessor = seats(draft)[0]
    Affiliation.objects.create(assessor_id=assessor, agency=draft.round.entries.get(pk=entry).subject.agency)
    page = client.get(at("round_panels", draft))
    assert page.context["trouble_count"] >= 1 and "no longer possible" in text(page)
    assert client.get(at("round_panels", draft), {"wrong": "on"}).context["list"].total >= 1
    client.post(at("round_panels_step", draft, "mend"))
    draft.refresh_from_db()
    assert draft.status == "filling" and (entry, assessor) not in seats(draft)
    assert "being filled" in text(client.get(at("round_panel", draft, entry)))
    refused = client.post(at("round_panel", draft, entry), {"action": "drop", "assessor": assessor})
    assert refused.status_code == 422
    client.post(at("round_panels_step", draft, "stop"))
    client.post(at("round_panels_step", draft, "refill"))
    draft.refresh_from_db()
    assert draft.status == "filling"
    client.post(at("round_panels_step", draft, "discard"))
    draft.refresh_from_db()
    assert draft.status == "discarded" and "Earlier drafts" in text(client.get(at("round_panels", draft)))
    assert client.post(at("round_panels_step", draft, "refill")).status_code == 302
    assert client.post(at("round_panels_step", draft, "odd")).status_code == 302
    assert PanelDraft.objects.get().status == "discarded"


# --- applying ------------------------------------------------------------------------------------


def test_applying_shows_what_it_means_and_takes_effect_once(client, officer, draft):
    url = at("round_panels_apply", draft)
    assert "8 assessors get 18 assignments" in text(client.get(url))
    typed = {"version": draft.version, "once_key": str(uuid.uuid4())}
    for _ in range(2):
        assert client.post(url, typed).url == draft.round.get_absolute_url()
    assert Assignment.objects.count() == 18
    assert client.get(url).status_code == 302


def test_applying_what_was_not_seen_or_no_longer_holds_is_refused(client, officer, draft):
    url = at("round_panels_apply", draft)
    stale = client.post(url, {"version": draft.version + 1})
    assert stale.status_code == 422 and "Somebody else changed" in text(stale)
    _entry, assessor = seats(draft)[0]
    Assessor.objects.filter(pk=assessor).update(is_active=False)
    refused = client.post(url, {"version": draft.version})
    assert refused.status_code == 422 and "Is not active at present" in text(refused)
    assert not Assignment.objects.exists()


def test_entry_calibration(client, officer, draft):
    entry = draft.round.entries.first()
    url = reverse("entry_calibration", args=[entry.pk])
    assert client.post(url).url == reverse("entry_detail", args=[entry.pk])
    entry.refresh_from_db()
    assert entry.is_calibration
    assert client.post(url, {"from": "panel"}).url == at("round_panel", draft, entry.pk)
    entry.refresh_from_db()
    assert not entry.is_calibration
    Round.objects.filter(pk=draft.round_id).update(status="moderation")
    client.post(url)
    entry.refresh_from_db()
    assert not entry.is_calibration


# --- who may, and what it costs ------------------------------------------------------------------


def pages_of(draft):
    entry, assessor = seats(draft)[0]
    return [
        at("round_panels", draft), at("round_panels_fill", draft), at("round_panels_status", draft), at("round_panels_apply", draft),
        at("round_panel_loads", draft), at("round_panel", draft, entry), at("round_panel_swap", draft, entry, assessor),
        at("round_panels_step", draft, "discard"), at("round_panel_choose", draft, assessor, "out"),
        reverse("entry_calibration", args=[entry]),
    ]  # fmt: skip


def test_strangers_find_nothing_and_the_anonymous_log_in(client, draft):
    rows = set(draft.seats.values_list("entry", "assessor", "source"))
    for stranger in (factories.representative(), Assessor.objects.first().user, factories.user()):
        client.force_login(stranger)
        for url in pages_of(draft):
            assert client.get(url).status_code == 404 and client.post(url, {"version": draft.version}).status_code == 404
    client.logout()
    for url in pages_of(draft):
        assert "next=" in client.post(url).url
    draft.refresh_from_db()
    assert draft.status == "ready" and rows == set(draft.seats.values_list("entry", "assessor", "source"))


def test_pages_cost_the_same_for_few_and_many(client, officer):
    counts = []
    for products, assessors in ((2, 5), (30, 20)):
        round_, _people = unfilled_round(products, assessors)
        draft = filled(round_, officer)
        _entry, _assessor = seats(draft)[0]
        for url in pages_of(draft)[:7]:
            client.get(url)
            with CaptureQueriesContext(connection) as caught:
                assert client.get(url).status_code == 200
            counts.append(len(caught))
    assert counts[:7] == counts[7:] and max(counts) <= 45, counts


def test_the_page_of_a_large_draft_stays_small(client, officer):
    round_, _people = unfilled_round(60, 40)
    draft = filled(round_, officer)
    for url in (at("round_panels", draft), at("round_panel_loads", draft), at("round_panel", draft, seats(draft)[0][0])):
        assert len(client.get(url).content) < 100_000, url
