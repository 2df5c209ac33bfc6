"""The minutes of one meeting on the agenda of the next, in the browser: a secret vote, equal votes, the chair decides, they are frozen.

With SHOTS=folder in the environment it leaves pictures; SHOT_WIDTH and SHOT_THEME say how they look.
"""

import os
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from secretariat.models import Ballot, BallotMark, Meeting, Notice, Resolution, Vote
from secretariat.services import ballots, meetings
from tests import council as make
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOTS = os.environ.get("SHOTS", "")
WIDTH, THEME = int(os.environ.get("SHOT_WIDTH", 1280)), os.environ.get("SHOT_THEME", "light")
NAMES = ["دانش‌پژوه", "ثابت", "حکیمی", "نیک‌اندیش"]


def shot(page, name):
    if SHOTS:
        page.wait_for_load_state("load")
        page.screenshot(path=f"{SHOTS}/secret-{name}-{WIDTH}-{THEME}.png", full_page=True)


def press(page):
    page.locator("main form .form-actions .btn-primary").last.click()


def session_after_another():
    """(the earlier meeting, held; the later one, in session; its seats: chair, secretary, two members)."""
    council = make.council(name_fa="شورای سیاست‌گذاری", name_en="Policy council")
    roles = ["chair", "secretary", "member", "member"]
    seats = [
        make.seat(council, user=factories.user(first_name="پریسا", last_name=name), role=role)
        for name, role in zip(NAMES, roles, strict=True)
    ]
    earlier = make.in_session(council, starts_at=timezone.now() - timedelta(days=20), place="سالن جلسات")
    for seat in seats:
        make.presence(earlier, seat)
    earlier = meetings.end(earlier.pk, by=seats[1].user, at=earlier.starts_at + timedelta(hours=2))
    later = make.in_session(council, place="سالن جلسات")
    for seat in seats:
        make.presence(later, seat)
    return earlier, later, seats


def test_minutes_are_adopted_at_the_next_meeting_by_a_secret_vote_and_the_chairs(pages):
    earlier, later, (chair, secretary, member, other) = session_after_another()
    page = pages(user=secretary.user, width=WIDTH, theme=THEME)

    # The secretary puts the earlier minutes on the agenda, and the motion before the council.
    page.goto(reverse("meeting_edit", args=[later.pk]))
    page.locator("[name=item-0-title]").fill("تصویب صورت‌جلسهٔ پیشین")
    page.locator("[name=item-0-kind]").select_option("minutes")
    page.locator(".agenda-row details summary").first.click()
    page.locator("[name=item-0-minutes_of]").select_option(str(earlier.pk))
    shot(page, "agenda")
    press(page)
    page.wait_for_url(re.compile("/meetings/[0-9]+/$"))
    item = later.agenda.get()
    expect(page.locator(f"#item-{item.pk} a[href='{reverse('minutes_detail', args=[earlier.pk])}']")).to_be_visible()
    page.locator(f"#item-{item.pk} a[href='{reverse('resolution_new', args=[item.pk])}']").click()
    expect(page.locator("[name=decision][value=minutes]")).to_be_checked()
    page.locator("[name=text]").fill("صورت‌جلسهٔ جلسهٔ پیشین تصویب شد.")
    press(page)
    page.wait_for_url(re.compile("/resolutions/[0-9]+/$"))
    motion = Resolution.objects.get()
    page.goto(reverse("ballot_open", args=[motion.pk]))
    page.locator("[name=secrecy][value=secret]").check()
    shot(page, "open")
    press(page)
    page.wait_for_url(re.compile("/resolutions/[0-9]+/$"))
    ballot = Ballot.objects.get()
    assert ballot.is_secret

    # One votes on his own page, the others on theirs; nobody is told how it goes.
    mine = pages(user=member.user, width=WIDTH, theme=THEME)
    mine.goto(reverse("ballot_vote", args=[ballot.pk]))
    shot(mine, "vote")
    mine.locator(".vote-choice.vote-against").click()
    expect(mine.locator(".vote-chosen:visible")).to_have_count(1)
    expect(mine.locator(".vote-chosen:visible")).to_contain_text("مخالف")
    shot(mine, "asked")
    press(mine)
    expect(mine.locator("#voted")).to_be_visible()
    expect(mine.locator("#voted")).not_to_contain_text("مخالف")
    shot(mine, "voted")
    for seat, choice in ((chair, "for"), (secretary, "for"), (other, "against")):
        ballots.cast(ballot.pk, choice, by=seat.user)
    page.reload()
    expect(page.locator("main")).not_to_contain_text("۲ مخالف")
    shot(page, "all-voted")
    page.goto(reverse("ballot_close", args=[ballot.pk]))
    press(page)
    page.wait_for_url(re.compile("/resolutions/[0-9]+/$"))
    shot(page, "tied")
    ballot.refresh_from_db()
    assert (ballot.status, ballot.votes_for, ballot.votes_against) == ("tied", 2, 2)
    assert (BallotMark.objects.count(), Vote.objects.count()) == (4, 0)

    # Equal votes: the chair, and nobody else, decides in the open; with it the earlier minutes are approved.
    head = pages(user=chair.user, width=WIDTH, theme=THEME)
    head.goto(reverse("resolution_detail", args=[motion.pk]))
    head.locator(f"a[href='{reverse('ballot_casting', args=[ballot.pk])}']").first.click()
    head.locator("[name=choice][value=for]").check()
    shot(head, "casting")
    press(head)
    head.wait_for_url(re.compile("/resolutions/[0-9]+/$"))
    shot(head, "decided")
    earlier = Meeting.objects.get(pk=earlier.pk)
    assert earlier.approved_with == Resolution.objects.get(status="adopted")
    assert Notice.objects.filter(kind="minutes_to_sign", link=earlier.minutes_url).count() == 4
    mine.goto(earlier.minutes_url)
    expect(mine.locator("main .facts a")).to_have_attribute("href", reverse("resolution_detail", args=[motion.pk]))
    shot(mine, "minutes")
    mine.locator("#signatures summary").click()
    mine.locator("[name=reservation]").fill("با بند دوم موافق نبودم.")
    shot(mine, "reservation")
    mine.locator("#signatures form button").click()
    mine.locator("[data-confirm-yes]").click()
    expect(mine.locator("#signatures blockquote")).to_contain_text("با بند دوم موافق نبودم.")
    shot(mine, "signed")
