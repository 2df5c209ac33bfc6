"""Who may not know what of the blind round, and whether an answer tells it."""

import re

from assessments.models import Assignment
from secretariat.models import Agency
from tests import council as make

# Member agencies are a public register: their own pages name them, and never beside a product.
REGISTER = ("/agencies/", "/sitemap.xml", "/my-assessments/profile/", "/overview/")


def people(world):
    """{who: (user, words that he must not read, numbers of rows that he must not read)}."""
    s = world.secrets
    between = [*s.council, *s.staff]
    of_panel = [*s.panel, *s.words, *s.reasons, *s.former]
    judging = [*s.maker, *s.rival, *of_panel, *s.house, *s.appeal, *between]
    agencies = numbers(world, "maker", "rival", "owner", "rival_owner", "product", "other")
    return {
        **{
            name: (getattr(world, name).user, without_oneself(judging, name), agencies | others(world, getattr(world, name)))
            for name in ("reader", "gone", "first")
        },
        # What is decided about an overlap is told to both agencies.
        "owner": (world.owner, [*of_panel, *s.appeal, *without(between, "غربال‌نهان", "هم‌پوشان‌نهان")], others(world)),
        "rival_owner": (
            world.rival_owner, [*of_panel, *s.house, *s.appeal, *without(between, "هم‌پوشان‌نهان"), *PRIVATE_TO_THE_MAKER], others(world),
        ),
        # Whose results are published: he reads what was let through of the words, under numbers.
        "appellant": (
            world.appellant, without(judging, *s.appeal, "zgmeta"), agencies | others(world) | others_of(world.appealed.round),
        ),
        # Of a councillor's councils none has anything of this before it; what is published he reads.
        "member": (outsider_of_councils(), [*without(judging, "واژه‌گشوده"), "باران"], agencies | others(world)),
        "public": (None, [*judging, "باران", "of rain"], agencies | others(world)),
    }  # fmt: skip


# One's own name and words are no secret; nor is to the member of a discussion what is said in it.
OWN = {
    "gone": ("کنارکش", "konarkesh", "علت‌نهان"),
    "first": (
        "همایی", "homai", "رشته‌نهان", "قوت‌نهان", "بهبودنهان", "یادداشت‌نهان", "نظرنهان", "گفتگونهان", "پیشنهادنهان", "توافق‌نهان",
        "قوت‌گذشته", "بهبودگذشته", "یادداشت‌گذشته", "نظرگذشته",
    ),
}  # fmt: skip


def without(words, *known):
    return [word for word in words if word not in known]


def without_oneself(words, name):
    return without(words, *OWN.get(name, ()))


PRIVATE_TO_THE_MAKER = ("ساروخانی", "sarukhani", "کاشفی", "گلفامیه", "zgoriginal", "zgmeta")


def outsider_of_councils():
    """A member of a council that has nothing before it."""
    return make.seat(make.council()).user


def numbers(world, *names):
    return {getattr(world, name).pk for name in names}


def others(world, own=None):
    return others_of(world.round, own)


def others_of(round_, own=None):
    """Numbers of the panel's rows, but for one's own."""
    assignments = Assignment.objects.filter(entry__round=round_).exclude(assessor=own)
    found = set()
    for row in assignments.select_related("assessor", "assessment"):
        found |= {row.pk, row.assessor_id, row.assessor.user_id}
        if hasattr(row, "assessment"):
            found |= {row.assessment.pk, *row.assessment.ratings.values_list("pk", flat=True)}
    return found


# “gone” declined, was taken off one product by an officer and off another for a conflict of interest; “first” has submitted.
WHO = ("reader", "gone", "first", "owner", "rival_owner", "appellant", "member", "public")
# Who sends an empty form everywhere as well; what comes back to the others is the same.
READS_WHAT_IS_PUBLIC = ("reader", "public")
PUBLIC = ("/products/marked/", "/marks/", "/credentials/", "/sets/", "/agencies/", "/api/")
SENDING = ("reader", "rival_owner", "public")


def told(answer, words, figures, forbidden):
    """The secrets that an answer tells; the address that was asked for may stand in it."""
    asked = answer.url.partition("?")[0]
    text = answer.text.replace(answer.url, "").replace(asked, "").casefold()
    if asked.startswith(REGISTER):
        assert not {"باران", "صنوبر"} & set(text.split()), f"{answer.url} names the product beside its maker"
        words = without(words, "زرگنده", "zargandeh", "چهلستونی", "chehelsotuni", "رقیبانه", "raghibaneh")
        forbidden = forbidden - set(Agency.objects.values_list("pk", flat=True))
    plain = text.translate(_PLAIN)
    whole, figures = set(_WHOLE.findall(plain)), [figure for figure in figures if figure in plain]
    there = set(_NUMBER.findall(visible(plain))) if figures else ()
    return [
        *(word for word in words if word.casefold() in text),
        *(figure for figure in figures if figure in there),
        *(str(pk) for pk in forbidden if str(pk) in whole),
    ]


_PLAIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹٫", "0123456789.")
_WHOLE, _NUMBER = re.compile(r"\d+"), re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?![\d.]*\d)")


def visible(text):
    """What stands between the tags, and what tags show or send: not how pictures are drawn."""
    return re.sub(r"""\s(?:d|points|viewbox|transform|style|class|x\d?|y\d?|cx|cy|width|height)=(?:"[^"]*"|'[^']*')""", "", text)
