"""The part of the demonstration in which panels that lie apart discuss under numbers and agree."""

from statistics import median_low

from assessments.forms.assessments import plain
from assessments.models import Moderation
from assessments.selectors import moderations as selectors
from assessments.services import discussions, moderations, runs

WORDS = (
    "شاهدهای پیوست را دوباره دیدم؛ نظر من همان است که نوشته‌ام. (نمایشی)",
    "با توضیح همکار می‌پذیرم که مقدار من کمی دور بوده است. (نمایشی)",
)


def settle(round_id, officer):
    """Let every panel that is found apart discuss what it differs on, and agree on the middle of what was given."""
    living = Moderation.objects.living().filter(entry__round=round_id).order_by("pk")
    for pk in list(living.values_list("pk", flat=True)):
        moderation = Moderation.objects.select_related("entry__round").get(pk=pk)
        asked = [one.indicator.pk for one in selectors.widest(moderation) if one.is_asked]
        moderation = moderations.discuss(pk, asked, by=officer)
        panel = selectors.counted(moderation.entry).select_related("assessor__user")
        for seat, words in zip(panel, WORDS, strict=False):
            discussions.say(pk, words, by=seat.assessor.user, indicator_id=asked[0])
        for point in selectors.points_of(moderation):
            given = [value for value in selectors.ratings_on(moderation.entry, point.indicator) if value is not None]
            agreed = plain(median_low(given))
            discussions.agree(pk, point.indicator.pk, agreed, "هیئت بر مقدار میانه توافق کرد. (نمایشی)", by=officer)
        moderations.settle(pk, "agreed", "هیئت پس از گفت‌وگو توافق کرد. (نمایشی)", by=officer)
        runs.rescore_round(round_id)
