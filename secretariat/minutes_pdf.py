"""The minutes of a meeting as a PDF on letterhead: the words of one language, and typst to set them."""

import json

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from secretariat import calendar
from secretariat.selectors import minutes as selectors
from secretariat.typesetting import pdf

TEMPLATE = settings.BASE_DIR / "secretariat" / "typst" / "minutes.typ"


def written(meeting, language):
    """The PDF of the minutes in "fa" or "en"; a draft says on every page that it is one."""
    with translation.override(language):
        content = json.dumps(_content(selectors.sheet(meeting), language), ensure_ascii=False)
    return pdf(TEMPLATE, minutes=content)


def _content(sheet, language):
    meeting = sheet.meeting
    return {
        "language": language,
        "issuer": str(settings.SITE_NAME),
        "invocation": "بسمه تعالی" if language == "fa" else "",
        "title": _("Minutes"),
        "council": meeting.council.name,
        "document_title": _("Minutes: %(meeting)s") % {"meeting": meeting},
        "references": [
            [_("Number"), calendar.digits(meeting.reference) or "–"],
            [_("Date"), calendar.long_date(meeting.started_at or meeting.starts_at)],
            [_("Place"), meeting.place or "–"],
            [_("Time"), _hours(meeting)],
        ],
        "state": (
            _("Approved on %(day)s; seal %(seal)s") % {"day": calendar.long_date(meeting.approved_at), "seal": sheet.fingerprint}
            if sheet.is_approved
            else _("Draft, not approved")
        ),
        "is_draft": not sheet.is_approved,
        "opening": sheet.opening,
        "attendance": {
            "title": _("Attendance"),
            "head": [_("Name"), _("Role"), _("Attendance"), _("Time")],
            "rows": [[one.name, one.role, one.state, one.times] for one in sheet.sitters],
        },
        "agenda_title": _("Agenda and resolutions"),
        "points": [
            {
                "title": point.title,
                "presenter": _("Presented by %(name)s") % {"name": point.presenter} if point.presenter else "",
                "said": point.said,
                "decided": [_told(one) for one in point.decided],
            }
            for point in sheet.points
        ],
        "loose_title": _("Further resolutions"),
        "loose": [_told(one) for one in sheet.loose],
        "signatures_title": _("Signatures"),
        "signatures": [
            {
                "name": one.name,
                "role": one.role,
                "signed": (_("Signed on %(day)s") % {"day": calendar.long_date(one.signature.at)} if one.signature else ""),
                "reservation": f"{_('Reservation')}: {one.signature.reservation}" if one.signature and one.signature.reservation else "",
            }
            for one in sheet.sitters
            if one.was_there
        ],
        "page": _("Page"),
        "of": _("of"),
        "persian_digits": language == "fa",
    }


def _hours(meeting):
    began, ended = calendar.clock(meeting.started_at), calendar.clock(meeting.ended_at)
    return _("%(from)s to %(until)s") % {"from": began, "until": ended} if ended else began


def _told(decided):
    head = _("Resolution %(number)s") % {"number": decided.number} if decided.number else decided.state
    return {"head": head, "title": decided.title, "text": decided.text, "words": " ".join(decided.words)}
