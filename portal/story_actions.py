"""The demonstration of what follows a decision: actions of the policy council in every state, and an agreement with its commitments."""

from datetime import timedelta

from secretariat import calendar
from secretariat.models import Agency, Council, Resolution
from secretariat.services import actions, agreements

LABEL = "(نمایشی)"
# title, owner, working days, axis
ACTIONS = [
    ("ابلاغ فهرست نشان‌ها به دستگاه‌های عضو", "karshenas", 5, "نشان کیفیت"),
    ("تدوین شیوه‌نامهٔ بازبینی نشان‌ها", "ozv1", 20, "نشان کیفیت"),
    ("نشست با ناشران دربارهٔ شاخص‌های کتاب کودک", "ozv2", 12, "کتاب"),
    ("گزارش سالانهٔ کیفیت محصولات برای انتشار", "rais", 30, "نشان کیفیت"),
]


def tell(people):
    """The council gives four actions, of which one is confirmed, one reported, one under way; an agency promises two things."""
    keeper, officer = people["dabirshora"], people["karshenas"]
    council = Council.objects.get(kind=Council.Kind.POLICY)
    resolution = Resolution.objects.filter(council=council, status="adopted", kind="grant_marks").select_related("meeting").first()
    given = [
        actions.create(
            council.pk, by=keeper, title=title, owner=people[owner], due_days=days, axis=axis,
            resolution=resolution, meeting=resolution and resolution.meeting, description=LABEL,
        )
        for title, owner, days, axis in ACTIONS
    ]  # fmt: skip
    actions.move(given[0].pk, "report", by=people["karshenas"], why="نامه‌ها برای همهٔ دستگاه‌های عضو فرستاده شد.")
    actions.move(given[0].pk, "confirm", by=keeper)
    actions.move(given[1].pk, "begin", by=people["ozv1"])
    actions.note(given[1].pk, by=people["ozv1"], text="پیش‌نویس نخست آماده است و برای نظر اعضا فرستاده شد.", percent=40)
    actions.move(given[2].pk, "report", by=people["ozv2"], why="نشست با حضور دوازده ناشر برگزار شد.")
    actions.postpone(given[3].pk, by=keeper, why="آمار دور پایانی هنوز نرسیده است.", due_days=45)
    _agreement(council, people["kanoon"], officer)


def _agreement(council, representative, officer):
    today = calendar.today()
    agreement = agreements.create(
        by=officer,
        agency=Agency.objects.get(slug="kanoon"),
        council=council,
        title_fa=f"همکاری در ارتقای کیفیت کتاب و فیلم کودک {LABEL}",
        title_en="Cooperation on the quality of books and films for children (demonstration)",
        number="12/د",
        signed_on=today - timedelta(days=90),
        valid_from=today - timedelta(days=90),
        valid_until=today + timedelta(days=640),
        text="دو طرف برای ارتقای کیفیت محصولات کودک و نوجوان همکاری می‌کنند. تعهدهای هر طرف در سامانه آمده است.",
    )
    own = actions.commit(
        agreement.pk, by=officer, side="agency", owner=representative, due_days=40, axis="کتاب",
        title="معرفی دست‌کم ده عنوان کتاب برای ارزیابی در هر سال",
    )  # fmt: skip
    actions.commit(
        agreement.pk, by=officer, side="secretariat", owner=officer, due_days=25, title="برگزاری دو کارگاه شاخص‌های کیفیت برای کارشناسان کانون"
    )
    agreements.sign(agreement.pk, by=officer)
    actions.note(own.pk, by=representative, text="شش عنوان معرفی شده است.", percent=60)
