"""What is still to be done before a council can meet and decide, each with the place where it is done."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_otp.plugins.otp_totp.models import TOTPDevice

from secretariat import calendar, rules
from secretariat.models import Seat
from secretariat.rules.voting import LEAST_VOTERS

KEEPING = (Seat.Role.CHAIR, Seat.Role.SECRETARY)


@dataclass
class Line:
    """One thing that a council needs."""

    done: bool
    title: str
    told: str
    url: str = ""
    link: str = ""


def todo(council, user):
    """The check-list of a council, as `user` may act on it; the meeting last."""
    page = reverse("admin:secretariat_council_change", args=[council.pk])
    seats = list(council.seats.current().select_related("user", "deputy"))
    if not seats:  # terms that begin later
        seats = list(council.seats.filter(starts_on__gt=timezone.localdate()).select_related("user", "deputy"))
    return [
        _seats(seats, page),
        _named(seats, page),
        _rules(council, page),
        _addresses(seats, user),
        _factors(seats, user),
        _meeting(council, seats, user),
    ]


def _count(n):
    return ngettext("%(n)s seat", "%(n)s seats", n) % {"n": calendar.digits(n)}


def _seats(seats, page):
    voting = sum(seat.votes for seat in seats)
    deputies = sum(seat.deputy_id is not None for seat in seats)
    told = _("%(seats)s, %(voting)s with a vote, %(deputies)s with a deputy.") % {
        "seats": _count(len(seats)), "voting": calendar.digits(voting), "deputies": calendar.digits(deputies),
    }  # fmt: skip
    return Line(voting >= LEAST_VOTERS, _("Seats"), told, f"{page}#seats-group", _("to the seats"))


def _named(seats, page):
    names = {role: [str(seat.user) for seat in seats if seat.role == role] for role in KEEPING}
    chair, secretary = (_(", ").join(names[role]) or "–" for role in KEEPING)
    told = _("Chair: %(chair)s; secretary: %(secretary)s.") % {"chair": chair, "secretary": secretary}
    return Line(all(names.values()), _("Chair and secretary"), told, f"{page}#seats-group", _("to the seats"))


def _rules(council, page):
    known = set(council.decision_rules.values_list("decision", flat=True))
    asked = [kind for kind in rules.STARTING_RULES if council.grants_marks or kind == rules.Decision.GENERAL]
    missing = [str(kind.label) for kind in asked if kind not in known]
    told = _("By the general rule so far: %(kinds)s.") % {"kinds": _(", ").join(missing)} if missing else _("Every kind of decision has its rule.")
    return Line(not missing, _("Rules of voting"), told, f"{page}#decision_rules-group", _("to the rules"))


def _people(seats):
    """Everybody who sits there or stands in, once."""
    return list({person.pk: person for seat in seats for person in (seat.user, seat.deputy) if person}.values())


def _account(person, user):
    """Where the account of a person is looked after, for who may go there."""
    if not rules.is_officer(user):
        return {}
    return {"url": reverse("admin:secretariat_user_change", args=[person.pk]), "link": _("to the account")}


def _addresses(seats, user):
    without = [person for person in _people(seats) if not person.email]
    if not without:
        return Line(bool(seats), _("E-mail addresses"), _("Everybody gets invitations by e-mail.") if seats else _("Nobody sits there yet."))
    told = _("Only told on the portal: %(names)s.") % {"names": _(", ").join(map(str, without))}
    return Line(False, _("E-mail addresses"), told, **_account(without[0], user))


def _factors(seats, user):
    """Whoever keeps the papers enters the administration: where a second factor is asked of them, they have one."""
    keepers = _people([seat for seat in seats if seat.role in KEEPING])
    keepers = [person for person in keepers if any(seat.user_id == person.pk for seat in seats if seat.role in KEEPING)]
    has = set(TOTPDevice.objects.filter(user__in=keepers, confirmed=True).values_list("user", flat=True))
    missing = [person for person in keepers if person.second_factor_required and person.pk not in has]
    title = _("Second factor of chair and secretary")
    if not missing:
        free = [person for person in keepers if person.pk not in has]
        told = _("Not asked of %(names)s; it can be on their accounts.") % {"names": _(", ").join(map(str, free))} if free else _("Set up.")
        return Line(bool(keepers), title, told if keepers else _("Nobody is named yet."), **(_account(free[0], user) if free else {}))
    told = _("Set up at the next sign-in by %(names)s.") % {"names": _(", ").join(map(str, missing))}
    return Line(False, title, told)


def _meeting(council, seats, user):
    title, first = _("First meeting"), council.meetings.exclude(status=rules.MeetingStatus.CANCELLED).order_by("starts_at", "pk").first()
    if first is not None:
        return Line(True, title, calendar.long_datetime(first.starts_at), reverse("meeting_detail", args=[first.pk]), _("to the meeting"))
    if not rules.serves_council(user, council.pk):
        keeper = next((str(seat.user) for seat in seats if seat.role == Seat.Role.SECRETARY), _("its secretary"))
        return Line(False, title, _("Planned and called by %(name)s, under “Meetings”.") % {"name": keeper})
    return Line(False, title, _("None is planned yet."), f"{reverse('meeting_new')}?council={council.pk}", _("Plan the first meeting"))
