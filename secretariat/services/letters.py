"""The outbox: letters are rows written with the work they tell of; sending them is done later, as often as it takes."""

import smtplib
from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation

from secretariat.background import after_commit
from secretariat.models import Letter

LEASE = timedelta(minutes=10)  # longer than any one sending takes; a sender that died leaves the letter for the next
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 30, 60)]  # the last one again and again
GIVE_UP_AFTER = timedelta(days=4)
BATCH = 200


def post(to, subject, text, *, language, link="", action="", secret=False, once=None):
    """Put a letter into the outbox, in the caller's transaction; a repeated `once` key changes nothing.

    `text` is plain paragraphs. `link` is a path within the portal, shown as a button that says `action`. The
    words of a `secret` letter are forgotten once it has gone.
    """
    letter = written(to, subject, text, language=language, link=link, action=action, secret=secret, once=once)
    Letter.objects.bulk_create([letter], ignore_conflicts=True)
    after_commit("secretariat.tasks.send_mail")


def written(to, subject, text, *, language, link="", action="", secret=False, once=None, calendar=""):
    """A letter in its envelope, not yet in the outbox: plain text and HTML that say the same, with a calendar file if there is one."""
    with translation.override(language):
        words = {
            "paragraphs": [part.strip() for part in text.split("\n\n") if part.strip()],
            "address": absolute(link) if link else "",
            "action": action,
            "subject": subject,
            "language": language,
            "direction": "rtl" if language == "fa" else "ltr",
            "side": "right" if language == "fa" else "left",
            "site_name": settings.SITE_NAME,
            "site_address": settings.PUBLIC_URL,
        }
        return Letter(
            to=to,
            subject=" ".join(subject.split())[:200],  # a line break would be a header of its own
            text=render_to_string("secretariat/letters/letter.txt", words).strip() + "\n",
            html=render_to_string("secretariat/letters/letter.html", words),
            language=language,
            calendar=calendar,
            is_secret=secret,
            once=once,
        )


def absolute(path):
    """The full address of a path: from the settings, never from what a request says its host is."""
    return settings.PUBLIC_URL + path


def send_waiting(limit=BATCH):
    """Send what waits, each letter claimed first, so that two senders never have the same one; gives how many went."""
    waiting = list(Letter.objects.waiting().order_by("next_try_at", "pk").values_list("pk", flat=True)[:limit])
    if not waiting:
        return 0
    connection, sent = get_connection(), 0
    try:
        for pk in waiting:
            letter = _claimed(pk)
            if letter is None:
                continue
            try:
                connection.open()
                _message(letter, connection).send()
            except smtplib.SMTPRecipientsRefused as error:
                _failed(letter, error, final=all(code >= 500 for code, _words in error.recipients.values()))
            except (smtplib.SMTPException, OSError) as error:
                _failed(letter, error)
                if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPResponseException):
                    break  # the server does not answer: the others need not try now
            except ValueError as error:  # a header that cannot be written
                _failed(letter, error, final=True)
            else:
                _finished(letter, sent_at=timezone.now(), last_error="")
                sent += 1
    finally:
        connection.close()
    return sent


def _claimed(pk):
    """The letter, if nobody else took it meanwhile: taking it moves its next try beyond the time of one sending."""
    now = timezone.now()
    taken = Letter.objects.waiting().filter(pk=pk).update(next_try_at=now + LEASE, tries=F("tries") + 1)
    return Letter.objects.get(pk=pk) if taken else None


def _failed(letter, error, final=False):
    now, words = timezone.now(), f"{type(error).__name__}: {error}"[:300]
    if final or now - letter.created_at > GIVE_UP_AFTER:
        _finished(letter, given_up_at=now, last_error=words)
    else:
        wait = BACK_OFF[min(letter.tries, len(BACK_OFF)) - 1]
        Letter.objects.filter(pk=letter.pk).update(next_try_at=now + wait, last_error=words)


def _finished(letter, **changes):
    if letter.is_secret:
        changes |= {"text": "", "html": ""}
    Letter.objects.filter(pk=letter.pk).update(**changes)


def _message(letter, connection):
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {
        "Content-Language": letter.language,
        # The same on every try: a mailbox that did get the first one drops the second.
        "Message-ID": f"<letter-{letter.pk}-{letter.created_at:%Y%m%d%H%M%S}@{domain}>",
        "Auto-Submitted": "auto-generated",
    }
    message = EmailMultiAlternatives(letter.subject, letter.text, None, [letter.to], headers=headers, connection=connection)
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    if letter.calendar:
        # The type says to a mail program whether this asks for a date or takes it back.
        method = "CANCEL" if "\nMETHOD:CANCEL" in letter.calendar.replace("\r", "") else "REQUEST"
        message.attach("meeting.ics", letter.calendar.encode(), f"text/calendar; method={method}; charset=utf-8")
    return message
