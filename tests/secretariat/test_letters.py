"""The outbox: what is posted goes out once, waits out a silent server, and says the same in text and HTML."""

import smtplib
import socket
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from secretariat.models import Letter
from secretariat.services import letters
from secretariat.tasks import send_mail

pytestmark = pytest.mark.django_db


class AwayBackend(EmailBackend):
    """A mail server that does not answer."""

    def open(self):
        raise ConnectionRefusedError("nobody there")


class RefusingBackend(EmailBackend):
    """A mail server that knows no such mailbox."""

    def send_messages(self, messages):
        raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"no such user")})


class BusyBackend(EmailBackend):
    """A mail server that asks to come again."""

    def send_messages(self, messages):
        raise smtplib.SMTPResponseException(451, b"later")


def _use(settings, backend):
    settings.EMAIL_BACKEND = f"{__name__}.{backend.__name__}"


def _post(n=1, **fields):
    for i in range(n):
        letters.post(f"p{i}@example.org", "موضوع", "سلام\n\nمتن نامه", language="fa", **fields)


def test_a_letter_goes_out_in_text_and_html_that_know_their_language(settings):
    settings.PUBLIC_URL = "https://portal.example.org"
    _post(link="/desk/", action="باز کردن")
    send_mail()
    (message,) = mail.outbox
    html = message.alternatives[0][0]
    assert message.extra_headers["Content-Language"] == "fa"
    assert 'dir="rtl"' in html.split("<body", 1)[1]
    assert "https://portal.example.org/desk/" in message.body
    assert 'href="https://portal.example.org/desk/"' in html
    assert "متن نامه" in message.body and "متن نامه" in html
    assert Letter.objects.get().sent_at is not None


def test_an_english_letter_reads_left_to_right():
    letters.post("a@example.org", "Subject", "Text <b>", language="en")
    letter = Letter.objects.get()
    assert '<body dir="ltr"' in letter.html and "Text &lt;b&gt;" in letter.html and "Text <b>" in letter.text
    assert "please do not answer" in letter.text


def test_the_same_key_posts_one_letter():
    _post(once="k1")
    _post(once="k1")
    assert Letter.objects.count() == 1


def test_a_subject_cannot_bring_a_header_of_its_own():
    letters.post("a@example.org", "Hello\r\nBcc: all@example.org", "x", language="en")
    send_mail()
    assert mail.outbox[0].subject == "Hello Bcc: all@example.org"
    assert mail.outbox[0].recipients() == ["a@example.org"]


def test_a_task_delivered_twice_sends_once():
    _post(3)
    send_mail()
    send_mail()
    assert len(mail.outbox) == 3
    assert len({m.extra_headers["Message-ID"] for m in mail.outbox}) == 3


def test_a_letter_claimed_by_another_sender_is_left_to_it(django_capture_on_commit_callbacks):
    _post()
    letter = letters._claimed(Letter.objects.get().pk)
    assert letters._claimed(letter.pk) is None
    send_mail()
    assert mail.outbox == []


def test_a_sender_that_died_leaves_its_letter_to_the_next():
    _post()
    pk = letters._claimed(Letter.objects.get().pk).pk
    Letter.objects.filter(pk=pk).update(next_try_at=timezone.now() - timedelta(seconds=1))
    send_mail()
    assert len(mail.outbox) == 1


def test_while_the_server_is_away_letters_wait_and_go_later(settings):
    working = settings.EMAIL_BACKEND
    _use(settings, AwayBackend)
    _post(3)
    send_mail()
    tried = Letter.objects.exclude(tries=0).get()
    assert "nobody there" in tried.last_error and tried.next_try_at > timezone.now()
    assert Letter.objects.filter(sent_at=None, given_up_at=None).count() == 3
    settings.EMAIL_BACKEND = working
    Letter.objects.update(next_try_at=timezone.now())
    send_mail()
    assert len(mail.outbox) == 3 and not Letter.objects.filter(sent_at=None).exists()
    assert set(Letter.objects.values_list("last_error", flat=True)) == {""}


def test_a_server_away_for_a_day_costs_no_letter(settings):
    working = settings.EMAIL_BACKEND
    _use(settings, AwayBackend)
    _post()
    for _try in range(30):
        Letter.objects.update(next_try_at=timezone.now(), created_at=timezone.now() - timedelta(days=1))
        send_mail()
    assert Letter.objects.get().given_up_at is None
    settings.EMAIL_BACKEND = working
    Letter.objects.update(next_try_at=timezone.now())
    send_mail()
    assert len(mail.outbox) == 1


def test_waits_grow_and_an_old_letter_is_given_up(settings):
    _use(settings, BusyBackend)
    _post()
    waits = []
    for _try in range(6):
        Letter.objects.update(next_try_at=timezone.now())
        send_mail()
        waits.append(round((Letter.objects.get().next_try_at - timezone.now()).total_seconds() / 60))
    assert waits == [1, 5, 15, 30, 60, 60]
    Letter.objects.update(next_try_at=timezone.now(), created_at=timezone.now() - letters.GIVE_UP_AFTER - timedelta(hours=1))
    send_mail()
    assert Letter.objects.get().given_up_at is not None


def test_an_address_that_does_not_exist_is_given_up_and_the_others_go_on(settings):
    _use(settings, RefusingBackend)
    _post(2)
    send_mail()
    assert Letter.objects.exclude(given_up_at=None).count() == 2


def test_a_letter_of_a_transaction_that_failed_was_never_written():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        _post()
        raise ZeroDivisionError
    assert not Letter.objects.exists()


def test_a_real_worker_sends_what_was_posted(worker):
    _post()
    assert worker.wait_for(lambda: Letter.objects.filter(sent_at__isnull=False).exists())


def test_the_mail_server_speaks_smtp_and_is_away(settings):
    """Django's own SMTP backend against a port where nobody listens: the letter waits."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = free.getsockname()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    _post()
    send_mail()
    letter = Letter.objects.get()
    assert letter.tries == 1 and letter.sent_at is None and letter.given_up_at is None and letter.last_error
