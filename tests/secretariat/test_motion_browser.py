"""The pages of motions and votes in a real browser: nothing for axe to find, nothing wider than a phone."""

import pytest
from django.urls import reverse

from tests import council as make
from tests.axe import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("language", "theme", "width"), [("fa", "dark", 390), ("en", "light", 1280)])
def test_motions_and_votes_have_no_fault(pages, language, theme, width):
    motion = make.motion()
    marks = make.item(motion.meeting, kind="marks")
    make.scored_product()
    keeper, member = make.keeper(motion.council), make.seats(motion)[1].user
    page = pages(user=keeper, language=language, theme=theme, width=width)

    def look(name, number, page=page):
        page.goto(reverse(name, args=[number]))
        assert faults_of(page) == [], name

    for name in ("resolution_detail", "resolution_edit", "resolution_withdraw", "recusal_record", "ballot_open"):
        look(name, motion.pk)
    look("resolution_new", motion.agenda_item_id)
    look("marks_from_round", marks.pk)
    look("meeting_detail", motion.meeting_id)
    ballot = make.ballot(motion, choice=None)
    for name in ("ballot_hands", "ballot_close", "ballot_break_off"):
        look(name, ballot.pk)
    own = pages(user=member, language=language, theme=theme, width=width)
    look("recusal_declare", motion.pk, own)
    look("ballot_vote", ballot.pk, own)
    own.locator(".vote-choice").first.click()
    assert faults_of(own) == []
    own.locator("main form .btn-primary").click()
    own.locator("#voted").wait_for()
    assert faults_of(own) == []
    look("resolution_detail", motion.pk, own)
