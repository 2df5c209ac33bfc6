"""Councils through the admin's own forms: set up, met, voted and decided; each secretary in the own council only."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from products.models import QualityMark
from secretariat.models import Council, DecisionRule, Presence, Resolution, Seat, Vote
from secretariat.starter_councils import load_councils
from tests import council as make
from tests import factories
from tests.secretariat.admin_forms import council_fields, inline, jalali, page, seat_row, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    return signed_in(client)


def test_an_administrator_takes_a_council_from_its_seats_to_an_adopted_resolution(admin):
    people = [factories.user() for _n in range(3)]
    rows = [seat_row(person, "chair" if n == 0 else "member") for n, person in enumerate(people)]
    answer = admin.post(page("secretariat_council_add"), council_fields(rows))
    assert answer.status_code == 302, answer.context["errors"]
    council = Council.objects.get(name_fa="شورای آزمون")
    assert council.seats.count() == 3

    assert council.decision_rules.get().decision == "general"  # made with it, to be read and changed

    # A meeting, by the Jalali calendar and Persian digits; its attendance with one button.
    agenda = {"position": 1, "kind": "marks", "title": "نشان کیفیت", "presenter": "", "minutes_planned": "", "note": ""}
    answer = admin.post(
        page("secretariat_meeting_add"),
        {
            "council": council.pk, "starts_at_0": jalali(timezone.localdate() - timedelta(days=1)), "starts_at_1": "۱۴:۳۰", "place": "تهران",
            "minutes_planned": 90, "minutes": "", **inline("agenda", [agenda]),
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.context["errors"]
    meeting = council.meetings.get()
    assert f"{timezone.localtime(meeting.starts_at):%H:%M}" == "14:30"
    item = meeting.agenda.get()
    # Called and begun, each after a page that asks once more.
    for action, status in (("call", "called"), ("start", "in_session")):
        step = page("secretariat_meeting_step", meeting.pk, action)
        assert admin.get(step).status_code == 200
        assert admin.post(step, {"confirmed": "yes"}).status_code == 302
        meeting.refresh_from_db()
        assert meeting.status == status
    assert meeting.number == 1
    lines = [{"id": line.pk, "meeting": meeting.pk, "seat": line.seat_id} for line in meeting.attendances.all()]
    fields = {
        "starts_at_0": jalali(timezone.localdate() - timedelta(days=1)), "starts_at_1": "14:30", "place": "تهران", "minutes_planned": 90,
        "minutes": "جلسه آغاز شد.", **inline("agenda", [{"id": item.pk, "meeting": meeting.pk, **agenda}], 1),
        **inline("attendances", lines, len(lines)), "_list_seats": "1",
    }  # fmt: skip
    answer = admin.post(page("secretariat_meeting_change", meeting.pk), fields)
    assert answer.status_code == 302, answer.context["errors"]
    assert Presence.objects.count() == 3
    meeting.refresh_from_db()
    assert (meeting.minutes, meeting.minutes_version) == ("جلسه آغاز شد.", 1)

    # A resolution, then votes beside it, then the decision after a page that asks once more.
    said = {
        "council": council.pk,
        "meeting": meeting.pk,
        "kind": "general",
        "decision": "general",
        "title": "مصوبهٔ نخست",
        "text": "متن",
    }
    answer = admin.post(page("secretariat_resolution_add"), {**said, "_continue": "1"})
    assert answer.status_code == 302, answer.context["errors"]
    resolution = council.resolutions.get()
    change = page("secretariat_resolution_change", resolution.pk)
    votes = {f"vote_{seat.pk}": "for" for seat in council.seats.all()}
    fields = {"kind": "general", "decision": "general", "title": "مصوبهٔ نخست", "text": "متن", **votes, "_decide_adopt": "1"}
    answer = admin.post(change, fields)
    assert answer.status_code == 302, answer.context["errors"]
    decide = page("secretariat_resolution_decide", resolution.pk, "adopt")
    assert answer["Location"] == decide
    assert Vote.objects.count() == 3
    assert admin.get(decide).status_code == 200
    resolution.refresh_from_db()
    assert resolution.status == "draft"
    admin.post(decide, {"confirmed": "yes"})
    resolution.refresh_from_db()
    assert (resolution.status, resolution.number) == ("adopted", 1)
    assert resolution.moves.get().by == admin.person
    # Now everything is read only, and the history tells it.
    answer = admin.get(change)
    assert answer.status_code == 200
    assert 'name="title"' not in answer.content.decode()
    history = admin.get(page("secretariat_resolution_history", resolution.pk))
    assert history.status_code == 200
    assert str(admin.person) in history.content.decode()


def test_overlapping_seats_and_a_second_chair_are_told_beside_their_fields(admin, in_english):
    one, other = factories.user(), factories.user()
    answer = admin.post(page("secretariat_council_add"), council_fields([seat_row(one), seat_row(one)]))
    assert answer.status_code == 200
    assert "This person already holds a seat" in answer.content.decode()
    answer = admin.post(page("secretariat_council_add"), council_fields([seat_row(one, "chair"), seat_row(other, "chair")]))
    assert "already has a chair" in answer.content.decode()
    today = timezone.localdate()
    answer = admin.post(
        page("secretariat_council_add"), council_fields([seat_row(one, first=today, last=today - timedelta(days=1))])
    )
    assert answer.status_code == 200
    assert "A term ends after it begins." in answer.content.decode()
    assert not Council.objects.exists()


def test_an_overlap_with_a_stored_seat_is_told(admin, in_english):
    seat = make.seat(make.council(), role="chair")
    council = seat.council
    stored = {"id": seat.pk, "council": council.pk, **seat_row(seat.user, "chair", seat.starts_on)}
    fresh = {"council": council.pk, **seat_row(factories.user(), "chair")}
    fields = council_fields(name_fa=council.name_fa, name_en=council.name_en) | inline("seats", [stored, fresh], 1)
    answer = admin.post(page("secretariat_council_change", council.pk), fields)
    assert answer.status_code == 200
    assert "already has a chair" in answer.content.decode()
    assert council.seats.count() == 1


def test_what_the_database_refuses_after_all_is_a_message_not_an_error_page(admin, in_english, monkeypatch):
    """As if another administrator had been quicker: the form saw nothing, the constraint did."""
    from secretariat.forms.council_setup import SeatFormSet

    seat = make.seat(make.council())
    monkeypatch.setattr(SeatFormSet, "clean", lambda self: None)
    monkeypatch.setattr(Seat, "validate_constraints", lambda self, exclude=None: None)
    stored = {"id": seat.pk, "council": seat.council_id, **seat_row(seat.user, "member", seat.starts_on)}
    fields = council_fields(name_fa=seat.council.name_fa, name_en="X") | inline(
        "seats", [stored, {"council": seat.council_id, **seat_row(seat.user)}], 1
    )
    answer = admin.post(page("secretariat_council_change", seat.council_id), fields, follow=True)
    assert answer.status_code == 200
    assert "Nothing was saved: This person already holds a seat" in answer.content.decode()
    assert Seat.objects.count() == 1


# --- who may do what -----------------------------------------------------------------------------


def test_a_council_secretary_keeps_the_own_council_only(client):
    mine, other = make.ballot(make.session()).resolution, make.session()
    client.force_login(make.keeper(mine.council))
    said = client.get(page("secretariat_resolution_changelist")).content.decode()
    assert page("secretariat_resolution_change", mine.pk) in said
    assert page("secretariat_resolution_change", other.pk) not in said
    assert client.get(page("secretariat_resolution_change", mine.pk)).status_code == 200
    for name, obj in (("council", other.council), ("meeting", other.meeting), ("resolution", other)):
        answer = client.get(page(f"secretariat_{name}_change", obj.pk))
        assert answer.status_code in (302, 403, 404)
        assert answer.status_code != 302 or answer["Location"] == reverse("admin:index")
    assert client.post(page("secretariat_resolution_decide", other.pk, "adopt"), {"confirmed": "yes"}).status_code in (403, 404)
    other.refresh_from_db()
    assert other.status == "draft"
    client.post(page("secretariat_resolution_decide", mine.pk, "adopt"), {"confirmed": "yes"})
    mine.refresh_from_db()
    assert mine.status == "adopted"


def test_a_council_secretary_does_not_seat_anybody(client):
    """Who votes is not in the hands of whoever counts the votes."""
    council = make.council()
    keeper = make.keeper(council)
    client.force_login(keeper)
    fields = council_fields(name_fa=council.name_fa) | inline("seats", [{"council": council.pk, **seat_row(keeper, "chair")}])
    assert client.post(page("secretariat_council_change", council.pk), fields).status_code == 403
    assert not Seat.objects.exists()
    assert client.get(page("secretariat_council_add")).status_code == 403


def test_a_secretary_cannot_write_a_resolution_for_another_council(client):
    mine, other = make.council(), make.council()
    client.force_login(make.keeper(mine))
    meeting = make.meeting(other)
    said = {"council": other.pk, "meeting": meeting.pk, "kind": "general", "decision": "general", "title": "ع", "text": "م"}
    answer = client.post(page("secretariat_resolution_add"), said)
    assert answer.status_code == 200
    assert not Resolution.objects.exists()


def test_officers_read_and_strangers_find_nothing(client):
    resolution = make.session()
    client.force_login(factories.officer())
    assert client.get(page("secretariat_resolution_change", resolution.pk)).status_code == 200
    fields = {"kind": "general", "decision": "general", "title": "دیگر", "text": "م"}
    assert client.post(page("secretariat_resolution_change", resolution.pk), fields).status_code == 403
    for stranger in (
        factories.user(),
        factories.representative(),
        make.seats(resolution)[1].user,
    ):
        client.force_login(stranger)
        for name in ("secretariat_council_changelist", "secretariat_resolution_changelist", "products_qualitymark_changelist"):
            # The gate sends on to its own door, which is not there for them.
            assert client.get(page(name), follow=True).status_code == 404
    client.logout()
    assert reverse("sign_in") in client.get(page("secretariat_council_changelist"))["Location"]
    resolution.refresh_from_db()
    assert resolution.title != "دیگر"


@pytest.mark.parametrize("name", ["council", "meeting", "resolution"])
def test_lists_forms_and_histories_open(admin, name):
    resolution = make.session()
    obj = {"council": resolution.council, "meeting": resolution.meeting, "resolution": resolution}[name]
    for address in (
        page(f"secretariat_{name}_changelist"), page(f"secretariat_{name}_add"), page(f"secretariat_{name}_change", obj.pk),
        page(f"secretariat_{name}_history", obj.pk),
    ):  # fmt: skip
        assert admin.get(address).status_code == 200


# --- marks ---------------------------------------------------------------------------------------


def test_a_mark_is_proposed_granted_and_revoked_in_the_admin(admin):
    resolution, product = make.session(), make.scored_product()
    offered = admin.get(page("products_qualitymark_products"), {"term": product.title_fa}).json()["results"]
    assert [row["id"] for row in offered] == [str(product.pk)]
    assert "۸۵" in offered[0]["text"]
    fields = {"resolution": resolution.pk, "product": product.pk, "level": "gold", "below_threshold_reason": ""}
    answer = admin.post(page("products_qualitymark_add"), fields)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors["below_threshold_reason"]
    assert not QualityMark.objects.exists()
    answer = admin.post(page("products_qualitymark_add"), {**fields, "level": "quality"})
    assert answer.status_code == 302, answer.context["errors"]
    mark = QualityMark.objects.get()
    assert mark.moves.get().by == admin.person
    move = page("products_qualitymark_move", mark.pk, "grant")
    admin.post(move, {"confirmed": "yes", "publish": "1"})
    mark.refresh_from_db()
    assert mark.status == "proposed"  # not adopted yet
    make.ballot(resolution)
    admin.post(page("secretariat_resolution_decide", resolution.pk, "adopt"), {"confirmed": "yes"})
    assert admin.get(move).status_code == 200
    admin.post(move, {"confirmed": "yes", "publish": "1"})
    mark.refresh_from_db()
    assert mark.status == "granted"
    revoke = page("products_qualitymark_move", mark.pk, "revoke")
    assert admin.post(revoke, {"confirmed": "yes", "why": " "}).status_code == 400
    admin.post(revoke, {"confirmed": "yes", "why": "تخلف"})
    mark.refresh_from_db()
    assert mark.status == "revoked"
    for address in ("change", "history"):
        assert admin.get(page(f"products_qualitymark_{address}", mark.pk)).status_code == 200
    assert admin.get(page("products_qualitymark_changelist")).status_code == 200


def test_a_foreign_keeper_moves_no_mark(client):
    mark = make.granted_mark()
    client.force_login(make.keeper(make.council()))
    answer = client.post(page("products_qualitymark_move", mark.pk, "revoke"), {"confirmed": "yes", "why": "دلیل"})
    assert answer.status_code in (403, 404)
    mark.refresh_from_db()
    assert mark.status == "granted"


# --- starter -------------------------------------------------------------------------------------


def test_the_starter_councils_are_loaded_once():
    assert load_councils() == 10
    rules = Council.objects.get(grants_marks=True).decision_rules
    assert sorted(rules.values_list("decision", flat=True)) == ["exemplar", "general", "mark_commended", "mark_gold", "mark_quality"]
    assert DecisionRule.objects.filter(decision="general").count() == 10
    Council.objects.filter(kind="policy").update(mandate_fa="دیگر")
    assert load_councils() == 0
    assert Council.objects.get(kind="policy").mandate_fa == "دیگر"
    assert Council.objects.get(grants_marks=True).kind == "policy"
    commissions = Council.objects.filter(kind="commission")
    assert commissions.count() == 7
    # Their names are not known, so they say that they are for show.
    assert all("نمایشی" in one.name_fa and "demonstration" in one.name_en for one in commissions)
    assert not Vote.objects.exists()
