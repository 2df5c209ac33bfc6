"""Parts of the public pages of marks: what search engines and other programs read of them, and the QR code."""

import json

from django import template
from django.utils.safestring import mark_safe

from products import certificates
from secretariat.services.letters import absolute

register = template.Library()


@register.simple_tag
def structured_mark(mark):
    """A mark as schema.org tells certifications, for the inside of a script element."""
    product = mark.product
    told = {
        "@context": "https://schema.org",
        "@type": "Certification",
        "name": mark.get_level_display(),
        "certificationIdentification": mark.serial,
        "certificationStatus": f"https://schema.org/Certification{'Active' if mark.is_in_force else 'Inactive'}",
        "url": certificates.verify_url(mark),
        "validFrom": mark.valid_from.isoformat(),
        "expires": mark.valid_until.isoformat(),
        "datePublished": mark.published_at.date().isoformat(),
        "issuedBy": {"@type": "Organization", "name": mark.resolution.council.name},
        "about": {
            "@type": "CreativeWork",
            "name": product.title,
            "creator": {"@type": "Organization", "name": product.agency.name, "url": absolute(product.agency.get_absolute_url())},
        },
        "certificationRating": {
            "@type": "Rating",
            "ratingValue": round(mark.score_value, 1),
            "bestRating": 100,
            "worstRating": 0,
        },
    }
    text = json.dumps(told, ensure_ascii=False)
    # What an agency writes never ends the element it stands in.
    return mark_safe(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


@register.simple_tag
def verify_address(mark):
    """The full address of the page where the mark is verified."""
    return certificates.verify_url(mark)


@register.simple_tag
def qr_code(address):
    """An address as a QR code, drawn inline."""
    return mark_safe(certificates.qr(address, sized=False))
