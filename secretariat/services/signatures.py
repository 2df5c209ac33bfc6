"""Approved minutes: whom they are told, who signs them or says what he sees otherwise, and who is reminded, once."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from secretariat import calendar, rules
from secretariat.bilingual import both
from secretariat.errors import RuleBroken
from secretariat.models import Attendance, Meeting, MinutesSignature, Notice
from secretariat.rules.actions import FIRST_HOUR
from secretariat.selectors import meeting_room
from secretariat.selectors.actions import keepers_of
from secretariat.services import notices

TO_SIGN = gettext_lazy(
    "The minutes of %(meeting)s are approved. You were there: please read and sign them until %(day)s; "
    "what you see otherwise you can write beside your signature."
)
TO_READ = gettext_lazy("The minutes of %(meeting)s are approved and can be read.")
STILL = gettext_lazy("The minutes of %(meeting)s still wait for your signature, until %(day)s.")
RESERVED = gettext_lazy("%(name)s has signed the minutes of %(meeting)s with a reservation: %(words)s")
MOST = 2000  # letters of a reservation


def tell_approved(meeting):
    """Tell those who were there that they are asked to sign, and the other members that the minutes can be read."""
    table, once = meeting_room.places(meeting), f"minutes-{meeting.pk}"
    there = {stay.user for place in table for stay in place.stays}
    members = {place.seat.user for place in table} - there
    to_sign = both(TO_SIGN, meeting=meeting, day=meeting.sign_until)
    notices.tell_all(there, "minutes_to_sign", *to_sign, link=meeting.minutes_url, once=once)
    notices.tell_all(members, "minutes_approved", *both(TO_READ, meeting=meeting), link=meeting.minutes_url, once=once)


@transaction.atomic
def sign(meeting_id, *, by, sha256, reservation=""):
    """Sign the approved minutes, as somebody who was there; `sha256` is that of what was read.

    A reservation stands beside the signature; who keeps the papers is told. It is taken until the day that was told.
    """
    meeting = Meeting.objects.select_related("council").get(pk=meeting_id)
    reservation = reservation.strip()
    if meeting.approved_at is None:
        raise RuleBroken(_("Only approved minutes are signed."))
    if sha256 != meeting.minutes_sha256:
        raise RuleBroken(_("These are not the minutes that were approved. Read them again."))
    line = Attendance.objects.filter(meeting=meeting, presences__user=by).order_by("pk").first()
    if line is None:
        raise RuleBroken(_("Minutes are signed by those who were there."))
    if len(reservation) > MOST:
        raise RuleBroken(_("A reservation has at most %(n)s letters.") % {"n": calendar.digits(MOST)}, field="reservation")
    if reservation and not may_reserve(meeting):
        raise RuleBroken(_("The time for reservations is over; the minutes can still be signed."), field="reservation")
    signature, made = MinutesSignature.objects.get_or_create(
        attendance=line, defaults={"user": by, "sha256": sha256, "reservation": reservation}
    )
    if not made and signature.user_id != by.pk:
        raise RuleBroken(_("%(name)s has signed these minutes for this seat already.") % {"name": signature.user})
    if not made:
        raise RuleBroken(_("You have signed these minutes already."))
    if reservation:
        said = both(RESERVED, name=by, meeting=meeting, words=reservation)
        keepers = [one for one in keepers_of(meeting) if one != by]
        notices.tell_all(keepers, "minutes_reservation", *said, link=meeting.minutes_url)
    return signature


def may_reserve(meeting):
    """Whether the time to say what one sees otherwise is not over."""
    return meeting.sign_until is None or calendar.today() <= meeting.sign_until


# --- reminding -----------------------------------------------------------------------------------


def remind(now=None):
    """Remind whoever has not signed, once, shortly before the day that was told; gives how many. Safe to repeat and to run twice at once."""
    local = calendar.in_tehran(now or timezone.now())
    if local.hour < FIRST_HOUR:
        return 0
    reminded = 0
    waiting = Meeting.objects.filter(sign_until__gte=local.date()).select_related("council").order_by("pk")
    for meeting in waiting:
        if local.date() >= calendar.deadline(meeting.sign_until, -rules.REMIND_TO_SIGN).due:
            reminded += _remind(meeting)
    return reminded


@transaction.atomic
def _remind(meeting):
    people = [user for user in meeting_room.yet_to_sign(meeting) if user.is_active]
    once = f"minutes-unsigned-{meeting.pk}"
    told = set(Notice.objects.filter(once__in=[f"{once}:{user.pk}" for user in people]).values_list("user", flat=True))
    people = [user for user in people if user.pk not in told]
    said = both(STILL, meeting=meeting, day=meeting.sign_until)
    notices.tell_all(people, "minutes_to_sign", *said, link=meeting.minutes_url, once=once)
    return len(people)
