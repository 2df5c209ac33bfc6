"""The demonstration of programme review: one programme of the secretariat itself and one that an agency proposed."""

from assessments.models import Programme
from assessments.services import programmes
from secretariat.fields import JalaliDateField
from secretariat.models import Agency

LABEL = "(نمایشی)"
# key, round, level of the synthetic ratings, words
SCRIPT = [
    {
        "by": "karshenas",
        "agency": None,
        "round": "finished",
        "level": 79,
        "words": {
            "title_fa": "سلسله نشست‌های تخصصی مطالعات کیفیت فرهنگی",
            "title_en": "Seminars on the study of cultural quality",
            "starts_on": "1394/02/01",
            "ends_on": "1394/11/30",
            "aims": "آشنایی نمایندگان دستگاه‌ها و پژوهشگران با مفهوم‌های کیفیت فرهنگی و رسیدن به زبان مشترک.",
            "audience": "نمایندگان دستگاه‌های عضو، پژوهشگران و استادان دانشگاه.",
            "budget": "هشتصد میلیون ریال از بودجهٔ سالانه",
            "report": f"ده نشست با حضور نمایندگان بیست و چند دستگاه برگزار شد. متن گفت‌وگوها تدوین و منتشر شده است. {LABEL}",
            "links": "https://example.org/seminars",
        },
    },
    {
        "by": "kanoon",
        "agency": "kanoon",
        "round": "open",
        "level": 75,
        "words": {
            "title_fa": "کتابخانه‌های سیار هفتهٔ کتاب",
            "title_en": "Mobile libraries in the week of the book",
            "starts_on": "1404/08/17",
            "ends_on": "1404/08/24",
            "aims": "رساندن کتاب به کودکان و نوجوانان روستاها و مناطق کم‌برخوردار.",
            "audience": "کودکان و نوجوانان ۵ تا ۱۷ سال.",
            "budget": "چهارصد میلیون ریال",
            "report": f"هفت واحد سیار در یک هفته فعالیت‌های کتاب‌محور برگزار کردند. شمار امانت‌ها ثبت و گزارش شد. {LABEL}",
            "links": "https://example.org/mobile",
        },
    },
]


def make(people):
    """Write both, have the agency's proposed and accepted: [(Programme, round, level)]."""
    return [(_made(said, people), said["round"], said["level"]) for said in SCRIPT]


def _made(said, people):
    by, officer = people[said["by"]], people["karshenas"]
    agency = Agency.objects.get(slug=said["agency"]) if said["agency"] else programmes.secretariat_agency()
    programme = programmes.start(agency, by=by, by_agency=bool(said["agency"]))
    day = JalaliDateField().to_python
    words = {name: day(text) if name.endswith("_on") else text for name, text in said["words"].items()}
    programme = programmes.save(programme.pk, by=by, version=programme.version, **words)
    if programme.by_agency:
        programmes.propose(programme.pk, by=by)
    programmes.accept(programme.pk, by=officer)
    Programme.objects.filter(pk=programme.pk).update(is_demo=True)
    return Programme.objects.get(pk=programme.pk)
