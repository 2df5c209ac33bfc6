"""A mark that ends is announced to its agency once for each term, and followed by another without a gap or an overlap."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from products import rules, tasks
from products.models import QualityMark, RenewalCall
from products.services import marks, renewals
from secretariat.errors import RuleBroken
from secretariat.models import Letter, Notice
from tests import council as make
from tests import factories
from tests.products.test_mark_pages import keeper_of
from tests.refusal import refused, sql
from tests.together import at_once

pytestmark = pytest.mark.django_db

FIRST, LAST = rules.RENEWAL_CALLS


def ending(days, mark=None):
    """The mark as if it ended in so many days."""
    mark = mark or make.granted_mark()
    until = timezone.localdate() + timedelta(days=days)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE products_qualitymark SET valid_from = %s, valid_until = %s WHERE id = %s",
            [until - timedelta(days=730), until, mark.pk],
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
    return QualityMark.objects.get(pk=mark.pk)


def calls(mark):
    return list(mark.renewal_calls.values_list("days", flat=True))


# --- the call ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "called"),
    [(FIRST + 1, []), (FIRST, [FIRST]), (LAST + 1, [FIRST]), (LAST, [LAST]), (0, [LAST]), (-1, [])],
)
def test_the_agency_is_called_when_a_term_has_come(days, called):
    mark = ending(days)
    renewals.call_due()
    assert calls(mark) == called


def test_a_broker_that_delivers_twice_calls_once():
    mark = make.granted_mark()
    person = factories.representative(mark.product.agency)
    Notice.objects.all().delete()
    Letter.objects.all().delete()
    ending(60, mark)
    tasks.call_to_renew()
    tasks.call_to_renew()
    assert calls(mark) == [FIRST]
    notice = Notice.objects.get()
    assert (notice.user, notice.kind) == (person, "mark_ends")
    assert mark.product.title_fa in notice.text_fa and mark.product.title_en in notice.text_en
    assert Letter.objects.get().to == person.email
    ending(20, mark)
    tasks.call_to_renew()
    tasks.call_to_renew()
    assert calls(mark) == [FIRST, LAST]
    assert Notice.objects.count() == Letter.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_call_once():
    mark = make.granted_mark()
    factories.representative(mark.product.agency)
    Notice.objects.all().delete()
    until = timezone.localdate() + timedelta(days=10)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE products_qualitymark SET valid_from = %s, valid_until = %s", [until - timedelta(days=730), until])
        cursor.execute("SET session_replication_role = DEFAULT")
    assert sorted(at_once(*[lambda: renewals.call(mark.pk, LAST)] * 3)) == [False, False, True]
    assert Notice.objects.count() == 1


def test_nobody_is_called_about_what_ended_otherwise_or_goes_on():
    suspended, revoked, silent = make.granted_mark(), make.granted_mark(), make.granted_mark(publish=False)
    marks.suspend(suspended.pk, by=keeper_of(suspended), why="بررسی")
    marks.revoke(revoked.pk, by=keeper_of(revoked), why="تخلف")
    renewed = ending(40)
    renew(renewed)
    for mark in (suspended, revoked, silent):
        ending(40, mark)
    assert renewals.call_due() == 0
    assert not RenewalCall.objects.exists()


def test_the_database_keeps_calls():
    mark = ending(40)
    renewals.call_due()
    with refused("one_renewal_call_a_term"):
        RenewalCall.objects.create(mark=mark, days=FIRST)
    with refused("renewal_call_term_known"):
        RenewalCall.objects.create(mark=mark, days=7)
    with refused("renewal_call_stays"):
        sql("DELETE FROM products_renewalcall")


def test_the_desks_show_what_ends(client):
    mark = make.granted_mark()
    person = factories.representative(mark.product.agency)
    ending(40, mark)
    client.force_login(person)
    assert mark.get_absolute_url() in client.get(reverse("desk")).content.decode()
    client.force_login(factories.officer())
    said = client.get(reverse("desk")).content.decode()
    assert f"{reverse('mark_list')}?ending=on" in said
    assert mark.get_absolute_url() in client.get(reverse("mark_list"), {"ending": "on"}).content.decode()
    other = make.granted_mark()
    assert other.get_absolute_url() not in client.get(reverse("mark_list"), {"ending": "on"}).content.decode()


# --- the renewal ---------------------------------------------------------------------------------


def renew(mark):
    return make.granted_mark(product=mark.product)


def test_the_new_mark_begins_the_day_after_and_names_the_former(client, in_english):
    mark = ending(40)
    after = renew(mark)
    assert after.renews == mark
    assert after.valid_from == mark.valid_until + timedelta(days=1)
    assert (mark.standing, after.standing) == ("granted", "coming")
    assert list(QualityMark.objects.in_force()) == [mark]
    old, new = (client.get(reverse("mark_verify", args=[one.serial])).content.decode() for one in (mark, after))
    assert "This mark is valid." in old and after.get_absolute_url() in old
    assert "This mark is not in force yet." in new and mark.get_absolute_url() in new
    assert client.get(reverse("mark_certificate", args=[after.serial])).status_code == 410
    assert "This mark is valid." in client.get(reverse("product_public", args=[mark.product_id])).content.decode()


def test_after_the_end_the_new_mark_begins_today(client):
    mark = ending(-5)
    after = renew(mark)
    assert after.renews == mark and after.valid_from == timezone.localdate() and after.is_in_force
    said = client.get(reverse("mark_list"), {"column": "renews", "state": "granted"}).content.decode()
    assert after.get_absolute_url() in said and mark.get_absolute_url() in said


def test_before_the_last_months_a_second_mark_is_refused():
    mark = ending(FIRST + 1)
    with pytest.raises(RuleBroken, match=r"۹۰|90"):
        renew(mark)


def test_a_revoked_mark_is_not_renewed_but_begun_anew():
    mark = make.granted_mark()
    marks.revoke(mark.pk, by=keeper_of(mark), why="تخلف")
    after = renew(mark)
    assert after.renews is None and after.valid_from == timezone.localdate()


def test_the_board_hinders_a_second_mark_but_no_renewal(client):
    from products.selectors.marks import board

    for days, hindered in ((FIRST + 5, True), (40, False)):
        mark = ending(days)
        proposal = make.proposed_mark(product=mark.product)
        make.adopted(proposal.resolution)
        assert bool(board(proposal.resolution)[0].living) is hindered


def test_the_database_refuses_a_wrong_chain():
    mark, other = ending(40), make.granted_mark()
    again = make.adopted_mark(product=mark.product)
    today = timezone.localdate()
    granted = {"status": "granted", "serial": "1404-77777-0", "granted_at": timezone.now()}
    following = {"valid_from": mark.valid_until + timedelta(days=1), "valid_until": mark.valid_until + timedelta(days=700)}
    rows = QualityMark.objects.filter(pk=again.pk)
    with refused("mark_rests_on_resolution_and_score", saying="renews an earlier one"):
        rows.update(**granted, **following, renews=other)
    with refused("mark_rests_on_resolution_and_score", saying="renews an earlier one"):
        rows.update(**granted, valid_from=today, valid_until=today + timedelta(days=700), renews=mark)
    with refused("one_living_mark_a_product"):
        rows.update(**granted, valid_from=mark.valid_until, valid_until=today + timedelta(days=700))
    assert rows.update(**granted, **following, renews=mark) == 1
    with refused("mark_rests_on_resolution_and_score", saying="keeps its decision"):
        rows.update(renews=None)
