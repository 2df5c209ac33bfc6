"""What the database itself refuses about marks, whoever writes."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from assessments.models import Score
from products.models import QualityMark
from products.services import marks
from secretariat.calendar import today
from tests import council as make
from tests import factories
from tests.refusal import refused, sql

pytestmark = pytest.mark.django_db



def rows(mark):
    return QualityMark.objects.filter(pk=mark.pk)


def test_nothing_is_granted_before_its_resolution_is_adopted():
    mark = make.proposed_mark()
    granted = {"status": "granted", "serial": "1404-00001-0", "granted_at": timezone.now(), "valid_from": today(), "valid_until": today() + timedelta(days=9)}  # fmt: skip
    with refused("mark_rests_on_resolution_and_score", saying="adopted resolution"):
        rows(mark).update(**granted)


def test_a_mark_rests_on_a_total_score_of_its_own_product():
    mark, other = make.proposed_mark(), make.proposed_mark()
    with refused("mark_rests_on_resolution_and_score", saying="its own product"):
        rows(mark).update(score=other.score)
    open_entry = factories.entry(factories.round_("open"), mark.product.subject)
    node = factories.score(open_entry, 80, part=open_entry.sheet.parts.first())
    with refused("mark_rests_on_resolution_and_score", saying="its own product"):
        rows(mark).update(score=node)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "granted"},
        {"serial": "1404-00001-0"},
        {"published_at": timezone.now()},
    ],
)
def test_a_proposal_carries_nothing_of_a_grant(change):
    mark = make.adopted_mark()
    with refused("granted_mark_is_complete"):
        rows(mark).update(**change)


def test_a_granted_mark_says_until_when():
    mark = make.adopted_mark()
    granted = {"status": "granted", "serial": "1404-00001-0", "granted_at": timezone.now(), "valid_from": today()}
    for until in (None, today()):
        with refused("granted_mark_is_complete"):
            rows(mark).update(**granted, valid_until=until)


@pytest.mark.parametrize(
    "change",
    [
        {"level": "gold"},
        {"score_value": 99.0},
        {"score_low": 1.0},
        {"serial": "1404-99999-9"},
        {"valid_until": date(2090, 1, 1)},
        {"granted_at": timezone.now() - timedelta(days=9)},
    ],
)
def test_a_granted_mark_keeps_its_decision(change):
    mark = make.granted_mark()
    with refused("mark_rests_on_resolution_and_score", saying="keeps its decision"):
        rows(mark).update(**change)


def test_a_published_mark_stays_public():
    mark = make.granted_mark()
    with refused("mark_rests_on_resolution_and_score", saying="stays public"):
        rows(mark).update(published_at=None)


def test_a_revoked_mark_does_not_come_back():
    mark = make.granted_mark()
    marks.revoke(mark.pk, by=make.keeper(mark.resolution.council), why="تخلف")
    with refused("mark_rests_on_resolution_and_score", saying="does not come back"):
        rows(mark).update(status="granted")


def test_a_granted_mark_is_never_deleted_a_proposal_may_be():
    mark = make.granted_mark()
    with refused("granted_mark_stays"):
        sql("DELETE FROM products_qualitymark WHERE id = %s", mark.pk)
    free = make.scored_product()
    proposal = QualityMark.objects.create(
        product=free,
        resolution=make.resolution(),
        score=Score.objects.get(entry__subject=free.subject),
        score_value=85,
        level="quality",
    )
    assert rows(proposal).delete()[0] == 1


def test_one_living_mark_a_product():
    mark = make.granted_mark()
    again = make.adopted_mark(product=mark.product)
    granted = {"status": "granted", "serial": "1404-77777-0", "granted_at": timezone.now(), "valid_from": today(), "valid_until": today() + timedelta(days=9)}  # fmt: skip
    with refused("one_living_mark_a_product"):
        rows(again).update(**granted)


def test_serials_are_unique():
    mark = make.granted_mark()
    again = make.adopted_mark()
    granted = {"status": "granted", "serial": mark.serial, "granted_at": timezone.now(), "valid_from": today(), "valid_until": today() + timedelta(days=9)}  # fmt: skip
    with refused("products_qualitymark_serial_key"):
        rows(again).update(**granted)


def test_a_product_stands_once_in_a_resolution():
    mark = make.proposed_mark()
    twin = QualityMark(
        product=mark.product, resolution=mark.resolution, score=mark.score, score_value=mark.score_value, level="commended"
    )
    with refused("product_once_in_a_resolution"):
        QualityMark.objects.bulk_create([twin])


def test_levels_are_known():
    mark = make.proposed_mark()
    with refused("mark_level_known"):
        rows(mark).update(level="platinum")


def test_the_trail_is_never_touched():
    mark = make.granted_mark()
    with refused("append_only"):
        mark.moves.update(why="دیگر")
    with refused("append_only"):
        mark.moves.all().delete()
