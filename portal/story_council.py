"""The demonstration of councils that decide: a meeting that granted marks, its minutes, and the next one, called with its agenda."""

from datetime import timedelta

from django.utils import timezone

from products.models import Withheld
from products.services import exemplar_motions, mark_motions, marks
from secretariat import calendar
from secretariat.models import Council, Seat
from secretariat.selectors.meetings import voting_seats
from secretariat.services import ballots, meetings, minutes

TERM = timedelta(days=300)
PLACE = "سالن جلسات دبیرخانه"
LABEL = "(نمایشی)"
BEGINS_AFTER = timedelta(hours=2)  # of the working morning
# Of the scientific committee: user name and role.
SCIENTISTS = [
    ("dabir", "chair"),
    ("karshenas", "secretary"),
    ("arzyab1", "member"),
    ("arzyab3", "member"),
    ("arzyab6", "observer"),
]


def tell(products, exemplars, people):
    """Marks are granted to what reached a level, all else gets none; the minutes wait for the next meeting, which is called.

    `products` are those of the finished round, `exemplars` the keys of the nominations that the council names.
    """
    keeper = people["dabirshora"]
    policy = Council.objects.get(kind=Council.Kind.POLICY)
    scientific = Council.objects.get(kind=Council.Kind.SCIENTIFIC)
    for name, role in SCIENTISTS:
        Seat.objects.create(council=scientific, user=people[name], role=role, starts_on=timezone.localdate() - TERM)
    held = _held(policy, products, exemplars, keeper)
    _called(policy, held, keeper, people)


def _held(policy, products, exemplars, keeper):
    meeting = meetings.plan(policy.pk, timezone.now() - timedelta(hours=3), by=keeper, place=PLACE)
    agenda = [
        {
            "kind": "discussion",
            "title": "گزارش دبیرخانه از دور نمایشی پایان‌یافته",
            "presenter": "گلناز پورچیان",
            "minutes_planned": 20,
        },
        {"kind": "marks", "title": "اعطای نشان کیفیت به محصولات دور نمایشی", "minutes_planned": 60},
        {"kind": "exemplars", "title": "برگزیدن الگوهای دور نمایشی", "minutes_planned": 20},
    ]
    meetings.set_agenda(meeting.pk, agenda, by=keeper)
    meetings.attend_all(meeting.pk, by=keeper)
    report, grant, naming = meeting.agenda.all()
    meetings.begin_item(report.pk, by=keeper)
    meetings.begin_item(grant.pk, by=keeper)
    (resolution,) = mark_motions.draw_up(
        grant.pk,
        [_wish(product) for product in products],
        by=keeper,
        title="اعطای نشان کیفیت به محصولات دور نمایشی",
        text=f"شورا بر پایهٔ امتیاز کیفیت و شواهد دور نمایشی، اعطای نشان را به محصولات زیر تصویب کرد. {LABEL}",
    )
    _vote(resolution, keeper)
    meetings.begin_item(naming.pk, by=keeper)
    named = exemplar_motions.draw_up(
        naming.pk,
        exemplars,
        by=keeper,
        title="برگزیدن الگوهای دور نمایشی",
        text=f"شورا محصولات زیر را الگوی دیگران می‌شناسد. {LABEL}",
    )
    _vote(named, keeper)
    meetings.end(meeting.pk, by=keeper)
    marks.grant_all(resolution.pk, by=keeper)
    exemplar_motions.publish_all(named.pk, by=keeper)
    mark_motions.tell_withheld(resolution.pk, by=keeper)
    minutes.save_opening(meeting.pk, minutes.opening_text(meeting), by=keeper, version=0)
    minutes.save_said(report.pk, f"گزارش دور شنیده شد؛ اعضا دربارهٔ پراکندگی رتبه‌ها گفت‌وگو کردند. {LABEL}", by=keeper, version=0)
    minutes.save_said(grant.pk, f"هر محصول با امتیاز، بازهٔ آن و دلیل‌های ارزیابان بررسی شد. {LABEL}", by=keeper, version=0)
    minutes.save_said(naming.pk, f"آموزه‌های هر الگو خوانده شد. {LABEL}", by=keeper, version=0)
    return meeting


def _wish(product):
    level = marks.level_for(marks.deciding_score(product).value)
    if level:
        return mark_motions.Wish(product.pk, level)
    return mark_motions.Wish(product.pk, Withheld.Outcome.REFUSED, "امتیاز آن به آستانهٔ هیچ سطحی نرسید.")


def _vote(resolution, keeper):
    ballot = ballots.open_ballot(resolution.pk, by=keeper)
    recused = resolution.recusals.values("seat")
    entitled = voting_seats(resolution.meeting).exclude(pk__in=recused).values_list("pk", flat=True)
    ballots.record_hands(ballot.pk, dict.fromkeys(entitled, "for"), by=keeper)
    ballots.close_ballot(ballot.pk, by=keeper)


def _called(policy, held, keeper, people):
    day = calendar.deadline(calendar.today(), 10).due
    meeting = meetings.plan(policy.pk, calendar.morning(day) + BEGINS_AFTER, by=keeper, place=PLACE)
    agenda = [
        {"kind": "minutes", "title": f"تصویب صورت‌جلسهٔ {held}", "minutes_of_id": held.pk, "minutes_planned": 10},
        {"kind": "discussion", "title": "گزارش پیشرفت اقدام‌ها", "presenter": "مریم ثابت", "minutes_planned": 20},
        {"kind": "document", "title": "شیوه‌نامهٔ بازبینی نشان‌ها", "presenter": "فرهاد نیک‌اندیش", "minutes_planned": 40},
    ]
    meetings.set_agenda(meeting.pk, agenda, by=keeper)
    meetings.call(meeting.pk, by=keeper)
    for name, reply, why in (("rais", "coming", ""), ("ozv1", "coming", ""), ("ozv2", "excused", "مأموریت")):
        meetings.answer(meeting.pk, reply, by=people[name], why=why)
