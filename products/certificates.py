"""The certificate of a mark as a PDF: the words of one language, a QR code, and typst to set them."""

import hashlib
import io
import json
import logging

import segno
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from products.credentials import keys, tokens
from products.services import credentials
from secretariat import calendar, persian
from secretariat.typesetting import pdf

log = logging.getLogger(__name__)

TEMPLATE = settings.BASE_DIR / "products" / "typst" / "certificate.typ"
LANGUAGES = ("fa", "en")
KEEP = 24 * 3600


def verify_url(mark):
    """Where anybody can check the mark; printed and coded on the certificate, so never taken from a request."""
    return settings.PUBLIC_URL + reverse("mark_verify", args=[mark.serial])


def certificate(mark, language):
    """The PDF of a granted mark in "fa" or "en"; made once for the same content and kept in the cache."""
    with translation.override(language):
        content = json.dumps(_content(mark, language), ensure_ascii=False, sort_keys=True)
    template = TEMPLATE.read_bytes()
    key = f"certificate:{mark.pk}:{language}:{hashlib.sha256(content.encode() + template).hexdigest()}"
    made = cache.get(key)
    if made is None:
        made = pdf(TEMPLATE, certificate=content)
        cache.set(key, made, KEEP)
    return made


def _content(mark, language):
    resolution, score = mark.resolution, mark.score
    council, level, url = resolution.council.name, mark.get_level_display(), verify_url(mark)
    serial, reference = calendar.digits(mark.serial), calendar.digits(resolution.reference)
    return {
        "language": language,
        "level": mark.level,
        "serial": mark.serial,
        "document_title": f"{level} – {mark.product.title}",
        "issuer": str(settings.SITE_NAME),
        "invocation": "بسمه تعالی" if language == "fa" else "",
        "level_name": level,
        "opening": _("This certificate is awarded to"),
        "product": mark.product.title,
        "made_by": _("by %(agency)s") % {"agency": mark.product.agency.name},
        "decision": _(
            "By resolution %(number)s of the %(council)s, on the strength of the judgement of independent assessors"
            " by published indicators."
        )
        % {"number": reference, "council": council},
        "references": [
            [_("Serial"), serial, True],
            [_("Date"), _day(mark.granted_at), False],
            [_("Resolution"), reference, True],
        ],
        "facts": [
            [_("Score out of 100"), _number(mark.score_value)],
            *([[_("95% interval"), _interval(mark)]] if mark.score_low is not None else []),
            [_("Independent assessors"), calendar.digits(score.raters)],
            [_("Granted on"), _two_lines(mark.granted_at)],
            [_("Valid until"), _two_lines(mark.valid_until)],
        ],
        "qr": qr(url),
        "qr_alt": _("QR code of the verification page of this mark"),
        "verify": _("Verify it here:"),
        "serial_shown": serial,
        "url": url,
        "url_shown": url.removeprefix("https://").removeprefix("http://"),
        "signatures": [_("Chair of the council"), _("Head of the secretariat")],
        # The proof travels inside the PDF. Not as the QR code: a signed credential is twice what such a code can hold.
        "credential": _credential(mark),
        "credential_name": tokens.ATTACHMENT,
        "credential_type": tokens.MEDIA_TYPE,
        "credential_words": _("Signed credential of this mark (Open Badges 3.0)"),
    }


def _credential(mark):
    if not (mark.published_at and mark.is_in_force):
        return ""
    try:
        return credentials.credential_of(mark).jwt
    except keys.KeyLost:
        log.exception("certificate %s goes without its credential", mark.serial)
        return ""


def _day(moment):
    return calendar.long_date(moment)


def _two_lines(moment):
    """A day with its second calendar, where there is one, on a line of its own."""
    first, _bracket, second = _day(moment).partition(" (")
    return f"{first}\n{second.removesuffix(')')}" if second else first


def _number(value):
    return persian.display_fa(value, 1) if calendar.reads_persian() else persian.grouped(value, 1)


def _interval(mark):
    return _("%(low)s to %(high)s") % {"low": _number(mark.score_low), "high": _number(mark.score_high)}


def qr(url, sized=True):
    """A QR code as SVG; without a size of its own it fills the place it is given."""
    image = io.BytesIO()
    drawn = segno.make(url, error="m", micro=False)
    drawn.save(image, kind="svg", border=0, dark="#1c2829", xmldecl=False, omitsize=not sized)
    return image.getvalue().decode()
