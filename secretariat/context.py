"""What the page shell needs on every page: direction, reader's settings, navigation by role."""

from django.conf import settings

from secretariat import rules

THEMES = ("auto", "light", "dark")
TEXT_SIZES = ("normal", "large", "larger")
CONTRASTS = ("normal", "high")


def _cookie(request, name, allowed):
    value = request.COOKIES.get(name, allowed[0])
    return value if value in allowed else allowed[0]


def shell(request):
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    language = getattr(request, "LANGUAGE_CODE", settings.LANGUAGE_CODE)
    return {
        "site_name": settings.SITE_NAME,
        "language": language,
        "direction": "rtl" if language == "fa" else "ltr",
        "theme": _cookie(request, "theme", THEMES),
        "text_size": _cookie(request, "text_size", TEXT_SIZES),
        "contrast": _cookie(request, "contrast", CONTRASTS),
        "is_officer": signed_in and rules.is_officer(user),
        "is_representative": signed_in and bool(rules.represented_agencies(user)),
        "is_assessor": signed_in and getattr(user, "assessor", None) is not None,
        "is_council": signed_in and bool(rules.councils_of(user)),
    }
