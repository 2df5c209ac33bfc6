"""Reminding assessors of what they owe, and telling the secretariat of what is late: each once, and on record with its words."""

import logging

from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assessments import rules
from assessments.models import Assignment, Escalation, Reminder, Round
from assessments.selectors import reminders as selectors
from secretariat import calendar
from secretariat.background import after_commit
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.rules import only_officers
from secretariat.services.letters import written
from secretariat.services.notices import GREETING, tell, tell_heads, tell_officers

log = logging.getLogger(__name__)
Kind = Reminder.Kind

NAMES = 8  # of those who are late, in a digest


def send_due(now=None):
    """Send every reminder whose day has come; gives how many letters. Safe to repeat, to run twice at once and late."""
    local = calendar.in_tehran(now or timezone.now())
    if local.hour < rules.FIRST_HOUR:
        return 0
    sent = 0
    for owed in selectors.owed_by_now(local.date()):
        try:
            sent += _remind(owed, by=None) is not None
        except Exception:
            log.exception("assessor %s could not be reminded of round %s", owed.assessor.pk, owed.round.pk)
    return sent


@transaction.atomic
def remind(round_id, kind, assessors, *, by, subjects=None, texts=None):
    """Remind some assessors of a round by hand of what they owe now; gives the reminders.

    `kind` is Kind.OFFER for requests not answered, else assessments are meant. `subjects` and `texts` are {language: words}
    with the placeholders of rules.PLACEHOLDERS; without them the house's own words are sent.
    """
    only_officers(by=by)
    round_ = Round.objects.get(pk=round_id)
    if not round_.is_open:
        raise RuleBroken(_("Reminders are sent only while the round is open."))
    for part, said, fault_of in (("subject", subjects, rules.fault_of_subject), ("text", texts, rules.fault_of_text)):
        for language, words in (said or {}).items():
            if (fault := fault_of(words)) is not None:
                raise RuleBroken(fault, field=f"{part}_{language}")
    sent = [_remind(owed, by=by, subjects=subjects, texts=texts) for owed in selectors.owed_in(round_, kind, assessors)]
    sent = [reminder for reminder in sent if reminder is not None]
    if not sent:
        raise RuleBroken(_("Nobody of those chosen owes anything any more."))
    return sent


@transaction.atomic
def _remind(owed, *, by, subjects=None, texts=None):
    """Write down one reminder with its letter and its notice; None where it was sent already or nothing is owed any more."""
    still = Assignment.objects.filter(pk__in=[row.pk for row in owed.assignments], status__in=rules.PENDING_ASSIGNMENTS)
    # Locked: whoever submits at this moment is waited for, and is not reminded then.
    owing = dict(still.order_by("pk").select_for_update(no_key=True).values_list("pk", "status"))
    owed.assignments = [row for row in owed.assignments if owing.get(row.pk) == row.status]
    if not owed.assignments:
        return None
    user = owed.assessor.user
    language = user.language
    subject, text = selectors.words_for(owed, language, (subjects or {}).get(language), (texts or {}).get(language))
    said = {"to": user.email or "", "subject": subject[:200], "text": text, "language": language, "by": by}
    key = {"assessor": owed.assessor, "round": owed.round, "for_day": owed.for_day}
    if by is None:
        reminder, made = Reminder.objects.get_or_create(**key, kind=owed.kind, days=owed.days, defaults=said)
        if not made:
            return None
    else:
        reminder = Reminder.objects.create(**key, kind=Kind.HAND, **said)
    notice = (selectors.words_for(owed, language, (subjects or {}).get(language))[0] for language in ("fa", "en"))
    tell(user, "reminder", *notice, link=reverse("my_assessments"), once=reminder.letter_key, mail=False)
    _post(reminder, user)
    return reminder


def _post(reminder, user):
    if not reminder.to:
        return
    with translation.override(reminder.language):
        greeting = str(GREETING) % {"name": user.display_name}
        action = _("Open in the portal")
    letter = written(
        reminder.to,
        reminder.subject,
        f"{greeting}\n\n{reminder.text}",
        language=reminder.language,
        link=reverse("my_assessments"),
        action=action,
        once=reminder.letter_key,
    )
    letter.save()
    after_commit("secretariat.tasks.send_mail")


# --- lateness ------------------------------------------------------------------------------------


def tell_lateness(now=None):
    """Tell the secretariat, once a day at most, what is late enough for it; gives how many assessments were told."""
    local = calendar.in_tehran(now or timezone.now())
    if local.hour < rules.FIRST_HOUR:
        return 0
    found = selectors.late_by_now(local.date())
    return sum(_tell_level(level, [one for one in found if one.level == level], local) for level in Escalation.Level.values)


@transaction.atomic
def _tell_level(level, lines, local):
    if not lines or _told_today(level, local):
        return 0
    Escalation.objects.bulk_create(
        [Escalation(assignment=one.assignment, level=level, for_day=one.for_day, late=one.late) for one in lines],
        ignore_conflicts=True,
    )
    names = list(dict.fromkeys(str(one.assignment.assessor) for one in lines))
    words = both(lambda: _late_in_words(lines, names))
    tell_level = tell_officers if level == Escalation.Level.OFFICERS else tell_heads
    tell_level("assessments_late", *words, link=f"{reverse('assignment_list')}?late=on", once=f"late:{level}:{local.date()}")
    return len(lines)


def _told_today(level, local):
    return Escalation.objects.filter(level=level, at__gte=local.replace(hour=0, minute=0, second=0, microsecond=0)).exists()


def _late_in_words(lines, names):
    text = ngettext(
        "%(count)s assessment is %(days)s working days late or more: %(names)s.",
        "%(count)s assessments are %(days)s working days late or more: %(names)s.",
        len(lines),
    )
    shown = ("، " if calendar.reads_persian() else ", ").join(names[:NAMES])
    if (rest := len(names) - NAMES) > 0:
        shown += " " + ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": calendar.digits(rest)}
    least = min(one.late for one in lines)
    return text % {"count": calendar.digits(len(lines)), "days": calendar.digits(least), "names": shown}
