"""The filters that write numbers, dates and codes in the reader's way."""

import datetime
from decimal import Decimal

import jdatetime
import pytest
from django.template import Context, Template
from django.utils import translation

from secretariat import calendar

UTC = datetime.UTC
NOON = datetime.datetime(2026, 1, 25, 8, 30, tzinfo=UTC)  # noon in Tehran


def render(source, language, **values):
    with translation.override(language):
        return Template("{% load portal_text %}" + source).render(Context(values))


@pytest.mark.parametrize(
    "source, value, fa, en",
    [
        ("{{ x|num }}", 1234.5, "۱٬۲۳۴٫۵", "1,234.5"),
        ("{{ x|num }}", -7, "‎−۷", "-7"),
        ("{{ x|num }}", "1234", "۱٬۲۳۴", "1,234"),
        ("{{ x|num:1 }}", Decimal("87.25"), "۸۷٫۳", "87.3"),
        ("{{ x|num:2 }}", 3, "۳٫۰۰", "3.00"),
        ("{{ x|num }}", None, "", ""),
        ("{{ x|num }}", "نسخهٔ 2", "نسخهٔ ۲", "نسخهٔ 2"),
        ("{{ x|percent }}", 12, "۱۲٪", "12%"),
        ("{{ x|percent:1 }}", 12.34, "۱۲٫۳٪", "12.3%"),
        ("{{ x|percent }}", None, "", ""),
        ("{{ x|digits }}", 1404, "۱۴۰۴", "1404"),
        ("{{ x|digits }}", None, "", ""),
        ("{{ x|jdate }}", datetime.date(2026, 1, 25), "۵ بهمن ۱۴۰۴", "25 January 2026 (5 Bahman 1404)"),
        ("{{ x|jdate }}", jdatetime.date(1404, 11, 5), "۵ بهمن ۱۴۰۴", "25 January 2026 (5 Bahman 1404)"),
        ("{{ x|jdate }}", None, "", ""),
        ("{{ x|jdatetime }}", NOON, "یکشنبه ۵ بهمن ۱۴۰۴ - ۱۲:۰۰", "Sunday 25 January 2026, 12:00 (5 Bahman 1404)"),
        ("{{ x|jdatetime }}", datetime.date(2026, 1, 25), "یکشنبه ۵ بهمن ۱۴۰۴", "Sunday 25 January 2026 (5 Bahman 1404)"),
        ("{{ x|jdatetime }}", "", "", ""),
        ("{{ x|jshort }}", NOON, "۱۴۰۴/۱۱/۰۵", "2026-01-25"),
        ("{{ x|jshort }}", None, "", ""),
        ("{{ x|ltr }}", "021-66976601", '<bdi dir="ltr">021-66976601</bdi>', '<bdi dir="ltr">021-66976601</bdi>'),
        ("{{ x|ltr }}", "<b>", '<bdi dir="ltr">&lt;b&gt;</bdi>', '<bdi dir="ltr">&lt;b&gt;</bdi>'),
        ("{{ x|digits|ltr }}", "043-185", '<bdi dir="ltr">۰۴۳-۱۸۵</bdi>', '<bdi dir="ltr">043-185</bdi>'),
        ("{{ x|ltr }}", None, "", ""),
    ],
)
def test_filter(source, value, fa, en):
    assert render(source, "fa", x=value) == fa
    assert render(source, "en", x=value) == en


@pytest.mark.parametrize(
    "ago, fa, en",
    [
        (datetime.timedelta(seconds=30), "همین حالا", "just now"),
        (datetime.timedelta(minutes=1), "۱ دقیقه پیش", "1 minute ago"),
        (datetime.timedelta(minutes=59, seconds=59), "۵۹ دقیقه پیش", "59 minutes ago"),
        (datetime.timedelta(hours=3), "۳ ساعت پیش", "3 hours ago"),
        (datetime.timedelta(days=3), "۳ روز پیش", "3 days ago"),
        (datetime.timedelta(days=65), "۲ ماه پیش", "2 months ago"),
        (datetime.timedelta(days=800), "۲ سال پیش", "2 years ago"),
        (-datetime.timedelta(hours=2), "یکشنبه ۵ بهمن ۱۴۰۴ - ۱۴:۰۰", "Sunday 25 January 2026, 14:00 (5 Bahman 1404)"),
    ],
)
def test_jsince_instant(ago, fa, en):
    assert render("{{ x|jsince:now }}", "fa", x=NOON - ago, now=NOON) == fa
    assert render("{{ x|jsince:now }}", "en", x=NOON - ago, now=NOON) == en


def test_jsince_day():
    today = calendar.today()
    assert render("{{ x|jsince }}", "fa", x=today) == "امروز"
    assert render("{{ x|jsince }}", "fa", x=jdatetime.date.fromgregorian(date=today - datetime.timedelta(days=3))) == "۳ روز پیش"
    assert render("{{ x|jsince }}", "en", x=today - datetime.timedelta(days=1)) == "1 day ago"
    assert render("{{ x|jsince }}", "en", x=None) == ""


@pytest.mark.parametrize(
    "ahead, fa, en",
    [(3, "۳ روز مانده", "3 days left"), (1, "۱ روز مانده", "1 day left"), (0, "امروز", "today"), (-2, "۲ روز دیرکرد", "2 days late")],
)
def test_days_left(ahead, fa, en):
    due = NOON.date() + datetime.timedelta(days=ahead)
    assert render("{{ x|days_left:today }}", "fa", x=due, today=NOON) == fa
    assert render("{{ x|days_left:today }}", "en", x=due, today=NOON) == en
    assert render("{{ x|days_left }}", "en", x=calendar.today()) == "today"
    assert render("{{ x|days_left }}", "en", x="") == ""
