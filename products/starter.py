"""Starter content of this room: the kinds of products and activities with their own questions."""

from django.db import transaction

from assessments.models import IndicatorSet
from products.models import KindField, ProductKind

AGES = [
    ("all", "همهٔ سنین", "all ages"),
    ("3", "۳ سال به بالا", "3 and over"),
    ("7", "۷ سال به بالا", "7 and over"),
    ("12", "۱۲ سال به بالا", "12 and over"),
    ("15", "۱۵ سال به بالا", "15 and over"),
    ("18", "۱۸ سال به بالا", "18 and over"),
]


def _ask(key, fa, en, type_="text", *, required=False, choices=(), help_fa="", help_en="", names_maker=False):
    return {
        "key": key,
        "label_fa": fa,
        "label_en": en,
        "type": type_,
        "required": required,
        "choices": [{"value": value, "fa": one, "en": other} for value, one, other in choices],
        "help_fa": help_fa,
        "help_en": help_en,
        "names_maker": names_maker,
    }


# code: (group, title fa, title en, what belongs here fa, en, questions)
KINDS = {
    "book": (
        "product", "کتاب", "Book",
        "کتاب تألیفی، ترجمه یا احیای متون؛ چاپی، الکترونیکی یا گویا.",
        "Authored, translated or revived text; printed, electronic or audio.",
        [
            _ask("isbn", "شابک", "ISBN", "isbn", required=True, names_maker=True,
                 help_fa="۱۳ رقم، با یا بی خط تیره؛ رقم آخر بررسی می‌شود.", help_en="13 digits, with or without hyphens; the check digit is tested."),
            _ask("publisher", "ناشر", "publisher", required=True, names_maker=True),
            _ask("origin", "پدیدآوری", "origin", "choice", required=True,
                 choices=[("original", "تألیف", "original work"), ("translation", "ترجمه", "translation"),
                          ("edition", "تصحیح یا گردآوری", "critical edition or collection"), ("adaptation", "بازآفرینی", "retelling or adaptation")]),
            _ask("original_title", "عنوان و زبان اصلی", "original title and language",
                 help_fa="فقط برای ترجمه.", help_en="For translations only."),
            _ask("form", "قالب انتشار", "published as", "choice", required=True,
                 choices=[("print", "چاپی", "print"), ("ebook", "الکترونیکی", "e-book"), ("audio", "گویا", "audiobook")]),
            _ask("edition", "نوبت چاپ", "edition", "whole", help_fa="چاپ نخست: ۱", help_en="First edition: 1"),
            _ask("print_run", "شمارگان", "print run", "whole", help_fa="مجموع نسخه‌های همهٔ چاپ‌ها.", help_en="Copies of all printings together."),
            _ask("pages", "شمار صفحه", "pages", "whole", required=True),
            _ask("age_group", "گروه سنی خواننده", "age group of the reader", "choice",
                 choices=[("a", "الف: پیش از دبستان", "A: before school"), ("b", "ب: سال‌های آغاز دبستان", "B: first school years"),
                          ("c", "ج: سال‌های پایان دبستان", "C: last primary years"), ("d", "د: متوسطهٔ اول", "D: lower secondary"),
                          ("e", "هـ: متوسطهٔ دوم", "E: upper secondary"), ("adult", "بزرگسال", "adult")]),
        ],
    ),
    "film": (
        "product", "فیلم، ویدئو و برنامهٔ تلویزیونی", "Film, video and TV programme",
        "فیلم کوتاه و بلند، مستند، مجموعه و برنامهٔ تلویزیونی، ویدئوی آموزشی یا شبکه‌ای.",
        "Short and long film, documentary, series and programme, educational or online video.",
        [
            _ask("format", "قالب", "format", "choice", required=True,
                 choices=[("short", "فیلم کوتاه", "short film"), ("feature", "فیلم بلند", "feature film"), ("documentary", "مستند", "documentary"),
                          ("series", "مجموعه", "series"), ("programme", "برنامهٔ تلویزیونی", "TV programme"), ("video", "ویدئوی شبکه‌ای", "online video")]),
            _ask("minutes", "مدت (دقیقه)", "running time (minutes)", "whole", required=True,
                 help_fa="برای مجموعه: میانگین هر قسمت.", help_en="For a series: the mean of an episode."),
            _ask("episodes", "شمار قسمت‌ها", "episodes", "whole"),
            _ask("first_shown", "نخستین پخش یا اکران", "first shown", "date"),
            _ask("channel", "جای پخش", "shown on", help_fa="شبکه، سامانه یا سینماها.", help_en="Channel, platform or cinemas."),
            _ask("age_rating", "ردهٔ سنی", "age rating", "choice", required=True, choices=AGES),
            _ask("licence", "شمارهٔ پروانهٔ نمایش", "exhibition licence number"),
            _ask("accessibility", "دسترس‌پذیری", "accessibility", help_fa="زیرنویس، توضیح شنیداری، زبان اشاره.", help_en="Subtitles, audio description, sign language."),
        ],
    ),
    "animation": (
        "product", "پویانمایی", "Animation",
        "پویانمایی کوتاه، بلند و مجموعه، موشن‌گرافیک.",
        "Short, feature and series animation, motion graphics.",
        [
            _ask("technique", "شیوه", "technique", "choice", required=True,
                 choices=[("2d", "دوبعدی", "2D"), ("3d", "سه‌بعدی", "3D"), ("stop_motion", "ایست‌حرکتی", "stop motion"),
                          ("motion", "موشن‌گرافیک", "motion graphics"), ("mixed", "آمیخته", "mixed")]),
            _ask("minutes", "مدت (دقیقه)", "running time (minutes)", "number", required=True),
            _ask("episodes", "شمار قسمت‌ها", "episodes", "whole"),
            _ask("studio", "استودیوی سازنده", "studio", names_maker=True),
            _ask("first_shown", "نخستین پخش یا اکران", "first shown", "date"),
            _ask("age_rating", "ردهٔ سنی", "age rating", "choice", required=True, choices=AGES),
        ],
    ),
    "game": (
        "product", "بازی رایانه‌ای", "Computer game",
        "بازی رایانه، کنسول، همراه و مرورگر؛ سرگرمی یا آموزشی.",
        "Games for computer, console, phone and browser; for fun or for learning.",
        [
            _ask("platform", "سکوی اجرا", "platform", "choice", required=True,
                 choices=[("mobile", "تلفن همراه", "mobile"), ("pc", "رایانه", "PC"), ("console", "کنسول", "console"),
                          ("web", "مرورگر", "browser"), ("vr", "واقعیت مجازی", "virtual reality")]),
            _ask("genre", "سبک", "genre", required=True),
            _ask("age_rating", "ردهٔ سنی اسرا", "ESRA age rating", "choice", required=True, choices=AGES[1:],
                 help_fa="ردهٔ درج‌شده در پروانهٔ انتشار.", help_en="As in the publishing licence."),
            _ask("studio", "سازنده", "developer", required=True, names_maker=True),
            _ask("download", "نشانی دریافت", "where to get it", "url", help_fa="پیوند دریافت یا نسخهٔ آزمایشی برای ارزیابان.", help_en="A download or a trial for the assessors."),
            _ask("installs", "شمار نصب یا فروش", "installs or copies sold", "whole"),
            _ask("in_app_payment", "پرداخت درون‌برنامه‌ای", "in-app payment", "choice", required=True,
                 choices=[("no", "ندارد", "no"), ("yes", "دارد", "yes")]),
            _ask("hours", "زمان یک دور بازی (ساعت)", "hours to finish once", "number"),
        ],
    ),
    "software": (
        "product", "نرم‌افزار و وب‌سایت", "Software and website",
        "نرم‌افزار فرهنگی و آموزشی، برنامهٔ همراه، وب‌سایت و سامانه.",
        "Cultural and educational software, mobile app, website and online service.",
        [
            _ask("type", "نوع", "type", "choice", required=True,
                 choices=[("website", "وب‌سایت", "website"), ("mobile", "برنامهٔ همراه", "mobile app"), ("desktop", "نرم‌افزار رایانه", "desktop program"), ("service", "سامانه", "online service")]),
            _ask("address", "نشانی", "address", "url", required=True),
            _ask("release", "شمارهٔ نسخه", "release"),
            _ask("monthly_users", "کاربران فعال ماهانه", "monthly active users", "whole"),
            _ask("trial_access", "راه ورود آزمایشی ارزیابان", "how assessors can try it", "long",
                 help_fa="اگر ورود می‌خواهد، بنویسید چگونه؛ گذرواژهٔ شخصی ننویسید.", help_en="If it needs signing in, say how; write no personal password."),
            _ask("privacy", "نشانی سیاست حریم خصوصی", "privacy policy", "url"),
        ],
    ),
    "exhibition": (
        "activity", "نمایشگاه", "Exhibition",
        "نمایشگاه هنری، کتاب، علمی، موزه‌ای و مردمی؛ حضوری یا مجازی.",
        "Art, book, science, museum and popular exhibitions; on site or online.",
        [
            _ask("place", "جای برگزاری", "place", required=True),
            _ask("city", "شهر", "city", required=True),
            _ask("days", "شمار روزها", "days open", "whole", required=True),
            _ask("visitors", "شمار بازدیدکنندگان", "visitors", "whole", required=True),
            _ask("counted_by", "بازدیدکنندگان چگونه شمرده شدند؟", "how visitors were counted", "choice",
                 choices=[("tickets", "بلیت یا ثبت ورود", "tickets or entry log"), ("sensor", "شمارشگر", "counter"), ("estimate", "برآورد", "estimate")]),
            _ask("works", "شمار آثار یا غرفه‌ها", "works or stands", "whole"),
            _ask("area", "مساحت (متر مربع)", "area (m²)", "number"),
            _ask("entry_fee", "ورودی", "entry", "choice", choices=[("free", "رایگان", "free"), ("paid", "با بلیت", "ticketed")]),
        ],
    ),
    "event": (
        "activity", "جشنواره، همایش و آیین", "Festival, conference and ceremony",
        "جشنواره، همایش، نشست، یادواره و آیین فرهنگی.",
        "Festival, conference, meeting, commemoration and cultural ceremony.",
        [
            _ask("type", "نوع رویداد", "type of event", "choice", required=True,
                 choices=[("festival", "جشنواره", "festival"), ("conference", "همایش", "conference"), ("panel", "نشست و پنل", "panel"), ("ceremony", "آیین و یادواره", "ceremony")]),
            _ask("level", "گستره", "level", "choice", required=True,
                 choices=[("local", "محلی", "local"), ("provincial", "استانی", "provincial"), ("national", "ملی", "national"), ("international", "بین‌المللی", "international")]),
            _ask("place", "جای برگزاری", "place", required=True),
            _ask("period", "چندمین دوره", "edition", "whole", help_fa="دورهٔ نخست: ۱", help_en="First time: 1"),
            _ask("participants", "شمار شرکت‌کنندگان", "participants", "whole", required=True),
            _ask("works_received", "شمار آثار رسیده", "works received", "whole"),
            _ask("partners", "دستگاه‌های همکار", "partner agencies", "long", names_maker=True),
            _ask("outputs", "برون‌داد", "outputs", "long", help_fa="مجموعه مقالات، بیانیه، آثار برگزیده.", help_en="Proceedings, declaration, selected works."),
        ],
    ),
    "training": (
        "activity", "دورهٔ آموزشی", "Training course",
        "دوره و کارگاه آموزشی حضوری، برخط یا آمیخته.",
        "Courses and workshops, on site, online or blended.",
        [
            _ask("mode", "شیوهٔ برگزاری", "mode", "choice", required=True,
                 choices=[("onsite", "حضوری", "on site"), ("online", "برخط", "online"), ("blended", "آمیخته", "blended")]),
            _ask("hours", "ساعت آموزش", "hours of teaching", "number", required=True),
            _ask("participants", "شمار فراگیران", "participants", "whole", required=True),
            _ask("completed", "شمار پایان‌برندگان", "completed it", "whole"),
            _ask("teachers", "شمار استادان", "teachers", "whole"),
            _ask("goals", "هدف‌های یادگیری", "learning goals", "long", required=True),
            _ask("assessment", "سنجش یادگیری", "how learning was tested", "choice",
                 choices=[("none", "نداشت", "not tested"), ("exam", "آزمون", "exam"), ("work", "کار عملی", "practical work"), ("both", "آزمون و کار عملی", "both")]),
            _ask("certificate", "گواهی", "certificate", "choice", choices=[("yes", "دارد", "yes"), ("no", "ندارد", "no")]),
        ],
    ),
    "library": (
        "place", "شعبهٔ کتابخانه", "Library branch",
        "کتابخانهٔ عمومی، مشارکتی یا مرکز فرهنگی با کتابخانه، و کتابخانهٔ سیار.",
        "Public or shared library, cultural centre with a library, and mobile library.",
        [
            _ask("branch_type", "نوع", "type", "choice", required=True,
                 choices=[("public", "عمومی", "public"), ("centre", "مرکز فرهنگی", "cultural centre"), ("mobile", "سیار", "mobile"), ("rural", "روستایی", "rural")]),
            _ask("city", "شهر یا روستا", "town or village", required=True),
            _ask("members", "اعضای فعال", "active members", "whole", required=True),
            _ask("collection", "شمار منابع", "items in the collection", "whole", required=True),
            _ask("loans", "امانت در سال گذشته", "loans in the past year", "whole"),
            _ask("area", "مساحت (متر مربع)", "area (m²)", "number"),
            _ask("weekly_hours", "ساعت کار در هفته", "opening hours a week", "number"),
            _ask("staff", "شمار کتابداران", "librarians", "whole"),
        ],
    ),
    "mosque_centre": (
        "place", "کانون فرهنگی هنری مسجد", "Mosque cultural and art centre",
        "کانون فرهنگی هنری دارای مجوز در مسجد.",
        "Licensed cultural and art centre of a mosque.",
        [
            _ask("mosque", "نام مسجد", "name of the mosque", required=True, names_maker=True),
            _ask("city", "شهر یا روستا", "town or village", required=True),
            _ask("licence", "شمارهٔ مجوز", "licence number", required=True, names_maker=True),
            _ask("licensed_on", "تاریخ مجوز", "licensed on", "date"),
            _ask("members", "شمار اعضا", "members", "whole", required=True),
            _ask("members_under_18", "اعضای زیر ۱۸ سال", "members under 18", "whole"),
            _ask("activities", "فعالیت‌های اصلی سال گذشته", "main activities of the past year", "long", required=True),
            _ask("area", "مساحت (متر مربع)", "area (m²)", "number"),
        ],
    ),
    "magazine": (
        "product", "مجله و نشریه", "Magazine and periodical",
        "ماهنامه، فصلنامه، نشریهٔ تخصصی و ویژه‌نامه؛ چاپی یا برخط.",
        "Monthly, quarterly, specialised periodical and special issue; print or online.",
        [
            _ask("period", "دورهٔ انتشار", "period", "choice", required=True,
                 choices=[("daily", "روزانه", "daily"), ("weekly", "هفتگی", "weekly"), ("fortnightly", "دوهفتگی", "fortnightly"), ("monthly", "ماهانه", "monthly"),
                          ("bimonthly", "دوماهانه", "every two months"), ("quarterly", "فصلی", "quarterly"), ("biannual", "دو بار در سال", "twice a year"), ("special", "ویژه‌نامه", "special issue")]),
            _ask("issn", "شاپا", "ISSN", "issn", names_maker=True,
                 help_fa="۸ نشانه، مانند ۲۰۰۸-۱۷۸۲؛ رقم آخر بررسی می‌شود.", help_en="8 signs, like 2008-1782; the check digit is tested."),
            _ask("issues", "شماره‌های پیشنهادی برای ارزیابی", "issues put up for assessment", required=True,
                 help_fa="برای نمونه: ۱۲ تا ۱۵.", help_en="For example: 12 to 15."),
            _ask("circulation", "شمارگان میانگین", "mean circulation", "whole", required=True),
            _ask("pages", "شمار صفحهٔ هر شماره", "pages of an issue", "whole"),
            _ask("licence_holder", "صاحب امتیاز", "licence holder", required=True, names_maker=True),
            _ask("online", "نشانی بایگانی برخط", "online archive", "url"),
        ],
    ),
}  # fmt: skip


@transaction.atomic
def load_kinds():
    """Make the kinds that are missing, each on the indicator set of its own code; what staff changed stays.

    The sets must be there (assessments.starter.load_frameworks). Returns how many were made.
    """
    sets = {row.code: row for row in IndicatorSet.objects.filter(code__in=KINDS)}
    missing = sorted(set(KINDS) - set(sets))
    if missing:
        raise LookupError(f"load the indicator sets first: {', '.join(missing)}")
    there = set(ProductKind.objects.filter(code__in=KINDS).values_list("code", flat=True))
    for code, (group, fa, en, intro_fa, intro_en, questions) in KINDS.items():
        if code in there:
            continue
        kind = ProductKind.objects.create(
            code=code, group=group, title_fa=fa, title_en=en, intro_fa=intro_fa, intro_en=intro_en, indicator_set=sets[code]
        )
        KindField.objects.bulk_create(
            KindField(kind=kind, position=place, **question) for place, question in enumerate(questions, 1)
        )
    return len(KINDS) - len(there)
