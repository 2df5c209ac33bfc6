"""Telling people, and the page where they read what they were told."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from secretariat.bilingual import both
from secretariat.models import Letter, Notice
from secretariat.services import notices
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_person_is_told_on_the_desk_and_by_letter_in_their_language():
    person = factories.user(language="en", name_en="Sara Rad")
    notices.tell(person, "test", "خبر", "News", link="/x/")
    notice, letter = Notice.objects.get(), Letter.objects.get()
    assert (notice.text_fa, notice.text_en, notice.link) == ("خبر", "News", "/x/")
    assert letter.to == person.email and letter.subject == "News" and "Dear Sara Rad," in letter.text and "/x/" in letter.text


def test_without_an_address_there_is_only_the_notice():
    notices.tell(factories.user(email=None), "test", "خبر", "News")
    assert Notice.objects.count() == 1 and not Letter.objects.exists()


def test_the_same_key_tells_once():
    person = factories.user()
    for _try in range(3):
        notices.tell(person, "test", "خبر", "News", once="event-1")
    assert Notice.objects.count() == 1 and Letter.objects.count() == 1


def test_a_key_counts_for_each_person_apart():
    for person in (factories.user(), factories.user()):
        notices.tell(person, "test", "خبر", "News", once="event-1")
    assert Notice.objects.count() == 2


def test_officers_in_office_are_told_and_nobody_else():
    officer, head = factories.officer(), factories.secretary()
    gone = factories.officer()
    gone.role_grants.update(since=timezone.now() - timedelta(days=9), until=timezone.now() - timedelta(days=1))
    factories.officer(is_active=False)
    factories.representative()
    notices.tell_officers("test", "خبر", "News")
    assert set(Notice.objects.values_list("user", flat=True)) == {officer.pk, head.pk}


def test_an_agency_is_told_through_its_own_representatives():
    ours = factories.representative()
    factories.representative()
    notices.tell_agency(ours.role_grants.get().agency_id, "test", "خبر", "News")
    assert Notice.objects.get().user == ours


def test_both_writes_a_sentence_in_each_language():
    agency = factories.agency(name_fa="نهاد", name_en="Body")
    assert both(_("agency")) == ("دستگاه", "agency")
    assert (
        both(_("Deadline: %(day)s"), day=timezone.datetime(2026, 1, 25).date())[1] == "Deadline: 25 January 2026 (5 Bahman 1404)"
    )
    assert [
        text.endswith(end)
        for text, end in zip(both("%(agency)s %(n)s", agency=agency, n=12), ["نهاد ۱۲", "Body 12"], strict=True)
    ] == [True, True]
    assert both(lambda: _("agency")) == ("دستگاه", "agency")
