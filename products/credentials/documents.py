"""The words of a credential: an OpenBadgeCredential of a granted mark, and the lists of what was suspended or revoked."""

import base64
import uuid
from datetime import datetime, time, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from products import rules
from products.credentials import keys, status_lists
from secretariat.bilingual import both
from secretariat.services.letters import absolute

OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/"
PURPOSES = {"revocation": "revoked", "suspension": "suspended"}  # what a list is about: the state of the marks in it
LIST_HOLDS = timedelta(days=7)
# Open Badges fixes its names as plain strings; these say the same in each language, and who made the product.
IN_LANGUAGES = {
    "names": {"@id": "https://schema.org/name", "@container": "@language"},
    "descriptions": {"@id": "https://schema.org/description", "@container": "@language"},
    "maker": "https://schema.org/creator",
}
CONTEXT = ["https://www.w3.org/ns/credentials/v2", f"{OPEN_BADGES}context-3.0.3.json", IN_LANGUAGES]

AWARDED = _("%(level)s: %(product)s")
CRITERIA = _(
    "Independent assessors without a conflict of interest judged the product by published indicators; its score reached"
    " %(least)s of 100 or the council wrote why it decided otherwise, no eliminatory indicator failed, and a council of the"
    " secretariat granted the mark by a recorded vote."
)
SUMMARY = _("“%(product)s” of %(agency)s received this mark by resolution %(resolution)s of the %(council)s.")
RESULTS = {
    "score": (_("Score out of 100"), "ScaledScore"),
    "low": (_("Lower end of the 95% interval"), "ScaledScore"),
    "high": (_("Upper end of the 95% interval"), "ScaledScore"),
    "raters": (_("Independent assessors"), "RawScore"),
    "scheme": (_("Method of the computation"), "Result"),
}
PLAIN_PAGE = _("Product, mark and why the score is what it is")
ROUND_PAGE = _("How the scores of the round were computed, with the data to compute them again")


def credential_id(mark):
    """The same for a mark as long as its address stands, however often its credential is signed."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, _address('mark_verify', mark.serial))}"


def mark_credential(mark):
    """The credential of a granted mark, ready to be signed. Says nothing about any person."""
    resolution, product, agency = mark.resolution, mark.product, mark.product.agency
    level = both(lambda: mark.get_level_display())
    name = _each(AWARDED, level=level, product=_named(product, "title"))
    summary = _each(
        SUMMARY,
        product=_named(product, "title"),
        agency=_named(agency, "name"),
        resolution=(f"{resolution.year}/{resolution.number}",) * 2,
        council=_named(resolution.council, "name"),
    )
    first, last = _start(mark.valid_from), _start(mark.valid_until + timedelta(days=1)) - timedelta(seconds=1)
    about = _address("product_public", product.pk)
    return {
        "@context": CONTEXT,
        "id": credential_id(mark),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        **_told("name", name),
        **_told("description", summary),
        "issuer": _issuer(),
        "validFrom": first.isoformat(),
        "validUntil": last.isoformat(),
        "awardedDate": mark.granted_at.astimezone(timezone.get_default_timezone()).isoformat(timespec="seconds"),
        "credentialSubject": {
            "id": about,
            "type": ["AchievementSubject"],
            **_told("name", _named(product, "title")),
            "maker": {"id": absolute(agency.get_absolute_url()), "type": ["Profile"], **_told("name", _named(agency, "name"))},
            "licenseNumber": mark.serial,
            "achievement": _achievement(mark, level),
            "result": _results(mark),
        },
        "evidence": _evidence(mark, about),
        "credentialStatus": [
            {
                "id": f"{_address('credential_status', purpose)}#{mark.pk}",
                "type": "BitstringStatusListEntry",
                "statusPurpose": purpose,
                "statusListIndex": str(mark.pk),
                "statusListCredential": _address("credential_status", purpose),
            }
            for purpose in PURPOSES
        ],
        "credentialSchema": [
            {
                "id": f"{OPEN_BADGES}schema/json/ob_v3p0_achievementcredential_schema.json",
                "type": "1EdTechJsonSchemaValidator2019",
            }
        ],
        # The same once more as a JWT's own claims, as Open Badges asks; a common JWT library refuses what has expired.
        "iss": keys.issuer(),
        "jti": credential_id(mark),
        "sub": about,
        "nbf": int(first.timestamp()),
        "exp": int(last.timestamp()),
    }


def status_list(purpose, places, last, now):
    """The list of a purpose, for marks up to the number `last`, as a credential of its own.

    It holds for a week, so that an old copy does not pass for today's.
    """
    address = _address("credential_status", purpose)
    until = now + LIST_HOLDS
    return {
        "@context": [CONTEXT[0]],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": _issuer(),
        "validFrom": now.isoformat(timespec="seconds"),
        "validUntil": until.isoformat(timespec="seconds"),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": status_lists.packed(places, last),
        },
        "iss": keys.issuer(),
        "exp": int(until.timestamp()),
    }


def _issuer():
    return {
        "id": keys.issuer(),
        "type": ["Profile"],
        **_told("name", both(settings.SITE_NAME)),
        "url": absolute(reverse("about")),
    }


def _achievement(mark, level):
    criteria = _each(CRITERIA, least=both("%(n)s", n=rules.THRESHOLDS[mark.level]))
    return {
        "id": f"{absolute(reverse('mark_list'))}?level={mark.level}",
        "type": ["Achievement"],
        "achievementType": "Award",
        "inLanguage": "fa",
        **_told("name", level),
        **_told("description", criteria),
        "criteria": {"id": absolute(reverse("set_list")), "narrative": "\n\n".join(criteria), "descriptions": _map(criteria)},
        "image": {"id": _emblem(), "type": "Image", "caption": " / ".join(level)},
        "creator": _issuer(),
        "resultDescription": [
            {
                "id": _result_id(mark, key),
                "type": ["ResultDescription"],
                **_told("name", both(words)),
                "resultType": kind,
                **({"valueMin": "0", "valueMax": "100"} if kind == "ScaledScore" else {}),
            }
            for key, (words, kind) in RESULTS.items()
        ],
    }


def _results(mark):
    run = mark.score.run
    values = {
        "score": mark.score_value,
        "low": mark.score_low,
        "high": mark.score_high,
        "raters": mark.score.raters,
        "scheme": f"{run.method} {run.algorithm}".strip(),
    }
    return [
        {
            "type": ["Result"],
            "resultDescription": _result_id(mark, key),
            "value": f"{value:.2f}" if isinstance(value, float) else str(value),
        }
        for key, value in values.items()
        if value is not None
    ]


def _result_id(mark, key):
    return f"{absolute(reverse('mark_list'))}?level={mark.level}#{key}"


def _evidence(mark, about):
    pages = [(about, both(PLAIN_PAGE))]
    round_ = mark.score.entry.round
    if round_.is_public:
        pages.append((_address("round_public", round_.pk), both(ROUND_PAGE)))
    return [{"id": address, "type": ["Evidence"], **_told("name", words)} for address, words in pages]


def _emblem():
    """The picture itself, for whoever reads the credential without a network."""
    drawing = (settings.BASE_DIR / "assets" / "emblem.svg").read_bytes()
    return "data:image/svg+xml;base64," + base64.b64encode(drawing).decode()


# --- in both languages ---------------------------------------------------------------------------


def _named(thing, stem):
    fa, en = getattr(thing, f"{stem}_fa"), getattr(thing, f"{stem}_en")
    return fa or en, en or fa


def _each(text, **pairs):
    """A text in both languages, filled with values that are pairs themselves."""
    return tuple(words % {name: pair[place] for name, pair in pairs.items()} for place, words in enumerate(both(text)))


def _told(field, pair):
    """`field` as the one string that Open Badges reads, and by language for whoever reads that."""
    return {field: pair[0] if pair[0] == pair[1] else " / ".join(pair), f"{field}s": _map(pair)}


def _map(pair):
    return {"fa": pair[0], "en": pair[1]}


def _address(name, *args):
    return absolute(reverse(name, args=args))


def _start(day):
    return timezone.make_aware(datetime.combine(day, time.min))
