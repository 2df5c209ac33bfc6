"""Setting a council up in the administration: one save, people found or named anew, rules, terms, what is still to do."""

from datetime import timedelta
from fractions import Fraction

import pytest
from django.urls import reverse
from django.utils import timezone

from secretariat import persian
from secretariat.errors import RuleBroken
from secretariat.models import Council, Letter, Notice, Seat, User
from secretariat.rules.voting import VotingRule
from secretariat.selectors.council_setup import todo
from secretariat.selectors.meeting_plans import next_reference, suggested_plan
from secretariat.services import bodies, meetings
from tests import council as make
from tests import doing, factories
from tests.secretariat.admin_forms import inline, page

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def jalali(day):
    return persian.digits_to_persian(persian.short(day))


@pytest.fixture
def head(client):
    """A client signed in as the head of the secretariat, who sets councils up and keeps the papers of none."""
    client.person = factories.granted("secretary")
    client.force_login(client.person)
    return client


RULES = [
    {"decision": "general", "quorum": "2/3", "majority": ">1/2", "of": "votes", "casting": "on"},
    {"decision": "mark_gold", "quorum": "2/3", "majority": "=2/3", "of": "all", "is_secret": "on"},
]


def fields(seats=(), rules_=RULES, **more):
    return {
        "kind": "policy", "name_fa": "شورای تازه", "name_en": "New council", "grants_marks": "on", "is_active": "on",
        "term_from": jalali(TODAY()), "term_until": jalali(TODAY() + timedelta(days=700)), **more,
        **inline("seats", list(seats)), **inline("decision_rules", list(rules_)),
    }  # fmt: skip


def of(council, seats, **more):
    """The fields of a council's page as it stands, its stored seats among them, with what `more` says of the first."""
    rows = [
        {
            "id": seat.pk, "council": council.pk, "role": seat.role, "deputy": seat.deputy_id or "", "starts_on": jalali(seat.starts_on),
            "ends_on": jalali(seat.ends_on) if seat.ends_on else "", "end_reason": seat.end_reason, **(more if seat == seats[0] else {}),
        }
        for seat in seats
    ]  # fmt: skip
    stored = {"kind": council.kind, "name_fa": council.name_fa, "name_en": council.name_en, "is_active": "on", "term_from": "", "term_until": ""}
    return {**stored, **inline("seats", rows, len(rows)), **inline("decision_rules", [])}


def new(last_name, email, **more):
    return {"new_first_name": "پریسا", "new_last_name": last_name, "new_email": email, "role": "member", **more}


# --- one save ------------------------------------------------------------------------------------


def test_council_seats_and_rules_come_with_one_save(head):
    chair, deputy = factories.user(), factories.user()
    seats = [{"user": chair.pk, "role": "chair", "deputy": deputy.pk}, new("نورسیده", "new@example.org", role="secretary"), {"role": "member"}]
    answer = head.post(page("secretariat_council_add"), fields(seats))
    council = Council.objects.get()
    assert answer.status_code == 302 and answer["Location"] == page("secretariat_council_change", council.pk)
    assert set(council.seats.values_list("user__last_name", "role")) == {(chair.last_name, "chair"), ("نورسیده", "secretary")}
    for seat in council.seats.all():
        assert (seat.starts_on.togregorian(), seat.ends_on.togregorian()) == (TODAY(), TODAY() + timedelta(days=700))
    assert {row.decision: row.rule for row in council.decision_rules.all()} == {
        "general": VotingRule(),
        "mark_gold": VotingRule(of="all", share=Fraction(2, 3), strict=False, casting=False, secret=True),
    }
    person = User.objects.get(email="new@example.org")
    assert not person.has_usable_password() and Letter.objects.filter(to="new@example.org", subject__contains="حساب").exists()
    assert set(Notice.objects.values_list("kind", "user")) == {
        ("seat_given", chair.pk), ("seat_given", person.pk), ("deputy_named", deputy.pk),
    }  # fmt: skip


def test_what_is_proposed_is_kept_as_it_stands_and_rules_of_marks_only_where_marks_are_granted(head):
    form = head.get(page("secretariat_council_add")).context["inline_admin_formsets"]
    proposed = [line.initial["decision"] for line in form[1].formset.initial_forms + form[1].formset.extra_forms]
    assert proposed == ["general", "mark_commended", "mark_quality", "mark_gold", "exemplar"]
    assert [line["role"].value() for line in form[0].formset.extra_forms[:3]] == ["chair", "secretary", "member"]
    assert head.post(page("secretariat_council_add"), fields(grants_marks="")).status_code == 302
    assert Council.objects.get().decision_rules.get().decision == "general"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (new("نورسیده", "not an address"), "new_email"),
        (new("", "new@example.org"), "new_last_name"),
        (new("نورسیده", "known@example.org"), "new_email"),
        ({"role": "member", "starts_on": "1404/13/01", "user": "known"}, "starts_on"),
        ({"role": "member", "starts_on": "۱۴۰۵/۰۲/۰۱", "ends_on": "۱۴۰۴/۰۲/۰۱", "user": "known"}, "ends_on"),
        ({"role": "member", "deputy": "known"}, "user"),
        ({"role": "chair", "user": "known"}, "role"),
        (new("نورسیده", "first@example.org", user="known"), "new_first_name"),
        (new("نورسیده", "fifth@example.org"), "new_email"),
    ],
)
def test_one_wrong_line_of_nine_is_told_beside_its_field_and_nothing_is_lost(head, wrong, field):
    known = factories.user(email="known@example.org")
    people = [factories.user() for _n in range(7)]
    wrong = {name: known.pk if value == "known" else value for name, value in wrong.items()}
    rows = [{"user": one.pk, "role": "chair" if n == 0 else "member"} for n, one in enumerate(people)]
    answer = head.post(page("secretariat_council_add"), fields([*rows, new("پنجمی", "fifth@example.org"), wrong]))
    assert answer.status_code == 200 and not Council.objects.exists() and not User.objects.filter(email="fifth@example.org").exists()
    seats = answer.context["inline_admin_formsets"][0].formset
    errors = [line.errors for line in seats.forms]
    if field == "ends_on":
        assert errors[-1]["__all__"] or errors[-1][field]
    else:
        assert errors[-1][field], errors
    assert not any(errors[:-1])
    text = answer.content.decode()
    assert all(f'value="{one.pk}" selected' in text for one in people) and "پنجمی" in text and "شورای تازه" in text
    for value in wrong.values():
        assert str(value) in text


def test_what_the_database_refuses_loses_nothing_either(head, monkeypatch):
    """As if somebody had opened an account with the same address a moment before."""
    from secretariat.admin import councils

    def too_late(**_newcomer):
        raise RuleBroken("این نشانی را دیگری گرفته است.")

    monkeypatch.setattr(councils, "open_account", too_late)
    answer = head.post(page("secretariat_council_add"), fields([new("نورسیده", "new@example.org")]))
    text = answer.content.decode()
    assert answer.status_code == 200 and not Council.objects.exists()
    assert "این نشانی را دیگری گرفته است." in text and "نورسیده" in text and "شورای تازه" in text


def test_a_rule_is_given_once_and_unusual_parts_stay(head, in_english):
    answer = head.post(page("secretariat_council_add"), fields(rules_=[RULES[0], RULES[0]]))
    assert answer.context["inline_admin_formsets"][1].formset.forms[1].errors["decision"]
    odd = VotingRule(quorum=Fraction(3, 7), share=Fraction(5, 9), strict=True)
    council = make.council(odd)
    row = council.decision_rules.get()
    text = head.get(page("secretariat_council_change", council.pk)).content.decode()
    assert "Quorum 3/7 of the seats; more than 5/9 of the votes for and against." in text
    rule = {"id": row.pk, "council": council.pk, "decision": "general", "quorum": "3/7", "majority": ">5/9", "of": "present"}
    answer = head.post(page("secretariat_council_change", council.pk), of(council, []) | inline("decision_rules", [rule], 1))
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.rule == VotingRule(quorum=Fraction(3, 7), share=Fraction(5, 9), strict=True, of="present", casting=False)


# --- seats that are stored -----------------------------------------------------------------------


def test_a_stored_seat_stays_its_holders(head):
    seat = make.seat(make.council())
    head.post(page("secretariat_council_change", seat.council_id), of(seat.council, [seat], user=factories.user().pk, role="observer"))
    before = seat.user
    seat.refresh_from_db()
    assert (seat.user, seat.role) == (before, "observer")


def test_a_seat_ends_early_with_a_reason(head):
    seat = make.seat(make.council(), ends_on=TODAY() + timedelta(days=90))
    change, yesterday = page("secretariat_council_change", seat.council_id), jalali(TODAY() - timedelta(days=1))
    answer = head.post(change, of(seat.council, [seat], ends_on=yesterday))
    line = answer.context["inline_admin_formsets"][0].formset.forms[0]
    assert line.errors["end_reason"] and yesterday in answer.content.decode()
    assert head.post(change, of(seat.council, [seat], ends_on=yesterday, end_reason="استعفا")).status_code == 302
    seat.refresh_from_db()
    assert (seat.ends_on.togregorian(), seat.end_reason) == (TODAY() - timedelta(days=1), "استعفا")


def test_the_list_of_a_called_meeting_follows_the_seats(head):
    seat, council = make.seat(make.council(), ends_on=TODAY() + timedelta(days=90)), Council.objects.get()
    meeting = make.meeting(council, starts_at=timezone.now() + timedelta(days=5))
    meetings.call(meeting.pk, by=make.keeper(council))
    leaves = of(council, [seat], ends_on=jalali(TODAY()), end_reason="استعفا")
    comes = {"council": council.pk, **new("نورسیده", "new@example.org"), "starts_on": jalali(TODAY()), "ends_on": ""}
    leaves |= {name.replace("seats-0-", "seats-1-"): text for name, text in inline("seats", [comes]).items() if name.startswith("seats-0-")}
    answer = head.post(page("secretariat_council_change", council.pk), leaves | {"seats-TOTAL_FORMS": "2"})
    assert answer.status_code == 302
    newcomer = User.objects.get(email="new@example.org")
    assert [line.seat.user for line in meeting.attendances.all()] == [newcomer]
    told = set(Notice.objects.filter(kind__startswith="meeting_").values_list("user", "kind"))
    assert {(newcomer.pk, "meeting_called"), (seat.user_id, "meeting_left")} <= told


# --- a new term ----------------------------------------------------------------------------------


def term(council):
    return page("secretariat_council_term", council.pk)


def test_all_seats_begin_a_new_term_the_day_after_the_old_one(head):
    council, last, deputy = make.council(), TODAY() + timedelta(days=20), factories.user()
    seats = [make.seat(council, role=role, ends_on=last, deputy=deputy) for role in ("chair", "member")]
    form = head.get(term(council)).context["form"]
    assert form["starts_on"].value() == persian.to_jalali(last + timedelta(days=1))
    until = last + timedelta(days=700)
    answer = head.post(term(council), {"seats": [one.pk for one in seats], "starts_on": jalali(last + timedelta(days=1)), "ends_on": jalali(until)})
    assert answer.status_code == 302
    fresh = council.seats.exclude(pk__in=[one.pk for one in seats])
    assert set(fresh.values_list("user", "role", "deputy")) == {(one.user_id, one.role, deputy.pk) for one in seats}
    assert {one.starts_on.togregorian() for one in fresh} == {last + timedelta(days=1)}
    assert set(council.seats.filter(pk__in=[one.pk for one in seats]).values_list("end_reason", flat=True)) == {""}


def test_a_term_that_still_runs_ends_the_day_before_and_seats_come_over_from_another_council(head):
    council, other = make.council(), make.council()
    member = make.seat(other)
    running = make.seat(council, user=member.user, ends_on=TODAY() + timedelta(days=50))
    assert head.get(term(council), {"of": other.pk}).context["source"] == other
    answer = head.post(f"{term(council)}?of={other.pk}", {"seats": [member.pk], "starts_on": jalali(TODAY() + timedelta(days=9))})
    assert answer.status_code == 302, answer.context["form"].errors
    running.refresh_from_db()
    assert running.ends_on.togregorian() == TODAY() + timedelta(days=8) and running.end_reason
    assert council.seats.count() == 2 and Notice.objects.filter(kind="seat_given", user=member.user).count() == 1


def test_a_new_term_is_refused_where_it_contradicts_what_stands(head):
    council = make.council()
    chair, other = make.seat(council, role="chair"), make.seat(make.council(), role="chair")
    said = {"seats": [other.pk], "starts_on": jalali(TODAY()), "ends_on": ""}
    answer = head.post(f"{term(council)}?of={other.council_id}", said)
    assert answer.status_code == 422 and chair.user.last_name in str(answer.context["form"].errors["seats"])
    early = jalali(chair.starts_on)
    answer = head.post(term(council), {"seats": [chair.pk], "starts_on": early})
    assert answer.status_code == 422 and answer.context["form"].errors["starts_on"] and early in answer.content.decode()
    answer = head.post(term(council), {"seats": [], "starts_on": jalali(TODAY()), "ends_on": jalali(TODAY() - timedelta(days=1))})
    assert answer.status_code == 422 and {"seats", "ends_on"} <= set(answer.context["form"].errors)
    session = make.in_session(council)
    make.presence(session, chair)
    with pytest.raises(RuleBroken):
        bodies.begin_term(council.pk, [chair], persian.to_jalali(session.day), None, by=head.person)
    assert Seat.objects.count() == 2


def test_only_the_head_gives_terms(client):
    council = make.council()
    for person in (make.keeper(council), factories.officer(), make.seat(council, role="chair").user):
        client.force_login(person)
        assert client.get(term(council)).status_code == 404
        with pytest.raises(RuleBroken):
            bodies.begin_term(council.pk, list(council.seats.all()), persian.to_jalali(TODAY()), None, by=person)


# --- finding people ------------------------------------------------------------------------------


def offered(client, typed):
    answer = client.get(
        reverse("admin:autocomplete"), {"term": typed, "app_label": "secretariat", "model_name": "seat", "field_name": "user"}
    )
    return [found["text"] for found in answer.json()["results"]] if answer.status_code == 200 else answer.status_code


def test_people_are_found_however_they_are_written_and_shown_with_their_agency(head):
    agency = factories.agency(name_fa="نهاد کتابخانه‌های عمومی کشور", name_en="Libraries")
    person = factories.user(first_name="یگانه", last_name="کیانی‌فر", email="yegane@example.org")
    factories.granted("representative", person, agency=agency)
    factories.user(first_name="یگانه", last_name="دیگری")
    closed = factories.user(first_name="یگانه", last_name="کیانی‌فر", is_active=False)
    told = ["یگانه کیانی‌فر – نهاد کتابخانه‌های عمومی کشور"]
    for typed in ("کیانی", "كياني فر", "کیانی‌فر یگانه", "يگانه كيان", "yegane@", "کتابخانه عمومی"):
        assert offered(head, typed) == told, typed
    assert closed.is_active is False and len(offered(head, "یگانه")) == 2


def test_who_keeps_papers_does_not_look_people_up(client):
    client.force_login(make.keeper(make.council()))
    assert offered(client, "ی") == 403


# --- what is still to do -------------------------------------------------------------------------


def test_the_check_list_says_what_is_missing_and_where(head):
    council = Council.objects.create(kind="policy", name_fa="شورا", name_en="Council", grants_marks=True)
    assert [line.done for line in todo(council, head.person)] == [False] * 6
    chair = make.seat(council, role="chair", user=factories.user(email=None))
    secretary = make.seat(council, role="secretary", user=factories.user(second_factor_required=True))
    for decision in ("general", "mark_commended", "mark_quality", "mark_gold", "exemplar"):
        make.follow(council, VotingRule(), decision)
    seats, named, rules_, mail, factor, meeting = todo(council, head.person)
    assert (seats.done, named.done, rules_.done, mail.done, factor.done, meeting.done) == (True, True, True, False, False, False)
    assert str(chair.user) in mail.told and mail.url == page("secretariat_user_change", chair.user_id)
    assert str(secretary.user) in factor.told and str(secretary.user) in meeting.told and not meeting.url  # the secretary plans it
    administrator = factories.user(is_superuser=True, is_staff=True)
    assert todo(council, administrator)[-1].url == f"{reverse('meeting_new')}?council={council.pk}"
    planned = make.meeting(council)
    assert todo(council, administrator)[-1].url == reverse("meeting_detail", args=[planned.pk])
    text = head.get(page("secretariat_council_change", council.pk)).content.decode()
    assert text.count('class="is-done"') == 4 and text.count('class="is-open"') == 2
    mail, factor = todo(council, secretary.user)[3:5]
    assert not mail.url and not factor.url  # accounts are not theirs to look after


def test_a_term_that_begins_later_is_counted_until_it_does(head):
    council = make.council()
    make.seat(council, role="chair", starts_on=TODAY() + timedelta(days=9))
    make.seat(council, role="secretary", starts_on=TODAY() + timedelta(days=9))
    assert [line.done for line in todo(council, head.person)][:2] == [True, True]


def test_a_plan_begins_as_the_last_one_was_with_what_is_always_to_do(client):
    council = make.council()
    client.force_login(make.keeper(council))
    when, items = suggested_plan(council)
    assert when == {} and [item["kind"] for item in items] == ["discussion", "marks"]
    held = make.meeting(council, status="held", place="تالار", minutes_planned=45, year=persian.to_jalali(TODAY()).year, number=3)
    doing.action(council, factories.user())
    when, items = suggested_plan(council)
    assert (when["place"], when["minutes_planned"]) == ("تالار", 45)
    assert [(item["kind"], item.get("minutes_of")) for item in items] == [("minutes", held.pk), ("discussion", None), ("marks", None)]
    assert next_reference(council.pk) == f"{held.year}/4"
    text = client.get(reverse("meeting_new")).content.decode()
    assert "تالار" in text and persian.digits_to_persian(f"{held.year}/4") in text and all(item["title"] in text for item in items)
